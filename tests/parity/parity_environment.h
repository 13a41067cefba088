#pragma once
// What tests/parity/run hands over, and its cases as requests.

#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "model/pipeline/text_to_video.h"
#include "model/text/prompt_encoder.h"

namespace isoframe::model::parity {

inline std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set; run tests/parity/run");
  return value;
}

inline std::vector<nlohmann::json> cases() {
  std::ifstream file(variable("ISOFRAME_PARITY_CASES"));
  return nlohmann::json::parse(file).get<std::vector<nlohmann::json>>();
}

inline pipeline::Request request_of(const nlohmann::json& c) {
  pipeline::Request request;
  request.prompt = c.at("prompt");
  request.negative_prompt = c.value("negative_prompt", "");
  request.height = c.at("height");
  request.width = c.at("width");
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

/// Nothing where the checkpoint's own is meant.
inline std::optional<double> guidance_scale_of(const nlohmann::json& c) {
  if (!c.contains("guidance_scale")) return std::nullopt;
  return c["guidance_scale"].get<double>();
}

}  // namespace isoframe::model::parity
