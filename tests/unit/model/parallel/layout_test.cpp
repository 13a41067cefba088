#include "model/parallel/layout.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::model::parallel {
namespace {

using ::testing::HasSubstr;

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string parse_error(const std::string& text) {
  return error_of([&] { parse_layout(text); });
}

std::string check_error(const Layout& layout, const LayoutConstraints& constraints) {
  return error_of([&] { check_layout(layout, constraints); });
}

constexpr LayoutConstraints kPublished = {.attention_heads = 16, .guidance_scale = 6.0, .tiling = true};

TEST(Layout, NamesInAnyOrderWithSpacesAreRead) {
  const Layout expected = {.ulysses = 2, .ring = 3, .cfg = 2, .tensor = 5, .vae_patch = 60};
  EXPECT_EQ(parse_layout(" vae_patch = 60 , cfg=2,tensor=5, ring=3,ulysses =2 "), expected);
  EXPECT_EQ(expected.world_size(), 60);
}

TEST(Layout, SingleIsAllOnes) {
  EXPECT_EQ(parse_layout(" single "), Layout{});
  EXPECT_EQ(parse_layout("ulysses=1,cfg=1"), Layout{});
  EXPECT_EQ(to_string(Layout{}), "single");
}

TEST(Layout, CanonicalSpellingLeavesOnesOutAndReadsBack) {
  const Layout layout = parse_layout("vae_patch=3,cfg=2,tensor=1,ulysses=2");
  EXPECT_EQ(to_string(layout), "ulysses=2,cfg=2,vae_patch=3");
  EXPECT_EQ(parse_layout(to_string(layout)), layout);
}

TEST(Layout, MisspeltNameIsAnsweredWithTheNearestOne) {
  EXPECT_EQ(parse_error("ulysses=2,vae_pach=2"),
            "layout 'ulysses=2,vae_pach=2': unknown name 'vae_pach'; did you mean 'vae_patch'?");
  EXPECT_THAT(parse_error("ulises=2"), HasSubstr("did you mean 'ulysses'?"));
  EXPECT_THAT(parse_error("bandwidth=2"),
              HasSubstr("the names are ulysses, ring, cfg, tensor and vae_patch"));
}

TEST(Layout, MalformedTextIsRefused) {
  EXPECT_THAT(parse_error(""), HasSubstr("is not name=size"));
  EXPECT_THAT(parse_error("ulysses"), HasSubstr("'ulysses' is not name=size"));
  EXPECT_THAT(parse_error("ulysses=2,"), HasSubstr("is not name=size"));
  EXPECT_THAT(parse_error("ulysses=2,ulysses=2"), HasSubstr("ulysses is given twice"));
  for (const char* size : {"0", "-2", "two", "2x", "", "1.5", "+2"}) {
    EXPECT_THAT(parse_error(std::string("ulysses=") + size), HasSubstr("must be a positive integer")) << size;
  }
}

TEST(Layout, AbsurdSizesAreRefusedBeforeTheyOverflow) {
  EXPECT_THAT(parse_error("ulysses=99999999999999999999"), HasSubstr("is more than 4096 ranks"));
  EXPECT_THAT(parse_error("ulysses=4097"), HasSubstr("is more than 4096 ranks"));
  EXPECT_THAT(parse_error("ulysses=4096,ring=4096,tensor=4096"), HasSubstr("has 68719476736 ranks"));
  EXPECT_EQ(parse_layout("ulysses=64,ring=64").world_size(), kMaxRanks);
}

TEST(Layout, GuidanceHasTwoPassesAtMost) { EXPECT_THAT(parse_error("cfg=3"), HasSubstr("use cfg=1 or 2")); }

TEST(Layout, VaePatchIsAtMostTheRanks) {
  EXPECT_EQ(parse_error("ulysses=2,vae_patch=4"),
            "vae_patch=4 needs at least 4 ranks, 'ulysses=2' has 2; use vae_patch=2 or less, or more ranks");
  EXPECT_EQ(parse_error("vae_patch=2"),
            "vae_patch=2 needs at least 2 ranks, 'single' has 1; use vae_patch=1, or more ranks");
}

TEST(Layout, UlyssesMustDivideTheHeads) {
  EXPECT_EQ(check_error({.ulysses = 3}, kPublished),
            "layout 'ulysses=3' does not divide the transformer's 16 heads; use 1, 2, 4, 8 or 16");
  EXPECT_THAT(check_error({.ulysses = 2, .cfg = 2}, {.attention_heads = 3, .guidance_scale = 6.0}),
              HasSubstr("'ulysses=2,cfg=2' does not divide the transformer's 3 heads; use ulysses=1 or 3"));
  EXPECT_EQ(check_error({.ulysses = 3}, {.attention_heads = 6, .guidance_scale = 6.0}), "no error");
}

TEST(Layout, UlyssesTimesTensorMustDivideTheHeads) {
  EXPECT_EQ(check_error({.tensor = 3}, kPublished),
            "layout 'tensor=3' does not divide the transformer's 16 heads; ulysses x tensor = 3 must; the "
            "nearest is "
            "'tensor=2'");
  EXPECT_EQ(
      check_error({.ulysses = 2, .tensor = 2, .vae_patch = 4}, {.attention_heads = 6, .guidance_scale = 6.0}),
      "layout 'ulysses=2,tensor=2,vae_patch=4' does not divide the transformer's 6 heads; ulysses x tensor = "
      "4 "
      "must; the nearest is 'tensor=2,vae_patch=2'");
  EXPECT_EQ(check_error({.ulysses = 4, .tensor = 4}, kPublished), "no error");
}

TEST(Layout, CfgParallelNeedsASecondPass) {
  EXPECT_THAT(check_error({.cfg = 2}, {.attention_heads = 16, .guidance_scale = 1.0}),
              HasSubstr("guidance scale 1 has no second pass"));
  EXPECT_EQ(check_error({.cfg = 2}, kPublished), "no error");
}

TEST(Layout, VaePatchNeedsTiles) {
  const LayoutConstraints untiled = {.attention_heads = 16, .guidance_scale = 6.0, .tiling = false};
  EXPECT_THAT(check_error({.ulysses = 2, .vae_patch = 2}, untiled), HasSubstr("turn tiling on"));
  EXPECT_EQ(check_error({.ulysses = 2}, untiled), "no error");
}

TEST(Layout, RingsOfAnySizeAreAllowed) {
  EXPECT_EQ(check_error({.ulysses = 2, .ring = 7}, kPublished), "no error");
}

}  // namespace
}  // namespace isoframe::model::parallel
