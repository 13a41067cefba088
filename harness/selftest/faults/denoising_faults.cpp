// Faults of noise, timesteps, guidance, the scheduler, and the transformer outside its blocks.

#include <ATen/ATen.h>

#include "harness/selftest/faults/catalogue.h"
#include "harness/selftest/plants.h"

namespace isoframe::harness::selftest::faults {

namespace {

using model::parallel::Mesh;

const Setting kSequence = {.layout = "ulysses=2,vae_patch=2"};
const Setting kGuidance = {.layout = "cfg=2"};

class BranchesExchanged : public ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;
  at::Tensor all_gather(const at::Tensor& input, std::int64_t dim,
                        const std::vector<std::int64_t>& sizes) override {
    return ForwardingGroup::all_gather(input, dim, sizes).flip({dim});
  }
};

Watch timestep_of_the_step_before() {
  return [first = at::Tensor()](const locate::Place& place, const at::Tensor& value) mutable {
    if (place.name != "time_embed") return;
    if (locate::stage_index(place, "denoise.step") == 0) first = value.clone();
    if (locate::stage_index(place, "denoise.step") == 1) value.copy_(first);
  };
}

Watch guide_twice() {
  return [unconditional = at::Tensor(), conditional = at::Tensor()](const locate::Place& place,
                                                                    const at::Tensor& value) mutable {
    if (place.name == "guidance.conditional") conditional = value.clone();
    if (place.name == "guidance.unconditional") unconditional = value.clone();
    if (place.name != "guidance") return;
    const at::Tensor scale = (value - unconditional).norm() / (conditional - unconditional).norm();
    value.copy_(unconditional + (value - unconditional) * scale);
  };
}

Watch step_twice() {
  return [before = at::Tensor()](const locate::Place& place, const at::Tensor& value) mutable {
    if (place.name != "initial_latents" && place.name != "latents") return;
    const at::Tensor kept = value.clone();
    if (place.name == "latents") value.add_(value - before);
    before = kept;
  };
}

}  // namespace

Faults denoising_faults() {
  return {
      {.name = "seed-per-rank",
       .what = "each rank draws its noise from a seed of its own",
       .setting = kSequence,
       .plant = in_request([](model::pipeline::Request& request, int rank) { request.seed += rank; }),
       .expected = {.stage = "initial_latents", .point = "initial_latents", .ranks = {1}}},
      {.name = "timestep-stale",
       .what = "one rank embeds the timestep of the step before",
       .setting = kSequence,
       .plant = watching(1, timestep_of_the_step_before),
       .expected = {.stage = "denoise", .point = "time_embed", .step = 1, .ranks = {1}}},
      {.name = "condition-types-lost",
       .what = "condition tokens lack the embedding of their type",
       .setting = kSequence,
       .plant =
           in_weights("transformer", "cond_type_embed.weight", 1, [](const at::Tensor& x) { x.zero_(); }),
       .expected = {.stage = "denoise", .point = "condition_tokens", .step = 0, .ranks = {1}}},
      {.name = "refiner-bias",
       .what = "one rank's token refiner has another bias, as after a partial update of its weights",
       .setting = kSequence,
       .plant = in_weights("transformer", "context_embedder.proj_in.bias", 1,
                           [](const at::Tensor& x) { x.add_(1.0).mul_(0.5); }),
       .expected = {.stage = "denoise", .point = "context_embedder", .step = 0, .ranks = {1}}},
      {.name = "scale-shift-exchanged",
       .what = "the last norm takes its scale for its shift, as the blocks' norms have them",
       .setting = kSequence,
       .plant = in_weights("transformer", "norm_out.linear.weight", kEveryRank,
                           [](const at::Tensor& x) { x.copy_(x.roll(x.size(0) / 2, 0)); }),
       .expected = {.stage = "denoise", .point = "proj_out", .step = 0, .ranks = {0, 1}}},
      {.name = "branches-exchanged",
       .what = "conditional and unconditional predictions are taken for each other",
       .setting = kGuidance,
       .plant = in_group<BranchesExchanged>(&Mesh::cfg, kEveryRank),
       .expected = {.stage = "denoise", .point = "guidance.conditional", .step = 0, .ranks = {0, 1}}},
      {.name = "guidance-twice",
       .what = "guidance is applied to what is guided already",
       .setting = kGuidance,
       .plant = watching(kEveryRank, guide_twice),
       .expected = {.stage = "denoise", .point = "guidance", .step = 0, .ranks = {0, 1}}},
      {.name = "step-twice",
       .what = "one rank's scheduler takes each step twice",
       .setting = kGuidance,
       .plant = watching(1, step_twice),
       .expected = {.stage = "denoise", .point = "latents", .step = 0, .ranks = {1}}},
  };
}

}  // namespace isoframe::harness::selftest::faults
