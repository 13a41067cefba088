#include "harness/qualify/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/qualify/evidence.h"
#include "tests/unit/harness/qualify/machine.h"

namespace isoframe::harness::qualify {
namespace {

using reports::records::Certificate;
using reports::records::Evidence;
using reports::records::Fitness;
using reports::records::HostLoad;
using reports::records::LinkRate;
using reports::records::MachineRates;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Three ranks, each with half of the time of a processor of its own.
std::vector<MachineRates> sound_rates() {
  return rates_beside(HostLoad{.host = "here",
                               .processors = "0-3",
                               .processor_count = 4,
                               .seconds = 2.0,
                               .own_seconds = 1.0,
                               .busy_seconds = 3.1,
                               .steal_seconds = 0.0,
                               .thermal_throttles = 0,
                               .quota_throttles = {},
                               .quota_throttled_seconds = {}});
}

/// Evidence of repetitions, each as `change` makes it of a sound one.
class Repetitions {
 public:
  Repetitions() {
    evidence_.cases.emplace_back().name = "case";
    evidence_.cases.front().layout = "ulysses=3";
    evidence_.cases.front().ranks = kRanks;
    evidence_.seconds = evidence_.duration_seconds = 600.0;
  }

  template <typename Change>
  Repetitions& add(int count, const Change& change) {
    for (int k = 0; k < count; ++k) {
      Repetition repetition{.seconds = {1.0}, .rates = sound_rates()};
      change(repetition);
      qualify::add(evidence_, repetition);
      ++evidence_.next_repetition;
    }
    return *this;
  }
  Repetitions& add(int count) {
    return add(count, [](Repetition&) {});
  }
  Evidence& operator*() { return evidence_; }
  Evidence* operator->() { return &evidence_; }

 private:
  Evidence evidence_;
};

void busy(Repetition& repetition) {
  for (MachineRates& rank : repetition.rates) rank.load->busy_seconds = 5.5;  // others: 2.5 of 8
}

std::vector<std::string> reasons(const Evidence& evidence, const Count& count = {}) {
  const Certificate certificate = certify(evidence, count);
  EXPECT_EQ(certificate.verdict, Fitness::kUnfit);
  return certificate.reasons;
}

TEST(Certificate, ASoundMachineIsFit) {
  const Certificate certificate = certify(*Repetitions().add(3), {});
  EXPECT_EQ(certificate.verdict, Fitness::kFit);
  EXPECT_THAT(certificate.reasons, IsEmpty());
  ASSERT_EQ(certificate.links.size(), 3U);
  EXPECT_THAT(certificate.links[1].ranks, ElementsAre(0, 2));
  EXPECT_EQ(certificate.ranks[2].memory_bytes_per_second->median, kRate);
  EXPECT_EQ(certificate.cases[0].seconds->count, 3);
  EXPECT_EQ(certificate.undisturbed, 3);
  ASSERT_EQ(certificate.hosts.size(), 1U);
  EXPECT_NEAR(certificate.hosts[0].others_share->median, 0.1 / 8, 1e-9);
}

TEST(Certificate, UntilTheTimeIsOverItIsUnfinishedUnlessAFaultWasSeen) {
  Repetitions repetitions;
  repetitions.add(4);
  repetitions->seconds = 100.0;
  const Certificate certificate = certify(*repetitions, {});
  EXPECT_EQ(certificate.verdict, Fitness::kUnfinished);
  EXPECT_THAT(
      certificate.reasons,
      ElementsAre("4 repetitions in 1 min 40 s of 10 min; nothing deviated so far; --resume goes on"));
  add(repetitions->cases[0],
      {{.rank = 2, .stage = "", .message = "rank 2 was killed", .last_words = ""}, 1, ""});
  EXPECT_THAT(reasons(*repetitions), ElementsAre("case, repetition 2: rank 2 was killed"));
}

TEST(Certificate, WithoutAMajorityItIsUnfinished) {
  const Certificate certificate = certify(*Repetitions().add(2), {});
  EXPECT_EQ(certificate.verdict, Fitness::kUnfinished);
  EXPECT_THAT(certificate.reasons, ElementsAre(HasSubstr("2 of at least 3 repetitions in 10 min of 10 min")));
}

TEST(Certificate, OfManyFailuresTheFirstAreKeptAndAllCounted) {
  Repetitions repetitions;
  repetitions.add(3);
  constexpr std::size_t kFailures = 1'000'000;
  for (std::size_t k = 0; k < kFailures; ++k) {
    reports::records::RepetitionFailure failure;
    failure.message = "rank 2 was killed";
    EXPECT_EQ(add(repetitions->cases[0], failure), k < kMostErrors);
  }
  const auto all = reasons(*repetitions);
  ASSERT_EQ(all.size(), kMostErrors + 1);
  EXPECT_EQ(all.back(), "case: 999984 more rounds failed");
  EXPECT_EQ(certify(*repetitions, {}).cases[0].failed_rounds, kFailures);
}

TEST(Certificate, ADeviationIsNamedOnceHoweverOften) {
  Count count;
  for (const int repetition : {0, 4})
    count.deviations.listed.push_back(
        {"case", repetition, {"denoise 1", "tokens", 4, 0}, {1}, 12, 1e-6, repetition == 0 ? 1 : 2});
  count.deviations.repetitions["case"] = 3;
  Repetitions repetitions;
  repetitions.add(6);
  EXPECT_THAT(reasons(*repetitions, count),
              ElementsAre("rank 1 of case computed otherwise than most in 3 of 6 repetitions, first "
                          "at denoise 1/tokens 4 (relative L2 1.0e-06)"));
  EXPECT_EQ(certify(*repetitions, count).cases[0].deviations.size(), 2U);
  EXPECT_EQ(certify(*repetitions, count).cases[0].deviating_repetitions, 3U);
}

TEST(Certificate, RunsThatDoNotRepeatMakeItUnfit) {
  Count count;
  count.undecided = {{{"decode", "frames", -1, 0}, 3, 3}};
  EXPECT_THAT(reasons(*Repetitions().add(3), count),
              ElementsAre(HasSubstr("runs do not repeat: 3 results in 3 runs at decode/frames")));
}

TEST(Certificate, ASlowRankIsNamedByItsBest) {
  Repetitions repetitions;
  repetitions.add(1, [](Repetition& one) { one.rates[0].memory.bytes_per_second = 0.1 * kRate; });
  repetitions.add(2);
  EXPECT_EQ(certify(*repetitions, {}).verdict, Fitness::kFit);
  Repetitions slow;
  slow.add(3, [](Repetition& one) { one.rates[1].compute.flops_per_second = 0.7 * kRate; });
  EXPECT_THAT(reasons(*slow), ElementsAre("rank 1 (here) computes at 70 % of the fastest, at best"));
}

TEST(Certificate, AWrongProductAndAWrongCopyNameTheirRank) {
  Repetitions repetitions;
  repetitions.add(2);
  repetitions.add(1, [](Repetition& one) {
    one.rates[2].compute.result = "ff00";
    one.rates[0].memory.intact = false;
  });
  EXPECT_THAT(reasons(*repetitions),
              ElementsAre("rank 0 (here) copied memory wrongly, once",
                          "rank 2 (here) computed a fixed product otherwise than most, once"));
}

TEST(Certificate, ALinkIsHeldAgainstLinksOfItsKind) {
  Repetitions repetitions;
  repetitions.add(3, [&](Repetition& one) {
    one.rates[2].host = "there";  // links 0-2 and 1-2 cross the network
    one.rates[0].links[1].bytes_per_second = 0.1 * kRate;
    one.rates[1].links[1].bytes_per_second = 0.04 * kRate;
    one.rates[1].links[0].intact = repetitions->repetitions != 1;
  });
  EXPECT_THAT(reasons(*repetitions),
              ElementsAre("the link of ranks 0 and 1 delivered other bytes than were sent, once",
                          "the link of ranks 1 and 2 moves bytes at 40 % of the fastest, at best"));
}

TEST(Certificate, AMachineThatSlowsDownIsUnfit) {
  Repetitions repetitions;
  for (const double seconds : {1.0, 1.1, 1.2})
    repetitions.add(3, [&](Repetition& one) { one.seconds = {seconds}; });
  EXPECT_THAT(reasons(*repetitions), ElementsAre(HasSubstr("took 1.20x the time of the first")));
}

TEST(Certificate, WhatElseRanSlowsNoRankDown) {
  Repetitions repetitions;
  repetitions.add(5, [](Repetition& one) {
    busy(one);
    one.rates[1].compute.flops_per_second = 0.1 * kRate;
    one.seconds = {7.0};
  });
  repetitions.add(2);
  const Certificate disturbed = certify(*repetitions, {});
  EXPECT_EQ(disturbed.verdict, Fitness::kDisturbed);
  EXPECT_THAT(disturbed.reasons,
              ElementsAre("rates of 5 of 7 repetitions were disturbed: other processes used up to 31 % of "
                          "here's processors; end them and go on with --resume"));
  EXPECT_EQ(disturbed.hosts[0].disturbed, 5U);
  // Three undisturbed repetitions are enough, and its rates and times are theirs alone.
  repetitions.add(1);
  const Certificate fit = certify(*repetitions, {});
  EXPECT_EQ(fit.verdict, Fitness::kFit);
  EXPECT_EQ(fit.undisturbed, 3);
  EXPECT_EQ(fit.ranks[1].flops_per_second->min, kRate);
  EXPECT_EQ(fit.cases[0].seconds->max, 1.0);
  // From nine repetitions on drift is judged, which needs nine.
  repetitions.add(1);
  EXPECT_EQ(certify(*repetitions, {}).verdict, Fitness::kDisturbed);
  repetitions.add(5);
  EXPECT_EQ(certify(*repetitions, {}).verdict, Fitness::kFit);
}

TEST(Certificate, ASlowRankIsFoundBetweenDisturbances) {
  Repetitions repetitions;
  repetitions.add(5, busy);
  repetitions.add(3, [](Repetition& one) { one.rates[1].compute.flops_per_second = 0.7 * kRate; });
  EXPECT_THAT(reasons(*repetitions), ElementsAre("rank 1 (here) computes at 70 % of the fastest, at best"));
}

TEST(Certificate, WrongBitsAreUnfitWhateverElseRan) {
  const auto expect_unfit = [](const auto& change) {
    Repetitions repetitions;
    repetitions.add(3, [&](Repetition& one) {
      busy(one);
      if (repetitions->repetitions == 1) change(one);
    });
    EXPECT_EQ(reasons(*repetitions).size(), 1U);
  };
  expect_unfit([](Repetition& one) { one.rates[1].memory.intact = false; });
  expect_unfit([](Repetition& one) { one.rates[1].compute.result = "ff00"; });
  expect_unfit([](Repetition& one) { one.rates[0].links[0].intact = false; });
  Count count;
  count.deviations.listed.push_back({"case", 1, {"decode", "frames", -1, 0}, {1}, 1, 1e-6});
  EXPECT_EQ(reasons(*Repetitions().add(3, busy), count).size(), 1U);
}

TEST(Certificate, AMillionRepetitionsTakeBoundedRoom) {
  Repetitions repetitions;
  const auto size_of = [&] {
    std::size_t values = 0;
    for (const auto& rank : repetitions->ranks)
      values += rank.memory.samples.size() + rank.compute.samples.size() + rank.results.size();
    for (const auto& link : repetitions->links)
      values += link.bandwidth.samples.size() + link.latency.samples.size();
    for (const auto& host : repetitions->hosts)
      values += host.others.samples.size() + host.steal.samples.size();
    return values + repetitions->cases[0].seconds.samples.size();
  };
  constexpr std::size_t kSeries = 2 * kRanks + 2 * kRanks + 2 + 1;
  constexpr int kRepetitions = 1'000'000;
  Repetition one{.seconds = {1.0}, .rates = sound_rates()};
  for (int k = 0; k < kRepetitions; ++k) {
    one.rates[0].compute.result = std::to_string(k);
    add(*repetitions, one);
  }
  EXPECT_LE(size_of(), kSeries * 128 + kRanks * (kMostProducts + 1));
  EXPECT_EQ(certify(*repetitions, {}).cases[0].seconds->count, static_cast<std::size_t>(kRepetitions));
}

}  // namespace
}  // namespace isoframe::harness::qualify
