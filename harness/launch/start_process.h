#pragma once
// A program started as a process of its own.

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace isoframe::harness::launch {

/// The environment variable with a rank's end of the stream socket that it shares with the harness, a file
/// descriptor.  Lines go both ways (harness/engine/README.md).
inline constexpr const char* kEngineVariable = "ISOFRAME_ENGINE_FD";

/// The environment variables that tell a rank who it is.
inline constexpr std::array kRankVariables = {"RANK", "LOCAL_RANK", "WORLD_SIZE"};

struct ProcessStart {
  std::vector<std::string> command;      ///< argv
  std::string image;                     ///< the program's file
  std::vector<std::string> environment;  ///< all of it, "NAME=value"
  int standard_input = -1;
  int log = -1;      ///< standard output and standard error
  int channel = -1;  ///< a socket that stays open
};

/// Starts it as the leader of a process group, on all cores, to be killed when the calling thread ends.
/// Returns -1 with errno set if there is no process.  A program that cannot be run exits with 127.
pid_t start_process(const ProcessStart& start);

/// Makes the calling process, fresh from fork(), what start_process() promises: the leader of a group, with
/// these standard streams, killed when `parent` ends.  Only async-signal-safe calls.
void settle_child(pid_t parent, int standard_input, int log);

/// The environment of this process without what breaks ranks (variables.h) and without kRankVariables, and
/// with `own`.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& own);

}  // namespace isoframe::harness::launch
