#pragma once
// The history of runs in one SQLite file: accepted baselines, and the measurements of all runs.

#include <cstddef>
#include <filesystem>
#include <map>
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
  std::string scenario;   ///< the files' names, joined by '+': "smoke.yaml"; for people, not a key
  std::string machine;    ///< processor and cores: "Xeon, 2 cores"
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
  std::string device;    ///< "cpu", or the models of its ranks' GPUs: "NVIDIA H200"
  /// Fingerprints of the checkpoint's parts, as JSON text by part; empty where none were recorded.
  std::string weights;
  /// Values of all keys that a measurement depends on (scenario::measured_key()), as JSON text; empty in
  /// older histories.
  std::string settings;
  std::string series = {};  ///< the case's name, and what tells it from other series of that name
};

/// Facts of a case that its row of run.json does not hold.
struct CaseFacts {
  std::string device, weights, settings;  ///< as RecordedCase has them
};
/// Reads the facts of every case of a run from its folder, by name; a case whose result cannot be read has
/// none.
std::map<std::string, CaseFacts> facts_of(const std::filesystem::path& directory,
                                          const reports::records::RunRecord& run);

/// Cases of runs are found again by what was asked for and computed and measured with, and on which machine,
/// device and weights; the names of scenario files do not matter.
class History {
 public:
  enum class Access { kWrite, kRead };

  /// Opens the file, and to write makes it where it is missing.  An older schema is brought up to date: to
  /// write in the file, to read in memory.  Throws InputError naming it if it is no
  /// history, a newer isoframe's, or cannot be used so.
  explicit History(const std::filesystem::path& file, Access access = Access::kWrite);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  /// Keeps a run and its cases; a run directory that is there already is replaced, and stays
  /// accepted.
  void record(const std::filesystem::path& directory, const reports::records::RunRecord& run,
              const std::map<std::string, CaseFacts>& facts);
  /// Marks a recorded run as a baseline.
  void accept(const std::filesystem::path& directory);

  /// Lists all accepted runs, newest first.
  std::vector<RecordedRun> accepted() const;
  /// Lists accepted runs that hold any of `cases` on the machine: those with most of them first, then the
  /// newest.  An empty machine means any.
  std::vector<RecordedRun> accepted(const std::vector<scenario::Case>& cases,
                                    const std::string& machine) const;
  /// Lists the directories of the newest runs on a machine that hold any of `cases`, of which no case failed,
  /// was in error or untrusted, and which are still there; newest first, at most `count`.
  std::vector<std::filesystem::path> last_passed(const std::vector<scenario::Case>& cases,
                                                 const std::string& machine, std::size_t count) const;
  /// Lists all runs of `cases` on one machine, or on any where that is empty; by case in their order, then
  /// by time.  Runs on another device or with other weights are another series of the case.
  std::vector<RecordedCase> cases(const std::vector<scenario::Case>& cases, const std::string& machine) const;
  /// Says what the newest recorded case of the same name had otherwise, "steps: 4 then, 2 now"; empty if
  /// there is none.
  std::string nearest_difference(const std::vector<scenario::Case>& cases, const std::string& machine) const;

 private:
  void complete_older_runs();
  std::vector<std::vector<RecordedCase>> runs_where(const std::string& condition,
                                                    const std::string& machine) const;

  struct Database;
  std::unique_ptr<Database> database_;
};

/// The machine that an environment describes, as RecordedRun names it.  Devices are the cases' own.
std::string machine_of(const reports::records::Environment& environment);

}  // namespace isoframe::harness::run
