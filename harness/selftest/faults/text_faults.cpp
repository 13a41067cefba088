// Faults from prompts to embeddings.  Text is encoded on every rank; the fault is on one.

#include <ATen/ATen.h>

#include "harness/selftest/faults/catalogue.h"
#include "harness/selftest/plants.h"

namespace isoframe::harness::selftest::faults {

namespace {

const Setting kSequence = {.layout = "ulysses=2,vae_patch=2"};
const Setting kGuidance = {.layout = "cfg=2"};

Watch skip_one_layer_more() {
  // The tiny text encoder runs two of its four layers: the states after the first are one layer too early.
  return [first = at::Tensor()](const locate::Place& place, const at::Tensor& value) mutable {
    if (place.name != "text_encoder.layers") return;
    if (place.index == 0) first = value.clone();
    if (place.index == 1) value.copy_(first);
  };
}

void normalize(const at::Tensor& states) {
  states.div_(states.square().mean(-1, /*keepdim=*/true).add(1e-6).sqrt());
}

}  // namespace

Faults text_faults() {
  return {
      {.name = "text-bfloat16",
       .what = "one rank's text encoder computes in bfloat16",
       .setting = kSequence,
       .plant = at_point({"text_encoder.layers"}, 1,
                         [](const at::Tensor& x) { x.copy_(x.to(at::kBFloat16).to(at::kFloat)); }),
       .expected = {.stage = "text",
                    .point = "text_encoder.layers",
                    .block = 0,
                    .branch = "conditional",
                    .ranks = {1}}},
      {.name = "text-skipped-layer",
       .what = "the states of one layer too early are taken",
       .setting = kSequence,
       .plant = watching(1, skip_one_layer_more),
       .expected = {.stage = "text", .point = "text_encoder.layers", .block = 1, .ranks = {1}}},
      {.name = "text-final-norm",
       .what = "the final norm is applied to states that are taken before it",
       .setting = kSequence,
       .plant = at_point({"prompt_embeds"}, 1, normalize),
       .expected = {.stage = "text", .point = "prompt_embeds", .ranks = {1}}},
      {.name = "text-crop",
       .what = "the chat template is cropped one token too early",
       .setting = kSequence,
       .plant = at_point({"prompt_embeds"}, kEveryRank, [](const at::Tensor& x) { x.copy_(x.roll(1, 1)); }),
       .expected = {.stage = "text", .point = "prompt_embeds", .ranks = {0, 1}}},
      {.name = "glyphs-lost",
       .what = "quoted text is not passed on to be drawn",
       .setting = kSequence,
       .plant = at_point({"prompt_embeds_2"}, kEveryRank, [](const at::Tensor& x) { x.zero_(); }),
       .expected = {.stage = "text", .point = "prompt_embeds_2", .branch = "conditional", .ranks = {0, 1}}},
      {.name = "glyphs-backwards",
       .what = "ByT5's relative positions are counted backwards",
       .setting = kSequence,
       .plant = in_weights("text_encoder_2",
                           "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", 1,
                           [](const at::Tensor& x) { x.copy_(x.roll(x.size(0) / 2, 0)); }),
       .expected = {.stage = "text", .point = "text_encoder_2.block", .block = 0, .ranks = {1}}},
      {.name = "prompts-exchanged",
       .what = "the prompt is taken for the negative prompt, and the other way round",
       .setting = kSequence,
       .plant = in_request([](model::pipeline::Request& request, int) {
         std::swap(request.prompt, request.negative_prompt);
       }),
       .expected = {.stage = "text",
                    .point = "text_encoder.layers",
                    .block = 0,
                    .branch = "conditional",
                    .ranks = {0, 1}}},
      {.name = "negative-prompt-lost",
       .what = "the rank of the unconditional branch encodes the prompt instead of the negative one",
       .setting = kGuidance,
       .plant = in_request(
           [](model::pipeline::Request& request, int) { request.negative_prompt = request.prompt; }),
       .expected = {.stage = "text",
                    .point = "text_encoder.layers",
                    .block = 0,
                    .branch = "unconditional",
                    .ranks = {1}}},
  };
}

}  // namespace isoframe::harness::selftest::faults
