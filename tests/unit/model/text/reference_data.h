#pragma once
// Reads the reference's outputs that record.py wrote, and makes the weights that it used.

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "base/json_file.h"
#include "model/checkpoint/config.h"
#include "model/checkpoint/parameters.h"

namespace isoframe::model::text {

inline std::filesystem::path data_file(const std::string& name) {
  return std::filesystem::path(__FILE__).parent_path() / "data" / name;
}

inline const nlohmann::json& expected() {
  static const nlohmann::json values = base::read_json(data_file("expected.json"));
  return values;
}

/// Makes the same values as record.py's `weight`.
inline at::Tensor reference_weight(const std::string& name, const checkpoint::Shape& shape) {
  std::uint32_t seed = 2166136261U;
  for (const char byte : name) seed = (seed ^ static_cast<unsigned char>(byte)) * 16777619U;
  const auto contains = [&](const char* part) { return name.find(part) != std::string::npos; };
  const bool unit = shape.size() == 1 || contains("embed") || contains("shared") || contains("relative");
  const at::Tensor result = at::empty(shape, at::kFloat);
  for (std::int64_t i = 0; i < result.numel(); ++i) {
    std::uint32_t x = (seed + static_cast<std::uint32_t>(i)) * 2654435761U;
    x ^= x >> 16U;
    x *= 2246822519U;
    x ^= x >> 13U;
    const double uniform = x / 2147483648.0 - 1.0;
    const double value = contains("norm") ? 1.0 + 0.2 * uniform
                         : unit           ? uniform
                                          : uniform * std::sqrt(3.0 / static_cast<double>(shape[1]));
    result.data_ptr<float>()[i] = static_cast<float>(value);
  }
  return result;
}

class ReferenceWeights : public checkpoint::ParameterSource {
 public:
  using ParameterSource::parameter;
  at::Tensor parameter(const std::string& name, const checkpoint::Shape& shape) override {
    return reference_weight(name, shape);
  }
};

/// Relative L2 distance of `states` from recorded numbers in the same order.
inline double relative_l2(const at::Tensor& states, const nlohmann::json& recorded) {
  const at::Tensor wanted = at::tensor(recorded.get<std::vector<double>>(), at::kDouble);
  return ((states.flatten().to(at::kDouble) - wanted).norm() / wanted.norm()).item<double>();
}

}  // namespace isoframe::model::text
