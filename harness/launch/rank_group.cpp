#include "harness/launch/rank_group.h"

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
/// Ranks that others have started wake nobody.
constexpr auto kTickElsewhere = 10ms;
/// Between a rank's closing its progress pipe and its becoming a zombie.
constexpr auto kReapTick = 5ms;

constexpr int kRunErrorCode = 3;

bool failed(const RankOutcome& outcome) { return !outcome.finished && !outcome.ended_by_us; }

/// Orders failures by how likely each is the first cause: a lost peer shows as a run error, never as a
/// signal.
int suspicion(const RankOutcome& outcome) {
  if (outcome.signal != 0) return 2;
  const bool may_have_lost_its_peer = outcome.exit_code == kRunErrorCode ||
                                      (outcome.error && outcome.error->kind == RankError::Kind::kEngine);
  return may_have_lost_its_peer ? 0 : 1;
}

using Ranks = std::vector<std::unique_ptr<RankProcess>>;

/// One wait for ranks: until all have ended, or have answered all questions.
class Supervisor {
 public:
  Supervisor(Ranks& ranks, const Watch& watch, const std::vector<Question>* questions)
      : ranks_(ranks),
        watch_(watch),
        questions_(questions),
        heard_from_(ranks.size(), start_),
        answered_(ranks.size(), false) {
    if (is_asking()) begin_question();
  }

  LocalResult run() {
    while (is_pending()) {
      wait();
      for (std::size_t rank = 0; rank < ranks_.size(); ++rank) look_at(rank);
      decide();
      if (is_asking() && !is_ending() && all_answered() && ++question_ < questions_->size()) begin_question();
    }
    LocalResult result;
    result.seconds = base::seconds_since(start_);
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
      result.ranks.push_back(ranks_[rank]->outcome());
      if (is_asking()) result.ranks.back().finished = answered_[rank];
    }
    result.outcome = ended_ ? *ended_ : failures_.empty() ? Outcome::kFinished : Outcome::kFailed;
    result.limit_seconds = limit_seconds_;
    result.culprit = result.outcome == Outcome::kFailed && !failures_.empty() ? first_failure() : silent_;
    return result;
  }

 private:
  bool is_asking() const { return questions_ != nullptr; }
  /// True once a failure or a limit means that no rank is to stay.
  bool is_ending() const { return ended_ || !failures_.empty() || elsewhere_ == Elsewhere::kFailed; }
  bool all_answered() const {
    return std::all_of(answered_.begin(), answered_.end(), [](bool answered) { return answered; });
  }
  bool is_pending() const {
    if (elsewhere_ == Elsewhere::kDone && !is_ending()) return false;
    return is_asking() && !is_ending() ? question_ < questions_->size() : any_running();
  }

  void begin_question() {
    const Question& question = (*questions_)[question_];
    std::fill(answered_.begin(), answered_.end(), false);
    if (question.line.empty()) return;
    // A rank that cannot be reached has ended, which is seen when it is looked at.
    for (const auto& rank : ranks_) rank->send(question.line);
  }

  bool any_running() const {
    return std::any_of(ranks_.begin(), ranks_.end(), [](const auto& rank) { return rank->running(); });
  }

  void wait() const {
    std::vector<pollfd> descriptors;
    auto timeout = std::chrono::milliseconds(watch_.on_tick ? kTickElsewhere : kTick);
    for (const auto& rank : ranks_) {
      if (!rank->running()) continue;
      if (rank->descriptor() >= 0) {
        descriptors.push_back({rank->descriptor(), POLLIN, 0});
      } else {
        timeout = kReapTick;
      }
    }
    // An interrupted poll() is as good as one that timed out.
    ::poll(descriptors.data(), descriptors.size(), static_cast<int>(timeout.count()));
  }

  void look_at(std::size_t rank) {
    // Reaped first, read second: what it wrote just before it ended is not lost.
    ranks_[rank]->try_reap();
    if (ranks_[rank]->read([&](std::string_view line) { take(rank, line); }))
      last_report_ = heard_from_[rank] = Clock::now();
    const int number = static_cast<int>(rank);
    if (has_failed(rank) && std::ranges::find(failures_, number) == failures_.end())
      failures_.push_back(number);
  }

  bool has_failed(std::size_t rank) const {
    const RankOutcome& outcome = ranks_[rank]->outcome();
    if (outcome.error) return true;
    if (ranks_[rank]->running()) return false;
    return is_asking() ? !outcome.ended_by_us && !has_answered_all(rank) : failed(outcome);
  }

  /// True if nothing more is asked of the rank.
  bool has_answered_all(std::size_t rank) const {
    return answered_[rank] && question_ + 1 >= questions_->size();
  }

  void take(std::size_t rank, std::string_view line) {
    const Heard heard = meaning_of(static_cast<int>(rank), line);
    if (heard.progress) {
      ranks_[rank]->reach(describe(*heard.progress));
      if (watch_.on_progress) watch_.on_progress(*heard.progress);
    }
    if (heard.error) ranks_[rank]->answer_with(*heard.error);
    if (!heard.is_answer) return;
    if (answered_[rank]) ranks_[rank]->answer_with({RankError::Kind::kEngine, "the engine answered twice"});
    answered_[rank] = true;
  }

  Heard meaning_of(int rank, std::string_view line) const {
    if (is_asking()) return (*questions_)[std::min(question_, questions_->size() - 1)].hear(rank, line);
    return {.progress = from_line(rank, line), .is_answer = false, .error = {}};
  }

  void decide() {
    const auto now = Clock::now();
    if (ended_) {
      if (now >= kill_at_) signal_all(SIGKILL);
      return;
    }
    if (watch_.interrupted != nullptr && *watch_.interrupted) return end_all(Outcome::kInterrupted);
    if (watch_.on_tick) elsewhere_ = watch_.on_tick();
    if (!failures_.empty() || elsewhere_ == Elsewhere::kFailed) {
      if (!grace_ends_) grace_ends_ = now + kGrace;
      if (now >= *grace_ends_) end_all(Outcome::kFailed);
      return;
    }
    if (base::seconds_since(start_) >= watch_.timeout_seconds) {
      give_up(Outcome::kTimedOut, watch_.timeout_seconds);
    } else if (watch_.stall_seconds > 0 && base::seconds_since(last_report_) >= watch_.stall_seconds) {
      give_up(Outcome::kStalled, watch_.stall_seconds);
    }
  }

  void give_up(Outcome why, double limit_seconds) {
    limit_seconds_ = limit_seconds;
    for (int rank = 0; rank < std::ssize(ranks_); ++rank) {
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

  Ranks& ranks_;
  const Watch& watch_;
  const std::vector<Question>* const questions_;  ///< null: ranks are asked nothing
  std::size_t question_ = 0;
  const Clock::time_point start_ = Clock::now();
  std::vector<Clock::time_point> heard_from_;  ///< by rank: its last line, or the start
  std::vector<bool> answered_;                 ///< by rank: the current question
  Clock::time_point last_report_ = start_;
  std::vector<int> failures_;  ///< in the order they were seen
  Elsewhere elsewhere_ = Elsewhere::kAtWork;
  std::optional<Clock::time_point> grace_ends_;
  std::optional<Outcome> ended_;  ///< why we ended the ranks, if we did
  Clock::time_point kill_at_;
  int silent_ = -1;
  double limit_seconds_ = 0.0;
};

}  // namespace

RankGroup::RankGroup(const LocalJob& job) {
  // An ignored SIGCHLD is inherited from whoever started us and would make the ranks' exit codes vanish.
  ::signal(SIGCHLD, SIG_DFL);
  for (int rank = 0; rank < job.world_size; ++rank)
    ranks_.push_back(std::make_unique<RankProcess>(job, rank));
}
RankGroup::~RankGroup() = default;

LocalResult RankGroup::wait(const Watch& watch) { return Supervisor(ranks_, watch, nullptr).run(); }

LocalResult RankGroup::ask(const std::vector<Question>& questions, const Watch& watch) {
  for (const auto& rank : ranks_) rank->begin_request();
  return Supervisor(ranks_, watch, &questions).run();
}

bool RankGroup::is_alive() {
  bool alive = true;
  for (const auto& rank : ranks_) {
    rank->try_reap();
    alive = alive && rank->running();
  }
  return alive;
}

void RankGroup::copy_logs(const std::filesystem::path& folder) {
  for (const auto& rank : ranks_) rank->copy_log(folder);
}

std::uint64_t RankGroup::resident_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& rank : ranks_) sum += rank->resident_bytes();
  return sum;
}

}  // namespace isoframe::harness::launch
