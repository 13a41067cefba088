#pragma once
// Layout of a run directory.
//
//   suite.json                           how the run was started, with the expanded cases (SuiteRecord): it
//                                        makes a folder a run directory
//   run.json                             a row a case (RunRecord)
//   report.md, report.html, junit.xml, trace.json
//   <case>/frames.safetensors            of the first round; latents.safetensors and video.mp4 beside it
//   <case>/result.json                   all that is known of the case (CaseResult)
//   <case>/.rounds/<k>/job.json          what the ranks of round k are asked for; rank-<r>.log what they said
//   <case>/.rounds/<k>/rank-<r>.json     what rank r recorded (RankRecord)
//   <case>/.rounds/<k>/events-<r>.json   when rank r began and ended each stage, block and tile
//                                        (StageEvents)
//   <case>/.rounds/<k>/repeat.json       k >= 1: this round's frames against the first round's (Quality)
//   <case>/.rounds/<k>/done.json         the measured case with all ranks' records (RoundRecord), written
//   last:
//                                        without it the round is not measured, and one of a changed case is
//                                        run again
//   <case>/.rounds/<k>/error.json        why the round failed (Failure); the case is in error
//   <case>/.rounds/prediction-<k>.json   what the plan predicts by the tile costs of round k (PredictedRank)
//   <case>/.rounds/first_divergence.json where the case first leaves its baseline (FirstDivergence)
//   <case>/.rounds/locate/               while that is looked for
//   <case>/.rounds/locked/locked.json    the case step by step beside its baseline (LockedRecord), or
//                                        error.json (Failure)
//   <case>/.rounds/locked/own/, float32/ of a baseline: what locked runs are held against, for all its cases
//
// Ranks that a launcher starts also write progress-<r>.jsonl and failure-<r>.json into the round's folder.

#include <filesystem>
#include <optional>
#include <vector>

#include "harness/run/prediction.h"
#include "harness/run/result.h"
#include "harness/scenario/case.h"
#include "reports/records/case_result.h"
#include "reports/records/divergence.h"
#include "reports/records/locked.h"
#include "reports/records/metrics.h"
#include "reports/records/run_record.h"
#include "reports/records/stage_event.h"

namespace isoframe::harness::run {

class RunDirectory {
 public:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  /// Makes the folder of a new run.  Throws InputError for a file, for a folder that is not empty unless it
  /// is to `resume`, and then for one that holds no run.
  static RunDirectory prepare(const std::filesystem::path& path, bool resume);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path of(const scenario::Case& spec) const { return path_ / spec.name; }
  std::filesystem::path frames_of(const std::string& case_name) const;
  bool has_frames(const scenario::Case& spec) const;

  /// Throws InputError when this is no run directory.
  reports::records::SuiteRecord suite() const;
  void keep(const reports::records::SuiteRecord& suite) const;
  void keep(const reports::records::RunRecord& run) const;
  void keep(const reports::records::CaseResult& result) const;

  std::filesystem::path round(const scenario::Case& spec, int index) const;
  /// True if this round of exactly this case has been measured.
  bool has_round(const scenario::Case& spec, int index) const;
  /// Keeps a round that its ranks have finished: frames of the first go to the case's folder with their
  /// video, frames of later ones are compared with the first's and removed.
  void keep_round(const scenario::Case& spec, int index) const;
  void keep_error(const scenario::Case& spec, int index, const reports::records::Failure& error) const;
  bool has_error(const scenario::Case& spec, int index) const;
  /// Forgets a failed round and a changed case's rounds, before they are run again.
  void forget(const scenario::Case& spec, int index) const;

  /// The records of the measured rounds, in order, as far as there are any.
  std::vector<RoundRecords> rounds(const scenario::Case& spec) const;
  /// Times at which each rank began and ended its stages in round k, in the order of ranks.  Empty if none
  /// were kept.
  std::vector<reports::records::StageEvents> events(const scenario::Case& spec, int index) const;
  /// True if every rank has left events of the round.
  bool has_events(const scenario::Case& spec, int index) const;
  /// The error of the first failed round, or of the locked run.
  std::optional<reports::records::Failure> error(const scenario::Case& spec) const;
  /// The frames of round k against the first round's; nothing where the round was not measured.
  std::optional<reports::records::Quality> repetition(const scenario::Case& spec, int index) const;

  std::optional<Prediction> prediction(const scenario::Case& spec, std::size_t round) const;
  void keep_prediction(const scenario::Case& spec, std::size_t round, const Prediction& prediction) const;
  std::optional<reports::records::FirstDivergence> first_divergence(const scenario::Case& spec) const;
  void keep_first_divergence(const scenario::Case& spec,
                             const reports::records::FirstDivergence& divergence) const;
  std::optional<reports::records::LockedRecord> locked(const scenario::Case& spec) const;
  void keep_locked(const scenario::Case& spec, const reports::records::LockedRecord& record) const;
  void keep_locked_error(const scenario::Case& spec, const reports::records::Failure& error) const;
  /// Forgets the case's locked run, or why it failed.
  void forget_locked(const scenario::Case& spec) const;
  /// A folder for what locked runs leave.
  std::filesystem::path locked_folder(const scenario::Case& spec) const;
  /// A folder for the runs that look for the first divergence.
  std::filesystem::path locate_folder(const scenario::Case& spec) const;

 private:
  std::filesystem::path events_file(const scenario::Case& spec, int index, int rank) const;

  std::filesystem::path path_;
};

}  // namespace isoframe::harness::run
