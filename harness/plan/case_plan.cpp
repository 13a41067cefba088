#include "harness/plan/case_plan.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "harness/request/request.h"
#include "harness/scenario/dtype.h"
#include "harness/scenario/naming_case.h"
#include "model/checkpoint/weight_files.h"
#include "model/pipeline/limits.h"
#include "model/pipeline/request.h"
#include "model/synthetic/presets.h"
#include "model/text/glyph_texts.h"
#include "model/text/prompt_template.h"
#include "model/text/prompt_tokenizer.h"
#include "model/vision/image_header.h"

namespace isoframe::harness::plan {

namespace fs = std::filesystem;
using model::checkpoint::Checkpoint;
using model::checkpoint::Config;
using model::checkpoint::Task;
using model::pipeline::Size;
using model::plan::Generation;
using model::plan::ModelConfig;
using model::plan::PromptTokens;

namespace {

ModelConfig preset_model(const std::string& name, Task task) {
  const nlohmann::json preset = model::synthetic::preset(name, task);
  return model::plan::read_model(
      [&](const std::string& part) {
        return Config(preset.at(part), fmt::format("preset {}: {}", name, part));
      },
      task);
}

/// Reads the headers of weight files only.
model::plan::FileDtypes file_dtypes(const Checkpoint& checkpoint) {
  model::plan::FileDtypes dtypes;
  for (const char* part : {"transformer", "vae", "text_encoder", "text_encoder_2", "image_encoder"}) {
    const fs::path folder = checkpoint.part(part);
    if (!fs::is_directory(folder)) continue;
    const bool has_weights = std::ranges::any_of(fs::directory_iterator(folder), [](const auto& entry) {
      return entry.path().extension() == ".safetensors";
    });
    if (!has_weights) continue;
    const auto entries = model::checkpoint::WeightFiles(folder, at::kFloat, checkpoint.variant()).entries();
    const auto known = std::ranges::find_if(entries, [](const auto& entry) {
      return entry.dtype != at::ScalarType::Undefined && at::isFloatingType(entry.dtype);
    });
    if (known != entries.end()) dtypes[part] = known->dtype;
  }
  return dtypes;
}

/// Estimate of a prompt's tokens without its tokenizer: English has some four bytes a token.
PromptTokens estimated_tokens(const std::string& prompt) {
  constexpr std::int64_t kBytesPerToken = 4;
  // "<|im_end|>", a line break and the assistant's turn.
  constexpr std::int64_t kEndOfTemplate = 5;
  const auto bytes = static_cast<std::int64_t>(prompt.size());
  const std::int64_t text = std::min(model::text::kMaxPromptTokens,
                                     std::max<std::int64_t>(1, bytes / kBytesPerToken) + kEndOfTemplate);
  const std::optional<std::string> glyphs = model::text::glyph_texts(prompt);
  // ByT5 has a token a byte, and one for the end.
  const std::int64_t glyph_tokens =
      glyphs ? std::min(model::text::kMaxGlyphTokens, static_cast<std::int64_t>(glyphs->size()) + 1) : 0;
  return {model::text::kTemplateTokens + text, glyph_tokens};
}

PromptTokens counted_tokens(const model::text::PromptTokenizer& tokenizer, const std::string& prompt) {
  return {static_cast<std::int64_t>(tokenizer.token_ids(prompt).size()),
          static_cast<std::int64_t>(tokenizer.glyph_token_ids(prompt).size())};
}

/// Height and width of the picture after its orientation is applied.
Size image_size(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw InputError(fmt::format("{}: no such image", file.string()));
  const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(stream), {}};
  const model::vision::ImageHeader header = model::vision::read_image_header(bytes, file.string());
  if (header.is_turned()) return {header.width, header.height};
  return {header.height, header.width};
}

/// Settles the size of the case, then checks that the checkpoint allows it.
Generation generation_of(scenario::Case& spec, const ModelConfig& model, const Options& options) {
  const model::pipeline::Limits limits =
      model::pipeline::limits_of(model.transformer, model.vae, model.guidance_scale);
  Generation generation;
  std::optional<Size> image;
  if (!spec.image.empty()) {
    image = image_size(spec.image);
    generation.image_height = image->height;
    generation.image_width = image->width;
  }
  request::settle_size(spec, limits, image);
  request::check_case(spec, limits);
  generation.height = spec.height.value();
  generation.width = spec.width.value();
  generation.frames = spec.frames;
  generation.steps = spec.steps;
  generation.tiling = {.enabled = spec.tiling,
                       .tile_size = spec.tile_size,
                       .overlap = spec.tile_overlap,
                       .decode_costs = options.decode_costs,
                       .encode_costs = options.encode_costs};
  generation.guidance_scale = spec.guidance_scale.value_or(model.guidance_scale);
  generation.layout = spec.layout;
  generation.reduction = spec.reduction;
  generation.reduction_parts = spec.reduction_parts;
  return generation;
}

CasePlan make_plan(const scenario::Case& spec, const Options& options) {
  CasePlan plan;
  plan.spec = spec;
  plan.dtype = options.device && !options.device->dtype.empty() ? options.device->dtype : spec.dtype;
  plan.machine = {.dtype = scenario::scalar_type_of(plan.dtype),
                  .threads = spec.threads_per_rank,
                  .is_cpu = options.device ? options.device->is_cpu : spec.device == "cpu"};
  model::plan::FileDtypes files;
  if (!options.preset.empty()) {
    plan.source = "preset " + options.preset;
    plan.counts_tokens = false;
    plan.model = preset_model(options.preset, request::task_of(spec));
    plan.generation = generation_of(plan.spec, plan.model, options);
    plan.generation.prompt = estimated_tokens(spec.prompt);
    plan.generation.negative_prompt = estimated_tokens(spec.negative_prompt);
  } else {
    if (!fs::is_directory(spec.checkpoint))
      throw InputError(fmt::format("{}: no such checkpoint directory; --preset full, say, plans without one",
                                   spec.checkpoint.string()));
    const Checkpoint checkpoint(spec.checkpoint, spec.variant);
    model::pipeline::check_task(checkpoint, request::task_of(spec));
    plan.source = "checkpoint " + base::text_of(spec.checkpoint);
    plan.model = model::plan::read_model([&](const std::string& part) { return checkpoint.config(part); },
                                         request::task_of(spec));
    plan.generation = generation_of(plan.spec, plan.model, options);
    const model::text::PromptTokenizer tokenizer(checkpoint);
    plan.generation.prompt = counted_tokens(tokenizer, spec.prompt);
    plan.generation.negative_prompt = counted_tokens(tokenizer, spec.negative_prompt);
    files = file_dtypes(checkpoint);
  }
  plan.ranks = model::plan::plan_generation(plan.model, plan.generation, plan.machine, files);
  return plan;
}

}  // namespace

CasePlan plan_case(const scenario::Case& spec, const Options& options) {
  return scenario::naming_case(spec, [&] { return make_plan(spec, options); });
}

std::vector<model::parallel::PredictedTraffic> traffic_of(const CasePlan& plan) {
  std::vector<model::parallel::PredictedTraffic> ranks;
  for (const model::plan::RankPlan& rank : plan.ranks) {
    model::parallel::PredictedTraffic& traffic = ranks.emplace_back();
    for (const model::plan::StagePlan& stage : rank.stages) add_traffic(traffic, stage.traffic);
  }
  return ranks;
}

}  // namespace isoframe::harness::plan
