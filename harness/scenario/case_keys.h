#pragma once
// The table of keys: what type and range each has, and where its value goes.

#include <cstdint>
#include <string>

#include "harness/scenario/case.h"
#include "harness/scenario/yaml_value.h"

namespace isoframe::harness::scenario {

// HunyuanVideo 1.5's VAE: 16 pixels and 4 frames a latent, the first frame alone.
inline constexpr std::int64_t kSpatialCompression = 16;
inline constexpr std::int64_t kTemporalCompression = 4;

/// Puts `value` into the field that `key`, a key of Settings, stands for.
void read_key(Case& result, const std::string& key, const Value& value);

}  // namespace isoframe::harness::scenario
