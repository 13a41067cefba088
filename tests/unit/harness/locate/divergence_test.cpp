#include "harness/locate/divergence.h"

#include <functional>
#include <tuple>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/locate/comparison.h"
#include "harness/locate/recording_probe.h"

namespace isoframe::harness::locate {
namespace {

using model::Probe;
using model::ProbeScope;
using model::Share;
using reports::records::DivergenceAxis;
using reports::records::DivergencePlace;
using reports::records::TensorDifference;
using testing::ElementsAre;
using testing::HasSubstr;

/// Shows a probe the tensors of rank `rank` of `ranks` in two steps of two "blocks" over six tokens and four
/// heads.  `change` may spoil a block's tensor before it is shown.
using Change = std::function<void(std::int64_t step, std::int64_t block, const at::Tensor&)>;
void run(Probe& probe, int rank, int ranks, const Change& change = {}) {
  at::Tensor whole = at::randn({1, 6, 4, 8}, at::make_generator<at::CPUGeneratorImpl>(7));
  const std::int64_t rows = 6 / ranks;
  const ProbeScope denoise(probe, {"denoise", 2});
  for (std::int64_t step = 0; step < 2; ++step) {
    const ProbeScope scope(probe, {"denoise.step", step});
    for (std::int64_t block = 0; block < 2; ++block) {
      whole = whole.sin() + 0.5;
      const at::Tensor own = whole.narrow(1, rank * rows, rows).clone();
      if (change) change(step, block, own);
      probe.tensor({"transformer_blocks",
                    block,
                    {Share{.dim = 1, .begin = rank * rows, .whole = 6}},
                    model::axes::kTokensOfHeads},
                   own);
    }
    probe.tensor({"latents", step}, whole);
  }
}

std::vector<Recording> recordings(int ranks, const std::function<Change(int rank)>& change = {}) {
  std::vector<Recording> result;
  for (int rank = 0; rank < ranks; ++rank) {
    RecordingProbe probe;
    run(probe, rank, ranks, change ? change(rank) : Change());
    result.push_back(probe.recording());
  }
  return result;
}

Reference reference(const std::vector<Recording>& ranks) {
  ReferenceProbe probe(regions_of(ranks));
  run(probe, 0, 1);
  return probe.reference();
}

TEST(FirstDivergence, OfAnUnchangedRunIsNone) {
  for (const int ranks : {1, 2, 3}) {
    const std::vector<Recording> sound = recordings(ranks);
    EXPECT_FALSE(first_divergence(reference(sound), sound)) << ranks;
  }
}

TEST(FirstDivergence, IsWhereTheFaultActs) {
  const std::vector<Recording> ranks = recordings(2, [](int rank) -> Change {
    if (rank != 1) return {};
    return [](std::int64_t step, std::int64_t block, const at::Tensor& x) {
      if (step == 1 && block == 0) x[0][2][1].add_(1e-3);
    };
  });
  const auto found = first_divergence(reference(ranks), ranks);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, DivergenceKind::kValues);
  EXPECT_EQ(to_string(found->place), "denoise 2/denoise.step 1/transformer_blocks 0");
  EXPECT_THAT(found->ranks, ElementsAre(1));
  EXPECT_EQ(block_of(found->place), 0);
  EXPECT_EQ(stage_of(found->place), "denoise");
  EXPECT_GT(found->relative_l2, 1e-5);
  EXPECT_LT(found->relative_l2, 1e-2);
  const DivergencePlace record = record_of(*found);
  EXPECT_EQ(record.step, 1);
  ASSERT_EQ(record.region.size(), 1U);
  const auto& [dim, begin, end, whole, axis] = record.region[0];
  EXPECT_EQ(std::tuple(dim, begin, end, whole, axis), std::tuple(1, 3, 6, 6, "tokens"));
}

TEST(FirstDivergence, WithAToleranceIsTheFirstThatExceedsIt) {
  const auto spoil = [](double early, double late) {
    return recordings(2, [=](int) -> Change {
      return [=](std::int64_t step, std::int64_t, const at::Tensor& x) {
        x.add_(x * (step == 0 ? early : late));
      };
    });
  };
  const std::vector<Recording> ranks = spoil(1e-6, 1e-2);
  const auto found = first_divergence(reference(ranks), ranks, {.relative_l2 = 1e-4});
  ASSERT_TRUE(found);
  EXPECT_EQ(stage_index(found->place, "denoise.step"), 1);
  const std::vector<Recording> within = spoil(1e-6, 1e-6);
  EXPECT_FALSE(first_divergence(reference(within), within, {.relative_l2 = 1e-4}));
}

TEST(FirstDivergence, WithATwinIsTheFirstThatIsFurtherThanItAllows) {
  const auto scaled = [](double early, double late) {
    return
        [=](std::int64_t step, std::int64_t, const at::Tensor& x) { x.add_(x * (step == 0 ? early : late)); };
  };
  const auto spoil = [&](double early, double late) {
    return recordings(2, [=](int) -> Change { return scaled(early, late); });
  };
  // The twin is far from the reference in its first step alone.
  const std::vector<Recording> ranks = spoil(1e-2, 1e-2), within = spoil(1e-2, 1e-6);
  ReferenceProbe probe(regions_of(ranks));
  run(probe, 0, 1, scaled(1e-2, 1e-6));
  const Reference twin = probe.reference();
  const auto found = first_divergence(reference(ranks), ranks, {.relative_l2 = 1e-5, .twin = &twin});
  ASSERT_TRUE(found);
  EXPECT_EQ(stage_index(found->place, "denoise.step"), 1);
  EXPECT_DOUBLE_EQ(found->tolerance, 1e-5);
  EXPECT_FALSE(first_divergence(reference(within), within, {.relative_l2 = 1e-5, .twin = &twin}));
}

TEST(FirstDivergence, SeesAPartThatNoRankHolds) {
  std::vector<Recording> ranks = recordings(2);
  const Reference expected = reference(ranks);
  ranks[1] = ranks[0];
  const auto found = first_divergence(expected, ranks);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, DivergenceKind::kGap);
  EXPECT_EQ(to_string(found->place), "denoise 2/denoise.step 0/transformer_blocks 0");
}

TEST(FirstDivergence, SeesAPlaceThatNoRankComesBy) {
  std::vector<Recording> ranks = recordings(1);
  const Reference expected = reference(ranks);
  ranks[0].erase(ranks[0].begin() + 1);
  const auto found = first_divergence(expected, ranks);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, DivergenceKind::kMissing);
  EXPECT_EQ(found->place.index, 1);
  EXPECT_TRUE(found->ranks.empty());
}

TEST(FirstDivergence, SeesAShapeThatIsNoPartOfTheWhole) {
  std::vector<Recording> ranks = recordings(1);
  ranks[0][2].part.shape = {1, 6, 4, 9};
  const auto found = first_divergence(reference(ranks), ranks);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, DivergenceKind::kShape);
  EXPECT_EQ(found->place.name, "latents");
}

TEST(FirstDivergence, FollowsTheDifferenceToTheEnd) {
  std::vector<Recording> ranks = recordings(1);
  const Reference expected = reference(ranks);
  for (RecordedPoint& point : ranks[0]) point.part.print.hash ^= 1;
  for (RecordedPoint& point : ranks[0]) point.part.print.sketch[0] += 1.0;
  const auto found = first_divergence(expected, ranks);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->growth.size(), 2U);
  EXPECT_EQ(found->growth[1].place.name, "latents");
  EXPECT_GT(found->growth[1].relative_l2, 0.0);
}

TEST(Recordings, SurviveTheirFile) {
  const std::vector<Recording> ranks = recordings(2);
  std::vector<Recording> again;
  for (const Recording& recording : ranks)
    again.push_back(recording_from_json(nlohmann::json::parse(to_json(recording).dump())));
  const Reference expected = reference_from_json(nlohmann::json::parse(to_json(reference(ranks)).dump()));
  EXPECT_FALSE(first_divergence(expected, again));
  EXPECT_EQ(again[1].size(), ranks[1].size());
  EXPECT_EQ(again[1][0].part.print.sketch, ranks[1][0].part.print.sketch);
  EXPECT_THAT(again[1][0].part.axes, testing::ElementsAre("batch", "tokens", "heads", "channels"));
}

TEST(Difference, NamesHeadsAndTokensOfTheWhole) {
  const at::Tensor reference = at::ones({1, 3, 2, 8});
  at::Tensor candidate = reference.clone();
  candidate[0][1][1].add_(0.5);
  const Part part{
      .shares = {Share{.dim = 1, .begin = 3, .whole = 6}, Share{.dim = 2, .begin = 2, .whole = 4}},
      .shape = {1, 3, 2, 8},
      .print = {},
      .axes = {"batch", "tokens", "heads"}};
  const TensorDifference difference = difference_of(part, reference, candidate);
  EXPECT_EQ(difference.differing_values, 8);
  EXPECT_EQ(difference.max_difference, 0.5);
  ASSERT_EQ(difference.axes.size(), 4U);
  const auto is_axis = [](const auto& name, auto of, auto count, auto first, auto last) {
    return testing::AllOf(
        testing::Field(&DivergenceAxis::axis, name), testing::Field(&DivergenceAxis::of, of),
        testing::Field(&DivergenceAxis::count, count), testing::Field(&DivergenceAxis::first, first),
        testing::Field(&DivergenceAxis::last, last));
  };
  EXPECT_THAT(difference.axes[1], is_axis("tokens", 3, 1, 4, 4));
  EXPECT_THAT(difference.axes[2], is_axis("heads", 2, 1, 3, 3));
  EXPECT_EQ(difference.axes[3].axis, "dimension 3") << "a point need not name its axes";
}

TEST(Sentence, SaysWhereAndHowMuch) {
  Divergence found;
  found.place = {"denoise 2/denoise.step 1/denoise.conditional 1", "transformer_blocks.attn.query", 3, 0};
  found.ranks = {1};
  found.part.shape = {1, 2, 3};
  found.whole = {1, 4, 3};
  found.relative_l2 = 2.1e-3;
  found.growth.push_back({{"", "frames", -1, 0}, 0.4});
  EXPECT_EQ(sentence(record_of(found)),
            "stage denoise, step 1, block 3, conditional, transformer_blocks.attn.query, rank 1: relative L2 "
            "about 2.1e-03; 4.0e-01 in frames");
}

}  // namespace
}  // namespace isoframe::harness::locate
