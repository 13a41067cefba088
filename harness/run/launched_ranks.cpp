#include "harness/run/launched_ranks.h"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json_file.h"
#include "harness/engine/protocol.h"
#include "harness/launch/appended_lines.h"
#include "harness/launch/launcher.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using launch::RankError;

namespace {

/// One rank's answers to a job, as far as they have come.
class RankAnswers {
 public:
  RankAnswers(const fs::path& directory, int rank)
      : rank_(rank), lines_(worker::answers_file(directory, rank)) {}

  void read(const std::function<void(const launch::Progress&)>& on_progress) {
    for (const std::string& line : lines_.read()) take(line, on_progress);
  }

  int rank() const { return rank_; }
  bool is_done() const { return done_.has_value(); }
  const std::optional<RankError>& error() const { return error_; }
  const std::string& stage() const { return stage_; }
  std::uint64_t resident_bytes() const { return done_ ? done_->resident_bytes.value_or(0) : 0; }

 private:
  void take(std::string_view line, const std::function<void(const launch::Progress&)>& on_progress) try {
    const engine::Answer answer = engine::answer_from_line(rank_, line);
    if (const auto* progress = std::get_if<launch::Progress>(&answer.what)) {
      stage_ = launch::describe(*progress);
      if (on_progress) on_progress(*progress);
    } else if (const auto* error = std::get_if<RankError>(&answer.what)) {
      error_ = *error;
    } else if (const auto* done = std::get_if<engine::Done>(&answer.what)) {
      done_ = *done;
    }
  } catch (const InputError& unreadable) {
    error_ = {RankError::Kind::kEngine, fmt::format("rank {} left a line that {}", rank_, unreadable.what())};
  }

  int rank_;
  launch::AppendedLines lines_;
  std::string stage_;
  std::optional<engine::Done> done_;
  std::optional<RankError> error_;
};

/// The answers of all ranks of a case, and of a process that did not learn which one it is.
class AllAnswers {
 public:
  AllAnswers(const fs::path& directory, int ranks) {
    for (int rank = worker::kUnknownRank; rank < ranks; ++rank) ranks_.emplace_back(directory, rank);
  }

  void read(const std::function<void(const launch::Progress&)>& on_progress) {
    for (RankAnswers& rank : ranks_) rank.read(rank.rank() == 0 ? on_progress : nullptr);
  }
  launch::Elsewhere state() const {
    if (first_failed() != nullptr) return launch::Elsewhere::kFailed;
    const bool all_done = std::ranges::all_of(ranks_, [](const RankAnswers& rank) {
      return rank.rank() == worker::kUnknownRank || rank.is_done();
    });
    return all_done ? launch::Elsewhere::kDone : launch::Elsewhere::kAtWork;
  }
  /// The rank that failed first, among those that said why; wrong input comes before all others.  Null if
  /// none did.
  const RankAnswers* first_failed() const {
    const RankAnswers* first = nullptr;
    const auto order = [](const RankAnswers& rank) {
      return std::pair(rank.error()->kind == RankError::Kind::kInput ? 0 : 1,
                       rank.error()->time.value_or(0.0));
    };
    for (const RankAnswers& rank : ranks_)
      if (rank.error() && (first == nullptr || order(rank) < order(*first))) first = &rank;
    return first;
  }
  const RankAnswers& of(int rank) const {
    return ranks_[static_cast<std::size_t>(rank - worker::kUnknownRank)];
  }
  std::uint64_t resident_bytes() const {
    std::uint64_t sum = 0;
    for (const RankAnswers& rank : ranks_) sum += rank.resident_bytes();
    return sum;
  }

 private:
  std::vector<RankAnswers> ranks_;
};

std::string last_line(const std::string& words) { return words.substr(words.rfind('\n') + 1); }

/// Describes how the launcher ended, where no rank has explained why.
std::string launcher_message(const scenario::Case& spec, const launch::LocalResult& outcome) {
  const launch::RankOutcome& launcher = outcome.ranks.front();
  const std::string ended =
      outcome.outcome == launch::Outcome::kTimedOut || outcome.outcome == launch::Outcome::kStalled
          ? fmt::format("was not done within {:g} s", outcome.limit_seconds)
      : launcher.signal != 0 ? fmt::format("was killed by signal {}", launcher.signal)
                             : fmt::format("exited with {}", launcher.exit_code);
  const std::string words = last_line(launcher.last_words);
  return fmt::format("launcher '{}' {}; {}", spec.launcher, ended,
                     words.empty() ? "it left no last words" : "last words: " + words);
}

RoundResult failed(const scenario::Case& spec, const AllAnswers& answers,
                   const launch::LocalResult& outcome) {
  RoundResult result;
  result.status = RoundResult::Status::kError;
  records::Failure& error = result.error.emplace();
  error.last_words = outcome.ranks.front().last_words;
  const RankAnswers* rank = answers.first_failed();
  if (rank != nullptr && rank->error()->kind == RankError::Kind::kInput)
    result.status = RoundResult::Status::kBadInput;
  const bool knows_rank = rank != nullptr && rank->rank() != worker::kUnknownRank;
  if (knows_rank) error.rank = rank->rank();
  error.stage = answers.of(knows_rank ? rank->rank() : 0).stage();
  error.message = rank != nullptr ? rank->error()->message : launcher_message(spec, outcome);
  return result;
}

/// Makes sure that every rank has left its record: a launcher may end well without starting them, or though
/// they failed.
RoundResult finished(const worker::Job& job, const launch::LocalResult& outcome) {
  RoundResult result;
  const int ranks = job.spec.layout.world_size();
  const std::string words = last_line(outcome.ranks.front().last_words);
  for (int rank = 0; rank < ranks; ++rank) {
    const fs::path file = worker::record_file(job.directory, rank);
    if (fs::exists(file)) continue;
    result.status = RoundResult::Status::kError;
    records::Failure& error = result.error.emplace();
    error.rank = rank;
    error.last_words = outcome.ranks.front().last_words;
    error.message = fmt::format(
        "launcher '{}' ended well, but rank {} has left no {}; does it start {} ranks, and is the "
        "folder shared by all machines?{}",
        job.spec.launcher, rank, file.string(), ranks, words.empty() ? "" : " Its last words: " + words);
    break;
  }
  return result;
}

/// A launcher can start only what lies at the program's path, perhaps on another machine.
RoundResult replaced(const scenario::Case& spec, const std::string& program) {
  RoundResult result;
  result.status = RoundResult::Status::kError;
  result.error.emplace().message = fmt::format(
      "{} was replaced or removed while it ran, and launcher '{}' would start what is there now; "
      "--resume goes on with that",
      program, spec.launcher);
  return result;
}

/// Makes a launcher's job of one for local ranks.
launch::LocalJob launching(launch::LocalJob local, const scenario::Case& spec) {
  local.command = launch::launcher_command(spec.launcher, spec.layout.world_size(), local.command);
  local.world_size = 1;
  local.started_as = launch::StartedAs::kLauncher;
  return local;
}

}  // namespace

LaunchedRanks::~LaunchedRanks() {
  if (requests_.empty() || !launcher_ || !launcher_->is_alive()) return;
  launch::append_line(requests_, fmt::format("{}\n", worker::kNoMoreJobs));
  launch::Watch watch;
  watch.timeout_seconds = 3.0;
  launcher_->wait(watch);
}

bool LaunchedRanks::is_alive() {
  // Ranks that are about to end by themselves are as good as gone.
  const auto idle = std::chrono::steady_clock::now() - last_asked_;
  std::error_code unknown;
  return launcher_ && launcher_->is_alive() && fs::exists(requests_, unknown) &&
         idle < worker::kLongestIdle / 2;
}

void LaunchedRanks::start(worker::Job job, launch::LocalJob local) {
  name_ = job.launch = worker::new_launch();
  if (stays_) {
    requests_ = job.requests = job.directory / "requests.jsonl";
    launch::append_line(requests_, "");
  }
  const fs::path job_file = job.directory / "job.json";
  base::write_json(job_file, job.to_json());
  local.command.push_back(job_file.string());
  local.directory = folder_.path();
  launcher_.emplace(launching(std::move(local), job.spec));
}

void LaunchedRanks::ask(const worker::Job& job) {
  if (!launch::append_line(requests_, job.to_json().dump() + "\n"))
    throw RunError(fmt::format("{} could not be written to", requests_.string()));
}

RoundResult LaunchedRanks::run(worker::Job job, const nlohmann::json& loaded, const launch::LocalJob& local) {
  AllAnswers answers(job.directory, job.spec.layout.world_size());
  if (!launcher_) {
    std::error_code unknown;
    if (!fs::equivalent(local.command.front(), "/proc/self/exe", unknown))
      return replaced(job.spec, local.command.front());
    start(job, local);
  } else {
    job.launch = name_;
    job.requests = requests_;
    job.loads = loaded != loaded_;
    ask(job);
  }
  launch::Watch watch = local;
  watch.on_tick = [&] {
    answers.read(local.on_progress);
    const launch::Elsewhere state = answers.state();
    return state == launch::Elsewhere::kDone && !stays_ ? launch::Elsewhere::kAtWork : state;
  };
  // The ranks' own reports are read above; the launcher itself makes none.
  watch.stall_seconds = 0.0;
  const launch::LocalResult outcome = launcher_->wait(watch);
  launcher_->copy_logs(job.directory);
  loaded_ = loaded;
  last_asked_ = std::chrono::steady_clock::now();
  if (outcome.outcome == launch::Outcome::kInterrupted) {
    RoundResult result;
    result.status = RoundResult::Status::kInterrupted;
    return result;
  }
  answers.read(nullptr);
  resident_bytes_ = answers.resident_bytes();
  return outcome.outcome == launch::Outcome::kFinished && answers.state() != launch::Elsewhere::kFailed
             ? finished(job, outcome)
             : failed(job.spec, answers, outcome);
}

}  // namespace isoframe::harness::run
