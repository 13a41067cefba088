#pragma once
// Ranks by fork(): a process that has loaded the program, LibTorch with it, and has started nothing yet
// becomes one rank after the other in milliseconds, where each start of the program costs 0.4 s of a core.

#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/file_descriptor.h"

namespace isoframe::harness::launch {

/// The environment variable by which a program knows that it is to be a fork server: its end of the socket
/// on which it is told what ranks to become, a file descriptor.
inline constexpr const char* kForkVariable = "ISOFRAME_FORK_FD";

/// The program and the part of its environment that all ranks of a fork server have in common.
struct ForkedProgram {
  std::vector<std::string> command;
  std::string image;
  std::map<std::string, std::string> environment;
  bool operator==(const ForkedProgram&) const = default;
};

/// The part of a forked rank that is its own: its numbers, and its ends of the harness's files and socket.
struct ForkOrder {
  int rank = 0;
  int world_size = 1;
  int standard_input = -1;
  int log = -1;
  int channel = -1;
};

/// The harness's side.
class ForkServer {
 public:
  ForkServer() = default;
  ~ForkServer() { end(); }
  ForkServer(const ForkServer&) = delete;
  ForkServer& operator=(const ForkServer&) = delete;

  /// Starts the server of that program, in place of another's, without waiting until it has loaded.
  void prepare(const ForkedProgram& program);
  /// Forks a rank, a child of this process and the leader of its process group.  Returns nothing if that
  /// cannot be, from then on for ever: the caller starts the program, which costs only time.
  std::optional<pid_t> fork(const ForkedProgram& program, const ForkOrder& order);

 private:
  std::optional<pid_t> ask(const ForkOrder& order) const;
  void end();

  ForkedProgram program_;
  base::FileDescriptor socket_;
  pid_t pid_ = -1;
  bool has_failed_ = false;
};

/// The server's side: forks as it is told.  Returns true in each process that is to be a rank from then on,
/// false in the server once nobody will tell it any more, or at once in a program that is no server.
///
/// Nothing may have started a thread yet: fork() copies only the one that calls it, and OpenMP's pool would
/// be waited for in vain.
bool become_forked_rank();
/// True if this program is to be a fork server.
bool is_fork_server();

}  // namespace isoframe::harness::launch
