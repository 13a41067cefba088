#include "harness/run/launched_round.h"

#include <fstream>
#include <optional>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json_file.h"
#include "harness/launch/launcher.h"
#include "harness/launch/progress_reader.h"
#include "harness/worker/job.h"
#include "reports/records/rank.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;

namespace {

/// The exit code of a rank whose input was wrong.
constexpr int kInputErrorCode = 2;

/// Reads the reports that a rank appends to a file.
class ProgressFile {
 public:
  ProgressFile(const fs::path& directory, int rank)
      : path_(worker::progress_file(directory, rank)), reader_(rank) {}

  std::vector<launch::Progress> read() {
    std::ifstream stream(path_, std::ios::binary);
    if (!stream.seekg(position_)) return {};
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    position_ += static_cast<std::streamoff>(bytes.size());
    return reader_.read(bytes);
  }

 private:
  fs::path path_;
  launch::ProgressReader reader_;
  std::streamoff position_ = 0;
};

/// True if any rank has left a failure.  Files are looked for by name: listing a shared folder costs more.
bool any_failed(const fs::path& directory, int ranks) {
  for (int rank = worker::kUnknownRank; rank < ranks; ++rank)
    if (fs::exists(worker::failure_file(directory, rank))) return true;
  return false;
}

/// The failure of the rank that ended first, among those that said why; wrong input comes before all others.
std::optional<records::RankFailure> first_failure(const fs::path& directory, int ranks) {
  std::optional<records::RankFailure> first;
  for (int rank = worker::kUnknownRank; rank < ranks; ++rank) {
    const fs::path file = worker::failure_file(directory, rank);
    if (!fs::exists(file)) continue;
    const records::RankFailure failure = records::rank_failure_from_json(base::read_json(file));
    const auto order = [](const records::RankFailure& f) {
      return std::pair(f.exit_code == kInputErrorCode ? 0 : 1, f.time);
    };
    if (!first || order(failure) < order(*first)) first = failure;
  }
  return first;
}

std::string stage_of(const fs::path& directory, int rank) {
  const std::vector<launch::Progress> reports = ProgressFile(directory, rank).read();
  return reports.empty() ? "" : launch::describe(reports.back());
}

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

RoundResult failed(const scenario::Case& spec, const fs::path& directory,
                   const launch::LocalResult& outcome) {
  RoundResult result;
  result.status = RoundResult::Status::kError;
  records::Failure& error = result.error.emplace();
  error.last_words = outcome.ranks.front().last_words;
  const auto failure = first_failure(directory, spec.layout.world_size());
  if (failure && failure->exit_code == kInputErrorCode) result.status = RoundResult::Status::kBadInput;
  const bool knows_rank = failure && failure->rank != worker::kUnknownRank;
  if (knows_rank) error.rank = failure->rank;
  error.stage = stage_of(directory, knows_rank ? failure->rank : 0);
  error.message = failure ? failure->message : launcher_message(spec, outcome);
  return result;
}

/// Makes sure that every rank has left its record: a launcher may end well without starting them, or though
/// they failed.
RoundResult finished(const scenario::Case& spec, const fs::path& directory,
                     const launch::LocalResult& outcome) {
  if (any_failed(directory, spec.layout.world_size())) return failed(spec, directory, outcome);
  RoundResult result;
  const std::string words = last_line(outcome.ranks.front().last_words);
  for (int rank = 0; rank < spec.layout.world_size(); ++rank) {
    const fs::path file = worker::record_file(directory, rank);
    if (fs::exists(file)) continue;
    result.status = RoundResult::Status::kError;
    records::Failure& error = result.error.emplace();
    error.rank = rank;
    error.last_words = outcome.ranks.front().last_words;
    error.message = fmt::format(
        "launcher '{}' ended well, but rank {} has left no {}; does it start {} ranks, and is the "
        "folder shared by all machines?{}",
        spec.launcher, rank, file.string(), spec.layout.world_size(),
        words.empty() ? "" : " Its last words: " + words);
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

}  // namespace

RoundResult run_launched(const scenario::Case& spec, const fs::path& directory, launch::LocalJob local) {
  std::error_code unknown;
  if (!fs::equivalent(local.command.front(), "/proc/self/exe", unknown))
    return replaced(spec, local.command.front());
  const int ranks = spec.layout.world_size();
  local.command = launch::launcher_command(spec.launcher, ranks, local.command);
  local.world_size = 1;
  local.started_as = launch::StartedAs::kLauncher;
  ProgressFile progress(directory, 0);
  local.on_tick = [&] {
    for (const launch::Progress& report : progress.read())
      if (local.on_progress) local.on_progress(report);
    return !any_failed(directory, ranks);
  };
  // The ranks' own reports are read above; the launcher itself makes none.
  local.stall_seconds = 0.0;
  const launch::LocalResult outcome = launch::run_local(local);
  if (outcome.outcome == launch::Outcome::kInterrupted) {
    RoundResult result;
    result.status = RoundResult::Status::kInterrupted;
    return result;
  }
  return outcome.outcome == launch::Outcome::kFinished ? finished(spec, directory, outcome)
                                                       : failed(spec, directory, outcome);
}

}  // namespace isoframe::harness::run
