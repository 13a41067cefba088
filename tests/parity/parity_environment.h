#pragma once
// The environment that tests/parity/run sets, and its cases as requests.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include "model/device/device.h"
#include "model/pipeline/limits.h"
#include "model/pipeline/request.h"
#include "model/pipeline/size_buckets.h"
#include "model/text/prompt_encoder.h"
#include "model/vision/image_file.h"

namespace isoframe::model::parity {

inline std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set; run tests/parity/run");
  return value;
}

/// The device that isoframe computes on: ISOFRAME_PARITY_DEVICE, "cpu" if it is not set.  The reference ran
/// on the CPU.
inline at::TensorOptions options_of(at::ScalarType dtype = at::kFloat) {
  const char* name = std::getenv("ISOFRAME_PARITY_DEVICE");
  const c10::Device device = device::take(name == nullptr ? "cpu" : name, /*local_rank=*/0);
  device::compute_reproducibly(device);
  return at::TensorOptions(device).dtype(dtype);
}

inline std::vector<nlohmann::json> cases() {
  std::ifstream file(variable("ISOFRAME_PARITY_CASES"));
  return nlohmann::json::parse(file).get<std::vector<nlohmann::json>>();
}

/// The size that the case names, or the one that the reference takes from its image.
inline pipeline::Size size_of(const nlohmann::json& c, const std::filesystem::path& image,
                              const pipeline::Limits& limits) {
  if (c.contains("height")) return {c.at("height"), c.at("width")};
  const at::Tensor pixels = vision::load_image(image);
  return pipeline::nearest_bucket(static_cast<double>(pixels.size(0)), static_cast<double>(pixels.size(1)),
                                  limits.target_size, limits.spatial_compression);
}

inline pipeline::Request request_of(const nlohmann::json& c, const pipeline::Limits& limits) {
  pipeline::Request request;
  request.prompt = c.at("prompt");
  request.negative_prompt = c.value("negative_prompt", "");
  if (c.contains("image"))
    request.image = std::filesystem::path(variable("ISOFRAME_PARITY_CASES")).parent_path() /
                    c.at("image").get<std::string>();
  const pipeline::Size size = size_of(c, request.image, limits);
  request.height = size.height;
  request.width = size.width;
  request.frames = c.at("frames");
  request.steps = c.at("steps");
  request.seed = c.at("seed");
  request.tiling.enabled = c.contains("tiling");
  if (request.tiling.enabled) {
    request.tiling.tile_size = c["tiling"].at("tile_size");
    request.tiling.overlap = c["tiling"].at("overlap");
  }
  return request;
}

/// The case's guidance scale; nothing if it takes the checkpoint's.
inline std::optional<double> guidance_scale_of(const nlohmann::json& c) {
  if (!c.contains("guidance_scale")) return std::nullopt;
  return c["guidance_scale"].get<double>();
}

}  // namespace isoframe::model::parity
