#pragma once
// Ranks that are processes of this machine, watched together.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/launch/local_job.h"
#include "harness/launch/local_result.h"
#include "harness/launch/progress_report.h"

namespace isoframe::harness::launch {

class RankProcess;

/// The meaning of a line that a rank has sent.
struct Heard {
  std::optional<Progress> progress;
  bool is_answer = false;
  std::optional<RankError> error;
};

/// A line for every rank, and what their lines mean until each has answered.
struct Question {
  std::string line;  ///< empty: they answer unasked
  std::function<Heard(int rank, std::string_view line)> hear;
};

/// Processes that are started by the constructor and ended by the destructor at the latest.
///
/// When one fails the others have 0.5 s to end by themselves, then get SIGTERM, then SIGKILL after 2 s; so
/// they do at a limit or an interrupt.  No process survives its group, nor the death of the caller.
class RankGroup {
 public:
  /// Throws RunError when a process cannot be made, having ended those that were.
  explicit RankGroup(const LocalJob& job);
  ~RankGroup();

  /// Waits until all have ended by themselves, or what they have started elsewhere is done.
  LocalResult wait(const Watch& watch);
  /// Asks one question after the other, each once all ranks have answered the one before.  Ranks stay, unless
  /// one of them failed or a limit was passed: then all have ended.
  LocalResult ask(const std::vector<Question>& questions, const Watch& watch);

  /// True if every rank still runs.
  bool is_alive();
  /// Writes what each rank has printed since this was last called to rank-<r>.log in the folder.
  void copy_logs(const std::filesystem::path& folder);
  /// Memory of all ranks, as the kernel counts it for each: what they share is counted for each of them.
  std::uint64_t resident_bytes() const;

 private:
  std::vector<std::unique_ptr<RankProcess>> ranks_;
};

}  // namespace isoframe::harness::launch
