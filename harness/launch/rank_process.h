#pragma once
// One rank as a child process.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "base/file_descriptor.h"
#include "harness/launch/local_job.h"
#include "harness/launch/local_result.h"
#include "harness/launch/progress_reader.h"
#include "harness/launch/progress_report.h"

namespace isoframe::harness::launch {

/// A process started by the constructor, ended and reaped by the destructor at the latest.
///
/// The process leads a process group of its own, so that a Ctrl-C at the terminal reaches only the harness,
/// which then ends the ranks in order.  It is killed when the THREAD that started it ends (PR_SET_PDEATHSIG),
/// and so with the harness in any case: that thread must wait for it.
class RankProcess {
 public:
  /// Throws RunError when its log file, pipe or process cannot be made.  A program that cannot be run is a
  /// rank that exits with 127.
  RankProcess(const LocalJob& job, int rank);
  ~RankProcess();
  RankProcess(const RankProcess&) = delete;
  RankProcess& operator=(const RankProcess&) = delete;

  /// The descriptor that poll() may wait on; -1 when the rank has closed it, which is mostly because it
  /// ended.
  int progress_descriptor() const { return progress_.get(); }
  /// Passes on what has arrived, never blocks.  Returns whether a report was among it.
  bool read_progress(const std::function<void(const Progress&)>& on_progress);

  bool running() const { return pid_ > 0; }
  /// Collects the process if it has ended, with what is left of its group; never blocks.  Returns whether it
  /// ended just now.
  bool try_reap();
  /// Signals the whole group.  A rank that ends after this counts as ended by the harness.
  void signal(int number);

  /// The rank's end; complete once the process has been reaped.
  const RankOutcome& outcome() const { return outcome_; }

 private:
  void start(const LocalJob& job);

  RankOutcome outcome_;
  std::filesystem::path log_;
  base::FileDescriptor progress_;
  ProgressReader reader_;
  pid_t pid_ = -1;
};

}  // namespace isoframe::harness::launch
