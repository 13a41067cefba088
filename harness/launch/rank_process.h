#pragma once
// One rank as a child process.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <ios>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "base/file_descriptor.h"
#include "harness/launch/lines.h"
#include "harness/launch/local_job.h"
#include "harness/launch/local_result.h"

namespace isoframe::harness::launch {

/// A process started by the constructor, ended and reaped by the destructor at the latest.
///
/// The process leads a process group of its own, so that a Ctrl-C at the terminal reaches only the harness,
/// which then ends the ranks in order.  It is killed when the THREAD that started it ends (PR_SET_PDEATHSIG),
/// and so with the harness in any case: that thread must wait for it.
class RankProcess {
 public:
  /// Throws RunError when its log file, socket or process cannot be made.  A program that cannot be run is a
  /// rank that exits with 127.
  RankProcess(const LocalJob& job, int rank);
  ~RankProcess();
  RankProcess(const RankProcess&) = delete;
  RankProcess& operator=(const RankProcess&) = delete;

  /// The descriptor that poll() may wait on; -1 when the rank has closed it, which is mostly because it
  /// ended.
  int descriptor() const { return channel_.get(); }
  /// Passes on the lines that have arrived, never blocks.  Returns whether there was one.
  bool read(const std::function<void(std::string_view)>& on_line);
  /// Sends a line.  One that the rank does not take within seconds is lost: it has ended, or hangs.
  void send(std::string_view line) const { send_all(channel_.get(), line); }

  /// Begins a request: stage, error and last words are those of what comes now.
  void begin_request();
  void reach(const std::string& stage) { outcome_.stage = stage; }
  void answer_with(const RankError& error) { outcome_.error = error; }
  /// Writes what the rank has printed since this was last called to its log file in another folder.
  void copy_log(const std::filesystem::path& folder);
  /// Its memory, pages that it shares included; 0 once it has ended.
  std::uint64_t resident_bytes() const;

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
  std::streamoff log_begin_ = 0;  ///< where the current request's part begins
  base::FileDescriptor channel_;
  LineReader lines_;
  pid_t pid_ = -1;
};

}  // namespace isoframe::harness::launch
