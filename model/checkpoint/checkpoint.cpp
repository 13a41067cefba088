#include "model/checkpoint/checkpoint.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace isoframe::model::checkpoint {

namespace fs = std::filesystem;

namespace {

constexpr const char* kTextToVideoClass = "HunyuanVideo15Pipeline";
constexpr const char* kImageToVideoClass = "HunyuanVideo15ImageToVideoPipeline";

/// A part of a pipeline: the classes it may have, and the names its configuration may be saved under.
struct Part {
  std::string name;
  std::vector<std::string> classes;
  std::vector<std::string> config_files = {"config.json"};
  bool image_to_video_only = false;
};

const std::vector<Part>& known_parts() {
  static const std::vector<Part> parts = {
      {"transformer", {"HunyuanVideo15Transformer3DModel"}},
      {"vae", {"AutoencoderKLHunyuanVideo15"}},
      {"text_encoder", {"Qwen2_5_VLTextModel"}},
      {"text_encoder_2", {"T5EncoderModel"}},
      {"tokenizer", {"Qwen2Tokenizer", "Qwen2TokenizerFast"}, {"tokenizer_config.json"}},
      {"tokenizer_2", {"ByT5Tokenizer"}, {"tokenizer_config.json"}},
      {"scheduler", {"FlowMatchEulerDiscreteScheduler"}, {"scheduler_config.json"}},
      {"guider", {"ClassifierFreeGuidance"}, {"guider_config.json", "config.json"}},
      {"image_encoder", {"SiglipVisionModel"}, {"config.json"}, true},
      {"feature_extractor",
       {"SiglipImageProcessor", "SiglipImageProcessorFast", "SiglipImageProcessorPil"},
       {"preprocessor_config.json"},
       true},
  };
  return parts;
}

const Part& known_part(const std::string& name) {
  const auto& parts = known_parts();
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const Part& p) { return p.name == name; });
  if (found == parts.end()) throw std::logic_error(fmt::format("no pipeline has a part '{}'", name));
  return *found;
}

/// The first of the part's possible config files that exists; the usual one where none does.
fs::path config_file(const fs::path& folder, const Part& part) {
  for (const std::string& name : part.config_files) {
    if (fs::exists(folder / name)) return folder / name;
  }
  return folder / part.config_files.front();
}

void check_part(const Config& index, const fs::path& directory, const Part& part) {
  if (!index.has(part.name)) index.fail(part.name, "is missing: the pipeline needs this part");
  const nlohmann::json& entry = index.values().at(part.name);
  if (!entry.is_array() || entry.size() != 2 || !entry[1].is_string()) {
    index.fail(part.name, "must be a pair of library and class");
  }
  const std::string& class_name = entry[1].get_ref<const std::string&>();
  if (std::find(part.classes.begin(), part.classes.end(), class_name) == part.classes.end()) {
    index.fail(part.name, fmt::format("has class '{}', but only '{}' is known here", class_name,
                                      fmt::join(part.classes, "' or '")));
  }
  const fs::path folder = directory / part.name;
  if (!fs::is_directory(folder)) {
    throw InputError(
        fmt::format("{}: no such folder, but {} names this part", folder.string(), index.origin()));
  }
  const fs::path config = config_file(folder, part);
  if (!fs::exists(config)) throw InputError(fmt::format("{}: no such file", config.string()));
}

}  // namespace

at::Tensor Declaration::parameter(const std::string& name, const Shape& shape) {
  items_.push_back({name, shape});
  return at::empty(shape, at::TensorOptions().dtype(at::kFloat).device(at::kMeta));
}

Checkpoint::Checkpoint(fs::path directory) : directory_(std::move(directory)) {
  if (!fs::is_directory(directory_)) {
    throw InputError(fmt::format("{}: no such checkpoint directory", directory_.string()));
  }
  const fs::path index_file = directory_ / "model_index.json";
  if (!fs::exists(index_file)) {
    throw InputError(fmt::format("{}: not a checkpoint in diffusers' layout: it has no model_index.json",
                                 directory_.string()));
  }
  const Config index = Config::load(index_file);
  pipeline_class_ = index.text("_class_name");
  if (pipeline_class_ != kTextToVideoClass && pipeline_class_ != kImageToVideoClass) {
    index.fail("_class_name", fmt::format("is '{}', but only '{}' and '{}' are known here", pipeline_class_,
                                          kTextToVideoClass, kImageToVideoClass));
  }
  for (const Part& part : known_parts()) {
    if (!part.image_to_video_only || pipeline_class_ == kImageToVideoClass) {
      check_part(index, directory_, part);
    }
  }
}

std::string to_string(Task task) {
  return task == Task::kImageToVideo ? "image-to-video (i2v)" : "text-to-video (t2v)";
}

Task parse_task(std::string_view name) {
  if (name == "t2v") return Task::kTextToVideo;
  if (name == "i2v") return Task::kImageToVideo;
  throw InputError(fmt::format("unknown task '{}'; tasks are t2v and i2v", name));
}

Task Checkpoint::task() const {
  return pipeline_class_ == kImageToVideoClass ? Task::kImageToVideo : Task::kTextToVideo;
}

Config Checkpoint::config(const std::string& part) const {
  return Config::load(config_file(this->part(part), known_part(part)));
}

}  // namespace isoframe::model::checkpoint
