#pragma once
// The history of runs in one SQLite file: accepted baselines, and the measurements of all runs.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/scenario/case.h"
#include "reports/records/case_result.h"
#include "reports/records/run_record.h"

namespace isoframe::harness::run {

/// A run as the history keeps it.
struct RecordedRun {
  std::string directory;  ///< absolute
  std::string scenario;   ///< the files' names, joined by '+': "smoke.yaml"
  std::string machine;    ///< cpu, cores and device: "Xeon, 2 cores, cpu"
  std::string started;    ///< ISO 8601, UTC
  std::string commit;     ///< of isoframe
  bool accepted = false;  ///< saved as a baseline
};

/// One case of one run.
struct RecordedCase {
  RecordedRun run;
  std::string name;
  std::string verdict;
  std::optional<double> seconds;  ///< median, prompt to frames
  std::optional<double> peak_tensor_bytes;
  std::optional<double> psnr;  ///< against the baseline, dB; infinity for identical frames
  std::optional<double> ssim;
  std::string numerics;  ///< class of its layout, `identical` or `bounded`; empty in older histories
};

class History {
 public:
  /// Opens or makes the file.  Throws InputError naming it if it is no history, or a newer isoframe's.
  explicit History(const std::filesystem::path& file);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  /// Keeps a run and its cases; a run directory that is there already is replaced, and stays
  /// accepted.
  void record(const std::filesystem::path& directory, const reports::records::RunRecord& run);
  /// Marks a recorded run as a baseline.
  void accept(const std::filesystem::path& directory);

  /// Lists accepted runs, newest first.  Empty arguments mean any.
  std::vector<RecordedRun> accepted(const std::string& scenario, const std::string& machine) const;
  /// Lists the directories of the newest runs of the same scenario on the same machine of which no case
  /// failed, was in error or untrusted, and which are still there; newest first, at most `count`.
  std::vector<std::filesystem::path> last_passed(const reports::records::SuiteRecord& suite,
                                                 const std::vector<scenario::Case>& cases,
                                                 std::size_t count) const;
  /// Lists every case of a scenario on one machine, or on any where that is empty; ordered by case, then
  /// time.
  std::vector<RecordedCase> cases(const std::string& scenario, const std::string& machine) const;

 private:
  struct Database;
  std::unique_ptr<Database> database_;
};

/// The machine that an environment describes, as RecordedRun names it.
std::string machine_of(const reports::records::Environment& environment);

}  // namespace isoframe::harness::run
