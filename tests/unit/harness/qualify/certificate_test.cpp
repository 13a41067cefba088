#include "harness/qualify/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isoframe::harness::qualify {
namespace {

using reports::records::Certificate;
using reports::records::Fitness;
using reports::records::LinkRate;
using reports::records::MachineRates;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double kRate = 1e10;

std::vector<MachineRates> rates(int ranks) {
  std::vector<MachineRates> all;
  for (int rank = 0; rank < ranks; ++rank) {
    MachineRates& rates = all.emplace_back();
    rates.rank = rank;
    rates.host = "here";
    rates.memory.bytes_per_second = kRate;
    rates.compute = {.flops_per_second = kRate, .result = "00ff"};
    for (int peer = 0; peer < ranks; ++peer)
      if (peer != rank)
        rates.links.push_back({.peer = peer, .bytes_per_second = kRate, .latency_seconds = 1e-5});
  }
  return all;
}

Evidence sound(int repetitions = 3) {
  Evidence evidence;
  evidence.repetitions = repetitions;
  evidence.cases = {{"case", "ulysses=3", 3, std::vector<double>(repetitions, 1.0)}};
  evidence.rates.assign(repetitions, rates(3));
  return evidence;
}

std::vector<std::string> reasons(const Evidence& evidence) {
  const Certificate certificate = certify(evidence);
  EXPECT_EQ(certificate.verdict, Fitness::kUnfit);
  return certificate.reasons;
}

TEST(Certificate, ASoundMachineIsFit) {
  const Certificate certificate = certify(sound());
  EXPECT_EQ(certificate.verdict, Fitness::kFit);
  EXPECT_THAT(certificate.reasons, IsEmpty());
  ASSERT_EQ(certificate.links.size(), 3U);
  EXPECT_THAT(certificate.links[1].ranks, ElementsAre(0, 2));
  EXPECT_EQ(certificate.ranks[2].memory_bytes_per_second->median, kRate);
  EXPECT_EQ(certificate.cases[0].seconds->count, 3);
}

TEST(Certificate, WithoutAMajorityItIsUnfinishedUnlessAFaultWasSeen) {
  Evidence evidence = sound(2);
  evidence.interrupted = true;
  EXPECT_EQ(certify(evidence).verdict, Fitness::kUnfinished);
  reports::records::RepetitionFailure& failure = evidence.cases[0].errors.emplace_back();
  failure.repetition = 1;
  failure.message = "rank 2 was killed";
  EXPECT_THAT(reasons(evidence), ElementsAre("case, repetition 2: rank 2 was killed"));
}

TEST(Certificate, ADeviationIsNamedOnceHoweverOften) {
  Evidence evidence = sound();
  for (const int repetition : {0, 2})
    evidence.deviations.push_back({"case", repetition, {"denoise 1", "tokens", 4, 0}, {1}, 12, 1e-6});
  EXPECT_THAT(reasons(evidence),
              ElementsAre("rank 1 of case computed otherwise than most in 2 of 3 repetitions, first "
                          "at denoise 1/tokens 4 (relative L2 1.0e-06)"));
  EXPECT_EQ(certify(evidence).cases[0].deviations.size(), 2U);
}

TEST(Certificate, RunsThatDoNotRepeatMakeItUnfit) {
  Evidence evidence = sound();
  evidence.undecided = {{{"decode", "frames", -1, 0}, 3, 3}};
  EXPECT_THAT(reasons(evidence),
              ElementsAre(HasSubstr("runs do not repeat: 3 results in 3 runs at decode/frames")));
}

TEST(Certificate, ASlowRankIsNamedByItsBest) {
  Evidence evidence = sound();
  evidence.rates[0][0].memory.bytes_per_second = 0.1 * kRate;  // once, by another load
  for (auto& repetition : evidence.rates) repetition[1].compute.flops_per_second = 0.7 * kRate;
  EXPECT_THAT(reasons(evidence), ElementsAre("rank 1 (here) computes at 70 % of the fastest, at best"));
}

TEST(Certificate, AWrongProductAndAWrongCopyNameTheirRank) {
  Evidence evidence = sound();
  evidence.rates[1][2].compute.result = "ff00";
  evidence.rates[2][0].memory.intact = false;
  EXPECT_THAT(reasons(evidence),
              ElementsAre("rank 0 (here) copied memory wrongly, once",
                          "rank 2 (here) computed a fixed product otherwise than most, once"));
}

TEST(Certificate, ALinkIsHeldAgainstLinksOfItsKind) {
  Evidence evidence = sound();
  for (auto& repetition : evidence.rates) {
    repetition[2].host = "there";  // links 0-2 and 1-2 cross the network
    for (LinkRate& link : repetition[0].links)
      if (link.peer == 2) link.bytes_per_second = 0.1 * kRate;
    for (LinkRate& link : repetition[1].links)
      if (link.peer == 2) link.bytes_per_second = 0.04 * kRate;
  }
  evidence.rates[1][1].links[0].intact = false;
  EXPECT_THAT(reasons(evidence),
              ElementsAre("the link of ranks 0 and 1 delivered other bytes than were sent, once",
                          "the link of ranks 1 and 2 moves bytes at 40 % of the fastest, at best"));
}

TEST(Certificate, AMachineThatSlowsDownIsUnfit) {
  Evidence evidence = sound(9);
  evidence.cases[0].seconds = {1.0, 1.0, 1.0, 1.1, 1.1, 1.1, 1.2, 1.2, 1.2};
  EXPECT_THAT(reasons(evidence), ElementsAre(HasSubstr("took 1.20x the time of the first")));
}

}  // namespace
}  // namespace isoframe::harness::qualify
