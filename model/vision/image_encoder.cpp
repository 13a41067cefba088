#include "model/vision/image_encoder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::model::vision {

namespace {

/// The tower may have been saved with or without the name that SiglipModel gives it.
checkpoint::Parameters vision_parameters(checkpoint::WeightFiles& files) {
  constexpr const char* kPrefix = "vision_model";
  const bool is_prefixed = files.has(fmt::format("{}.embeddings.patch_embedding.weight", kPrefix));
  return checkpoint::Parameters(files, is_prefixed ? kPrefix : "");
}

}  // namespace

ImageEncoder::ImageEncoder(const checkpoint::Checkpoint& checkpoint, const at::TensorOptions& options)
    : feature_extractor_(SiglipProcessorConfig::from(checkpoint.config("feature_extractor"))),
      image_encoder_files_(checkpoint.part("image_encoder"), options, checkpoint.variant()),
      image_encoder_(SiglipVisionConfig::from(checkpoint.config("image_encoder")),
                     vision_parameters(image_encoder_files_)),
      options_(options) {
  const std::int64_t size = image_encoder_.config().image_size;
  if (feature_extractor_.height != size || feature_extractor_.width != size)
    checkpoint.config("feature_extractor")
        .fail("size", fmt::format("is {} x {}, but image_encoder's image_size is {}",
                                  feature_extractor_.height, feature_extractor_.width, size));
}

at::Tensor ImageEncoder::encode(const at::Tensor& image, Probe& probe) const {
  const at::Tensor pixels = preprocess(image, feature_extractor_);
  probe.tensor({.name = "image_encoder.pixel_values", .axes = axes::kPictures}, pixels);
  return image_encoder_.forward(pixels.to(options_), probe);
}

std::vector<std::string> ImageEncoder::unused() const {
  std::vector<std::string> names;
  for (const std::string& name : image_encoder_files_.unused()) names.push_back("image_encoder: " + name);
  return names;
}

}  // namespace isoframe::model::vision
