#include "harness/locate/locked_results.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::harness::locate {
namespace {

using reports::records::LockedPart;

TEST(LockedName, IsItsTextAgain) {
  for (const LockedName& name : {LockedName{LockedPart::kText, -1, "conditional prompt_embeds"},
                                 LockedName{LockedPart::kTransformer, 12, "prediction"},
                                 LockedName{LockedPart::kDecode, -1, "frames"}})
    EXPECT_EQ(locked_name(to_string(name)), name);
  for (const char* text : {"", "transformer", "transformer x latents", "text -1", "vae -1 frames"})
    EXPECT_THROW(locked_name(text), InputError) << text;
}

TEST(LockedName, IsOrderedAsThePipelineComputes) {
  EXPECT_LT((LockedName{LockedPart::kText, -1, "z"}), (LockedName{LockedPart::kTransformer, 0, "a"}));
  EXPECT_LT((LockedName{LockedPart::kTransformer, 2, "z"}), (LockedName{LockedPart::kTransformer, 10, "a"}));
  EXPECT_LT((LockedName{LockedPart::kTransformer, 99, "z"}), (LockedName{LockedPart::kDecode, -1, "a"}));
}

TEST(LockedProbe, CopiesWhatIsCompared) {
  LockedProbe probe;
  at::Tensor states = at::ones({2}, at::kBFloat16);
  {
    const model::ProbeScope branch(probe, {"text.unconditional"});
    probe.tensor({.name = "prompt_embeds"}, states);
  }
  states.zero_();
  {
    const model::ProbeScope step(probe, {"denoise.step", 4});
    probe.tensor({.name = "guidance"}, states);
    probe.tensor({.name = "transformer_blocks", .index = 1}, states);
    probe.tensor({.name = "latents", .index = 4}, states);
  }
  const LockedResults& results = probe.results();
  EXPECT_EQ(results.size(), 3U);
  const at::Tensor kept = results.at({LockedPart::kText, -1, "unconditional prompt_embeds"});
  EXPECT_TRUE(at::equal(kept, at::ones({2})));
  EXPECT_TRUE(results.contains({LockedPart::kTransformer, 4, "prediction"}));
  EXPECT_TRUE(results.contains({LockedPart::kTransformer, 4, "latents"}));
}

}  // namespace
}  // namespace isoframe::harness::locate
