#include "model/sampling/flow_match_euler.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/OpMathType.h>
#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::model::sampling {

SchedulerConfig SchedulerConfig::from(const checkpoint::Config& config) {
  config.require_class("FlowMatchEulerDiscreteScheduler");
  for (const char* option : {"use_dynamic_shifting", "invert_sigmas", "use_karras_sigmas",
                             "use_exponential_sigmas", "use_beta_sigmas", "stochastic_sampling"}) {
    if (config.boolean(option, false)) config.fail(option, "is true, but only false is implemented");
  }
  if (config.number("shift_terminal", 0.0) != 0.0) {
    config.fail("shift_terminal", "is set, but only null is implemented");
  }
  SchedulerConfig result;
  result.shift = config.number("shift", result.shift);
  if (!(result.shift > 0.0)) config.fail("shift", fmt::format("must be above 0, but is {}", result.shift));
  result.num_train_timesteps = config.integer("num_train_timesteps", result.num_train_timesteps);
  if (result.num_train_timesteps < 1) {
    config.fail("num_train_timesteps",
                fmt::format("must be at least 1, but is {}", result.num_train_timesteps));
  }
  return result;
}

std::vector<Step> schedule(std::int64_t steps, const SchedulerConfig& config) {
  if (steps < 1) throw InputError(fmt::format("the number of steps must be at least 1, but is {}", steps));
  // numpy's linspace counts in float64; everything after it is float32, Python's scalars included.
  const double spacing = -1.0 / static_cast<double>(steps);
  const auto shift = static_cast<float>(config.shift);
  const auto shift_less_one = static_cast<float>(config.shift - 1.0);
  const auto train_timesteps = static_cast<float>(config.num_train_timesteps);
  std::vector<Step> result;
  result.reserve(steps);
  for (std::int64_t index = 0; index < steps; ++index) {
    const auto linear = static_cast<float>(static_cast<double>(index) * spacing + 1.0);
    const float sigma = shift * linear / (1.0F + shift_less_one * linear);
    const float timestep = sigma * train_timesteps;
    if (!result.empty()) {
      result.back().next_timestep = timestep;
      result.back().next_sigma = sigma;
    }
    result.push_back({.index = index, .timestep = timestep, .sigma = sigma});
  }
  return result;
}

at::Tensor euler_step(const at::Tensor& latents, const at::Tensor& velocity, const Step& step) {
  // A scalar tensor on the left, as the reference has it: for half types that rounds dt too.  Product and sum
  // apart, since add's own factor would be one fused operation.
  const at::Tensor dt =
      at::scalar_tensor(static_cast<float>(step.next_sigma) - static_cast<float>(step.sigma), at::kFloat);
  return latents.to(at::toOpMathType(latents.scalar_type())).add(dt * velocity).to(latents.scalar_type());
}

at::Tensor initial_latents(std::uint64_t seed, const std::vector<std::int64_t>& shape, at::ScalarType dtype) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed), at::TensorOptions(dtype));
}

}  // namespace isoframe::model::sampling
