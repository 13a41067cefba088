#include "metrics/ms_ssim.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace isoframe::metrics {

namespace {

constexpr std::array kWeights = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

std::vector<float> halved(const std::vector<float>& image, std::int64_t height, std::int64_t width) {
  const std::int64_t rows = (height + 1) / 2, columns = (width + 1) / 2;
  std::vector<float> result(static_cast<std::size_t>(rows * columns * 3));
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* top = image.data() + 2 * row * width * 3;
    const float* bottom = image.data() + std::min(2 * row + 1, height - 1) * width * 3;
    float* out = result.data() + row * columns * 3;
    for (std::int64_t column = 0; column < columns; ++column) {
      const std::int64_t left = 2 * column * 3, right = std::min(2 * column + 1, width - 1) * 3;
      for (std::int64_t c = 0; c < 3; ++c)
        out[column * 3 + c] =
            0.25F * ((top[left + c] + top[right + c]) + (bottom[left + c] + bottom[right + c]));
    }
  }
  return result;
}

}  // namespace

std::optional<double> MsSsim::operator()(const std::uint8_t* reference, const std::uint8_t* candidate,
                                         std::int64_t height, std::int64_t width) {
  if (std::min(height, width) < kMsSsimShortestSide) return std::nullopt;
  const std::int64_t values = height * width * 3;
  std::vector<float> x(reference, reference + values), y(candidate, candidate + values);
  std::array<double, 3> product = {1.0, 1.0, 1.0};
  for (std::size_t scale = 0; scale < kWeights.size(); ++scale) {
    const bool last = scale + 1 == kWeights.size();
    const SsimOfFrame score = ssim_(x.data(), y.data(), height, width);
    for (std::size_t c = 0; c < 3; ++c)
      product[c] *= std::pow(std::max(0.0, last ? score.ssim[c] : score.cs[c]), kWeights[scale]);
    if (last) break;
    x = halved(x, height, width);
    y = halved(y, height, width);
    height = (height + 1) / 2;
    width = (width + 1) / 2;
  }
  return (product[0] + product[1] + product[2]) / 3.0;
}

}  // namespace isoframe::metrics
