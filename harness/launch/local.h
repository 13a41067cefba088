#pragma once
// Ranks as local processes: start, watch, end.

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace isoframe::harness::launch {

/// A rank says where it is by writing JSON lines {"stage": "denoise", "index": 3, "of": 8} to the file
/// descriptor in ISOFRAME_PROGRESS_FD.
struct Progress {
  int rank = 0;
  std::string stage;
  long index = -1;
  long of = -1;
};

struct LocalJob {
  std::vector<std::string>
      command;  ///< argv of one rank; RANK, LOCAL_RANK, WORLD_SIZE are in its environment
  /// The one process is not a rank but starts them: those variables are taken out of its environment, and it
  /// writes to launcher.log.
  bool is_launcher = false;
  std::map<std::string, std::string> environment;
  int world_size = 1;
  std::filesystem::path directory;  ///< stdout and stderr of rank r go to rank-<r>.log there
  double timeout_seconds = 600.0;   ///< of the whole job
  double stall_seconds = 0.0;       ///< no progress line from any rank for this long; 0: no limit
  std::function<void(const Progress&)> on_progress;
  const std::atomic<bool>* interrupted = nullptr;  ///< set by a signal handler: end everything
  /// Called about every 50 ms.  False: something that is not our child has failed, end everything.
  std::function<bool()> on_tick;
};

struct RankOutcome {
  int rank = 0;
  bool finished = false;  ///< exited by itself with 0
  int exit_code = 0;      ///< when it exited
  int signal = 0;         ///< when it was killed by one that was not ours
  bool ended_by_us = false;
  std::string stage;       ///< the last it reported, e.g. "denoise step 3"
  std::string last_words;  ///< last non-empty lines of its stderr, at most 2,000 characters
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
  /// One line: "rank 1 was killed by signal 11 (Segmentation fault) in stage 'denoise step 3'; last words:
  /// ...".  A rank that exits with 2 has said in its last line what is wrong with the input: then that line.
  std::string summary() const;
};

/// Starts `world_size` processes, returns when all have ended.  When one fails the others have 0.5 s to end
/// by themselves, then get SIGTERM, then SIGKILL after 2 s.  No process survives this call, nor the death of
/// the caller.  Throws RunError when a process cannot be made, having ended those that were.
LocalResult run_local(const LocalJob& job);

}  // namespace isoframe::harness::launch
