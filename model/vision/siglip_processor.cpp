#include "model/vision/siglip_processor.h"

#include <string>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "model/checkpoint/positive_number.h"

namespace isoframe::model::vision {

namespace {

std::array<double, 3> channels(const checkpoint::Config& config, const std::string& key,
                               const std::array<double, 3>& otherwise) {
  if (!config.has(key)) return otherwise;
  const nlohmann::json& values = config.values().at(key);
  if (!values.is_array() || values.size() != 3) config.fail(key, "must be three numbers");
  std::array<double, 3> result{};
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (!values[i].is_number()) config.fail(key, "must be three numbers");
    result[i] = values[i].get<double>();
  }
  return result;
}

/// [3, 1, 1], rounded to float32 as the reference rounds it.
at::Tensor per_channel(const std::array<double, 3>& values) {
  return at::tensor({values[0], values[1], values[2]}, at::kDouble).to(at::kFloat).view({3, 1, 1});
}

}  // namespace

SiglipProcessorConfig SiglipProcessorConfig::from(const checkpoint::Config& config) {
  SiglipProcessorConfig result;
  if (config.has("size")) {
    const checkpoint::Config size = config.object("size");
    result.height = size.integer("height");
    result.width = size.integer("width");
    if (result.height < 1 || result.width < 1) config.fail("size", "must be positive");
  }
  if (!config.boolean("do_resize", true)) config.fail("do_resize", "must be true: SigLIP sees one size");
  for (const char* option : {"do_center_crop", "do_pad"})
    if (config.boolean(option, false)) config.fail(option, "is true, but only false is implemented");
  const std::int64_t filter = config.integer("resample", static_cast<std::int64_t>(result.resample));
  if (filter < 1 || filter > 3)
    config.fail("resample", fmt::format("is {}, but only 1 (Lanczos), 2 (bilinear) and 3 (bicubic) are "
                                        "implemented",
                                        filter));
  result.resample = static_cast<Filter>(filter);
  result.do_rescale = config.boolean("do_rescale", result.do_rescale);
  result.rescale_factor = checkpoint::positive_number(config, "rescale_factor", result.rescale_factor);
  result.do_normalize = config.boolean("do_normalize", result.do_normalize);
  result.image_mean = channels(config, "image_mean", result.image_mean);
  result.image_std = channels(config, "image_std", result.image_std);
  return result;
}

at::Tensor preprocess(const at::Tensor& image, const SiglipProcessorConfig& config) {
  const at::Tensor resized =
      resample(image, ResizedSide::whole(config.height), ResizedSide::whole(config.width), config.resample);
  at::Tensor pixels = resized.permute({2, 0, 1}).contiguous();
  // The product in double precision, then float32: the reference's order.
  pixels = config.do_rescale ? pixels.to(at::kDouble).mul(config.rescale_factor).to(at::kFloat)
                             : pixels.to(at::kFloat);
  if (config.do_normalize) pixels = (pixels - per_channel(config.image_mean)) / per_channel(config.image_std);
  return pixels.unsqueeze(0);
}

}  // namespace isoframe::model::vision
