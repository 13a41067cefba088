#include "model/vision/crop.h"

#include <ATen/ATen.h>

#include "model/vision/resample.h"

namespace isoframe::model::vision {

at::Tensor resize_and_crop(const at::Tensor& image, std::int64_t height, std::int64_t width) {
  const std::int64_t source_height = image.size(0), source_width = image.size(1);
  const double ratio = static_cast<double>(width) / static_cast<double>(height);
  const double source_ratio = static_cast<double>(source_width) / static_cast<double>(source_height);
  const std::int64_t covering_width = ratio > source_ratio ? width : source_width * height / source_height;
  const std::int64_t covering_height = ratio > source_ratio ? source_height * width / source_width : height;
  // Halves are rounded down one by one, as the reference's: an odd surplus is not the same as half of it.
  return resample(image, {covering_height, covering_height / 2 - height / 2, height},
                  {covering_width, covering_width / 2 - width / 2, width}, Filter::kLanczos);
}

at::Tensor to_video_frame(const at::Tensor& image) {
  const at::Tensor pixels = image.to(at::kFloat).div(255.0).mul(2.0).sub(1.0);
  return pixels.permute({2, 0, 1}).unsqueeze(0).unsqueeze(2).contiguous();
}

}  // namespace isoframe::model::vision
