#pragma once
// Reads the reference's outputs that record.py wrote, and makes the pictures and weights that it used.

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include <ATen/ATen.h>

#include "model/checkpoint/parameters.h"
#include "model/checkpoint/safetensors.h"

namespace isoframe::model::vision {

inline std::filesystem::path data_file(const std::string& name) {
  return std::filesystem::path(__FILE__).parent_path() / "data" / name;
}

inline const std::map<std::string, at::Tensor>& recorded() {
  static const auto tensors = checkpoint::read_safetensors(data_file("reference.safetensors"));
  return tensors;
}

/// Returns element `i` of the values that record.py's `hashed` makes.
inline std::uint32_t hashed(const std::string& name, std::int64_t i) {
  std::uint32_t seed = 2166136261U;
  for (const char byte : name) seed = (seed ^ static_cast<unsigned char>(byte)) * 16777619U;
  std::uint32_t x = (seed + static_cast<std::uint32_t>(i)) * 2654435761U;
  x ^= x >> 16U;
  x *= 2246822519U;
  return x ^ x >> 13U;
}

inline at::Tensor noise(const std::string& name, std::int64_t height, std::int64_t width) {
  at::Tensor result = at::empty({height, width, 3}, at::kByte);
  for (std::int64_t i = 0; i < result.numel(); ++i)
    result.data_ptr<std::uint8_t>()[i] = static_cast<std::uint8_t>(hashed(name, i) >> 24U);
  return result;
}

inline at::Tensor weight(const std::string& name, const checkpoint::Shape& shape) {
  const bool is_gain = name.find("norm") != std::string::npos && name.ends_with("weight");
  const bool is_table = shape.size() == 1 || name.find("position") != std::string::npos;
  at::Tensor result = at::empty(shape, at::kFloat);
  const double fan_in = static_cast<double>(result.numel()) / static_cast<double>(shape[0]);
  for (std::int64_t i = 0; i < result.numel(); ++i) {
    const double uniform = hashed(name, i) / 2147483648.0 - 1.0;
    const double value = is_gain    ? 1.0 + 0.2 * uniform
                         : is_table ? 0.5 * uniform
                                    : uniform * std::sqrt(3.0 / fan_in);
    result.data_ptr<float>()[i] = static_cast<float>(value);
  }
  return result;
}

class ReferenceWeights : public checkpoint::ParameterSource {
 public:
  at::Tensor parameter(const std::string& name, const checkpoint::Shape& shape) override {
    return weight(name, shape);
  }
};

}  // namespace isoframe::model::vision
