#include "model/synthetic/shard_writer.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "model/checkpoint/safetensors.h"

namespace isoframe::model::synthetic {

using checkpoint::TensorSpec;

namespace {

using Shard = std::vector<TensorSpec>;

std::vector<Shard> plan_shards(const std::vector<checkpoint::Declaration::Item>& items, at::ScalarType dtype,
                               std::uint64_t shard_bytes) {
  std::vector<Shard> shards(1);
  std::uint64_t filled = 0;
  for (const auto& item : items) {
    TensorSpec spec{item.name, item.shape, dtype};
    const std::uint64_t bytes = spec.bytes();
    if (!shards.back().empty() && filled + bytes > shard_bytes) {
      shards.emplace_back();
      filled = 0;
    }
    filled += bytes;
    shards.back().push_back(std::move(spec));
  }
  return shards;
}

}  // namespace

void write_shards(const std::filesystem::path& folder, const std::string& stem,
                  const std::vector<checkpoint::Declaration::Item>& items, at::ScalarType dtype,
                  std::uint64_t shard_bytes,
                  const std::function<at::Tensor(const checkpoint::Declaration::Item&)>& value) {
  const std::vector<Shard> shards = plan_shards(items, dtype, shard_bytes);
  nlohmann::json weight_map = nlohmann::json::object();
  std::uint64_t total_bytes = 0;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string file = shards.size() == 1
                                 ? stem + ".safetensors"
                                 : fmt::format("{}-{:05}-of-{:05}.safetensors", stem, i + 1, shards.size());
    checkpoint::SafetensorsWriter writer(folder / file, shards[i]);
    for (const TensorSpec& spec : shards[i]) {
      writer.append(value({spec.name, spec.shape}));
      weight_map[spec.name] = file;
      total_bytes += spec.bytes();
    }
    writer.commit();
  }
  if (shards.size() > 1) {
    const nlohmann::json index = {{"metadata", {{"total_size", total_bytes}}}, {"weight_map", weight_map}};
    base::write_text(folder / (stem + ".safetensors.index.json"), index.dump(2) + "\n");
  }
}

}  // namespace isoframe::model::synthetic
