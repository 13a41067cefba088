#include "model/synthetic/inspect.h"

#include <set>

#include <ATen/ATen.h>
#include <c10/util/accumulate.h>
#include <fmt/format.h>

#include "base/error.h"
#include "model/checkpoint/safetensors.h"
#include "model/checkpoint/weight_files.h"
#include "model/synthetic/declare.h"
#include "model/text/prompt_encoder.h"

namespace isoframe::model::synthetic {

namespace {

std::string class_of(const checkpoint::Config& config) {
  if (config.has("_class_name")) return config.text("_class_name");
  return config.values().value("/architectures/0"_json_pointer, std::string("unknown"));
}

/// The prefix that the part's model looks for.
std::string prefix_of(const std::string& part, const checkpoint::WeightFiles& weights) {
  if (part == "text_encoder") return text::text_model_prefix(weights);
  if (part == "image_encoder")
    return weights.prefix_of("embeddings.patch_embedding.weight", {"vision_model"});
  return "";
}

PartReport inspect_part(const checkpoint::Checkpoint& checkpoint, const std::string& name) {
  const checkpoint::Config config = checkpoint.config(name);
  checkpoint::WeightFiles weights(checkpoint.part(name), at::kFloat, checkpoint.variant());
  PartReport report;
  report.name = name;
  report.class_name = class_of(config);
  std::set<std::string> files;
  for (const auto& entry : weights.entries()) {
    ++report.tensors;
    report.parameters += static_cast<std::uint64_t>(c10::multiply_integers(entry.shape));
    report.bytes += entry.bytes;
    ++report.dtypes[entry.dtype_name];
    files.insert(entry.file);
  }
  report.files.assign(files.begin(), files.end());
  const std::string prefix = prefix_of(name, weights);
  for (const auto& item : declare(name, config)) {
    try {
      weights.check(prefix.empty() ? item.name : fmt::format("{}.{}", prefix, item.name), item.shape);
    } catch (const InputError& error) {
      report.problems.emplace_back(error.what());
    }
  }
  report.surplus = weights.unused();
  return report;
}

}  // namespace

std::vector<PartReport> inspect(const checkpoint::Checkpoint& checkpoint) {
  std::vector<PartReport> parts;
  for (const char* name : {"text_encoder", "text_encoder_2", "transformer", "vae"})
    parts.push_back(inspect_part(checkpoint, name));
  if (checkpoint.task() == checkpoint::Task::kImageToVideo)
    parts.push_back(inspect_part(checkpoint, "image_encoder"));
  return parts;
}

}  // namespace isoframe::model::synthetic
