#pragma once
// Plans of cases, made before they run from their settings and the checkpoint's configs: no weight is read.

#include <optional>
#include <string>
#include <vector>

#include "harness/plan/device.h"
#include "harness/scenario/case.h"
#include "model/plan/plan.h"

namespace isoframe::harness::plan {

struct Options {
  /// Preset whose sizes (model/synthetic/presets.h) take the place of the checkpoint's; empty for none.
  std::string preset = {};
  std::optional<Device> device = std::nullopt;  ///< planned for instead of this machine
  model::vae::TileCosts decode_costs = {};      ///< tiles are shared out by these if they were measured
  model::vae::TileCosts encode_costs = {};
};

struct CasePlan {
  scenario::Case spec;  ///< with its sizes settled
  std::string source;   ///< "checkpoint build/checkpoints/tiny" or "preset full"
  std::string dtype;
  bool counts_tokens = true;  ///< false if the prompt's tokens are estimated, for want of a tokenizer
  model::plan::ModelConfig model;
  model::plan::Generation generation;
  model::plan::Machine machine;
  std::vector<model::plan::RankPlan> ranks;
};

/// Makes the plan of a case.  Throws ScenarioError if its checkpoint is missing or cannot do what it asks
/// for.
CasePlan plan_case(const scenario::Case& spec, const Options& options = {});

/// Predicted traffic of each rank, by rank: bytes by group and collective.
std::vector<model::parallel::PredictedTraffic> traffic_of(const CasePlan& plan);

}  // namespace isoframe::harness::plan
