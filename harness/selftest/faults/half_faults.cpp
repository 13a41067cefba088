// Faults in bfloat16 under layouts that add in another order: other videos, and small faults of a part that
// the noise of 50 such steps would hide.

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "harness/selftest/faults/catalogue.h"
#include "harness/selftest/plants.h"

namespace isoframe::harness::selftest::faults {

namespace {

const Setting kRing = {.layout = "ring=2", .dtype = "bfloat16"};
const Setting kTensor = {.layout = "tensor=2", .dtype = "bfloat16"};

void fill_with_noise(const at::Tensor& frames) {
  frames.copy_(at::rand(frames.sizes(), at::make_generator<at::CPUGeneratorImpl>(7), frames.options()));
}

/// Takes a range that begins one token too early, but for the first rank's.
class RangeOneTooEarly : public ForwardingSequence {
 public:
  using ForwardingSequence::ForwardingSequence;
  at::Tensor shard(const at::Tensor& tokens, std::int64_t dim) const override {
    const model::parallel::Range range = rows(tokens.size(dim));
    return range.begin == 0 ? sound_->shard(tokens, dim) : tokens.narrow(dim, range.begin - 1, range.length);
  }
};

}  // namespace

Faults half_faults() {
  return {
      {.name = "half-noise",
       .what = "the frames are noise",
       .setting = kRing,
       .plant = at_point({"frames"}, 0, fill_with_noise),
       .expected = {.stage = "frames", .point = "frames", .ranks = {0}}},
      {.name = "half-reversed",
       .what = "the frames come in reverse order",
       .setting = kTensor,
       .plant = at_point({"frames"}, 0, [](const at::Tensor& x) { x.copy_(x.flip(0).clone()); }),
       .expected = {.stage = "frames", .point = "frames", .ranks = {0}}},
      {.name = "half-other-seed",
       .what = "the video is that of another seed",
       .setting = kTensor,
       .plant = in_request([](model::pipeline::Request& request, int) { ++request.seed; }),
       .expected = {.stage = "initial_latents", .point = "initial_latents", .ranks = {0, 1}}},
      {.name = "half-lost-head",
       .what = "one head of one rank adds nothing, in one block",
       .setting = kTensor,
       .plant = at_point({"transformer_blocks.attn.heads", 1}, 1,
                         [](const at::Tensor& x) { x.select(1, 0).zero_(); }),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.heads",
                    .step = 0,
                    .block = 1,
                    .ranks = {1}}},
      {.name = "half-shifted-range",
       .what = "a rank's range of tokens begins one too early",
       .setting = kRing,
       .plant = in_sequence<RangeOneTooEarly>(1),
       .expected = {.stage = "denoise", .point = "x_embedder", .step = 0, .ranks = {1}}},
      {.name = "half-padding",
       .what = "padded condition tokens are neither trimmed nor masked",
       .setting = kRing,
       .plant = padding_not_masked(),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.heads",
                    .step = 0,
                    .block = 0,
                    .ranks = {0, 1}}},
  };
}

}  // namespace isoframe::harness::selftest::faults
