#pragma once
// A case before it is run, from its settings and the checkpoint's configs: no weight is read.

#include <optional>
#include <string>
#include <vector>

#include "harness/plan/device.h"
#include "harness/scenario/case.h"
#include "model/plan/plan.h"

namespace isoframe::harness::plan {

struct Options {
  /// Plan with this preset's sizes (model/synthetic/presets.h) in place of the checkpoint's; empty: with the
  /// checkpoint's.
  std::string preset = {};
  std::optional<Device> device = std::nullopt;  ///< in place of this machine
  model::vae::TileCosts decode_costs = {};      ///< by which tiles are shared out, where they were measured
  model::vae::TileCosts encode_costs = {};
};

struct CasePlan {
  scenario::Case spec;  ///< sizes settled
  std::string source;   ///< "checkpoint build/checkpoints/tiny" or "preset full"
  std::string dtype;
  bool counts_tokens = true;  ///< with the checkpoint's tokenizer; else the prompt's tokens are estimated
  model::plan::ModelConfig model;
  model::plan::Generation generation;
  model::plan::Machine machine;
  std::vector<model::plan::RankPlan> ranks;
};

/// Throws ScenarioError for a case that its checkpoint cannot do, or whose checkpoint is not there.
CasePlan plan_case(const scenario::Case& spec, const Options& options = {});

/// What every rank moves in this case, by rank: group and collective to bytes.
std::vector<model::parallel::PredictedTraffic> traffic_of(const CasePlan& plan);

}  // namespace isoframe::harness::plan
