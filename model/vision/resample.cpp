#include "model/vision/resample.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <ATen/ATen.h>

namespace isoframe::model::vision {

namespace {

/// 8 bits of a pixel and two for the sum's overshoot leave these of 32.
constexpr int kWeightBits = 22;
constexpr std::int32_t kHalf = std::int32_t{1} << (kWeightBits - 1);

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double support_of(Filter filter) {
  switch (filter) {
    case Filter::kBilinear:
      return 1.0;
    case Filter::kBicubic:
      return 2.0;
    case Filter::kLanczos:
      return 3.0;
  }
  return 0.0;
}

/// Keys 1981 with a = -1/2 for bicubic; Duchon 1979 with three lobes for Lanczos.
double weight_at(Filter filter, double distance) {
  const double x = std::abs(distance);
  if (x >= support_of(filter)) return 0.0;
  switch (filter) {
    case Filter::kBilinear:
      return 1.0 - x;
    case Filter::kBicubic:
      return x < 1.0 ? (1.5 * x - 2.5) * x * x + 1.0 : (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5;
    case Filter::kLanczos:
      return sinc(x) * sinc(x / 3.0);
  }
  return 0.0;
}

/// One position's weights of the source: `weights` in units of 2^-22, from `begin` on.
struct Tap {
  std::int64_t begin = 0;
  std::vector<std::int32_t> weights;

  std::int64_t end() const { return begin + static_cast<std::int64_t>(weights.size()); }
};

Tap tap_at(double center, double scale, std::int64_t source, Filter filter) {
  const double widening = std::max(scale, 1.0);
  const double support = support_of(filter) * widening;
  Tap tap;
  tap.begin = std::max<std::int64_t>(0, static_cast<std::int64_t>(center - support + 0.5));
  const std::int64_t end = std::min<std::int64_t>(source, static_cast<std::int64_t>(center + support + 0.5));
  std::vector<double> weights;
  double sum = 0.0;
  for (std::int64_t i = tap.begin; i < end; ++i) {
    weights.push_back(weight_at(filter, (static_cast<double>(i) - center + 0.5) * (1.0 / widening)));
    sum += weights.back();
  }
  for (const double weight : weights) {
    const double scaled = (sum == 0.0 ? weight : weight / sum) * (1 << kWeightBits);
    tap.weights.push_back(static_cast<std::int32_t>(scaled < 0.0 ? scaled - 0.5 : scaled + 0.5));
  }
  return tap;
}

std::vector<Tap> taps_of(const ResizedSide& side, std::int64_t source, Filter filter) {
  const double scale = static_cast<double>(source) / static_cast<double>(side.size);
  std::vector<Tap> taps;
  for (std::int64_t i = side.begin; i < side.begin + side.count; ++i)
    taps.push_back(tap_at((static_cast<double>(i) + 0.5) * scale, scale, source, filter));
  return taps;
}

std::uint8_t to_pixel(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

/// The resized picture's positions, and the range of the source that they look at.
struct Pass {
  Pass(const ResizedSide& side, std::int64_t source, Filter filter)
      : side(side), is_copy(side.size == source) {
    if (!is_copy) taps = taps_of(side, source, filter);
    begin = is_copy ? side.begin : taps.front().begin;
    end = is_copy ? side.begin + side.count : taps.back().end();
  }

  ResizedSide side;
  bool is_copy;  ///< the source's own size: Pillow leaves the pass out
  std::vector<Tap> taps;
  std::int64_t begin;
  std::int64_t end;
};

/// Along the middle dimension, of which `source` has the part from pass.begin to pass.end: [outer, length,
/// inner] -> [outer, count, inner].
at::Tensor run(const Pass& pass, const at::Tensor& source) {
  if (pass.is_copy) return source;
  const std::int64_t outer = source.size(0), length = source.size(1), inner = source.size(2);
  at::Tensor result = at::empty({outer, pass.side.count, inner}, at::kByte);
  const std::uint8_t* from = source.const_data_ptr<std::uint8_t>();
  std::uint8_t* to = result.mutable_data_ptr<std::uint8_t>();
  std::vector<std::int32_t> sums(static_cast<std::size_t>(inner));
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const Tap& tap : pass.taps) {
      std::fill(sums.begin(), sums.end(), kHalf);
      const std::uint8_t* row = from + (o * length + tap.begin - pass.begin) * inner;
      for (const std::int32_t weight : tap.weights) {
        for (std::int64_t i = 0; i < inner; ++i) sums[static_cast<std::size_t>(i)] += weight * row[i];
        row += inner;
      }
      to = std::transform(sums.begin(), sums.end(), to, to_pixel);
    }
  }
  return result;
}

at::Tensor run_on_rows(const Pass& pass, const at::Tensor& picture) {
  return run(pass, picture.flatten(1).unsqueeze(0)).view({pass.side.count, picture.size(1), picture.size(2)});
}

/// Chooses the first pass, which decides how intermediate pixels are rounded.  Pillow 13 takes rows first
/// where many more of them vanish than of columns; earlier ones never do.
bool takes_rows_first(std::int64_t height, std::int64_t width, const ResizedSide& rows,
                      const ResizedSide& columns) {
  return rows.size < height && height - rows.size > 2 * (width - columns.size);
}

}  // namespace

at::Tensor resample(const at::Tensor& image, const ResizedSide& rows, const ResizedSide& columns,
                    Filter filter) {
  const std::int64_t height = image.size(0), width = image.size(1);
  const Pass over_rows(rows, height, filter), over_columns(columns, width, filter);
  const at::Tensor seen = image.narrow(0, over_rows.begin, over_rows.end - over_rows.begin)
                              .narrow(1, over_columns.begin, over_columns.end - over_columns.begin)
                              .contiguous();
  return takes_rows_first(height, width, rows, columns) ? run(over_columns, run_on_rows(over_rows, seen))
                                                        : run_on_rows(over_rows, run(over_columns, seen));
}

}  // namespace isoframe::model::vision
