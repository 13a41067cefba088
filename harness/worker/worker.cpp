#include "harness/worker/worker.h"

#include <chrono>
#include <csignal>
#include <string>
#include <sys/prctl.h>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_file.h"
#include "harness/worker/job.h"
#include "harness/worker/rank.h"
#include "reports/records/rank.h"

namespace isoframe::harness::worker {

namespace records = reports::records;

namespace {

/// Keeps why a rank failed where the harness finds it on whatever machine it is.  Returns "rank 1: ...".
std::string leave_failure(const Job& job, int rank, int exit_code, const std::string& what) {
  const bool names_rank = rank == kUnknownRank || what.starts_with("rank");
  const std::string message = names_rank ? what : fmt::format("rank {}: {}", rank, what);
  const double time =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  base::write_json(failure_file(job.directory, rank),
                   records::to_json(records::RankFailure{
                       .rank = rank, .exit_code = exit_code, .message = message, .time = time}));
  return message;
}

void run_launched_rank(const Job& job) {
  constexpr int kInputErrorCode = 2, kRunErrorCode = 3;
  // A launcher that dies without a word must not leave its ranks behind.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int rank = kUnknownRank;
  // Launchers on other machines may start ranks in the home folder.  Where the working directory is missing
  // there, absolute paths work all the same.
  std::error_code ignored;
  std::filesystem::current_path(job.working_directory, ignored);
  try {
    const model::parallel::RankOfWorld self = model::parallel::rank_from_environment();
    // Another process's failure must not replace that of the rank itself.
    claim_rank(job, self.rank);
    rank = self.rank;
    const auto progress = launch::ProgressWriter::to_file(progress_file(job.directory, rank));
    Rank worker(self);
    worker.load(job, progress);
    worker.run(job, progress);
  } catch (const InputError& error) {
    throw InputError(leave_failure(job, rank, kInputErrorCode, error.what()));
  } catch (const std::exception& error) {
    throw RunError(leave_failure(job, rank, kRunErrorCode, error.what()));
  }
}

}  // namespace

void run_worker(const std::filesystem::path& job_file) {
  run_launched_rank(Job::from_json(base::read_json(job_file)));
}

}  // namespace isoframe::harness::worker
