#include "harness/run/kept_tensors.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "harness/run/entries.h"
#include "harness/scenario/readers.h"
#include "model/checkpoint/safetensors.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
using model::checkpoint::SafetensorsFile;
using model::checkpoint::TensorSpec;

namespace {

SafetensorsFile open_needed(const fs::path& file) {
  if (!is_file(file)) throw InputError(fmt::format("{} is missing", file.string()));
  return SafetensorsFile(file);
}

constexpr std::int64_t kAnySize = -1;

std::string text_of(const std::vector<std::int64_t>& shape) {
  std::vector<std::string> sizes;
  for (const std::int64_t size : shape) sizes.push_back(size == kAnySize ? "any" : fmt::format("{}", size));
  return fmt::format("[{}]", fmt::join(sizes, ", "));
}

/// Throws InputError naming the file unless the tensor is float32 and of the shape.
void require_tensor(const SafetensorsFile& file, const std::string& name,
                    const std::vector<std::int64_t>& expected) {
  if (!file.has(name)) throw InputError(fmt::format("{}: has no '{}'", file.path().string(), name));
  const TensorSpec& found = file.spec(name);
  const bool is_alike = std::ranges::equal(found.shape, expected, [](std::int64_t own, std::int64_t wanted) {
    return own == wanted || (wanted == kAnySize && own > 0);
  });
  if (is_alike && found.dtype == at::kFloat) return;
  throw InputError(fmt::format("{}: holds {} {} of shape {}, not float32 {} of shape {}",
                               file.path().string(), found.dtype_name(), name, text_of(found.shape), name,
                               text_of(expected)));
}

bool has_nan(const SafetensorsFile& file, const std::string& name) {
  return at::isnan(file.tensor(name)).any().item<bool>();
}

}  // namespace

void require_frames(const fs::path& file, const scenario::Case& spec) {
  require_tensor(open_needed(file), "frames",
                 {spec.frames, spec.height.value_or(0), spec.width.value_or(0), 3});
}

void require_latents(const fs::path& file, const fs::path& frames_file, const scenario::Case& spec) {
  using scenario::kSpatialCompression;
  const SafetensorsFile latents = open_needed(file);
  const std::vector<std::int64_t> shape = {
      1, kAnySize, (spec.frames - 1) / scenario::kTemporalCompression + 1,
      spec.height.value_or(0) / kSpatialCompression, spec.width.value_or(0) / kSpatialCompression};
  std::vector<std::string> names = {"noise", "latents"};
  for (std::int64_t step = 0; step < spec.steps; ++step) names.push_back(fmt::format("step_{}", step));
  for (const std::string& name : names) require_tensor(latents, name, shape);
  for (const std::string& name : names) {
    if (!has_nan(latents, name)) continue;
    // A model that computes NaN does so in the frames too, which its verdict says; noise is drawn.
    if (name == "noise" || !has_nan(SafetensorsFile(frames_file), "frames"))
      throw InputError(fmt::format("{}: '{}' holds NaN", file.string(), name));
  }
}

}  // namespace isoframe::harness::run
