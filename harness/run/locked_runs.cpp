#include "harness/run/locked_runs.h"

#include <exception>
#include <iostream>
#include <map>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "harness/judge/locked.h"
#include "harness/judge/locked_comparison.h"
#include "harness/launch/progress.h"
#include "harness/run/entries.h"
#include "harness/run/measured_result.h"
#include "harness/run/round.h"
#include "harness/run/suite_record.h"
#include "model/checkpoint/fingerprint.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;
namespace records = reports::records;
using scenario::Case;
using worker::Observation;

namespace {

/// The file that says from which latents a baseline's locked run began.
constexpr const char* kTrajectory = "trajectory";

/// A round that failed, with what its ranks said.
struct FailedRound {
  records::Failure failure;
};
struct Interrupted {};

/// True if the file holds the text, false for whatever else stands there.
bool was_left(const fs::path& file, const std::string& text) {
  try {
    return is_file(file) && base::read_text(file) == text;
  } catch (const InputError&) {
    return false;
  }
}

bool computes_in_float32(const Case& spec) { return spec.dtype == "float32" && !spec.tf32; }

judge::LockedRun read_results(const fs::path& directory, int ranks) {
  judge::LockedRun run;
  for (int rank = 0; rank < ranks; ++rank) run.push_back(worker::read_locked_results(directory, rank));
  return run;
}

/// Folders of a baseline's locked runs, for all its cases.
struct Reference {
  fs::path latents;        ///< the baseline's own
  std::string trajectory;  ///< their fingerprint
  fs::path own;
  fs::path float32;  ///< empty for a baseline that computes so itself
};

class LockedRuns {
 public:
  LockedRuns(const std::vector<Case>& cases, const records::SuiteRecord& suite, const RunDirectory& directory,
             const RunOptions& options)
      : cases_(cases), suite_(suite), directory_(directory), options_(options) {}

  void run() {
    std::vector<const Case*> due;
    for (const Case& spec : cases_)
      if (is_due(spec)) due.push_back(&spec);
    launch::ProgressLine progress(static_cast<int>(due.size()));
    progress_ = &progress;
    for (const Case* spec : due) {
      if (options_.is_interrupted()) return;
      progress.begin(fmt::format("{}, from its baseline's latents", spec->name));
      try {
        run_one(*spec, *case_named(cases_, spec->baseline));
      } catch (const std::exception& error) {
        std::cerr << fmt::format("warning: {}: its locked run cannot be kept: {}\n", spec->name,
                                 error.what());
      }
      progress.end();
    }
  }

 private:
  bool is_due(const Case& spec) const {
    const Case* const baseline = case_named(cases_, spec.baseline);
    const bool can_be = baseline != nullptr && spec.skip_reason.empty() && baseline->skip_reason.empty();
    if (!can_be || (!spec.gates.bounded && spec.compare_by != "locked")) return false;
    const records::CaseResult result = measured_result(spec, suite_, directory_);
    const records::CaseResult reference = measured_result(*baseline, suite_, directory_);
    return result.is_measured() && reference.is_measured() && directory_.has_frames(*baseline) &&
           judge::is_judged_locked(spec, result, reference);
  }

  void run_one(const Case& spec, const Case& baseline) {
    const fs::path latents = directory_.of(baseline) / "latents.safetensors";
    const std::string trajectory = model::checkpoint::fingerprint_of_file(latents);
    if (const auto kept = directory_.locked(spec); kept && kept->trajectory == trajectory) return;
    directory_.forget_locked(spec);
    try {
      directory_.keep_locked(spec, compare(spec, baseline, reference_of(baseline, latents, trajectory)));
    } catch (const Interrupted&) {
      return;
    } catch (const FailedRound& failed) {
      directory_.keep_locked_error(spec, failed.failure);
    } catch (const std::exception& error) {
      records::Failure failure;
      failure.message =
          fmt::format("could not be compared step by step: {}; --resume tries again", error.what());
      // What the baseline left for it may be damaged.
      for (const fs::path& folder : {own_of(baseline), float32_of(baseline)})
        directory_.remove(folder / kTrajectory);
      directory_.keep_locked_error(spec, failure);
    }
  }

  records::LockedRecord compare(const Case& spec, const Case& baseline, const Reference& reference) {
    const fs::path folder = directory_.locked_folder(spec) / "candidate";
    look(spec, {.kind = Observation::Kind::kLocked, .trajectory = reference.latents}, folder);
    const int ranks = baseline.layout.world_size();
    const judge::LockedRun own = read_results(reference.own, ranks);
    const judge::LockedRun candidate = read_results(folder, spec.layout.world_size());
    records::LockedRecord record;
    if (reference.float32.empty()) {
      record = judge::compare_locked(nullptr, own, candidate);
    } else {
      const judge::LockedRun exact = read_results(reference.float32, ranks);
      record = judge::compare_locked(&exact, own, candidate);
      record.twin_relative_l2 = judge::relative_l2_of_frames(directory_.frames_of(baseline.name),
                                                             worker::twin_file(reference.float32));
    }
    record.trajectory = reference.trajectory;
    record.unrepeated_step =
        judge::first_unrepeated_step(own, worker::read_trajectory(reference.latents, baseline.steps).steps);
    directory_.remove(folder);
    return record;
  }

  /// Runs the baseline's locked runs unless they are there.  What failed once is not tried again for its
  /// next case.
  Reference reference_of(const Case& baseline, const fs::path& latents, const std::string& trajectory) {
    if (const auto failed = failed_.find(baseline.name); failed != failed_.end())
      throw FailedRound{failed->second};
    Reference reference{latents, trajectory, own_of(baseline), {}};
    try {
      look_once(baseline, {.kind = Observation::Kind::kLocked}, reference, reference.own);
      if (!computes_in_float32(baseline)) {
        reference.float32 = float32_of(baseline);
        look_once(in_float32(baseline), {.kind = Observation::Kind::kTwin, .timestep_dtype = baseline.dtype},
                  reference, reference.float32);
      }
    } catch (FailedRound& failed) {
      failed.failure.message =
          fmt::format("its baseline '{}', step by step: {}", baseline.name, failed.failure.message);
      failed_[baseline.name] = failed.failure;
      throw;
    }
    return reference;
  }

  /// Looks unless that was done already from the same latents, whose fingerprint is left last.
  void look_once(const Case& spec, Observation observation, const Reference& reference,
                 const fs::path& folder) {
    const fs::path done = folder / kTrajectory;
    if (was_left(done, reference.trajectory)) return;
    observation.trajectory = reference.latents;
    look(spec, observation, folder);
    base::write_text(done, reference.trajectory);
  }

  fs::path own_of(const Case& baseline) const { return directory_.locked_folder(baseline) / "own"; }
  fs::path float32_of(const Case& baseline) const { return directory_.locked_folder(baseline) / "float32"; }

  void look(const Case& spec, Observation observation, const fs::path& folder) {
    observation.trajectory = fs::absolute(observation.trajectory);
    directory_.remove(folder);
    const RoundContext context{this_program(),
                               [this](const launch::Progress& p) { progress_->update(p); },
                               options_.interrupted,
                               options_.resident.get(),
                               {}};
    const RoundResult result = run_round(spec, folder, context, observation);
    if (result.status == RoundResult::Status::kInterrupted) throw Interrupted{};
    if (result.error) throw FailedRound{*result.error};
  }

  const std::vector<Case>& cases_;
  const records::SuiteRecord& suite_;
  const RunDirectory& directory_;
  const RunOptions& options_;
  launch::ProgressLine* progress_ = nullptr;
  std::map<std::string, records::Failure> failed_;
};

}  // namespace

Case in_float32(Case spec) {
  spec.dtype = "float32";
  spec.tf32 = false;
  return spec;
}

void run_locked(const std::vector<Case>& cases, const records::SuiteRecord& suite,
                const RunDirectory& directory, const RunOptions& options) {
  LockedRuns(cases, suite, directory, options).run();
}

}  // namespace isoframe::harness::run
