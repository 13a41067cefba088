#include "model/synthetic/synthetic.h"

#include <array>
#include <map>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/safetensors.h"
#include "model/synthetic/declare.h"
#include "model/synthetic/initializer.h"
#include "model/synthetic/shard_writer.h"
#include "model/synthetic/tokenizer_files.h"

namespace isoframe::model::synthetic {

namespace fs = std::filesystem;
using nlohmann::json;
using Items = std::vector<checkpoint::Declaration::Item>;

namespace {

/// The file that marks a checkpoint as synthetic, so that it may be replaced by another.
constexpr const char* kNote = "isoframe.json";
constexpr const char* kDiffusersVersion = "0.42.1";

struct WeightedPart {
  const char* name;
  const char* stem;  ///< of its weight files
};
constexpr std::array<WeightedPart, 5> kWeightedParts = {{{"transformer", "diffusion_pytorch_model"},
                                                         {"vae", "diffusion_pytorch_model"},
                                                         {"text_encoder", "model"},
                                                         {"text_encoder_2", "model"},
                                                         {"image_encoder", "model"}}};

std::vector<WeightedPart> weighted_parts(const json& configuration) {
  std::vector<WeightedPart> parts;
  for (const WeightedPart& part : kWeightedParts) {
    if (configuration.contains(part.name)) parts.push_back(part);
  }
  return parts;
}

at::ScalarType dtype_of(const json& configuration) {
  const std::string name = checkpoint::Config(configuration, "checkpoint").text("dtype");
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  throw InputError(fmt::format("checkpoint: 'dtype' must be float32 or bfloat16, but is '{}'", name));
}

/// Removes the slash that a shell's completion leaves behind, because the names of siblings begin with the
/// directory's.
fs::path without_trailing_slash(const fs::path& directory) {
  return directory.has_filename() ? directory : directory.parent_path();
}

void check_target(const fs::path& directory) {
  if (!fs::exists(directory)) return;
  if (!fs::is_directory(directory)) {
    throw InputError(fmt::format("{}: exists and is not a directory", directory.string()));
  }
  if (!fs::is_empty(directory) && !fs::exists(directory / kNote)) {
    throw InputError(
        fmt::format("{}: not empty and not a synthetic checkpoint; name another directory or empty it",
                    directory.string()));
  }
}

void write_json_file(const fs::path& file, const nlohmann::ordered_json& values) {
  base::write_text(file, values.dump(2) + "\n");
}

/// The parts' config files and the tokenizers'.
void write_configs(const fs::path& root, const json& configuration, const QwenTokenizer& tokenizer) {
  const std::map<std::string, std::string> config_files = {{"scheduler", "scheduler_config.json"},
                                                           {"guider", "guider_config.json"},
                                                           {"feature_extractor", "preprocessor_config.json"}};
  for (const auto& [part, values] : configuration.items()) {
    if (!values.is_object()) continue;
    json config = values;
    if (config.contains("_class_name")) {
      config["_diffusers_version"] = kDiffusersVersion;
    } else if (config.contains("architectures")) {
      config["dtype"] = configuration.at("dtype");
    }
    const auto named = config_files.find(part);
    fs::create_directories(root / part);
    write_json_file(root / part / (named == config_files.end() ? "config.json" : named->second), config);
  }
  for (const char* part : {"tokenizer", "tokenizer_2"}) fs::create_directories(root / part);
  write_json_file(root / "tokenizer" / "tokenizer.json", tokenizer.tokenizer);
  write_json_file(root / "tokenizer" / "tokenizer_config.json", tokenizer.config);
  write_json_file(root / "tokenizer_2" / "tokenizer_config.json", byt5_tokenizer_config());
}

nlohmann::ordered_json model_index(bool has_image) {
  const auto part = [](const char* library, const char* class_name) {
    return json::array({library, class_name});
  };
  nlohmann::ordered_json index = {
      {"_class_name", has_image ? "HunyuanVideo15ImageToVideoPipeline" : "HunyuanVideo15Pipeline"},
      {"_diffusers_version", kDiffusersVersion},
      {"guider", part("diffusers", "ClassifierFreeGuidance")},
      {"scheduler", part("diffusers", "FlowMatchEulerDiscreteScheduler")},
      {"text_encoder", part("transformers", "Qwen2_5_VLTextModel")},
      {"text_encoder_2", part("transformers", "T5EncoderModel")},
      {"tokenizer", part("transformers", "Qwen2Tokenizer")},
      {"tokenizer_2", part("transformers", "ByT5Tokenizer")},
      {"transformer", part("diffusers", "HunyuanVideo15Transformer3DModel")},
      {"vae", part("diffusers", "AutoencoderKLHunyuanVideo15")}};
  if (has_image) {
    index["image_encoder"] = part("transformers", "SiglipVisionModel");
    index["feature_extractor"] = part("transformers", "SiglipImageProcessor");
  }
  return index;
}

/// The tokenizer's ids belong into the text model's config, and must fit into its vocabulary.
void adopt_tokenizer(json& configuration, const QwenTokenizer& tokenizer) {
  json& text = configuration.at("text_encoder");
  const checkpoint::Config config(text, "text_encoder");
  if (config.integer("vocab_size") < tokenizer.vocab_size) {
    config.fail("vocab_size", fmt::format("is {}, but the tokenizer has {} tokens",
                                          config.integer("vocab_size"), tokenizer.vocab_size));
  }
  text["bos_token_id"] = tokenizer.bos_token_id;
  text["eos_token_id"] = tokenizer.eos_token_id;
}

/// A folder beside the target that becomes it, or vanishes.
class StagedDirectory {
 public:
  explicit StagedDirectory(fs::path target)
      : target_(std::move(target)), staging_(sibling("new")), previous_(sibling("old")) {
    fs::create_directories(staging_);
  }
  ~StagedDirectory() {
    std::error_code ignored;
    fs::remove_all(staging_, ignored);
    fs::remove_all(previous_, ignored);
  }
  StagedDirectory(const StagedDirectory&) = delete;
  StagedDirectory& operator=(const StagedDirectory&) = delete;

  const fs::path& path() const { return staging_; }
  void commit() {
    const bool replaces = fs::exists(target_);
    if (replaces) fs::rename(target_, previous_);
    std::error_code failed;
    fs::rename(staging_, target_, failed);
    if (!failed) return;
    if (replaces) fs::rename(previous_, target_);
    throw fs::filesystem_error("rename", staging_, target_, failed);
  }

 private:
  fs::path sibling(const char* role) const {
    return target_.parent_path() / fmt::format(".{}.{}.{}", target_.filename().string(), ::getpid(), role);
  }

  fs::path target_;
  fs::path staging_;
  fs::path previous_;
};

}  // namespace

json describe_checkpoint(const json& configuration) {
  json parts = json::object();
  for (const WeightedPart& part : weighted_parts(configuration)) {
    json& tensors = parts[part.name] = json::array();
    for (const auto& item : declare(part.name, checkpoint::Config(configuration.at(part.name), part.name)))
      tensors.push_back({{"name", item.name}, {"shape", item.shape}});
  }
  return parts;
}

void initialize_checkpoint(const json& configuration, const std::string& label, std::uint64_t seed,
                           const fs::path& directory, const Progress& progress) {
  const fs::path target = without_trailing_slash(directory);
  check_target(target);
  const at::ScalarType dtype = dtype_of(configuration);
  json adopted = configuration;
  const QwenTokenizer tokenizer = qwen_tokenizer();
  adopt_tokenizer(adopted, tokenizer);

  std::map<std::string, Items> declared;
  std::uint64_t total = 0;
  const std::vector<WeightedPart> parts = weighted_parts(adopted);
  for (const WeightedPart& part : parts) {
    declared[part.name] = declare(part.name, checkpoint::Config(adopted.at(part.name), part.name));
    for (const auto& item : declared[part.name]) {
      total += checkpoint::TensorSpec{item.name, item.shape, dtype}.bytes();
    }
  }

  try {
    StagedDirectory staged(target);
    write_configs(staged.path(), adopted, tokenizer);
    std::uint64_t done = 0;
    for (const WeightedPart& part : parts) {
      write_shards(staged.path() / part.name, part.stem, declared[part.name], dtype, kShardBytes,
                   [&](const checkpoint::Declaration::Item& item) {
                     at::Tensor value = initial_value(part.name, item.name, item.shape, dtype, seed);
                     done += value.nbytes();
                     if (progress) progress(done, total);
                     return value;
                   });
    }
    write_json_file(staged.path() / "model_index.json", model_index(adopted.contains("image_encoder")));
    write_json_file(staged.path() / kNote, {{"synthetic", label}, {"seed", seed}});
    staged.commit();
  } catch (const fs::filesystem_error& error) {
    throw RunError(fmt::format("{}: cannot be written: {}", target.string(), error.code().message()));
  }
}

}  // namespace isoframe::model::synthetic
