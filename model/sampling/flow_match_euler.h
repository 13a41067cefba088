#pragma once
// Reference: FlowMatchEulerDiscreteScheduler (diffusers 0.42), Euler steps of a rectified flow.

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/config.h"

namespace isoframe::model::sampling {

/// One denoising step.
struct Step {
  std::int64_t index = 0;
  double timestep = 0.0;       ///< sigma * num_train_timesteps, rounded to float32 as the reference does
  double next_timestep = 0.0;  ///< that of the next step; 0 after the last
  double sigma = 0.0;          ///< float32 value
  double next_sigma = 0.0;     ///< float32 value; 0 after the last
};

/// scheduler/scheduler_config.json.  Throws InputError for another class or an option that is not implemented
/// here.
struct SchedulerConfig {
  double shift = 1.0;
  std::int64_t num_train_timesteps = 1000;
  static SchedulerConfig from(const checkpoint::Config& config);
};

/// sigmas = linspace(1, 0, steps + 1)[:-1], shifted by s*k / (1 + (k-1)*s), in float32 as the reference
/// computes them.
std::vector<Step> schedule(std::int64_t steps, const SchedulerConfig& config);

/// latents + (next_sigma - sigma) * velocity, in float32, back to the latents' dtype.
at::Tensor euler_step(const at::Tensor& latents, const at::Tensor& velocity, const Step& step);

/// Gaussian noise of `shape` from a CPU generator of this seed: the values of
/// torch.Generator().manual_seed(seed) in this dtype: the generator's float32 and bfloat16 sequences are not
/// roundings of each other.
at::Tensor initial_latents(std::uint64_t seed, const std::vector<std::int64_t>& shape,
                           at::ScalarType dtype = at::kFloat);

}  // namespace isoframe::model::sampling
