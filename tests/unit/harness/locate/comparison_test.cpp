#include "harness/locate/comparison.h"

#include <functional>
#include <limits>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace isoframe::harness::locate {
namespace {

using model::Share;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// A point whose tensor is told by one number; the sketch of two of them is their difference apart.
RecordedPoint point(const std::string& name, double value, const Shape& shape = {1, 6},
                    const Shares& shares = {}) {
  RecordedPoint result{.place = {.stages = "denoise 1", .name = name},
                       .part = {.shares = shares, .shape = shape, .axes = {"batch", "tokens"}}};
  result.part.print.hash = std::hash<double>()(value);
  result.part.print.norm = 1.0;
  result.part.print.sketch[0] = value;
  return result;
}
RecordedPoint half(const std::string& name, double value, int rank) {
  return point(name, value, {1, 3}, {Share{.dim = 1, .begin = 3 * rank, .whole = 6}});
}

Side one_rank(Recording points) { return side_of({std::move(points)}); }
/// One rank's side, recorded in the halves that two ranks hold.
Side followed(const std::string& name, double first, double second) {
  return side_of(
      Reference{{half(name, 0, 0).place, {1, 6}, {half(name, first, 0).part, half(name, second, 1).part}}});
}

/// Two engines: what one of them lacks is no difference.
constexpr Rules kOfEngines{
    .in_candidate = Lacking::kSkipped, .in_reference = Lacking::kSkipped, .is_followed = false};
/// Two runs of one layout.
constexpr Rules kOfOneLayout{
    .in_candidate = Lacking::kDiverges, .in_reference = Lacking::kDiverges, .is_followed = false};

Rules within(double relative_l2, Rules rules = kOfEngines) {
  rules.tolerance.relative_l2 = relative_l2;
  return rules;
}

std::vector<std::int64_t> counts(const Comparison& comparison) {
  const PointCounts& counts = comparison.counts;
  return {counts.compared, counts.only_in_reference, counts.only_in_candidate, counts.not_comparable};
}

std::vector<std::string> names(const Side& side) {
  std::vector<std::string> names;
  for (const SidePoint& shown : side.points) names.push_back(shown.place.name);
  return names;
}

TEST(Comparison, CountsPointsThatOneSideLacks) {
  const Side reference = one_rank({point("a", 1), point("b", 1), point("c", 1)});
  const Side candidate = one_rank({point("b", 1), point("d", 1), point("c", 1), point("e", 1)});
  const Comparison skipped = compare(reference, candidate, kOfEngines);
  EXPECT_FALSE(skipped.first);
  EXPECT_THAT(counts(skipped), ElementsAre(2, 1, 2, 0));
}

TEST(Comparison, TakesALackingPointForADifferenceWhereTheRulesSaySo) {
  const Side more = one_rank({point("a", 1), point("b", 1)}), less = one_rank({point("b", 1)});
  const Comparison missing = compare(more, less, kOfOneLayout), surplus = compare(less, more, kOfOneLayout);
  ASSERT_TRUE(missing.first && surplus.first);
  EXPECT_EQ(missing.first->kind, DivergenceKind::kMissing);
  EXPECT_EQ(surplus.first->kind, DivergenceKind::kSurplus);
  EXPECT_EQ(surplus.first->place.name, "a");
  EXPECT_THAT(counts(surplus), ElementsAre(1, 0, 1, 0));
  EXPECT_FALSE(compare(less, more).first) << "what a layout shows beyond its baseline is no difference";
}

TEST(Comparison, FindsTheFirstDifferenceBehindPointsThatItSkips) {
  const Side reference = one_rank({point("a", 1), point("b", 1), point("c", 1)});
  const Side candidate = one_rank({point("x", 9), point("c", 1.5), point("b", 1.25)});
  const Comparison found = compare(reference, candidate, kOfEngines);
  ASSERT_TRUE(found.first);
  EXPECT_EQ(found.first->place.name, "b") << "in the order of the reference";
  EXPECT_DOUBLE_EQ(found.first->relative_l2, 0.25);
  ASSERT_TRUE(found.largest);
  EXPECT_EQ(found.largest->place.name, "c");
  EXPECT_DOUBLE_EQ(found.largest->relative_l2, 0.5);
}

TEST(Comparison, WithinToleranceTellsTheLargestDifference) {
  const Side reference = one_rank({point("a", 1), point("b", 1)});
  const Side candidate = one_rank({point("a", 1.001), point("b", 1.002)});
  EXPECT_TRUE(compare(reference, candidate, kOfEngines).first);
  const Comparison near = compare(reference, candidate, within(0.01));
  EXPECT_FALSE(near.first);
  ASSERT_TRUE(near.largest);
  EXPECT_EQ(near.largest->place.name, "b");
  EXPECT_NEAR(near.largest->relative_l2, 0.002, 1e-9);
}

TEST(Comparison, CannotCompareDifferentPartsOfOneTensor) {
  const Side whole = one_rank({point("a", 1), point("latents", 1)});
  const Side halves =
      side_of({{half("a", 5, 0), point("latents", 1)}, {half("a", 6, 1), point("latents", 1)}});
  for (const auto& [reference, candidate] : {std::pair(whole, halves), std::pair(halves, whole)}) {
    const Comparison found = compare(reference, candidate, kOfOneLayout);
    EXPECT_FALSE(found.first);
    EXPECT_THAT(counts(found), ElementsAre(1, 0, 0, 1));
  }
  // A reference that was recorded in these parts has none that a sound rank could hold.
  const Comparison strict = compare(whole, halves);
  ASSERT_TRUE(strict.first);
  EXPECT_EQ(strict.first->kind, DivergenceKind::kShape);
}

TEST(Comparison, SeesTensorsOfDifferentShapes) {
  const Comparison found = compare(one_rank({point("a", 1)}), one_rank({point("a", 1, {1, 7})}), kOfEngines);
  ASSERT_TRUE(found.first);
  EXPECT_EQ(found.first->kind, DivergenceKind::kShape);
  EXPECT_THAT(counts(found), ElementsAre(1, 0, 0, 0));
}

TEST(Comparison, ComparesTheSamePartsWhicheverSideHasSeveralRanks) {
  const Side single = followed("a", 1, 2);
  const Side sound = side_of({{half("a", 1, 0)}, {half("a", 2, 1)}});
  const Side faulty = side_of({{half("a", 1, 0)}, {half("a", 2.5, 1)}});
  EXPECT_FALSE(compare(single, sound, kOfOneLayout).first);
  EXPECT_FALSE(compare(sound, single, kOfOneLayout).first);
  const Comparison of_candidate = compare(single, faulty, kOfOneLayout);
  const Comparison of_reference = compare(faulty, single, kOfOneLayout);
  ASSERT_TRUE(of_candidate.first && of_reference.first);
  EXPECT_THAT(of_candidate.first->ranks, ElementsAre(1));
  EXPECT_FALSE(of_candidate.first->is_of_reference);
  EXPECT_THAT(of_reference.first->ranks, ElementsAre(1));
  EXPECT_TRUE(of_reference.first->is_of_reference);
  EXPECT_THAT(sentence(record_of(*of_reference.first)),
              HasSubstr("a, rank 1: relative L2 about 5.0e-01 of tokens 3-5"));
}

TEST(Comparison, OfOneLayoutIsRankByRank) {
  // Both ranks hold the whole, and they disagree on either side in the same way.
  const Side side = side_of({{point("latents", 1)}, {point("latents", 2)}});
  EXPECT_FALSE(compare(side, side, kOfOneLayout).first);
  const Side exchanged = side_of({{point("latents", 2)}, {point("latents", 1)}});
  const Comparison found = compare(side, exchanged, kOfOneLayout);
  ASSERT_TRUE(found.first);
  EXPECT_THAT(found.first->ranks, ElementsAre(0, 1));
}

TEST(Comparison, SeesAPartThatOneSideLacks) {
  const Side single = followed("a", 1, 2), part = side_of({{half("a", 1, 0)}, {}});
  for (const auto& [reference, candidate] : {std::pair(single, part), std::pair(part, single)}) {
    const Comparison found = compare(reference, candidate, kOfOneLayout);
    ASSERT_TRUE(found.first);
    EXPECT_EQ(found.first->kind, DivergenceKind::kGap);
    EXPECT_FALSE(compare(reference, candidate, kOfEngines).first);
  }
}

TEST(Comparison, TellsHowMuchReachesTheFrames) {
  const Side reference = one_rank({point("a", 1), point("latents", 1), point("frames", 1)});
  const Comparison found =
      compare(reference, one_rank({point("a", 2), point("latents", 1.5), point("b", 1)}), kOfEngines);
  ASSERT_TRUE(found.first);
  ASSERT_EQ(found.first->growth.size(), 1U) << "nothing is known of frames that were not recorded";
  EXPECT_DOUBLE_EQ(found.first->growth[0].relative_l2, 0.5);
}

TEST(Side, PutsPlacesOfOneRankAloneWhereItCameByThem) {
  const Side side = side_of({{point("a", 1), point("b", 1), point("d", 1)},
                             {point("a", 1), point("c", 1), point("d", 1), point("e", 1)}});
  EXPECT_THAT(names(side), ElementsAre("a", "c", "b", "d", "e"));
  EXPECT_EQ(side.points[0].held.size(), 2U);
  EXPECT_THAT(side_of({{half("a", 1, 1)}}).points[0].whole, ElementsAre(1, 6));
}

TEST(Region, OfAShareOfEverythingIsTheWhole) {
  const Part whole = point("a", 1).part;
  EXPECT_TRUE(same_region(whole, point("a", 1, {1, 6}, {Share{.dim = 1, .begin = 0, .whole = 6}}).part));
  EXPECT_FALSE(same_region(half("a", 1, 0).part, half("a", 1, 1).part));
}

TEST(Fingerprints, OfZerosAreNoDistanceApart) {
  Fingerprint zeros, others;
  others.hash = 1;
  EXPECT_EQ(estimated_relative_l2(zeros, others), 0.0);
  others.norm = others.sketch[0] = 1.0;
  EXPECT_EQ(estimated_relative_l2(zeros, others), std::numeric_limits<double>::infinity());
}

TEST(Recordings, ThatAreDamagedAreRefusedWithThePoint) {
  const nlohmann::json sound = to_json(Recording{point("a", 1), half("b", 1, 1)});
  const auto refused = [](const nlohmann::json& damaged, const std::string& why) {
    EXPECT_THAT([&] { recording_from_json(damaged); }, ThrowsMessage<InputError>(HasSubstr(why)))
        << damaged.dump();
  };
  refused(nlohmann::json::array(), "holds no list of 'points'");
  refused({{"points", 3}}, "holds no list of 'points'");
  for (const auto& [path, value] :
       std::vector<std::pair<std::string, nlohmann::json>>{{"/part", nullptr},
                                                           {"/part/hash", "xyz"},
                                                           {"/part/hash", 7},
                                                           {"/part/norm", "large"},
                                                           {"/part/sketch", nlohmann::json::array()},
                                                           {"/part/shape", {1, -3}},
                                                           {"/part/shape", {1, 2.5}},
                                                           {"/part/shares/0", {1, 4, 6}},
                                                           {"/part/shares/0", {2, 0, 6}},
                                                           {"/part/shares/0", {1, 0}},
                                                           {"/part/shares", 1},
                                                           {"/index", "first"},
                                                           {"/index", -2},
                                                           {"/occurrence", -1},
                                                           {"/name", 3}}) {
    nlohmann::json damaged = sound;
    damaged["points"][1][nlohmann::json::json_pointer(path)] = value;
    refused(damaged, "point 1");
  }
  nlohmann::json newer = sound;
  newer["points"][0]["part"]["median"] = 0.5;
  newer["engine"] = "another";
  EXPECT_EQ(recording_from_json(newer).size(), 2U);
}

}  // namespace
}  // namespace isoframe::harness::locate
