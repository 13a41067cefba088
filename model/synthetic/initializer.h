#pragma once
// Seeded values for a synthetic checkpoint's tensors.

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/parameters.h"

namespace isoframe::model::synthetic {

/// The values of the tensor `name` of `part`.  They depend on seed, part and name alone, so neither the order
/// of writing nor sharding changes them.  Matrices are scaled by their fan-in, so that activations neither
/// die nor explode; a few gains see to frames with contrast that depend on seed, prompt and tiling.
at::Tensor initial_value(const std::string& part, const std::string& name, const checkpoint::Shape& shape,
                         at::ScalarType dtype, std::uint64_t seed);

}  // namespace isoframe::model::synthetic
