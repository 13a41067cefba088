#include "harness/launch/local.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <poll.h>
#include <tuple>

#include "base/time.h"
#include "harness/launch/rank_process.h"

namespace isoframe::harness::launch {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// A rank that dies takes its peers' connections with it.  They may be seen to fail first; this long we look
/// for the one that really did.
constexpr auto kGrace = 500ms;
constexpr auto kFromTermToKill = 2s;
/// Deaths and reports wake us; limits and the interrupt flag are looked at this often.
constexpr auto kTick = 50ms;
/// Between a rank's closing its progress pipe and its becoming a zombie.
constexpr auto kReapTick = 5ms;

constexpr int kRunErrorCode = 3;

bool failed(const RankOutcome& outcome) { return !outcome.finished && !outcome.ended_by_us; }

/// Orders failures by how likely each is the first cause: a lost peer shows as a run error, never as a
/// signal.
int suspicion(const RankOutcome& outcome) {
  if (outcome.signal != 0) return 2;
  return outcome.exit_code == kRunErrorCode ? 0 : 1;
}

class Supervisor {
 public:
  explicit Supervisor(const LocalJob& job) : job_(job) {
    for (int rank = 0; rank < job.world_size; ++rank) {
      ranks_.push_back(std::make_unique<RankProcess>(job, rank));
      heard_from_.push_back(Clock::now());
    }
  }

  LocalResult run() {
    while (any_running()) {
      wait();
      for (std::size_t rank = 0; rank < ranks_.size(); ++rank) look_at(rank);
      decide();
    }
    LocalResult result;
    result.seconds = base::seconds_since(start_);
    for (const auto& rank : ranks_) result.ranks.push_back(rank->outcome());
    result.outcome = ended_ ? *ended_ : failures_.empty() ? Outcome::kFinished : Outcome::kFailed;
    result.limit_seconds = limit_seconds_;
    result.culprit = result.outcome == Outcome::kFailed && !failures_.empty() ? first_failure() : silent_;
    return result;
  }

 private:
  bool any_running() const {
    return std::any_of(ranks_.begin(), ranks_.end(), [](const auto& rank) { return rank->running(); });
  }

  void wait() const {
    std::vector<pollfd> descriptors;
    auto timeout = std::chrono::milliseconds(kTick);
    for (const auto& rank : ranks_) {
      if (!rank->running()) continue;
      if (rank->progress_descriptor() >= 0) {
        descriptors.push_back({rank->progress_descriptor(), POLLIN, 0});
      } else {
        timeout = kReapTick;
      }
    }
    // An interrupted poll() is as good as one that timed out.
    ::poll(descriptors.data(), descriptors.size(), static_cast<int>(timeout.count()));
  }

  void look_at(std::size_t rank) {
    // Reaped first, read second: what it wrote just before it ended is not lost.
    const bool ended = ranks_[rank]->try_reap();
    if (ranks_[rank]->read_progress(job_.on_progress)) last_report_ = heard_from_[rank] = Clock::now();
    if (ended && failed(ranks_[rank]->outcome())) failures_.push_back(static_cast<int>(rank));
  }

  void decide() {
    const auto now = Clock::now();
    if (ended_) {
      if (now >= kill_at_) signal_all(SIGKILL);
      return;
    }
    if (job_.interrupted != nullptr && *job_.interrupted) return end_all(Outcome::kInterrupted);
    if (job_.on_tick && !job_.on_tick()) failed_elsewhere_ = true;
    if (!failures_.empty() || failed_elsewhere_) {
      if (!grace_ends_) grace_ends_ = now + kGrace;
      if (now >= *grace_ends_) end_all(Outcome::kFailed);
      return;
    }
    if (base::seconds_since(start_) >= job_.timeout_seconds) {
      give_up(Outcome::kTimedOut, job_.timeout_seconds);
    } else if (job_.stall_seconds > 0 && base::seconds_since(last_report_) >= job_.stall_seconds) {
      give_up(Outcome::kStalled, job_.stall_seconds);
    }
  }

  void give_up(Outcome why, double limit_seconds) {
    limit_seconds_ = limit_seconds;
    for (int rank = 0; rank < job_.world_size; ++rank) {
      if (ranks_[rank]->running() && (silent_ < 0 || heard_from_[rank] < heard_from_[silent_]))
        silent_ = rank;
    }
    end_all(why);
  }

  void end_all(Outcome why) {
    if (!any_running()) return;
    ended_ = why;
    kill_at_ = Clock::now() + kFromTermToKill;
    signal_all(SIGTERM);
  }

  void signal_all(int number) {
    for (const auto& rank : ranks_) rank->signal(number);
  }

  int first_failure() const {
    // max_element takes the first of equals: the one that was seen first.
    return *std::max_element(failures_.begin(), failures_.end(), [this](int a, int b) {
      return suspicion(ranks_[a]->outcome()) < suspicion(ranks_[b]->outcome());
    });
  }

  const LocalJob& job_;
  const Clock::time_point start_ = Clock::now();
  std::vector<std::unique_ptr<RankProcess>> ranks_;
  std::vector<Clock::time_point> heard_from_;  ///< by rank: its last report, or its start
  Clock::time_point last_report_ = start_;
  std::vector<int> failures_;  ///< in the order they were seen
  bool failed_elsewhere_ = false;
  std::optional<Clock::time_point> grace_ends_;
  std::optional<Outcome> ended_;  ///< why we ended the ranks, if we did
  Clock::time_point kill_at_;
  int silent_ = -1;
  double limit_seconds_ = 0.0;
};

}  // namespace

LocalResult run_local(const LocalJob& job) {
  // An ignored SIGCHLD is inherited from whoever started us and would make the ranks' exit codes vanish.
  ::signal(SIGCHLD, SIG_DFL);
  return Supervisor(job).run();
}

}  // namespace isoframe::harness::launch
