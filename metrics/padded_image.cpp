#include "metrics/padded_image.h"

#include <cstring>

namespace isoframe::metrics {

namespace {

constexpr std::size_t kVector = 64;

std::size_t rounded_up(std::size_t bytes) { return (bytes + kVector - 1) / kVector * kVector; }

}  // namespace

void PaddedImage::resize(const std::vector<PlaneSize>& planes) {
  planes_ = planes;
  std::size_t bytes = 2 * kVector;  // before the first plane, of which up to one is lost to alignment
  std::array<std::size_t, 4> offsets{};
  for (std::size_t p = 0; p < planes.size(); ++p) {
    const std::size_t stride = rounded_up(static_cast<std::size_t>(planes[p].bytes)) + kVector;
    strides_[p] = static_cast<int>(stride);
    offsets[p] = bytes;
    bytes += stride * static_cast<std::size_t>(planes[p].height) + kVector;
  }
  memory_.assign(bytes + kVector, 0);
  const std::size_t shift = kVector - reinterpret_cast<std::uintptr_t>(memory_.data()) % kVector;
  for (std::size_t p = 0; p < planes.size(); ++p) data_[p] = memory_.data() + offsets[p] - kVector + shift;
}

void PaddedImage::fill(std::size_t plane, const std::uint8_t* rows) {
  const auto bytes = static_cast<std::size_t>(planes_[plane].bytes);
  for (std::int64_t row = 0; row < planes_[plane].height; ++row)
    std::memcpy(data_[plane] + row * strides_[plane], rows + static_cast<std::size_t>(row) * bytes, bytes);
}

void PaddedImage::copy(std::size_t plane, std::uint8_t* rows) const {
  const auto bytes = static_cast<std::size_t>(planes_[plane].bytes);
  for (std::int64_t row = 0; row < planes_[plane].height; ++row)
    std::memcpy(rows + static_cast<std::size_t>(row) * bytes, data_[plane] + row * strides_[plane], bytes);
}

}  // namespace isoframe::metrics
