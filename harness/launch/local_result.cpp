#include "harness/launch/local_result.h"

#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "base/text.h"

namespace isoframe::harness::launch {

namespace {

constexpr int kInputErrorCode = 2;
constexpr std::size_t kLongestWords = 400;

/// The last line, fit to be part of one.
std::string last_line(const std::string& words) {
  std::string line = base::shortened(words.substr(words.rfind('\n') + 1), kLongestWords);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return line;
}

std::string where_and_last_words(const RankOutcome& rank) {
  const bool has_said_why = rank.error && rank.ended_by_us;
  const std::string words = last_line(has_said_why ? rank.error->message : rank.last_words);
  return fmt::format("{}; {}",
                     rank.stage.empty() ? "before its first stage" : "in stage '" + rank.stage + "'",
                     words.empty()  ? "it left no last words"
                     : has_said_why ? words
                                    : "last words: " + words);
}

std::string how_it_ended(const RankOutcome& rank) {
  if (rank.error && rank.ended_by_us) return "failed";
  if (rank.signal == 0) return fmt::format("exited with {}", rank.exit_code);
  const std::string hint = rank.signal == SIGKILL ? "; out of memory?" : "";
  return fmt::format("was killed by signal {} ({}{})", rank.signal, ::strsignal(rank.signal), hint);
}

}  // namespace

bool RankOutcome::has_bad_input() const {
  return exit_code == kInputErrorCode || (error && error->kind == RankError::Kind::kInput);
}

std::string LocalResult::summary() const {
  const RankOutcome* rank = culprit >= 0 ? &ranks[static_cast<std::size_t>(culprit)] : nullptr;
  const auto silent_rank = [&] {
    return rank == nullptr ? std::string()
                           : fmt::format("; rank {}, heard from longest ago, was {}", rank->rank,
                                         where_and_last_words(*rank));
  };
  switch (outcome) {
    case Outcome::kFinished:
      return fmt::format("{} {} finished in {:.1f} s", ranks.size(), ranks.size() == 1 ? "rank" : "ranks",
                         seconds);
    case Outcome::kFailed:
      if (rank != nullptr && rank->error && rank->error->kind != RankError::Kind::kEngine)
        return last_line(rank->error->message);
      if (rank->exit_code == kInputErrorCode && !rank->last_words.empty()) return last_line(rank->last_words);
      return fmt::format("rank {} {} {}", rank->rank, how_it_ended(*rank), where_and_last_words(*rank));
    case Outcome::kTimedOut:
      return fmt::format("not done within {:g} s{}", limit_seconds, silent_rank());
    case Outcome::kStalled:
      return fmt::format("no progress for {:g} s{}", limit_seconds, silent_rank());
    case Outcome::kInterrupted:
      return fmt::format("interrupted after {:.1f} s", seconds);
  }
  return {};
}

}  // namespace isoframe::harness::launch
