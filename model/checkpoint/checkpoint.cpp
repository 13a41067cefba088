#include "model/checkpoint/checkpoint.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <system_error>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "model/checkpoint/weight_variants.h"

namespace isoframe::model::checkpoint {

namespace fs = std::filesystem;

namespace {

constexpr const char* kIndexFile = "model_index.json";
constexpr const char* kTextToVideoClass = "HunyuanVideo15Pipeline";
constexpr const char* kImageToVideoClass = "HunyuanVideo15ImageToVideoPipeline";

/// A part of a pipeline: the classes it may have, and the names its configuration may be saved under.
struct Part {
  std::string name;
  std::vector<std::string> classes;
  std::vector<std::string> config_files = {"config.json"};
  bool image_to_video_only = false;
  bool needs_config = true;
  /// The file that says what the part does whatever its class is called; empty for none.
  std::string telling_file = {};
};

const std::vector<Part>& known_parts() {
  static const std::vector<Part> parts = {
      {"transformer", {"HunyuanVideo15Transformer3DModel"}},
      {"vae", {"AutoencoderKLHunyuanVideo15"}},
      {"text_encoder", {"Qwen2_5_VLTextModel"}},
      {"text_encoder_2", {"T5EncoderModel"}},
      {.name = "tokenizer",
       .classes = {"Qwen2Tokenizer", "Qwen2TokenizerFast"},
       .config_files = {"tokenizer_config.json"},
       .needs_config = false,
       .telling_file = "tokenizer.json"},
      {.name = "tokenizer_2",
       .classes = {"ByT5Tokenizer"},
       .config_files = {"tokenizer_config.json"},
       .needs_config = false},
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

/// True for a file, or a link that should lead to one: that it does not is its reader's to say.
bool is_there(const fs::path& file) {
  std::error_code unreadable;
  return fs::exists(fs::symlink_status(file, unreadable));
}

/// The first of the part's possible config files that exists; the usual one where none does.
fs::path config_file(const fs::path& folder, const Part& part) {
  for (const std::string& name : part.config_files) {
    if (is_there(folder / name)) return folder / name;
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
  const fs::path folder = directory / part.name;
  const bool is_told = !part.telling_file.empty() && is_there(folder / part.telling_file);
  if (!is_told && !std::ranges::count(part.classes, class_name)) {
    index.fail(
        part.name,
        fmt::format(
            "has class '{}', but only '{}' is known here{}", class_name, fmt::join(part.classes, "' or '"),
            part.telling_file.empty() ? "" : fmt::format(", or any class beside a {}", part.telling_file)));
  }
  if (!fs::is_directory(folder)) {
    throw InputError(
        fmt::format("{}: no such folder, but {} names this part; the download is not complete: repeat it",
                    folder.string(), index.origin()));
  }
  const fs::path config = config_file(folder, part);
  if (part.needs_config && !is_there(config))
    throw InputError(
        fmt::format("{}: no such file; the download is not complete: repeat it", config.string()));
}

/// Folders at most three levels below `folder` that hold a model_index.json, sorted; links are not followed.
std::vector<fs::path> checkpoints_below(const fs::path& folder) {
  constexpr int kLevels = 3;
  std::vector<fs::path> found;
  std::error_code unreadable;
  fs::recursive_directory_iterator entries(folder, fs::directory_options::skip_permission_denied, unreadable);
  for (; !unreadable && entries != fs::recursive_directory_iterator(); entries.increment(unreadable)) {
    if (entries.depth() >= kLevels) entries.disable_recursion_pending();
    if (entries->path().filename() == kIndexFile) found.push_back(entries->path().parent_path());
  }
  std::ranges::sort(found);
  return found;
}

/// The folder of the commit that the hub's cache calls "main"; empty where there is none.
fs::path main_snapshot(const fs::path& folder) {
  std::ifstream file(folder / "refs" / "main");
  std::string commit;
  file >> commit;
  const fs::path snapshot = folder / "snapshots" / commit;
  return !commit.empty() && is_there(snapshot / kIndexFile) ? snapshot : fs::path();
}

/// Advice on a folder without model_index.json.
std::string advice(const fs::path& folder) {
  if (const fs::path snapshot = main_snapshot(folder); !snapshot.empty())
    return fmt::format("; it is a folder of the Hugging Face cache: give its snapshot, {}",
                       snapshot.string());
  const std::vector<fs::path> below = checkpoints_below(folder);
  if (below.size() == 1) return fmt::format(", but {} does: give that folder", below.front().string());
  if (!below.empty())
    return fmt::format(", but {} folders below it do: give one of them, as {}", below.size(),
                       below.front().string());
  const fs::path above = fs::absolute(folder).lexically_normal().parent_path();
  for (const fs::path& parent : {above, above.parent_path()})
    if (is_there(parent / kIndexFile))
      return fmt::format(", but {}, above it, does: give that folder", parent.string());
  if (fs::is_directory(folder / "snapshots") || fs::is_directory(folder / "refs"))
    return "; it is a folder of the Hugging Face cache without a whole snapshot: download it again";
  if (fs::is_directory(folder / "transformer"))
    return ", though it has the folder 'transformer': the download is not complete, or the layout is another";
  return "";
}

/// Names an absent folder; one whose name may be meant as one of the hub's gets told that these are not
/// fetched.
[[noreturn]] void refuse_absent(const fs::path& directory) {
  static const std::regex hub_name("([A-Za-z0-9][\\w.-]*)/([A-Za-z0-9][\\w.-]*)/?");
  const fs::path parent = directory.parent_path();
  const std::string name = (parent.filename() / directory.filename()).string();
  std::string hint;
  if (directory.string().find('~') != std::string::npos) {
    hint = "; '~' is not expanded here";
  } else if (!parent.empty() && !fs::exists(parent) && std::regex_match(name, hub_name)) {
    hint = fmt::format(
        "; names on the Hugging Face hub are not fetched: 'hf download {} --local-dir FOLDER', then give "
        "FOLDER",
        name);
  }
  throw InputError(fmt::format("{}: no such checkpoint directory{}", directory.string(), hint));
}

}  // namespace

at::Tensor Declaration::parameter(const std::string& name, const Shape& shape) {
  items_.push_back({name, shape});
  return at::empty(shape, at::TensorOptions().dtype(at::kFloat).device(at::kMeta));
}

Checkpoint::Checkpoint(fs::path directory, std::string variant)
    : directory_(std::move(directory)), variant_(std::move(variant)) {
  if (fs::exists(directory_) && !fs::is_directory(directory_))
    throw InputError(fmt::format("{}: is a file; give the checkpoint's folder", directory_.string()));
  if (!fs::is_directory(directory_)) refuse_absent(directory_);
  const fs::path index_file = directory_ / kIndexFile;
  if (!is_there(index_file)) {
    throw InputError(fmt::format("{}: not a checkpoint in diffusers' layout: it has no {}{}",
                                 directory_.string(), kIndexFile, advice(directory_)));
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
  const auto has_this_variant = [&](const Part& part) {
    return fs::is_directory(directory_ / part.name) && has_variant(directory_ / part.name, variant_);
  };
  if (!variant_.empty() && std::ranges::none_of(known_parts(), has_this_variant)) {
    throw InputError(fmt::format("{}: no part has weights of the variant '{}' (*.{}.safetensors)",
                                 directory_.string(), variant_, variant_));
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
