#include "harness/run/round.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json_file.h"
#include "harness/run/launched_ranks.h"
#include "harness/run/rank_processes.h"
#include "harness/scenario/case_json.h"
#include "harness/worker/job.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/content.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;

namespace {

/// The image of this process, whatever lies at the program's path by now.
constexpr const char* kRunningImage = "/proc/self/exe";

}  // namespace

fs::path this_program() {
  constexpr std::string_view kReplaced = " (deleted)";
  std::string path = fs::read_symlink(kRunningImage).string();
  if (path.ends_with(kReplaced) && !fs::exists(path)) path.erase(path.size() - kReplaced.size());
  return path;
}

namespace {

/// The input error that a rank reported, without the program's prefix.
std::string bad_input_message(const launch::LocalResult& result) {
  std::string message = result.summary();
  constexpr std::string_view kPrefix = "isoframe worker: ";
  if (message.starts_with(kPrefix)) message.erase(0, kPrefix.size());
  return message;
}

/// The ranks of a case as processes, and the limits of a round.
launch::LocalJob job_of(const scenario::Case& spec, const RoundContext& context) {
  launch::LocalJob job = processes_of(spec, context.program);
  job.timeout_seconds = spec.timeout_seconds;
  job.stall_seconds = spec.timeout_seconds;
  job.on_progress = context.on_progress;
  job.interrupted = context.interrupted;
  return job;
}

/// True for isoframe's own ranks that stay, on CPUs: a GPU's driver does not outlive fork().
bool comes_by_fork(const scenario::Case& spec) {
  return !scenario::is_foreign(spec) && spec.resident && spec.launcher.empty() && spec.device == "cpu";
}

/// Names what ranks that stay must have in common.
std::string kind_of(const scenario::Case& spec) {
  return fmt::format("{} ranks, {}, {}", spec.layout.world_size(),
                     scenario::held_json(spec, scenario::Holds::kProcess).dump(), spec.launcher);
}

/// The part of a task that decides what ranks load: other files under the same path are another checkpoint.
nlohmann::json loaded_for(const scenario::Case& spec, const worker::Observation& observation) {
  nlohmann::json loaded = scenario::held_json(spec, scenario::Holds::kLoaded);
  loaded["model"] = observation.kind != worker::Observation::Kind::kRates;
  try {
    loaded["files"] = model::checkpoint::state_of_checkpoint(
        model::checkpoint::Checkpoint(spec.checkpoint, spec.variant).directory());
  } catch (const InputError&) {
    loaded["files"] = nullptr;  // the ranks say what is wrong with it
  }
  return loaded;
}

RoundResult result_of(const launch::LocalResult& outcome) {
  RoundResult result;
  if (outcome.outcome == launch::Outcome::kInterrupted) {
    result.status = RoundResult::Status::kInterrupted;
    return result;
  }
  if (outcome.outcome == launch::Outcome::kFinished) return result;
  const launch::RankOutcome* culprit = outcome.culprit >= 0 ? &outcome.ranks[outcome.culprit] : nullptr;
  const bool bad_input = culprit != nullptr && culprit->has_bad_input();
  const bool is_unsupported =
      culprit != nullptr && culprit->error && culprit->error->kind == launch::RankError::Kind::kUnsupported;
  result.status = bad_input        ? RoundResult::Status::kBadInput
                  : is_unsupported ? RoundResult::Status::kUnsupported
                                   : RoundResult::Status::kError;
  records::Failure& error = result.error.emplace();
  error.is_unsupported = is_unsupported;
  error.message = bad_input ? bad_input_message(outcome) : outcome.summary();
  if (culprit != nullptr) {
    error.rank = culprit->rank;
    error.stage = culprit->stage;
    error.last_words = culprit->last_words;
  }
  return result;
}

/// Has the case's ranks among those that stay run a round; `given` makes them, unless they are there.
template <typename Ranks, typename Given>
RoundResult run_on_resident(const scenario::Case& spec, engine::ResidentRanks& resident,
                            const std::function<RoundResult(Ranks&)>& run, const Given& given) {
  const std::string kind = kind_of(spec);
  const bool shares_memory = spec.device == "cpu";
  RoundResult result = run(resident.of<Ranks>(kind, shares_memory, given));
  if (result.status != RoundResult::Status::kOk) resident.end(kind);
  return result;
}

RoundResult run_local(const scenario::Case& spec, const fs::path& directory, launch::LocalJob job,
                      const RoundContext& context, const worker::Observation& observation) {
  const bool is_ours = !scenario::is_foreign(spec);
  if (is_ours) job.image = kRunningImage;
  const bool is_measured = observation.kind == worker::Observation::Kind::kNone;
  const engine::Task task{.spec = scenario::to_json(spec),
                          .loaded = loaded_for(spec, observation),
                          .directory = fs::absolute(directory),
                          .observation = is_measured ? nlohmann::json() : observation.to_json(),
                          .noise = context.noise,
                          .warmups = is_ours || !is_measured ? 0 : spec.warmup};
  const auto run_on = [&](engine::Ranks& ranks) {
    RoundResult result = result_of(ranks.run(task, job));
    if (!is_ours) result.facts = ranks.facts();
    return result;
  };
  if (context.resident == nullptr || !spec.resident || (spec.program && !spec.program->resident)) {
    engine::Ranks ranks(job);
    return run_on(ranks);
  }
  if (comes_by_fork(spec)) job.forks = &context.resident->forks();
  return run_on_resident<engine::Ranks>(spec, *context.resident, run_on, job);
}

RoundResult run_launched(const scenario::Case& spec, const fs::path& directory, const launch::LocalJob& local,
                         const RoundContext& context, const worker::Observation& observation) {
  const worker::Job job{.spec = spec,
                        .directory = fs::absolute(directory),
                        .working_directory = fs::current_path(),
                        .observation = observation,
                        .noise = context.noise.empty() ? fs::path() : fs::absolute(context.noise)};
  const auto run_on = [&](LaunchedRanks& ranks) {
    return ranks.run(job, loaded_for(spec, observation), local);
  };
  const bool stays = context.resident != nullptr && spec.resident;
  if (stays) return run_on_resident<LaunchedRanks>(spec, *context.resident, run_on, stays);
  LaunchedRanks ranks(stays);
  return run_on(ranks);
}

}  // namespace

void prepare_ranks(const std::vector<scenario::Case>& cases, engine::ResidentRanks* resident) {
  const auto first = std::ranges::find_if(
      cases, [](const scenario::Case& spec) { return spec.skip_reason.empty() && comes_by_fork(spec); });
  if (resident == nullptr || first == cases.end()) return;
  const launch::LocalJob job = processes_of(*first, this_program());
  resident->forks().prepare({job.command, kRunningImage, job.environment});
}

RoundResult run_round(const scenario::Case& spec, const fs::path& directory, const RoundContext& context,
                      const worker::Observation& observation) {
  fs::create_directories(directory);
  launch::LocalJob job = job_of(spec, context);
  return spec.launcher.empty() ? run_local(spec, directory, std::move(job), context, observation)
                               : run_launched(spec, directory, job, context, observation);
}

std::vector<records::RankRecord> read_rank_records(const fs::path& directory, int ranks) {
  std::vector<records::RankRecord> read;
  for (int rank = 0; rank < ranks; ++rank)
    read.push_back(base::read_record(worker::record_file(directory, rank), records::rank_record_from_json));
  return read;
}

std::vector<records::MachineRates> read_machine_rates(const fs::path& directory, int ranks) {
  std::vector<records::MachineRates> read;
  for (int rank = 0; rank < ranks; ++rank)
    read.push_back(base::read_record(worker::record_file(directory, rank), records::machine_rates_from_json));
  return read;
}

}  // namespace isoframe::harness::run
