#include "model/synthetic/inspect.h"

#include <set>

#include <ATen/ATen.h>

#include "base/error.h"
#include "model/checkpoint/safetensors.h"
#include "model/checkpoint/weight_files.h"
#include "model/synthetic/declare.h"

namespace isoframe::model::synthetic {

namespace {

std::string class_of(const checkpoint::Config& config) {
  if (config.has("_class_name")) return config.text("_class_name");
  return config.values().value("/architectures/0"_json_pointer, std::string("unknown"));
}

PartReport inspect_part(const checkpoint::Checkpoint& checkpoint, const std::string& name) {
  const checkpoint::Config config = checkpoint.config(name);
  checkpoint::WeightFiles weights(checkpoint.part(name));
  PartReport report;
  report.name = name;
  report.class_name = class_of(config);
  std::set<std::string> files;
  for (const auto& entry : weights.entries()) {
    ++report.tensors;
    report.parameters += entry.bytes / c10::elementSize(entry.dtype);
    report.bytes += entry.bytes;
    ++report.dtypes[checkpoint::dtype_name(entry.dtype)];
    files.insert(entry.file);
  }
  report.files.assign(files.begin(), files.end());
  for (const auto& item : declare(name, config)) {
    try {
      weights.check(item.name, item.shape);
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
