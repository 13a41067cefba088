#pragma once
// The rates that this machine reaches, measured here and now, as a plan's device and as the roofs that
// benchmarks stand beside.

#include <map>
#include <ostream>
#include <string>

#include "harness/plan/device.h"

namespace isoframe::harness::plan {

/// The best rate of products and of convolutions in one dtype, operations a second.  Both are those of the
/// libraries alone, at sizes that suit them: oneDNN's and MKL's, or cuBLAS' and cuDNN's.  A half type on the
/// CPU has the better one of its own and of float32, in which it may be computed.
struct ArithmeticRate {
  double product = 0.0;
  double convolution = 0.0;
};

struct MeasuredRates {
  std::map<std::string, ArithmeticRate> arithmetic;  ///< by dtype
  double memory_bandwidth = 0.0;                     ///< read and written, bytes a second
  double link_bandwidth = 0.0;  ///< between two ranks of this machine, bytes a second and direction
};

/// Measures a device, "cpu" or "cuda", with `threads` CPU threads a rank; about 10 s on a CPU.  The link of a
/// GPU is that to a second one, and its own memory where there is none.  Throws InputError for a device that
/// this build or machine does not have.
MeasuredRates measure_rates(const std::string& device, int threads);

/// The machine with those rates, for plans: of each dtype the better of products and convolutions.
Device device_of(const MeasuredRates& rates, const std::string& device, int threads);

/// Writes what read_device() reads, with the rates of products and convolutions as comments.
void write_device(std::ostream& stream, const Device& device, const MeasuredRates& rates);

}  // namespace isoframe::harness::plan
