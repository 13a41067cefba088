#include <atomic>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_file.h"
#include "base/text.h"
#include "base/units.h"
#include "harness/cli/commands.h"
#include "harness/cli/options.h"
#include "harness/launch/interrupt.h"
#include "model/checkpoint/config.h"
#include "model/pipeline/configs.h"
#include "model/synthetic/inspect.h"
#include "model/synthetic/presets.h"
#include "model/synthetic/synthetic.h"
#include "model/text/prompt_tokenizer.h"

namespace isoframe::harness::cli {
namespace {

namespace fs = std::filesystem;
using model::synthetic::PartReport;

struct InitOptions {
  std::string preset = "tiny";
  std::string task = "t2v";
  std::uint64_t seed = 0;
  std::string config;
  std::string directory;
  bool as_json = false;
  bool dry_run = false;
};

struct InspectOptions {
  std::string directory;
  std::string variant;
  bool as_json = false;
};

struct Totals {
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;
};

Totals totals_of(const std::vector<PartReport>& parts) {
  Totals totals;
  for (const PartReport& part : parts) {
    totals.parameters += part.parameters;
    totals.bytes += part.bytes;
  }
  return totals;
}

/// A progress line that overwrites itself, for terminals only: a full-size checkpoint takes minutes.
class ProgressLine {
 public:
  void operator()(std::uint64_t done, std::uint64_t total) {
    if (interrupted_) throw RunError("interrupted; nothing was left behind");
    const int percent = static_cast<int>(done * 100 / total);
    if (!on_terminal_ || percent == shown_) return;
    shown_ = percent;
    std::cerr << fmt::format("\rwriting weights: {:3} % of {:.0f} MiB", percent,
                             static_cast<double>(total) / base::kMebibyte)
              << (done == total ? "\n" : "") << std::flush;
  }

 private:
  const std::atomic<bool>& interrupted_ = launch::catch_interrupts();
  bool on_terminal_ = ::isatty(STDERR_FILENO) != 0;
  int shown_ = -1;
};

void init(const InitOptions& options) {
  nlohmann::json configuration =
      model::synthetic::preset(options.preset, model::checkpoint::parse_task(options.task));
  std::string label = options.task == "i2v" ? options.preset + " i2v" : options.preset;
  if (!options.config.empty()) {
    configuration =
        model::synthetic::customized(configuration, base::read_json(options.config), options.config);
    label += " with " + base::text_of(fs::path(options.config).filename());
  }
  if (options.dry_run) {
    const nlohmann::json result = {{"configuration", configuration},
                                   {"tensors", model::synthetic::describe_checkpoint(configuration)}};
    std::cout << result.dump(options.as_json ? 2 : -1) << '\n';
    return;
  }
  if (options.directory.empty()) throw InputError("where? Give DIR, or --dry-run to write nothing");
  model::synthetic::initialize_checkpoint(configuration, label, options.seed, options.directory,
                                          ProgressLine());

  const Totals totals =
      totals_of(model::synthetic::inspect(model::checkpoint::Checkpoint(options.directory)));
  if (options.as_json) {
    const nlohmann::json result = {{"directory", base::text_of_bytes(options.directory)},
                                   {"preset", options.preset},
                                   {"task", options.task},
                                   {"seed", options.seed},
                                   {"parameters", totals.parameters},
                                   {"bytes", totals.bytes}};
    std::cout << result.dump(2) << '\n';
  } else {
    std::cout << fmt::format("{}: {} with seed {}, {:.1f} million parameters, {:.1f} MiB\n",
                             options.directory, label, options.seed, totals.parameters / 1e6,
                             static_cast<double>(totals.bytes) / base::kMebibyte);
  }
}

/// "480p text-to-video, guidance scale 6": the properties in which the published variants differ.
nlohmann::json variant_of(const model::checkpoint::Checkpoint& checkpoint) {
  const model::checkpoint::Config transformer = checkpoint.config("transformer");
  return {{"pipeline", checkpoint.pipeline_class()},
          {"target_size", transformer.integer("target_size", 640)},
          {"use_meanflow", transformer.boolean("use_meanflow", false)},
          {"guidance_scale", checkpoint.config("guider").number("guidance_scale", 7.5)}};
}

/// Texts that may hold paths.
nlohmann::json texts_of(const std::vector<std::string>& bytes) {
  nlohmann::json texts = nlohmann::json::array();
  for (const std::string& one : bytes) texts.push_back(base::text_of_bytes(one));
  return texts;
}

nlohmann::json to_json(const PartReport& part) {
  return {{"name", part.name},
          {"class", part.class_name},
          {"tensors", part.tensors},
          {"parameters", part.parameters},
          {"bytes", part.bytes},
          {"dtypes", part.dtypes},
          {"files", texts_of(part.files)},
          {"problems", texts_of(part.problems)},
          {"surplus", part.surplus}};
}

void print_table(const nlohmann::json& variant, const std::vector<PartReport>& parts) {
  std::cout << fmt::format("{}, target size {}, guidance scale {}{}\n\n",
                           variant.at("pipeline").get<std::string>(), variant.at("target_size").dump(),
                           variant.at("guidance_scale").dump(),
                           variant.at("use_meanflow").get<bool>() ? ", meanflow" : "");
  constexpr const char* kRow = "{:<16}{:<34}{:>8}{:>13}{:>13}  {:<10}{:>6}\n";
  std::cout << fmt::format(kRow, "part", "class", "tensors", "parameters", "MiB", "dtypes", "files");
  for (const PartReport& part : parts) {
    std::vector<std::string> dtypes;
    for (const auto& [dtype, count] : part.dtypes) dtypes.push_back(dtype);
    std::cout << fmt::format(kRow, part.name, part.class_name, part.tensors,
                             fmt::format("{:.2f} M", static_cast<double>(part.parameters) / 1e6),
                             fmt::format("{:.1f}", static_cast<double>(part.bytes) / base::kMebibyte),
                             fmt::format("{}", fmt::join(dtypes, "+")), part.files.size());
  }
  const Totals totals = totals_of(parts);
  std::cout << fmt::format(
      kRow, "all", "", "", fmt::format("{:.2f} M", static_cast<double>(totals.parameters) / 1e6),
      fmt::format("{:.1f}", static_cast<double>(totals.bytes) / base::kMebibyte), "", "");
  for (const PartReport& part : parts) {
    if (!part.surplus.empty()) {
      std::cout << fmt::format("{}: {} tensors that the model does not use, such as '{}'\n", part.name,
                               part.surplus.size(), part.surplus.front());
    }
  }
}

/// Lists what loading the checkpoint would say of its configs and tokenizers, one line each.
std::vector<std::string> problems_beside_weights(const model::checkpoint::Checkpoint& checkpoint) {
  std::vector<std::string> problems;
  const auto note = [&problems](const auto& read) {
    try {
      read();
    } catch (const InputError& error) {
      problems.emplace_back(error.what());
    }
  };
  note([&] { model::pipeline::check_configs(checkpoint); });
  note([&] { model::text::PromptTokenizer{checkpoint}; });
  return problems;
}

void inspect(const InspectOptions& options) {
  const model::checkpoint::Checkpoint checkpoint(options.directory, options.variant);
  std::vector<std::string> problems = problems_beside_weights(checkpoint);
  const auto refuse = [&problems] {
    throw InputError(problems.size() == 1
                         ? problems.front()
                         : fmt::format("{} (and {} more)", problems.front(), problems.size() - 1));
  };
  // A config that is refused may have no meaning for the weights.
  if (!problems.empty()) refuse();
  const std::vector<PartReport> parts = model::synthetic::inspect(checkpoint);
  const nlohmann::json variant = variant_of(checkpoint);
  if (options.as_json) {
    nlohmann::json result = {{"directory", base::text_of_bytes(options.directory)}, {"variant", variant}};
    for (const PartReport& part : parts) result["parts"].push_back(to_json(part));
    const Totals totals = totals_of(parts);
    result["parameters"] = totals.parameters;
    result["bytes"] = totals.bytes;
    std::cout << result.dump(2) << '\n';
  } else {
    print_table(variant, parts);
  }
  std::cout << std::flush;
  for (const PartReport& part : parts) {
    problems.insert(problems.end(), part.problems.begin(), part.problems.end());
  }
  if (!problems.empty()) refuse();
}

void add_init_command(CLI::App& weights) {
  auto options = std::make_shared<InitOptions>();
  CLI::App* command =
      weights.add_subcommand("init", "Write a seeded synthetic checkpoint in diffusers' layout");
  CLI::Option* preset =
      command
          ->add_option("--preset", options->preset,
                       fmt::format("Size: {}", fmt::join(model::synthetic::preset_names(), ", ")))
          ->check(CLI::IsMember(model::synthetic::preset_names()));
  command->add_option("--task", options->task, "What it makes videos from: t2v a text, i2v an image")
      ->check(CLI::IsMember({"t2v", "i2v"}))
      ->capture_default_str();
  add_number(*command, "--seed", options->seed,
             scenario::integer(0, std::numeric_limits<std::int64_t>::max()), "Of the values")
      ->required();
  add_path(*command, "--config", options->config,
           "JSON file with changes to the preset (default then: tiny), part by part: {\"transformer\": "
           "{\"num_layers\": 3}}");
  add_path(*command, "DIR", options->directory, "Where; an earlier synthetic checkpoint is replaced");
  command->add_flag("--dry-run", options->dry_run,
                    "Write nothing; print configuration, tensor names and shapes as JSON");
  command->add_flag("--json", options->as_json, "Print the result as JSON");
  command->callback([options, preset] {
    if (preset->empty() && options->config.empty()) {
      throw InputError(fmt::format("which size? Give --preset {}, or --config FILE",
                                   fmt::join(model::synthetic::preset_names(), "|")));
    }
    init(*options);
  });
}

void add_inspect_command(CLI::App& weights) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = weights.add_subcommand("inspect", "Show what a checkpoint holds and what it lacks");
  add_path(*command, "DIR", options->directory, "The checkpoint")->required();
  add_text(*command, "--variant", options->variant,
           "Weights of this variant (\"fp16\" for *.fp16.safetensors) where a part has them");
  command->add_flag("--json", options->as_json, "Print the result as JSON");
  command->callback([options] { inspect(*options); });
}

}  // namespace

void add_weights_command(CLI::App& program, int& /*exit_code*/) {
  CLI::App* command = program.add_subcommand("weights", "Make or inspect a checkpoint");
  command->require_subcommand(1);
  add_init_command(*command);
  add_inspect_command(*command);
}

}  // namespace isoframe::harness::cli
