#pragma once
// Ranks that an existing launcher starts.  They meet, answer and fail through files in the rounds' folders,
// the only thing that every machine can reach.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/temporary_folder.h"
#include "harness/engine/ranks.h"
#include "harness/launch/local_job.h"
#include "harness/launch/rank_group.h"
#include "harness/run/round_result.h"
#include "harness/scenario/case.h"
#include "harness/worker/job.h"

namespace isoframe::harness::run {

/// The ranks of one start of a launcher.
class LaunchedRanks : public engine::Idle {
 public:
  /// Starts nothing yet.  `stays`: they take one job after the other, which rank 0 hands on to them.
  explicit LaunchedRanks(bool stays) : stays_(stays) {}
  /// Ends the ranks: they are told, and the launcher too if they do not listen.
  ~LaunchedRanks() override;

  /// Has them do it.  The first job starts them, by the launcher of its case and the command of `local`.
  /// `loaded`: the part of the job that decides what they load.  After a failure no rank runs any more.
  RoundResult run(worker::Job job, const nlohmann::json& loaded, const launch::LocalJob& local);

  bool is_alive() override;
  std::uint64_t resident_bytes() const override { return resident_bytes_; }

 private:
  void start(worker::Job job, launch::LocalJob local);
  void ask(const worker::Job& job);

  bool stays_;
  base::TemporaryFolder folder_;  ///< the launcher's log
  std::optional<launch::RankGroup> launcher_;
  std::string name_;                ///< of the launch
  std::filesystem::path requests_;  ///< empty: they take no other job
  nlohmann::json loaded_;
  std::uint64_t resident_bytes_ = 0;
  std::chrono::steady_clock::time_point last_asked_;
};

}  // namespace isoframe::harness::run
