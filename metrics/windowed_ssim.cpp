#include "metrics/windowed_ssim.h"

#include <cmath>

#include "metrics/vectorize.h"

namespace isoframe::metrics {

namespace {

constexpr double kC1 = (0.01 * 255.0) * (0.01 * 255.0);
constexpr double kC2 = (0.03 * 255.0) * (0.03 * 255.0);

/// Values that go through the window: x, y, x * y and x * x + y * y; only the sum of both variances is
/// needed.
constexpr std::int64_t kMaps = 4;

template <typename Value>
ISOFRAME_METRICS_INLINE void multiply(const Value* __restrict x, const Value* __restrict y,
                                      std::int64_t count, double* __restrict xs, double* __restrict ys,
                                      double* __restrict products, double* __restrict squares) {
  for (std::int64_t i = 0; i < count; ++i) {
    const double a = static_cast<double>(x[i]), b = static_cast<double>(y[i]);
    xs[i] = a;
    ys[i] = b;
    products[i] = a * b;
    squares[i] = a * a + b * b;
  }
}

ISOFRAME_METRICS_VECTORIZED void products_of(const std::uint8_t* x, const std::uint8_t* y, std::int64_t count,
                                             double* out) {
  multiply(x, y, count, out, out + count, out + 2 * count, out + 3 * count);
}
ISOFRAME_METRICS_VECTORIZED void products_of(const float* x, const float* y, std::int64_t count,
                                             double* out) {
  multiply(x, y, count, out, out + count, out + 2 * count, out + 3 * count);
}

/// out[i] = sum of weights[j] * rows[j][i]; the weights are symmetric.
template <int kSide>
ISOFRAME_METRICS_INLINE void weighted_sum(const double* const* rows, const double* weights,
                                          std::int64_t count, double* __restrict out) {
  const double* row[kSide];
  double weight[kSide / 2 + 1];
  for (int j = 0; j < kSide; ++j) row[j] = rows[j];
  for (int j = 0; j <= kSide / 2; ++j) weight[j] = weights[j];
  for (std::int64_t i = 0; i < count; ++i) {
    double sum = weight[kSide / 2] * row[kSide / 2][i];
#pragma GCC unroll 8
    for (int j = 0; j < kSide / 2; ++j) sum += weight[j] * (row[j][i] + row[kSide - 1 - j][i]);
    out[i] = sum;
  }
}

ISOFRAME_METRICS_VECTORIZED void weighted_sum_11(const double* const* rows, const double* weights,
                                                 std::int64_t count, double* out) {
  weighted_sum<11>(rows, weights, count, out);
}
ISOFRAME_METRICS_VECTORIZED void weighted_sum_7(const double* const* rows, const double* weights,
                                                std::int64_t count, double* out) {
  weighted_sum<7>(rows, weights, count, out);
}

void weighted_sum_of(const SsimWindow& window, const double* const* rows, std::int64_t count, double* out) {
  (window.side() == 11 ? weighted_sum_11 : weighted_sum_7)(rows, window.weights.data(), count, out);
}

/// `means` holds the four maps of one row, `count` values each.
ISOFRAME_METRICS_VECTORIZED void ssim_of_row(const double* means, double factor, std::int64_t count,
                                             double* __restrict ssim, double* __restrict cs) {
  const double* x = means;
  const double* y = means + count;
  const double* xy = means + 2 * count;
  const double* squares = means + 3 * count;
  for (std::int64_t i = 0; i < count; ++i) {
    const double product = x[i] * y[i];
    const double energy = x[i] * x[i] + y[i] * y[i];
    cs[i] = (2.0 * factor * (xy[i] - product) + kC2) / (factor * (squares[i] - energy) + kC2);
    ssim[i] = cs[i] * (2.0 * product + kC1) / (energy + kC1);
  }
}

void add_row(const std::vector<double>& ssim, const std::vector<double>& cs, std::int64_t row,
             SsimOfFrame& result) {
  std::array<double, 3> ssim_sum{}, cs_sum{};
  double lowest = 3.0 * result.lowest;
  std::size_t lowest_at = ssim.size();
  for (std::size_t i = 0; i < ssim.size(); i += 3) {
    for (std::size_t c = 0; c < 3; ++c) {
      ssim_sum[c] += ssim[i + c];
      cs_sum[c] += cs[i + c];
    }
    const double of_window = ssim[i] + ssim[i + 1] + ssim[i + 2];
    if (of_window >= lowest) continue;
    lowest = of_window;
    lowest_at = i;
  }
  for (std::size_t c = 0; c < 3; ++c) {
    result.ssim[c] += ssim_sum[c];
    result.cs[c] += cs_sum[c];
  }
  if (lowest_at == ssim.size()) return;
  result.lowest = lowest / 3.0;
  result.lowest_row = row;
  result.lowest_column = static_cast<std::int64_t>(lowest_at / 3);
}

}  // namespace

SsimWindow SsimWindow::gaussian() {
  constexpr int kRadius = 5;
  constexpr double kSigma = 1.5;
  SsimWindow window;
  double sum = 0.0;
  for (int i = -kRadius; i <= kRadius; ++i) {
    window.weights.push_back(std::exp(-0.5 * i * i / (kSigma * kSigma)));
    sum += window.weights.back();
  }
  for (double& weight : window.weights) weight /= sum;
  return window;
}

SsimWindow SsimWindow::uniform() { return {std::vector<double>(7, 1.0 / 7.0), 49.0 / 48.0}; }

template <typename Value>
SsimOfFrame WindowedSsim::operator()(const Value* reference, const Value* candidate, std::int64_t height,
                                     std::int64_t width) {
  const std::int64_t side = window_.side(), values = 3 * width, inner = values - 3 * (side - 1);
  products_.resize(static_cast<std::size_t>(side * kMaps * values));
  vertical_.resize(static_cast<std::size_t>(kMaps * values));
  horizontal_.resize(static_cast<std::size_t>(kMaps * inner));
  scores_.resize(static_cast<std::size_t>(inner));
  cs_.resize(static_cast<std::size_t>(inner));

  SsimOfFrame result;
  std::vector<const double*> taps(static_cast<std::size_t>(side));
  for (std::int64_t row = 0; row < height; ++row) {
    // A ring of the last rows: each is multiplied once.
    products_of(reference + row * values, candidate + row * values, values,
                products_.data() + (row % side) * kMaps * values);
    if (row + 1 < side) continue;
    for (std::int64_t j = 0; j < side; ++j)
      taps[static_cast<std::size_t>(j)] = products_.data() + ((row + 1 + j) % side) * kMaps * values;
    weighted_sum_of(window_, taps.data(), kMaps * values, vertical_.data());
    for (std::int64_t map = 0; map < kMaps; ++map) {
      for (std::int64_t j = 0; j < side; ++j)
        taps[static_cast<std::size_t>(j)] = vertical_.data() + map * values + 3 * j;
      weighted_sum_of(window_, taps.data(), inner, horizontal_.data() + map * inner);
    }
    ssim_of_row(horizontal_.data(), window_.covariance_factor, inner, scores_.data(), cs_.data());
    add_row(scores_, cs_, row + 1 - side, result);
  }
  const double windows = static_cast<double>((height - side + 1) * (width - side + 1));
  for (std::size_t c = 0; c < 3; ++c) {
    result.ssim[c] /= windows;
    result.cs[c] /= windows;
  }
  return result;
}

template SsimOfFrame WindowedSsim::operator()(const std::uint8_t*, const std::uint8_t*, std::int64_t,
                                              std::int64_t);
template SsimOfFrame WindowedSsim::operator()(const float*, const float*, std::int64_t, std::int64_t);

}  // namespace isoframe::metrics
