#include "harness/plan/bound.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::harness::plan {

namespace {

double link_bytes(const model::parallel::PredictedTraffic& traffic) {
  double sent = 0.0, received = 0.0;
  for (const auto& [collective, bytes] : traffic) {
    sent += static_cast<double>(bytes.sent);
    received += static_cast<double>(bytes.received);
  }
  return std::max(sent, received);
}

StageBound bound_of(const model::plan::StagePlan& stage, const Device& device, double flops_per_second) {
  StageBound bound{stage.name, stage.work.flops / flops_per_second, "arithmetic"};
  const auto consider = [&](double seconds, const char* what) {
    if (seconds > bound.seconds) bound = {stage.name, seconds, what};
  };
  consider(stage.work.bytes / device.memory_bandwidth, "memory");
  consider(link_bytes(stage.traffic) / device.link_bandwidth, "link");
  return bound;
}

}  // namespace

Bound bound_of(const CasePlan& plan, const Device& device) {
  const auto rate = device.flops.find(plan.dtype);
  if (rate == device.flops.end())
    throw InputError(
        fmt::format("device {} states no flops for {}; add them to its description, or its dtype",
                    device.name, plan.dtype));
  Bound bound;
  for (const model::plan::RankPlan& rank : plan.ranks) {
    bound.stages.resize(rank.stages.size());
    for (std::size_t i = 0; i < rank.stages.size(); ++i) {
      const StageBound own = bound_of(rank.stages[i], device, rate->second);
      if (own.seconds >= bound.stages[i].seconds) bound.stages[i] = own;
    }
    const double weights = static_cast<double>(rank.weights() * plan.machine.element_bytes());
    bound.memory_bytes =
        std::max(bound.memory_bytes, weights + static_cast<double>(rank.peak_tensor_bytes()));
  }
  for (const StageBound& stage : bound.stages) bound.seconds += stage.seconds;
  bound.fits = bound.memory_bytes <= device.memory_bytes;
  return bound;
}

}  // namespace isoframe::harness::plan
