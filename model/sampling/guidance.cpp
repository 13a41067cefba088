#include "model/sampling/guidance.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace isoframe::model::sampling {

namespace {

// Scale of ClassifierFreeGuidance if the config names none.
constexpr double kDefaultScale = 7.5;

// Reference: math.isclose with its default tolerance.
bool is_one(double scale) { return std::abs(scale - 1.0) <= 1e-9 * std::max(std::abs(scale), 1.0); }

}  // namespace

GuiderConfig GuiderConfig::from(const checkpoint::Config& config) {
  config.require_class("ClassifierFreeGuidance");
  if (config.number("guidance_rescale", 0.0) != 0.0) {
    config.fail("guidance_rescale", "is not 0, but rescaling is not implemented");
  }
  if (config.number("start", 0.0) != 0.0)
    config.fail("start", "must be 0: guidance for a part of the steps is not implemented");
  if (config.number("stop", 1.0) != 1.0)
    config.fail("stop", "must be 1: guidance for a part of the steps is not implemented");
  GuiderConfig result;
  if (!config.boolean("enabled", true)) return result;
  result.guidance_scale = config.number("guidance_scale", kDefaultScale);
  if (!(result.guidance_scale >= 0.0))
    config.fail("guidance_scale", fmt::format("must not be below 0, but is {}", result.guidance_scale));
  // cond + s (cond - uncond) is uncond + (s + 1) (cond - uncond).
  if (config.boolean("use_original_formulation", false)) result.guidance_scale += 1.0;
  return result;
}

Guidance::Guidance(double scale, std::shared_ptr<parallel::Group> cfg)
    : scale_(scale), cfg_(std::move(cfg)) {}

bool Guidance::runs(Branch branch) const {
  if (is_one(scale_)) return branch == Branch::kConditional;
  return cfg_->size() == 1 || cfg_->rank() == (branch == Branch::kConditional ? 0 : 1);
}

at::Tensor Guidance::predict(const std::function<at::Tensor(Branch)>& pass, Probe& probe) const {
  const auto shown = [&probe](const at::Tensor& guided) {
    probe.tensor({.name = "guidance", .axes = axes::kVideo}, guided);
    return guided;
  };
  if (is_one(scale_)) return shown(pass(Branch::kConditional));
  at::Tensor conditional, unconditional;
  if (cfg_->size() == 1) {
    conditional = pass(Branch::kConditional);
    unconditional = pass(Branch::kUnconditional);
  } else {
    const at::Tensor own = pass(runs(Branch::kConditional) ? Branch::kConditional : Branch::kUnconditional);
    const std::int64_t batch = own.size(0);
    const std::vector<at::Tensor> both = cfg_->all_gather(own, 0, {batch, batch}).split(batch, 0);
    conditional = both[0];
    unconditional = both[1];
  }
  probe.tensor({.name = "guidance.conditional", .axes = axes::kVideo}, conditional);
  probe.tensor({.name = "guidance.unconditional", .axes = axes::kVideo}, unconditional);
  return shown(unconditional + (conditional - unconditional).mul(scale_));
}

}  // namespace isoframe::model::sampling
