#pragma once
// The end of ranks: each one's outcome, and that of all together.

#include <optional>
#include <string>
#include <vector>

namespace isoframe::harness::launch {

/// A rank's own word that it cannot do what it was asked.
struct RankError {
  enum class Kind {
    kInput,        ///< the case or its files are wrong
    kUnsupported,  ///< this engine cannot do it
    kEngine,       ///< it went wrong
  };
  Kind kind = Kind::kEngine;
  std::string message;              ///< one line
  std::optional<double> time = {};  ///< when it went wrong, in seconds since 1970, if the rank says so
};

struct RankOutcome {
  int rank = 0;
  bool finished = false;  ///< answered, or if it was asked nothing: exited by itself with 0
  int exit_code = 0;      ///< if it exited
  int signal = 0;         ///< if killed by one that the harness did not send
  bool ended_by_us = false;
  std::optional<RankError> error;  ///< its answer, where that was one
  std::string stage;               ///< the last it reported, e.g. "denoise step 3"
  std::string last_words;          ///< last non-empty lines of its stderr, at most 2,000 characters

  /// True if it ended, or answered, because of its input.
  bool has_bad_input() const;
};

enum class Outcome { kFinished, kFailed, kTimedOut, kStalled, kInterrupted };

struct LocalResult {
  Outcome outcome = Outcome::kFinished;
  /// The rank that failed first, by itself; after a timeout or a stall the running rank that was heard from
  /// longest ago.
  int culprit = -1;
  std::vector<RankOutcome> ranks;
  double seconds = 0.0;
  double limit_seconds = 0.0;  ///< the one that was passed: timeout or stall
  /// Says in one line what happened: "rank 1 was killed by signal 11 (Segmentation fault) in stage 'denoise
  /// step 3'; last words: ...".  A rank that exits with 2 has said in its last line what is wrong with the
  /// input: then that line.
  std::string summary() const;
};

}  // namespace isoframe::harness::launch
