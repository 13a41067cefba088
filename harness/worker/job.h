#pragma once
// A job: all that a rank needs to know to do something once.  For ranks that a launcher starts it is a file,
// which `isoframe worker JOB.json` reads.

#include <chrono>
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
  /// The file store through which local ranks meet.  Those of a launcher, on machines that share `directory`,
  /// find each other there.
  std::filesystem::path store = {};
  /// The folder in which relative paths of the case begin.
  std::filesystem::path working_directory = {};
  Observation observation = {};  ///< in place of a measurement
  /// A latents.safetensors whose noise the generation begins with; empty: the seed's.
  std::filesystem::path noise = {};

  /// Of a launched rank: a name that no other start of ranks has; empty: the harness has started them.
  std::string launch = {};
  /// A file to which the harness appends the jobs that come after this one, a line each, until kNoMoreJobs;
  /// empty: none come.
  std::filesystem::path requests = {};
  bool loads = true;  ///< whether something else is to be loaded than for the job before

  bool is_launched() const { return !launch.empty(); }
  nlohmann::json to_json() const;
  static Job from_json(const nlohmann::json& json);
};

/// The record that a rank leaves when it has ended well: what it measured, or was looked at for
/// (`observation`).
std::filesystem::path record_file(const std::filesystem::path& directory, int rank);

/// A launched rank's answers to a job, lines of the engines' protocol.
std::filesystem::path answers_file(const std::filesystem::path& directory, int rank);
/// The rank of a process that failed before it knew its own, in the name of that file.
inline constexpr int kUnknownRank = -1;

/// The last line of Job::requests.
inline constexpr const char* kNoMoreJobs = "exit";
/// Time after which ranks that are asked nothing end by themselves: a launcher may not tell them that the
/// harness is gone.
inline constexpr std::chrono::minutes kLongestIdle(10);

/// A name that no other start of ranks has.
std::string new_launch();

/// Keeps this process's claim to be rank `rank` of the job in its folder.  Throws InputError if another
/// living process has claimed to be it: a launcher may tell all of them the same number.  Throws RunError if
/// one that has ended had, and was given other jobs since.
void claim_rank(const Job& job, int rank);

}  // namespace isoframe::harness::worker
