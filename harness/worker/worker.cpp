#include "harness/worker/worker.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <iterator>
#include <string>
#include <sys/prctl.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_file.h"
#include "base/process.h"
#include "harness/engine/protocol.h"
#include "harness/launch/appended_lines.h"
#include "harness/worker/job.h"
#include "harness/worker/rank.h"

namespace isoframe::harness::worker {

using launch::RankError;

namespace {

/// A launched rank's answers to one job, which the harness reads on whatever machine it is.
class Answers {
 public:
  Answers(const Job& job, int rank) : file_(answers_file(job.directory, rank)) {}

  bool give(const engine::Answer& answer) const {
    return launch::append_line(file_, engine::to_line(answer));
  }
  /// A report that cannot be written is lost.
  launch::ProgressWriter progress() const {
    return launch::ProgressWriter([*this](const launch::Progress& report) { give({0, report}); });
  }
  void end() const {
    if (!give({0, engine::Done{base::resident_bytes(::getpid())}}))
      throw RunError(fmt::format("{} could not be written to", file_.string()));
  }

 private:
  std::filesystem::path file_;
};

/// Keeps why a rank failed where the harness finds it.  Returns "rank 1: ...".
std::string leave_failure(const Job& job, int rank, RankError::Kind kind, const std::string& what) {
  const bool names_rank = rank == kUnknownRank || what.starts_with("rank");
  const std::string message = names_rank ? what : fmt::format("rank {}: {}", rank, what);
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  Answers(job, rank).give({0, RankError{kind, message, now.count()}});
  return message;
}

/// The lines that the harness appends to Job::requests, one after the other.
class Requests {
 public:
  explicit Requests(std::filesystem::path file) : file_(std::move(file)), lines_(file_) {}

  /// Waits for the next line; the last one, where none comes for too long, or the file is gone.
  std::string next() {
    constexpr auto kTick = std::chrono::milliseconds(10);
    const auto give_up = std::chrono::steady_clock::now() + kLongestIdle;
    for (;;) {
      std::ranges::move(lines_.read(), std::back_inserter(waiting_));
      if (!waiting_.empty()) break;
      if (std::chrono::steady_clock::now() >= give_up || !std::filesystem::exists(file_)) return kNoMoreJobs;
      std::this_thread::sleep_for(kTick);
    }
    std::string line = std::move(waiting_.front());
    waiting_.pop_front();
    return line;
  }

 private:
  std::filesystem::path file_;
  launch::AppendedLines lines_;
  std::deque<std::string> waiting_;
};

/// Does one job after the other; `job` is the one that it is at.
void do_jobs(Job& job, Rank& worker, int rank) {
  Requests requests(job.requests);
  for (;;) {
    const Answers answers(job, rank);
    if (job.loads) {
      worker.load(job, answers.progress());
    } else {
      worker.agree(job);
    }
    worker.run(job, answers.progress());
    answers.end();
    if (job.requests.empty()) return;
    const std::string next = worker.hand_on([&] { return requests.next(); });
    if (next.empty() || next == kNoMoreJobs) return;
    job = Job::from_json(nlohmann::json::parse(next));
  }
}

void run_launched_rank(Job job) {
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
    Rank worker(self);
    do_jobs(job, worker, rank);
  } catch (const InputError& error) {
    throw InputError(leave_failure(job, rank, RankError::Kind::kInput, error.what()));
  } catch (const std::exception& error) {
    throw RunError(leave_failure(job, rank, RankError::Kind::kEngine, error.what()));
  }
}

}  // namespace

void run_worker(const std::filesystem::path& job_file) {
  run_launched_rank(Job::from_json(base::read_json(job_file)));
}

}  // namespace isoframe::harness::worker
