#pragma once
// One round of one case: its ranks are started, load, warm up, measure one generation, and end.

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "harness/launch/local.h"
#include "harness/scenario/case.h"
#include "harness/worker/observation.h"

namespace isoframe::harness::run {

struct RoundContext {
  std::filesystem::path program;  ///< the isoframe binary, which every rank runs
  std::function<void(const launch::Progress&)> on_progress;
  const std::atomic<bool>* interrupted = nullptr;
};

struct RoundResult {
  enum class Status { kOk, kBadInput, kError, kInterrupted };
  Status status = Status::kOk;
  nlohmann::json ranks = nlohmann::json::array();  ///< the ranks' records, in order
  nlohmann::json error;                            ///< {rank, stage, message, last_words} unless ok
};

/// Runs the round in `directory` (made if missing).  Never throws for what a rank does.
/// With an `observation` the ranks leave that instead of measurements.
RoundResult run_round(const scenario::Case& spec, const std::filesystem::path& directory,
                      const RoundContext& context, const worker::Observation& observation = {});

/// The path of this very program.
std::filesystem::path this_program();

}  // namespace isoframe::harness::run
