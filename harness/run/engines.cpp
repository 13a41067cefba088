#include "harness/run/engines.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <set>
#include <system_error>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "harness/engine/ranks.h"
#include "harness/request/request.h"
#include "harness/run/entries.h"
#include "harness/run/kept_tensors.h"
#include "harness/run/rank_processes.h"
#include "harness/run/round.h"
#include "harness/worker/numerics.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/safetensors.h"
#include "model/pipeline/limits.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using scenario::Case;

namespace {

/// Time that an engine has for its first line, which comes before anything heavy is imported.
constexpr double kMostSecondsToHello = 60.0;

/// Files of a program that are looked at, before it is taken for more than a program.
constexpr std::size_t kMostFiles = 1'000;

std::string who(const Case& spec, const engine::Hello& hello) {
  const std::string own = fmt::format("{} {}", hello.engine, hello.version);
  return spec.engine == hello.engine ? own : fmt::format("engine '{}' ({})", spec.engine, own);
}

/// Words of a sentence on what the engine does not have.
std::vector<std::string> lacks(const Case& spec, const engine::Capabilities& can) {
  std::vector<std::string> missing;
  const auto need = [&](const char* what, const std::optional<std::vector<std::string>>& stated,
                        const std::string& word) {
    if (!stated || std::ranges::find(*stated, word) != stated->end()) return;
    missing.push_back(fmt::format("{} (its {}: {})", word, what,
                                  stated->empty() ? "none" : fmt::format("{}", fmt::join(*stated, ", "))));
  };
  need("tasks", can.tasks, spec.task);
  need("dtypes", can.dtypes, spec.dtype);
  need("devices", can.devices, spec.device);
  for (const std::string& name : model::parallel::dimension_names())
    if (model::parallel::size_of(spec.layout, name) > 1) need("layouts", can.layouts, name);
  if (spec.noise == "shared" && !can.takes_noise) missing.emplace_back("a way to begin with given noise");
  return missing;
}

bool has_nan(const fs::path& file) {
  return !at::isfinite(model::checkpoint::SafetensorsFile(file).tensor("frames")).all().item<bool>();
}

}  // namespace

const engine::Hello& Engines::of(const Case& spec) {
  const std::string key = scenario::to_json(spec.program.value()).dump();
  const auto [known, is_new] = known_.try_emplace(key);
  if (is_new) {
    launch::LocalJob job = processes_of(spec);
    job.timeout_seconds = std::min(spec.timeout_seconds, kMostSecondsToHello);
    job.interrupted = interrupted_;
    try {
      known->second = engine::introduce(job);
    } catch (const RunError& error) {
      known->second = std::string(error.what());
    }
  }
  if (const auto* why = std::get_if<std::string>(&known->second))
    throw RunError(fmt::format("engine '{}' cannot be asked who it is: {}", spec.engine, *why));
  return std::get<engine::Hello>(known->second);
}

std::string Engines::reason_to_skip(const Case& spec) {
  try {
    const engine::Hello& hello = of(spec);
    const std::vector<std::string> missing = lacks(spec, hello.capabilities);
    if (missing.empty()) return {};
    return fmt::format("{} says that it has no {}", who(spec, hello), fmt::join(missing, ", no "));
  } catch (const RunError&) {
    return {};  // the case's round says it
  }
}

std::vector<fs::path> engine_files(const Case& spec) {
  std::set<fs::path> files;
  for (const std::string& word : spec.program.value().command) {
    const fs::path path = word;
    std::error_code unknown;
    if (word.find('/') == std::string::npos || !fs::is_regular_file(path, unknown)) continue;
    files.insert(path);
    if (path.extension() != ".py") continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(
             path.parent_path(), fs::directory_options::skip_permission_denied, unknown)) {
      if (entry.path().extension() == ".py" && entry.is_regular_file(unknown)) files.insert(entry.path());
      if (files.size() >= kMostFiles) break;
    }
  }
  return {files.begin(), files.end()};
}

std::map<std::string, std::string> engine_facts(const Case& spec, const engine::Hello& hello) {
  const scenario::Engine& program = spec.program.value();
  std::map<std::string, std::string> facts = {
      {reports::records::kEngineVersion, fmt::format("{} {}", hello.engine, hello.version)},
      {"command", base::text_of_bytes(fmt::format("{}", fmt::join(program.command, " ")))}};
  for (const auto& [name, value] : program.environment)
    facts[fmt::format("environment {}", name)] = base::text_of_bytes(value);
  return facts;
}

void require_outputs(const Case& spec, const fs::path& directory) {
  try {
    read_rank_records(directory, spec.layout.world_size());
    const fs::path frames = directory / "frames.safetensors";
    require_frames(frames, spec);
    if (has_nan(frames)) throw InputError(fmt::format("{}: 'frames' holds NaN or infinity", frames.string()));
    require_latents(directory / "latents.safetensors", frames, spec);
  } catch (const std::exception& error) {
    throw RunError(fmt::format("engine '{}' says that it is done, and has not left what it has to: {}",
                               spec.engine, message_of(error)));
  }
}

void complete(std::vector<records::RankRecord>& ranks, const Case& spec) {
  const model::checkpoint::Checkpoint checkpoint(spec.checkpoint, spec.variant);
  ranks.front().numerics =
      worker::numerics_of(spec, request::request_of(spec), model::pipeline::read_limits(checkpoint));
}

}  // namespace isoframe::harness::run
