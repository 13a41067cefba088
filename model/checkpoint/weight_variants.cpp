#include "model/checkpoint/weight_variants.h"

#include <algorithm>
#include <map>
#include <regex>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "model/checkpoint/downloads.h"

namespace isoframe::model::checkpoint {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kWeights = ".safetensors";
constexpr std::string_view kIndex = ".safetensors.index.json";

bool is_index(std::string_view name) { return name.ends_with(".json"); }

/// "fp16" of "model.fp16", "model.fp16-00001-of-00002" and the older "model-00001-of-00002.fp16".
std::string variant_of_stem(std::string_view stem) {
  static const std::regex shard("-\\d+-of-\\d+");
  const std::string whole = std::regex_replace(std::string(stem), shard, "");
  const std::size_t dot = whole.rfind('.');
  return dot == std::string::npos ? "" : whole.substr(dot + 1);
}

std::map<std::string, WeightSet> weight_sets(const fs::path& folder) {
  std::map<std::string, WeightSet> sets;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const std::optional<std::string> variant = variant_of(name);
    if (!variant) continue;
    WeightSet& set = sets[*variant];
    if (!is_index(name)) {
      set.files.push_back(entry.path());
      continue;
    }
    if (set.index) {
      const auto [first, second] = std::minmax(set.index->filename().string(), name);
      throw InputError(fmt::format("{}: {} and {} both say which weights these are; keep one",
                                   folder.string(), first, second));
    }
    set.index = entry.path();
  }
  for (auto& [variant, set] : sets) std::ranges::sort(set.files);
  return sets;
}

[[noreturn]] void refuse_empty(const fs::path& folder) {
  if (const std::string unfinished = unfinished_download(folder); !unfinished.empty()) {
    throw InputError(fmt::format("{}: no *.safetensors here, but {}: the download is not complete; repeat it",
                                 folder.string(), unfinished));
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string extension = entry.path().extension().string();
    for (const char* other : {".bin", ".pt", ".pth", ".ckpt", ".gguf", ".onnx", ".msgpack"}) {
      if (extension != other) continue;
      throw InputError(fmt::format("{}: no *.safetensors here, but {}: only safetensors are read",
                                   folder.string(), entry.path().filename().string()));
    }
  }
  throw InputError(fmt::format("{}: no *.safetensors here", folder.string()));
}

}  // namespace

std::optional<std::string> variant_of(std::string_view name) {
  if (name.starts_with('.')) return std::nullopt;  // another writer's unfinished work
  if (name.ends_with(kWeights)) return variant_of_stem(name.substr(0, name.size() - kWeights.size()));
  if (name.ends_with(kIndex)) return variant_of_stem(name.substr(0, name.size() - kIndex.size()));
  static const std::regex index_of_variant(".*\\.safetensors\\.index\\.([^.]+)\\.json");
  std::match_results<std::string_view::const_iterator> match;
  if (std::regex_match(name.begin(), name.end(), match, index_of_variant)) return match[1].str();
  return std::nullopt;
}

bool has_variant(const fs::path& folder, const std::string& variant) {
  return weight_sets(folder).contains(variant);
}

WeightSet weight_set(const fs::path& folder, const std::string& variant) {
  std::map<std::string, WeightSet> sets = weight_sets(folder);
  if (sets.empty()) refuse_empty(folder);
  for (const std::string& wanted : {variant, std::string()})
    if (const auto found = sets.find(wanted); found != sets.end()) return std::move(found->second);
  if (sets.size() == 1) return std::move(sets.begin()->second);
  std::vector<std::string> names;
  for (const auto& [name, set] : sets) names.push_back(name);
  throw InputError(fmt::format("{}: holds the variants {} and no plain weights; name one as the variant",
                               folder.string(), fmt::join(names, ", ")));
}

}  // namespace isoframe::model::checkpoint
