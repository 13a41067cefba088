#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/launch/progress_report.h"

namespace isoframe::harness::launch {

class ForkServer;

/// State of ranks that others have started.
enum class Elsewhere {
  kAtWork,
  kDone,    ///< the wait is over; our own processes stay
  kFailed,  ///< everything is to end
};

/// Limits of a wait for ranks, and whom it tells.
struct Watch {
  double timeout_seconds = 600.0;  ///< of the whole wait
  double stall_seconds = 0.0;      ///< longest time without a line from any rank; 0: no limit
  std::function<void(const Progress&)> on_progress = {};
  const std::atomic<bool>* interrupted = nullptr;  ///< set by a signal handler: end everything
  /// Called about every 10 ms, where those that we wait for are not our children.
  std::function<Elsewhere()> on_tick;
};

/// The part of the processes that are started.
enum class StartedAs {
  kRanks,
  kEngine,    ///< one process that starts its ranks itself and answers for all: engine.log
  kLauncher,  ///< one process that starts ranks, which nobody asks anything: launcher.log
};

/// Ranks to be started as processes of this machine.
struct LocalJob : Watch {
  std::vector<std::string>
      command;  ///< argv of one; a rank has RANK, LOCAL_RANK and WORLD_SIZE in its environment
  /// The program's file, if it is another than argv[0] names.
  std::string image = {};
  /// The server that ranks are forked of, if it can; null: each is a program that is started.
  ForkServer* forks = nullptr;
  StartedAs started_as = StartedAs::kRanks;
  std::map<std::string, std::string> environment;
  int world_size = 1;
  std::filesystem::path directory;  ///< stdout and stderr of rank r go to rank-<r>.log there
};

}  // namespace isoframe::harness::launch
