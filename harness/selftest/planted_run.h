#pragma once
// One small video under one layout, every rank a thread of this process, with or without a fault.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "harness/judge/locked_comparison.h"
#include "harness/locate/divergence.h"
#include "harness/locate/recording_probe.h"
#include "harness/selftest/fault.h"
#include "model/pipeline/request.h"
#include "reports/records/locked.h"
#include "reports/records/rank.h"

namespace isoframe::harness::selftest {

/// Recordings and frames of one run, and what a locked run from a reference's latents gave.
struct PlantedRun {
  std::vector<locate::Recording> ranks;
  at::Tensor frames;        ///< undefined after an error
  judge::LockedRun locked;  ///< empty without given latents
  std::string error;        ///< what a rank threw
};

/// Files that runs need: a tiny checkpoint for each task and a picture, made when they are first asked for.
class Materials {
 public:
  explicit Materials(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path checkpoint(const std::string& task) const;
  /// A JPEG of another shape than the video's, so that it is resized and cropped.
  std::filesystem::path image() const;
  /// Folder for ranks' copies of the checkpoint.
  std::filesystem::path scratch() const { return folder_ / "scratch"; }

 private:
  std::filesystem::path folder_;
};

/// Generates the video under the setting's layout with the fault planted, and if latents are given once more
/// from them, step by step.  An exception of a rank becomes the run's `error`.
PlantedRun run_planted(const Setting& setting, const Plant& plant, const Materials& materials,
                       const model::pipeline::GivenInputs& given = {});

/// Two runs in turns, one of them faulty.  Each rank's record has its `busy` times by ThreadClock,
/// `live_tensor_bytes` and `peak_tensor_bytes`.  Threads share one allocator, so memory is one rank's only if
/// the layout has one.
struct MeasuredPair {
  std::vector<reports::records::RankRecord> sound;
  std::vector<reports::records::RankRecord> faulty;
};
/// Measures pairs on one loaded model.  Only the probe of `plant` is planted.  Throws RunError if a rank
/// fails.
std::vector<MeasuredPair> measure_in_turns(const Setting& setting, const Plant& plant, int pairs,
                                           const Materials& materials);

/// Locked runs of a single rank, in the setting's dtype and in float32.
struct LockedReference {
  model::pipeline::GivenInputs given;  ///< the single rank's own noise and steps
  judge::LockedRun own, exact;
  double twin_relative_l2 = 0.0;  ///< of the whole float32 video from the same noise
};

/// The same video of a single rank.
struct SoundReference {
  locate::Reference recording;
  at::Tensor frames;
  double tolerance = 0.0;  ///< relative L2 up to which probe points count as equal; 0: equal bits
  std::optional<LockedReference> locked;  ///< judges the layout's runs where its bound proves nothing
  locate::Reference twin = {};            ///< then also recorded in float32, from the same noise

  locate::Tolerance tolerated() const { return {tolerance, locked ? &twin : nullptr}; }
};

/// Generates on a single rank, in both dtypes, what locked runs are held against; nothing for a setting whose
/// frames are judged as they are.
std::optional<LockedReference> run_locked_reference(const Setting& setting, const Materials& materials);

/// Generates the video on a single rank and records it in the parts that `ranks` hold of it.
SoundReference run_reference(const Setting& setting, const std::vector<locate::Recording>& ranks,
                             std::optional<LockedReference> locked, const Materials& materials);

/// The comparison of a run with its reference, as a case's with its baseline.
reports::records::LockedRecord locked_record(const judge::LockedRun& run, const LockedReference& reference);

}  // namespace isoframe::harness::selftest
