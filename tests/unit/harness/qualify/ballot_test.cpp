#include "harness/qualify/ballot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isoframe::harness::qualify {
namespace {

using locate::Place;
using locate::Recording;
using testing::ElementsAre;

const model::Share kWhole = {};
constexpr std::int64_t kTokens = 8;

locate::RecordedPoint point(const std::string& name, std::uint64_t hash, model::Share share = kWhole) {
  locate::Part part;
  part.shares[0] = share;
  part.shape = {1, share.whole > 0 ? share.whole / 2 : kTokens};
  part.print.hash = hash;
  part.print.norm = 1.0;
  return {{"denoise", name, 0, 0}, part};
}

/// A rank of two: replicated text, its half of the tokens, replicated latents.
Recording recording(int rank) {
  return {point("text", 1), point("tokens", 10 + static_cast<std::uint64_t>(rank), {1, rank * 4, kTokens}),
          point("latents", 2)};
}

TEST(Ballot, RunsThatAgreeDeviateNowhere) {
  Ballot ballot;
  for (int repetition = 0; repetition < 3; ++repetition)
    for (int rank = 0; rank < 2; ++rank) ballot.add({"a", repetition, rank}, recording(rank));
  EXPECT_TRUE(ballot.deviations().empty());
  EXPECT_FALSE(ballot.undecided());
  EXPECT_EQ(ballot.votes(), 18U);
}

TEST(Ballot, NamesTheRankTheRepetitionAndTheFirstPlace) {
  Ballot ballot;
  for (int repetition = 0; repetition < 3; ++repetition) {
    for (int rank = 0; rank < 2; ++rank) {
      Recording seen = recording(rank);
      if (repetition == 1 && rank == 1) seen[1].part.print.hash = 99;
      if (repetition == 1) seen[2].part.print.hash = 98;  // what the fault spreads to, on both
      ballot.add({"a", repetition, rank}, seen);
    }
  }
  const auto found = ballot.deviations();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].case_name, "a");
  EXPECT_EQ(found[0].repetition, 1);
  EXPECT_EQ(found[0].place.name, "tokens");
  EXPECT_THAT(found[0].ranks, ElementsAre(1));
  EXPECT_EQ(found[0].points, 3U);
}

TEST(Ballot, ARankThatIsAlwaysWrongIsOutvotedByOtherCases) {
  Ballot ballot;
  for (int repetition = 0; repetition < 3; ++repetition) {
    ballot.add({"single", repetition, 0}, {point("text", 1), point("latents", 2)});
    for (int rank = 0; rank < 2; ++rank) {
      Recording seen = recording(rank);
      if (rank == 1) seen[0].part.print.hash = 77;
      ballot.add({"pair", repetition, rank}, seen);
    }
  }
  const auto found = ballot.deviations();
  ASSERT_EQ(found.size(), 3U);
  for (int repetition = 0; repetition < 3; ++repetition) {
    EXPECT_EQ(found[repetition].case_name, "pair");
    EXPECT_EQ(found[repetition].repetition, repetition);
    EXPECT_EQ(found[repetition].place.name, "text");
    EXPECT_THAT(found[repetition].ranks, ElementsAre(1));
  }
}

TEST(Ballot, WithoutAMajorityNobodyIsNamed) {
  Ballot ballot;
  for (int repetition = 0; repetition < 4; ++repetition) {
    Recording seen = recording(0);
    seen[1].part.print.hash = static_cast<std::uint64_t>(50 + repetition);
    seen[2].part.print.hash = static_cast<std::uint64_t>(60 + repetition % 2);
    ballot.add({"a", repetition, 0}, seen);
  }
  EXPECT_TRUE(ballot.deviations().empty());
  const auto undecided = ballot.undecided();
  ASSERT_TRUE(undecided);
  EXPECT_EQ(undecided->place.name, "tokens");
  EXPECT_EQ(undecided->results, 4U);
  EXPECT_EQ(undecided->votes, 4U);
}

TEST(Ballot, PartsOfOneTensorVoteApart) {
  Ballot ballot;
  for (int repetition = 0; repetition < 3; ++repetition)
    for (int rank = 0; rank < 2; ++rank) ballot.add({"a", repetition, rank}, {recording(rank)[1]});
  EXPECT_TRUE(ballot.deviations().empty());
  EXPECT_FALSE(ballot.undecided());
}

}  // namespace
}  // namespace isoframe::harness::qualify
