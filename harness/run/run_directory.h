#pragma once
// Layout of a run directory.
//
//   suite.json                           how the run was started, with the expanded cases (SuiteRecord): it
//                                        makes a folder a run directory
//   run.json                             a row a case (RunRecord)
//   report.md, report.html, junit.xml, trace.json
//   .lock                                the process that measures here (RunLock), while there is one
//   <case>/frames.safetensors            of the first round; latents.safetensors and video.mp4 beside it
//   <case>/result.json                   all that is known of the case (CaseResult)
//   <case>/.rounds/<k>/job.json          what the ranks of round k are asked for; rank-<r>.log what they said
//   <case>/.rounds/<k>/rank-<r>.json     what rank r recorded (RankRecord)
//   <case>/.rounds/<k>/events-<r>.json   when rank r began and ended each stage, block and tile
//                                        (StageEvents)
//   <case>/.rounds/<k>/repeat.json       k >= 1: this round's frames against the first round's (Quality)
//   <case>/.rounds/<k>/done.json         the measured case with all ranks' records and what it was measured
//                                        with (RoundRecord), written last: without it the round is not
//                                        measured, and one of another case, build, machine or content is run
//                                        again
//   <case>/.rounds/<k>/error.json        why the round failed (Failure); the case is in error, unless it was
//                                        measured again
//   <case>/.rounds/prediction-<k>.json   what the plan predicts by the tile costs of round k (PredictedRank)
//   <case>/.rounds/first_divergence.json where the case first leaves its baseline (FirstDivergence)
//   <case>/.rounds/locate/               while that is looked for
//   <case>/.rounds/locked/locked.json    the case step by step beside its baseline (LockedRecord), or
//                                        error.json (Failure)
//   <case>/.rounds/locked/own/, float32/ of a baseline: what locked runs are held against, for all its cases
//
// Ranks that a launcher starts also write progress-<r>.jsonl and failure-<r>.json into the round's folder.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/run/prediction.h"
#include "harness/run/result.h"
#include "harness/run/run_lock.h"
#include "harness/scenario/case.h"
#include "reports/records/case_result.h"
#include "reports/records/divergence.h"
#include "reports/records/locked.h"
#include "reports/records/metrics.h"
#include "reports/records/origin.h"
#include "reports/records/round_record.h"
#include "reports/records/run_record.h"
#include "reports/records/stage_event.h"

namespace isoframe::harness::run {

/// Number of times that a case runs; a baseline at least twice, since what differs between its two runs is
/// the floor under every gate.
int rounds_of(const scenario::Case& spec);

/// The end of a sentence on what cannot be used of a run directory.
inline constexpr const char* kMeasureAgain = "--resume measures it again";

/// The measured rounds of a case, as far as they can be read.
struct MeasuredRounds {
  std::vector<RoundRecords> records;
  std::vector<std::optional<reports::records::Origin>> origins;  ///< one a round
  std::vector<reports::records::Quality> repetitions;  ///< frames of rounds 1, 2, ... against the first's
  /// Reason why the case is in error: a round that failed, or a file that is missing or damaged.
  std::optional<reports::records::Failure> error;
  /// Failures that take nothing from what was measured: in rounds that were measured again.
  std::vector<std::string> notes;
};

class RunDirectory {
 public:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)), documents_(path_) {}

  /// Makes the folder of a new run, or opens that of one to `resume`, and holds it as long as this object and
  /// its copies live.  Throws InputError for a file, for a folder in which another process measures, for one
  /// that is not empty unless it is to `resume`, and then for one that holds no run.
  static RunDirectory prepare(const std::filesystem::path& path, bool resume);
  /// Makes the folder of a new run under the first free name: `path`, `path`-2, ...
  static RunDirectory prepare_unique(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path of(const scenario::Case& spec) const { return path_ / spec.name; }
  std::filesystem::path frames_of(const std::string& case_name) const;
  bool has_frames(const scenario::Case& spec) const;

  /// The file with the noise that the case has to begin with; empty where its seed gives it.  Throws RunError
  /// if its baseline has not left it.
  std::filesystem::path noise_for(const scenario::Case& spec) const;

  /// Lets documents be written into another folder, and nothing into this one.  Throws InputError for a
  /// folder within this one, whose files they could replace, and for another run's.
  void write_documents_to(const std::filesystem::path& folder);
  const std::filesystem::path& documents() const { return documents_; }
  bool is_written_to() const { return documents_ == path_; }
  /// True if suite.json can be read as JSON: --resume makes a damaged one anew, and refuses one that says
  /// what it cannot go on with.
  bool has_whole_suite() const;
  /// Removes what killed processes left, unless a living one measures here.
  void tidy() const;

  /// Throws InputError when this is no run directory.
  reports::records::SuiteRecord suite() const;
  void keep(const reports::records::SuiteRecord& suite) const;
  void keep(const reports::records::RunRecord& run) const;
  void keep(const reports::records::CaseResult& result) const;

  std::filesystem::path round(const scenario::Case& spec, int index) const;
  /// Sentences on what stands where a folder or a file of the case has to be, and is something else.
  std::vector<std::string> oddities(const scenario::Case& spec) const;
  /// Removes what oddities() names.
  void remove_oddities(const scenario::Case& spec) const;
  /// True if this round left something, and if it was measured.
  bool is_begun(const scenario::Case& spec, int index) const;
  bool is_measured(const scenario::Case& spec, int index) const;
  /// Reasons why the round counts for nothing if the case is measured with `origin` now; empty for one that
  /// is as good as a new one.
  std::vector<std::string> obstacles(const scenario::Case& spec, int index,
                                     const reports::records::Origin& origin) const;
  /// Keeps a round that its ranks have finished: frames of the first go to the case's folder, frames of later
  /// ones are compared with the first's and removed.  Throws if they cannot be read or compared.
  void keep_round(const scenario::Case& spec, int index, const reports::records::Origin& origin) const;
  void keep_error(const scenario::Case& spec, int index, const reports::records::Failure& error) const;
  bool has_error(const scenario::Case& spec, int index) const;
  /// Forgets a round, and with the first all of the case, before it is run again.
  void forget(const scenario::Case& spec, int index) const;

  /// The records of the measured rounds, in order, and what is wrong with them.  `suite` is the run's: once
  /// it has ended, a case that was begun has all its rounds, with their origins.
  MeasuredRounds rounds(const scenario::Case& spec, const reports::records::SuiteRecord& suite) const;
  /// Times at which each rank began and ended its stages in round k, in the order of ranks.  Empty if none
  /// were kept.
  std::vector<reports::records::StageEvents> events(const scenario::Case& spec, int index) const;
  /// True if every rank has left events of the round.
  bool has_events(const scenario::Case& spec, int index) const;

  /// Results of computing, which can be computed again: nothing where they are damaged.
  std::optional<Prediction> prediction(const scenario::Case& spec, std::size_t round) const;
  void keep_prediction(const scenario::Case& spec, std::size_t round, const Prediction& prediction) const;
  std::optional<reports::records::FirstDivergence> first_divergence(const scenario::Case& spec) const;
  void keep_first_divergence(const scenario::Case& spec,
                             const reports::records::FirstDivergence& divergence) const;
  std::optional<reports::records::LockedRecord> locked(const scenario::Case& spec) const;
  void keep_locked(const scenario::Case& spec, const reports::records::LockedRecord& record) const;
  void keep_locked_error(const scenario::Case& spec, const reports::records::Failure& error) const;
  bool has_locked_error(const scenario::Case& spec) const;
  /// Forgets the case's locked run, or why it failed.
  void forget_locked(const scenario::Case& spec) const;
  /// Removes a file or folder of the case, and nothing that lies elsewhere behind a link.
  void remove(const std::filesystem::path& path) const;
  /// A folder for what locked runs leave.
  std::filesystem::path locked_folder(const scenario::Case& spec) const;
  /// A folder for the runs that look for the first divergence.
  std::filesystem::path locate_folder(const scenario::Case& spec) const;

 private:
  void read_round(const scenario::Case& spec, int index, bool needs_origin, MeasuredRounds& found) const;
  std::vector<std::filesystem::path> odd_entries(const scenario::Case& spec,
                                                 std::vector<std::string>* why) const;
  void require_whole(const scenario::Case& spec, int index,
                     const reports::records::RoundRecord& record) const;
  bool has_later_round(const scenario::Case& spec, int index) const;
  std::filesystem::path events_file(const scenario::Case& spec, int index, int rank) const;

  std::filesystem::path path_, documents_;
  std::shared_ptr<const RunLock> lock_;
};

}  // namespace isoframe::harness::run
