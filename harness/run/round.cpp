#include "harness/run/round.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json_file.h"
#include "base/temporary_folder.h"
#include "harness/run/launched_round.h"
#include "harness/worker/job.h"

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

/// The input error that a rank reported in its last line, without the program's prefix.
std::string bad_input_message(const launch::LocalResult& result) {
  std::string message = result.summary();
  constexpr std::string_view kPrefix = "isoframe worker: ";
  if (message.starts_with(kPrefix)) message.erase(0, kPrefix.size());
  return message;
}

}  // namespace

RoundResult run_round(const scenario::Case& spec, const fs::path& directory, const RoundContext& context,
                      const worker::Observation& observation) {
  const bool is_launched = !spec.launcher.empty();
  // The run directory may be on a file system without locks.
  const base::TemporaryFolder meeting_place;
  fs::create_directories(directory);
  const worker::Job job{spec, fs::absolute(directory),
                        is_launched ? fs::path() : meeting_place.path() / "store", fs::current_path(),
                        observation};
  const fs::path job_file = job.directory / "job.json";
  base::write_json(job_file, job.to_json());

  launch::LocalJob local;
  local.command = {context.program.string(), "worker", job_file.string()};
  // libgomp's threads spin between parallel regions; with more ranks than cores that starves the others.
  local.environment = {{"OMP_NUM_THREADS", std::to_string(spec.threads_per_rank)},
                       {"MKL_NUM_THREADS", std::to_string(spec.threads_per_rank)},
                       {"OMP_WAIT_POLICY", "PASSIVE"}};
  local.world_size = spec.layout.world_size();
  local.directory = directory;
  local.timeout_seconds = spec.timeout_seconds;
  local.stall_seconds = spec.timeout_seconds;
  local.on_progress = context.on_progress;
  local.interrupted = context.interrupted;
  if (is_launched) return run_launched(spec, directory, std::move(local));
  local.image = kRunningImage;
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
    records::Failure& error = result.error.emplace();
    error.message = bad_input ? bad_input_message(outcome) : outcome.summary();
    if (culprit != nullptr) {
      error.rank = culprit->rank;
      error.stage = culprit->stage;
      error.last_words = culprit->last_words;
    }
  }
  return result;
}

std::vector<records::RankRecord> read_rank_records(const fs::path& directory, int ranks) {
  std::vector<records::RankRecord> read;
  for (int rank = 0; rank < ranks; ++rank)
    read.push_back(records::rank_record_from_json(base::read_json(worker::record_file(directory, rank))));
  return read;
}

std::vector<records::MachineRates> read_machine_rates(const fs::path& directory, int ranks) {
  std::vector<records::MachineRates> read;
  for (int rank = 0; rank < ranks; ++rank)
    read.push_back(records::machine_rates_from_json(base::read_json(worker::record_file(directory, rank))));
  return read;
}

}  // namespace isoframe::harness::run
