#include "harness/qualify/ballot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

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
  EXPECT_TRUE(ballot.deviations().listed.empty());
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
  const auto found = ballot.deviations().listed;
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
  const Deviations found = ballot.deviations();
  ASSERT_EQ(found.listed.size(), 1U);
  EXPECT_EQ(found.listed[0].case_name, "pair");
  EXPECT_EQ(found.listed[0].repetition, 0);
  EXPECT_EQ(found.listed[0].repetitions, 3);
  EXPECT_EQ(found.listed[0].place.name, "text");
  EXPECT_THAT(found.listed[0].ranks, ElementsAre(1));
  EXPECT_EQ(found.repetitions.at("pair"), 3U);
}

TEST(Ballot, WithoutAMajorityNobodyIsNamed) {
  Ballot ballot;
  for (int repetition = 0; repetition < 4; ++repetition) {
    Recording seen = recording(0);
    seen[1].part.print.hash = static_cast<std::uint64_t>(50 + repetition);
    seen[2].part.print.hash = static_cast<std::uint64_t>(60 + repetition % 2);
    ballot.add({"a", repetition, 0}, seen);
  }
  EXPECT_TRUE(ballot.deviations().listed.empty());
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
  EXPECT_TRUE(ballot.deviations().listed.empty());
  EXPECT_FALSE(ballot.undecided());
}

/// Adds a repetition of two ranks, of which rank 1 is wrong in its tokens if asked.
void repeat(Ballot& ballot, int repetition, bool is_wrong, std::uint64_t wrong_hash = 99) {
  for (int rank = 0; rank < 2; ++rank) {
    Recording seen = recording(rank);
    if (is_wrong && rank == 1) seen[1].part.print.hash = wrong_hash;
    ballot.add({"a", repetition, rank}, seen);
  }
}

TEST(Ballot, AMillionSoundRepetitionsTakeNoMoreRoomThanOne) {
  Ballot ballot;
  repeat(ballot, 0, false);
  const std::size_t entries = ballot.entries();
  constexpr int kRepetitions = 1'000'000;
  for (int repetition = 1; repetition < kRepetitions; ++repetition) repeat(ballot, repetition, false);
  EXPECT_EQ(ballot.entries(), entries);
  EXPECT_EQ(ballot.votes(), 6U * kRepetitions);
  EXPECT_TRUE(ballot.deviations().listed.empty());
}

TEST(Ballot, FaultsThatComeAndGoTakeBoundedRoomAndAreAllCounted) {
  Ballot ballot;
  constexpr int kRepetitions = 3000;
  for (int repetition = 0; repetition < kRepetitions; ++repetition)
    repeat(ballot, repetition, repetition % 3 == 0);
  const std::size_t urns = 4;
  EXPECT_LE(ballot.entries(), urns * 2 * (1 + kMostVoters));
  const Deviations found = ballot.deviations();
  ASSERT_EQ(found.listed.size(), kMostDeviations);
  EXPECT_EQ(found.listed[1].repetition, 3);
  EXPECT_EQ(found.repetitions.at("a") + found.unlisted_votes, kRepetitions / 3U);
}

TEST(Ballot, ScatteredResultsTakeBoundedRoomAndHideNoMajority) {
  Ballot ballot;
  int repetition = 0;
  for (; repetition < 100; ++repetition) repeat(ballot, repetition, true, 1000U + repetition);
  EXPECT_LE(ballot.entries(), 8U + 2 * kMostResults);  // the other three urns are sound
  const auto undecided = ballot.undecided();
  ASSERT_TRUE(undecided);
  EXPECT_EQ(undecided->votes, 100U);
  EXPECT_EQ(undecided->results, 100U);
  for (; repetition < 300; ++repetition) repeat(ballot, repetition, false);
  EXPECT_FALSE(ballot.undecided());
  const Deviations found = ballot.deviations();
  EXPECT_EQ(found.repetitions.at("a") + found.unlisted_votes, 100U);
}

TEST(Ballot, ComesBackFromItsRecord) {
  Ballot ballot;
  for (int repetition = 0; repetition < 5; ++repetition) repeat(ballot, repetition, repetition == 2);
  Ballot back(ballot.record());
  EXPECT_EQ(back.votes(), ballot.votes());
  for (Ballot* one : {&ballot, &back}) repeat(*one, 5, true);
  ASSERT_EQ(back.deviations().listed.size(), 2U);
  EXPECT_EQ(back.deviations().listed[1].repetition, 5);
  EXPECT_EQ(back.deviations().listed[1].relative_l2, ballot.deviations().listed[1].relative_l2);
  EXPECT_EQ(back.record().urns.size(), ballot.record().urns.size());
}

TEST(Ballot, RefusesARecordThatNoBallotMade) {
  Ballot ballot;
  repeat(ballot, 0, false);
  const auto refuses = [&](const auto& damage) {
    auto record = ballot.record();
    damage(record.urns[0].results[0]);
    EXPECT_THROW(Ballot{record}, InputError);
  };
  using reports::records::VotedResult;
  refuses([](VotedResult& result) { result.hash = "no hash"; });
  refuses([](VotedResult& result) { result.sketch.pop_back(); });
  refuses([](VotedResult& result) { result.voters[0].case_index = 7; });
  refuses([](VotedResult& result) { result.voters[0].last = -1; });
  refuses([](VotedResult& result) { result.votes = 0; });
  refuses([](VotedResult& result) { result.votes = 100; });
  refuses([](VotedResult& result) { result.voters.clear(); });
  auto record = ballot.record();
  record.urns.pop_back();
  EXPECT_THROW(Ballot{record}, InputError);
}

}  // namespace
}  // namespace isoframe::harness::qualify
