#include "harness/run/round.h"

#include <unistd.h>

#include <fmt/format.h>

#include "harness/run/launched_round.h"
#include "harness/store/json_file.h"
#include "harness/store/temporary_folder.h"
#include "harness/worker/job.h"
#include "model/error.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;

fs::path this_program() { return fs::read_symlink("/proc/self/exe"); }

namespace {

/// The input error that a rank reported in its last line, without the program's prefix.
std::string bad_input_message(const launch::LocalResult& result) {
  std::string message = result.summary();
  constexpr std::string_view kPrefix = "isoframe worker: ";
  if (message.starts_with(kPrefix)) message.erase(0, kPrefix.size());
  return message;
}

}  // namespace

RoundResult run_round(const scenario::Case& value, const fs::path& directory, const RoundContext& context,
                      const worker::Observation& observation) {
  const bool is_launched = !value.launcher.empty();
  // The run directory may be on a file system without locks.
  const store::TemporaryFolder meeting_place;
  fs::create_directories(directory);
  const worker::Job job{value, fs::absolute(directory),
                        is_launched ? fs::path() : meeting_place.path() / "store", fs::current_path(),
                        observation};
  const fs::path job_file = job.directory / "job.json";
  store::write_json(job_file, job.to_json());

  launch::LocalJob local;
  local.command = {context.program.string(), "worker", job_file.string()};
  // libgomp's threads spin between parallel regions; with more ranks than cores that starves the others.
  local.environment = {{"OMP_NUM_THREADS", std::to_string(value.threads_per_rank)},
                       {"MKL_NUM_THREADS", std::to_string(value.threads_per_rank)},
                       {"OMP_WAIT_POLICY", "PASSIVE"}};
  local.world_size = value.layout.world_size();
  local.directory = directory;
  local.timeout_seconds = value.timeout_seconds;
  local.stall_seconds = value.timeout_seconds;
  local.on_progress = context.on_progress;
  local.interrupted = context.interrupted;
  if (is_launched) return run_launched(value, directory, std::move(local));
  const launch::LocalResult outcome = launch::run_local(local);

  RoundResult result;
  if (outcome.outcome == launch::Outcome::kInterrupted) {
    result.status = RoundResult::Status::kInterrupted;
    return result;
  }
  if (outcome.outcome != launch::Outcome::kFinished) {
    const launch::RankOutcome* culprit = outcome.culprit >= 0 ? &outcome.ranks[outcome.culprit] : nullptr;
    const bool bad_input = culprit != nullptr && culprit->exit_code == 2;
    result.status = bad_input ? RoundResult::Status::kBadInput : RoundResult::Status::kError;
    result.error = {{"rank", culprit ? nlohmann::json(culprit->rank) : nlohmann::json()},
                    {"stage", culprit ? culprit->stage : ""},
                    {"message", bad_input ? bad_input_message(outcome) : outcome.summary()},
                    {"last_words", culprit ? culprit->last_words : ""}};
    return result;
  }
  for (int rank = 0; rank < local.world_size; ++rank) {
    result.ranks.push_back(store::read_json(worker::record_file(directory, rank)));
  }
  return result;
}

}  // namespace isoframe::harness::run
