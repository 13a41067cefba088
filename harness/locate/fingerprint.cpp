#include "harness/locate/fingerprint.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <xxhash.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>  // the same hashes, by the widest instructions that the machine has
#endif

#include <ATen/ATen.h>

#include "metrics/vectorize.h"

namespace isoframe::harness::locate {

namespace {

constexpr std::int64_t kLanes = kSketchSize;

// A row in vectors that every x86-64 machine has instructions for: GCC unrolls a loop over its lanes into
// scalars.
constexpr std::int64_t kWidth = 4;
constexpr std::int64_t kVectors = kLanes / kWidth;
using Floats = float __attribute__((vector_size(kWidth * sizeof(float))));
using Words = std::uint32_t __attribute__((vector_size(kWidth * sizeof(std::uint32_t))));
using Doubles = double __attribute__((vector_size(kWidth * sizeof(double))));

/// The finalizer of MurmurHash3: every bit of a row's number decides about the signs of its lanes.
ISOFRAME_METRICS_INLINE std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdU;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53U;
  return x ^ (x >> 33);
}

/// Adds `rows` rows of 16 values; the first of them is the row `first` of the tensor.
ISOFRAME_METRICS_VECTORIZED void add_rows(const float* values, std::int64_t rows, std::int64_t first,
                                          double* sums, double* squares) {
  constexpr std::uint32_t kSignBit = 0x80000000U;
  std::array<Doubles, kVectors> sum{};
  std::array<Doubles, kVectors> square{};
  for (std::int64_t row = 0; row < rows; ++row) {
    const Words signs =
        Words{} + static_cast<std::uint32_t>(mix(static_cast<std::uint64_t>(first + row + 1)));
    for (std::uint32_t i = 0; i < kVectors; ++i, values += kWidth) {
      // Lane 0's sign is the lowest bit.
      const std::uint32_t shift = 31 - kWidth * i;
      const Words shifts = {shift, shift - 1, shift - 2, shift - 3};
      Words bits;
      std::memcpy(&bits, values, sizeof bits);
      bits ^= (signs << shifts) & kSignBit;
      Floats flipped;
      std::memcpy(&flipped, &bits, sizeof bits);
      const Doubles value = __builtin_convertvector(flipped, Doubles);
      sum[i] += value;
      square[i] += value * value;
    }
  }
  for (std::int64_t lane = 0; lane < kLanes; ++lane) {
    sums[lane] += sum[lane / kWidth][lane % kWidth];
    squares[lane] += square[lane / kWidth][lane % kWidth];
  }
}

}  // namespace

Fingerprint fingerprint(const at::Tensor& tensor) {
  Fingerprint result;
  const at::Tensor bytes = tensor.to(at::kCPU).contiguous();
  result.hash = XXH3_64bits(bytes.const_data_ptr(), bytes.nbytes());

  const at::Tensor floats = bytes.to(at::kFloat);
  const float* const values = floats.const_data_ptr<float>();
  const std::int64_t rows = floats.numel() / kLanes;
  std::array<double, kSketchSize> squares{};
  add_rows(values, rows, 0, result.sketch.data(), squares.data());
  std::array<float, kSketchSize> last{};
  for (std::int64_t i = rows * kLanes; i < floats.numel(); ++i) last[i - rows * kLanes] = values[i];
  add_rows(last.data(), 1, rows, result.sketch.data(), squares.data());

  double sum = 0.0;
  for (const double square : squares) sum += square;
  result.norm = std::sqrt(sum);
  return result;
}

double estimated_relative_l2(const Fingerprint& reference, const Fingerprint& candidate) {
  if (reference.hash == candidate.hash) return 0.0;
  double sum = 0.0;
  for (std::size_t i = 0; i < kSketchSize; ++i) {
    const double difference = candidate.sketch[i] - reference.sketch[i];
    sum += difference * difference;
  }
  // Zeros of two types, or of two signs, have other bytes.
  if (reference.norm == 0.0 && candidate.norm == 0.0) return 0.0;
  const double relative =
      reference.norm > 0.0 ? std::sqrt(sum) / reference.norm : std::numeric_limits<double>::infinity();
  return std::isfinite(relative) ? relative : std::numeric_limits<double>::infinity();
}

}  // namespace isoframe::harness::locate
