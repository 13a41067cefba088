#include "harness/locate/inputs.h"

#include <algorithm>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "harness/locate/divergence.h"
#include "harness/locate/recording_probe.h"

namespace isoframe::harness::locate {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

Place in_pass(int step, const std::string& branch, const std::string& name, int index = -1) {
  return {"denoise 2/denoise.step " + std::to_string(step) + "/denoise." + branch + " " +
              std::to_string(step) + "/transformer",
          name, index, 0};
}

/// What isoframe's ranks show of two steps of two blocks.
std::vector<Place> generation() {
  std::vector<Place> places = {{"text/text.conditional", "prompt_embeds"},
                               {"text/text.conditional", "prompt_embeds_2"},
                               {"text/text.unconditional", "prompt_embeds"},
                               {"text/text.unconditional", "prompt_embeds_2"},
                               {"", "initial_latents"},
                               {"denoise 2", "first_frame"}};
  for (int step = 0; step < 2; ++step) {
    for (const char* branch : {"conditional", "unconditional"}) {
      for (const char* name :
           {"time_embed", "x_embedder", "context_embedder", "condition_tokens", "rotary.cos", "rotary.sin"})
        places.push_back(in_pass(step, branch, name));
      for (int block = 0; block < 2; ++block)
        for (const char* name : {"attn.query", "attn.key", "attn.value", "attn.query.context",
                                 "attn.key.context", "attn.value.context", "attn.heads", "attn.heads.context",
                                 "attn.output", "attn.output.context", "attn", "attn.context"})
          places.push_back(in_pass(step, branch, std::string("transformer_blocks.") + name, block));
      // In the order in which a block ends.
      for (int block = 0; block < 2; ++block) {
        const auto attended =
            std::ranges::find(places, in_pass(step, branch, "transformer_blocks.attn.context", block));
        const auto behind = places.insert(attended + 1, in_pass(step, branch, "transformer_blocks", block));
        places.insert(behind + 1, in_pass(step, branch, "transformer_blocks.context", block));
      }
      places.push_back(in_pass(step, branch, "proj_out"));
      places.push_back(in_pass(step, branch, "proj_out.gathered"));
    }
    const std::string of_step = "denoise 2/denoise.step " + std::to_string(step);
    for (const char* name : {"guidance.conditional", "guidance.unconditional", "guidance"})
      places.push_back({of_step, name});
    places.push_back({of_step, "latents", step});
  }
  places.push_back({"decode", "decode.latents"});
  return places;
}

TEST(Inputs, OfABlockAreWhatItWasHanded) {
  const std::vector<Place> known = generation();
  const Inputs first = inputs_of(in_pass(1, "conditional", "transformer_blocks.attn.query", 0), known);
  EXPECT_TRUE(first.are_all);
  EXPECT_THAT(
      first.places,
      UnorderedElementsAre(in_pass(1, "conditional", "x_embedder"), in_pass(1, "conditional", "time_embed"),
                           in_pass(1, "conditional", "rotary.cos"), in_pass(1, "conditional", "rotary.sin")));
  const Inputs second = inputs_of(in_pass(1, "unconditional", "transformer_blocks.attn", 1), known);
  EXPECT_TRUE(second.are_all);
  EXPECT_THAT(second.places,
              UnorderedElementsAre(in_pass(1, "unconditional", "transformer_blocks.attn.output", 1),
                                   in_pass(1, "unconditional", "transformer_blocks", 0),
                                   in_pass(1, "unconditional", "time_embed")));
}

TEST(Inputs, OfAStepAreTheLatentsBeforeItAndItsOwnBranchs) {
  const std::vector<Place> known = generation();
  EXPECT_THAT(inputs_of(in_pass(0, "conditional", "x_embedder"), known).places,
              UnorderedElementsAre(Place{"", "initial_latents"}, Place{"denoise 2", "first_frame"}));
  EXPECT_THAT(inputs_of(in_pass(1, "conditional", "x_embedder"), known).places,
              UnorderedElementsAre(Place{"denoise 2/denoise.step 0", "latents", 0},
                                   Place{"denoise 2", "first_frame"}));
  EXPECT_THAT(inputs_of({"denoise 2/denoise.step 1", "guidance.conditional"}, known).places,
              ElementsAre(in_pass(1, "conditional", "proj_out.gathered")));
  EXPECT_THAT(inputs_of({"denoise 2/denoise.step 1", "latents", 1}, known).places,
              UnorderedElementsAre(Place{"denoise 2/denoise.step 1", "guidance"},
                                   Place{"denoise 2/denoise.step 0", "latents", 0}));
  EXPECT_THAT(inputs_of(in_pass(1, "unconditional", "context_embedder"), known).places,
              UnorderedElementsAre(Place{"text/text.unconditional", "prompt_embeds"},
                                   in_pass(1, "unconditional", "time_embed")));
}

TEST(Inputs, APointThatNobodyShowsIsLookedThrough) {
  std::vector<Place> known = generation();
  std::erase_if(known,
                [](const Place& place) { return place.name.starts_with("transformer_blocks.attn.output"); });
  const Inputs inputs = inputs_of(in_pass(0, "conditional", "transformer_blocks.attn", 1), known);
  EXPECT_TRUE(inputs.are_all);
  EXPECT_THAT(inputs.places,
              UnorderedElementsAre(in_pass(0, "conditional", "transformer_blocks.attn.heads", 1),
                                   in_pass(0, "conditional", "transformer_blocks", 0),
                                   in_pass(0, "conditional", "time_embed")));
}

TEST(Inputs, WhatNothingShownDecidesIsNoFullSet) {
  std::vector<Place> known = generation();
  std::erase_if(known, [](const Place& place) { return place.name == "time_embed"; });
  EXPECT_FALSE(inputs_of(in_pass(0, "conditional", "transformer_blocks.attn", 1), known).are_all);
  known = generation();
  std::erase_if(
      known, [](const Place& place) { return place.name == "initial_latents" || place.name == "latents"; });
  EXPECT_FALSE(inputs_of(in_pass(1, "conditional", "x_embedder"), known).are_all);
  // Nobody has written down what decides a point of this name: the one before it does, among others.
  known.push_back({"decode", "decode.unheard_of"});
  const Inputs unknown = inputs_of(known.back(), known);
  EXPECT_FALSE(unknown.are_all);
  EXPECT_THAT(unknown.places, ElementsAre(Place{"decode", "decode.latents"}));
}

TEST(Inputs, TheOtherStreamIsRepairedToo) {
  const std::vector<Place> known = generation();
  const Place video = in_pass(0, "conditional", "transformer_blocks.attn.heads", 1),
              context = in_pass(0, "conditional", "transformer_blocks.attn.heads.context", 1);
  EXPECT_THAT(both_streams(video, known), ElementsAre(video, context));
  EXPECT_THAT(both_streams(context, known), ElementsAre(context, video));
  EXPECT_THAT(both_streams({"decode", "decode.latents"}, known),
              ElementsAre(Place{"decode", "decode.latents"}));
}

TEST(OwnErrors, AreWhatIsLeftWithTheBaselinesInputs) {
  EXPECT_EQ(own_error_of(0.9, 1.0, true).origin, "its own");
  EXPECT_EQ(own_error_of(0.3, 1.0, true).origin, "inherited in part");
  EXPECT_EQ(own_error_of(1e-7, 1.0, true).origin, "inherited");
  reports::records::DivergencePlace place;
  place.stage = "denoise";
  place.point = "x_embedder";
  place.relative_l2 = 0.5;
  place.own_error = own_error_of(1e-7, 0.5, true);
  EXPECT_EQ(
      sentence(place),
      "stage denoise, x_embedder: relative L2 about 5.0e-01; inherited: 1.0e-07 with the baseline's inputs");
  place.own_error = own_error_of(0.4, 0.5, false);
  EXPECT_THAT(sentence(place), testing::EndsWith("; its own: about 4.0e-01 with the baseline's inputs"));
}

TEST(Grafting, PutsInEachRanksOwnPartAndSaysWhereItCannot) {
  const at::Tensor whole = at::arange(12, at::kFloat).view({2, 6});
  const Place place{"", "x_embedder"}, odd{"", "proj_out"};
  GraftingProbe probe({{place, whole}, {odd, at::zeros({3})}});
  const at::Tensor part = at::zeros({2, 2}), other = at::ones({2, 2}), untouched = at::ones({2, 2});
  probe.tensor({.name = "x_embedder", .shares = {model::Share{.dim = 1, .begin = 4, .whole = 6}}}, part);
  probe.tensor({.name = "proj_out"}, other);
  probe.tensor({.name = "time_embed"}, untouched);
  EXPECT_TRUE(at::equal(part, whole.narrow(1, 4, 2)));
  EXPECT_TRUE(at::equal(other, at::ones({2, 2})));
  EXPECT_TRUE(at::equal(untouched, at::ones({2, 2})));
  EXPECT_THAT(probe.missed(), ElementsAre(odd));
}

}  // namespace
}  // namespace isoframe::harness::locate
