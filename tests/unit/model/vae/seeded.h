#pragma once
// The weights and inputs of record.py, made again from their names.

#include <cmath>
#include <cstdint>
#include <string>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "model/checkpoint/parameters.h"
#include "model/vae/config.h"

namespace isoframe::model::vae {

/// FNV-1a, 32 bits.
inline std::uint32_t seed_of(const std::string& name) {
  std::uint32_t value = 2166136261U;
  for (const char c : name) value = (value ^ static_cast<unsigned char>(c)) * 16777619U;
  return value;
}

inline at::Tensor noise(const std::string& name, at::IntArrayRef shape) {
  return at::randn(shape, at::detail::createCPUGenerator(seed_of(name)));
}

class SeededParameters : public checkpoint::ParameterSource {
 public:
  at::Tensor parameter(const std::string& name, const checkpoint::Shape& shape) override {
    const at::Tensor values = noise(name, shape);
    if (name.ends_with("gamma")) return 1.0 + 0.1 * values;
    if (name.ends_with("bias")) return 0.1 * values;
    double fan_in = 1.0;
    for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= static_cast<double>(shape[i]);
    return values * (1.0 / std::sqrt(fan_in));
  }
};

inline VaeConfig small_config() {
  VaeConfig config;
  config.latent_channels = 4;
  config.block_out_channels = {24, 24, 48, 48, 24};
  config.layers_per_block = 1;
  return config;
}

}  // namespace isoframe::model::vae
