#include "harness/locate/fingerprint.h"

#include <cmath>
#include <limits>
#include <xxhash.h>

#include <ATen/ATen.h>

#include "metrics/vectorize.h"

namespace isoframe::harness::locate {

namespace {

constexpr std::int64_t kLanes = kSketchSize;

/// The finalizer of MurmurHash3: every bit of a row's number decides about the signs of its lanes.
ISOFRAME_METRICS_INLINE std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdU;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53U;
  return x ^ (x >> 33);
}

/// Adds `rows` rows of 16 values, the first of them the row `first` of the tensor.
ISOFRAME_METRICS_VECTORIZED void add_rows(const float* values, std::int64_t rows, std::int64_t first,
                                          double* sums, double* squares) {
  for (std::int64_t row = 0; row < rows; ++row, values += kLanes) {
    const auto signs = static_cast<std::uint32_t>(mix(static_cast<std::uint64_t>(first + row + 1)));
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const double value = values[lane];
      const double sign = 1.0 - 2.0 * static_cast<double>((signs >> lane) & 1U);
      sums[lane] += sign * value;
      squares[lane] += value * value;
    }
  }
}

}  // namespace

Fingerprint fingerprint(const at::Tensor& tensor) {
  Fingerprint result;
  const at::Tensor bytes = tensor.contiguous();
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
  const double relative =
      reference.norm > 0.0 ? std::sqrt(sum) / reference.norm : std::numeric_limits<double>::infinity();
  return std::isfinite(relative) ? relative : std::numeric_limits<double>::infinity();
}

}  // namespace isoframe::harness::locate
