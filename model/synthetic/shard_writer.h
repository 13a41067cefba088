#pragma once
// The weights of one part, generated tensor by tensor into as many files as they need.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"

namespace isoframe::model::synthetic {

/// About the size of the shards that transformers and diffusers write.
constexpr std::uint64_t kShardBytes = std::uint64_t{2} << 30;

/// Writes `STEM.safetensors`, or `STEM-00001-of-0000N.safetensors` and `STEM.safetensors.index.json` where
/// more than `shard_bytes` are to be written.  `value` is asked for one tensor at a time, in the order of
/// `items`.
void write_shards(const std::filesystem::path& folder, const std::string& stem,
                  const std::vector<checkpoint::Declaration::Item>& items, at::ScalarType dtype,
                  std::uint64_t shard_bytes,
                  const std::function<at::Tensor(const checkpoint::Declaration::Item&)>& value);

}  // namespace isoframe::model::synthetic
