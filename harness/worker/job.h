#pragma once
// A job: all that a rank needs to know to do something once.  For ranks that a launcher starts it is a file,
// which `isoframe worker JOB.json` reads.

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/scenario/case.h"
#include "harness/worker/observation.h"

namespace isoframe::harness::worker {

struct Job {
  scenario::Case spec;
  /// Place of rank-<r>.json, and of rank 0's frames and latents.  Empty: a warm-up, which leaves nothing.
  std::filesystem::path directory = {};
  /// The file store through which local ranks meet.  Empty: a launcher has started them, on machines that
  /// share `directory`, and they report and fail through files there.
  std::filesystem::path store = {};
  /// The folder in which relative paths of the case begin.
  std::filesystem::path working_directory = {};
  Observation observation = {};  ///< in place of a measurement
  /// A latents.safetensors whose noise the generation begins with; empty: the seed's.
  std::filesystem::path noise = {};
  std::string launch = {};  ///< a name that no other start of ranks has; to_json() makes it up

  bool is_launched() const { return store.empty(); }
  /// The file of a launched rank's job.
  nlohmann::json to_json() const;
  static Job from_json(const nlohmann::json& json);
};

/// The record that a rank leaves when it has ended well: what it measured, or was looked at for
/// (`observation`).
std::filesystem::path record_file(const std::filesystem::path& directory, int rank);

/// A launched rank's progress, a JSON line a report, and why it failed (reports::records::RankFailure).
std::filesystem::path progress_file(const std::filesystem::path& directory, int rank);
std::filesystem::path failure_file(const std::filesystem::path& directory, int rank);
/// The rank of a process that failed before it knew its own, in its RankFailure.
inline constexpr int kUnknownRank = -1;

/// Keeps this process's claim to be rank `rank` of the job in its folder.  Throws InputError if another
/// living process has claimed to be it: a launcher may tell all of them the same number.
void claim_rank(const Job& job, int rank);

}  // namespace isoframe::harness::worker
