#include "harness/selftest/faults/catalogue.h"

#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "harness/selftest/plants.h"
#include "harness/selftest/resources.h"
#include "harness/selftest/selftest.h"
#include "model/kernels/caching_allocator.h"
#include "tests/unit/metrics/random_samples.h"

namespace isoframe::harness::selftest {
namespace {

/// Installs the allocator before any tensor of this program, as install_caching_allocator() asks for.
[[maybe_unused]] const bool kAllocatorInstalled = (model::kernels::install_caching_allocator(), true);

TEST(Catalogue, HoldsAtLeastThirtyFaultsOfDistinctNames) {
  const std::vector<Fault> faults = faults::catalogue();
  std::set<std::string> names;
  for (const Fault& fault : faults) names.insert(fault.name);
  EXPECT_GE(faults.size(), 30U);
  EXPECT_EQ(names.size(), faults.size());
}

const Fault& named(const std::vector<Fault>& faults, const std::string& name) {
  for (const Fault& fault : faults)
    if (fault.name == name) return fault;
  throw std::out_of_range(name);
}

TEST(Selftest, AFaultInAnotherPlaceThanExpectedIsNotLocated) {
  const std::vector<Fault> faults = faults::catalogue();
  Fault fault = named(faults, "activation-bit");
  fault.expected.block = 0;
  const reports::records::SelftestRecord result = run_selftest({fault}, {});
  EXPECT_TRUE(result.faults[0].caught);
  EXPECT_FALSE(result.faults[0].located);
  EXPECT_FALSE(result.passed);
}

TEST(Selftest, AFaultThatDoesNothingIsNeitherCaughtNorLocated) {
  Fault fault = named(faults::catalogue(), "activation-bit");
  fault.plant = at_point({"transformer_blocks", 1, 1}, 1, [](const at::Tensor&) {});
  const reports::records::SelftestRecord result = run_selftest({fault}, {});
  EXPECT_FALSE(result.faults[0].caught);
  EXPECT_FALSE(result.faults[0].located);
  EXPECT_FALSE(result.faults[0].found);
  EXPECT_TRUE(result.sound[0].passed);
}

TEST(Selftest, ALeakIsFoundAtItsFirstStep) {
  const reports::records::SelftestRecord result = run_selftest({named(faults::catalogue(), "leak")}, {});
  EXPECT_EQ(result.faults[0].gate, "memory");
  EXPECT_EQ(std::get<reports::records::ResourcePlace>(result.faults[0].found.value()).step, 0);
  EXPECT_TRUE(result.passed);
}

TEST(Selftest, APlantThatLeaksNothingPasses) {
  Fault fault = named(faults::catalogue(), "leak");
  fault.plant = at_point({"latents"}, 0, [](const at::Tensor&) {});
  const reports::records::SelftestRecord result = run_selftest({fault}, {});
  EXPECT_FALSE(result.faults[0].caught);
  EXPECT_TRUE(result.sound[0].passed);
}

using reports::records::RankRecord;

/// Pairs of runs of a slow rank, as if measured on a machine whose times deviate by so much.
std::vector<MeasuredPair> simulated_pairs(double deviation, double slowdown) {
  metrics::RandomSamples random(1);
  const auto run = [&](double factor) {
    std::vector<RankRecord> ranks(2);
    for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
      for (const char* stage : {"text", "denoise", "decode"})
        ranks[rank].busy[stage] = std::exp(deviation * random.normal());
      if (rank == 1) ranks[rank].busy["denoise"] *= factor;
    }
    return ranks;
  };
  std::vector<MeasuredPair> pairs;
  for (int i = 0; i < kMostPairs; ++i) pairs.push_back({.sound = run(1.0), .faulty = run(1.0 + slowdown)});
  return pairs;
}

TEST(ResourceTrial, OnAQuietMachineASlowRankIsCaughtOrMissedForGood) {
  const Fault fault = named(faults::catalogue(), "slow-rank");
  const ResourceTrial caught = judge_pairs(fault, simulated_pairs(0.02, kSlowdown));
  EXPECT_TRUE(caught.is_caught);
  EXPECT_EQ(caught.found.value().ranks, std::vector<int>{1});
  EXPECT_LT(caught.visible_slowdown.value(), 0.05);
  const ResourceTrial missed = judge_pairs(fault, simulated_pairs(0.02, 0.0));
  EXPECT_FALSE(missed.is_caught);
  EXPECT_EQ(missed.untrusted_reason(), "") << "a plant that does nothing is no fault of the machine";
}

TEST(ResourceTrial, AMachineTooNoisyToSeeTheFaultSaysSo) {
  const Fault fault = named(faults::catalogue(), "slow-rank");
  const ResourceTrial trial = judge_pairs(fault, simulated_pairs(0.8, kSlowdown));
  EXPECT_FALSE(trial.found);
  EXPECT_GT(trial.visible_slowdown.value(), kSlowdown);
  EXPECT_THAT(trial.untrusted_reason(), testing::HasSubstr("too noisy to see 10 %"));
}

TEST(Selftest, WhatTheMachineIsTooNoisyToSeeIsNotMissed) {
  reports::records::SelftestRecord result;
  result.faults.resize(2);
  result.faults[0].caught = result.faults[0].located = true;
  result.faults[1].untrusted = "too noisy to see 10 %";
  result.caught = result.located = result.untrusted = 1;
  EXPECT_EQ(exit_code_of(result), 3);
  const std::string text = table(result);
  EXPECT_THAT(text, testing::HasSubstr("untrusted: too noisy to see 10 %"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("NO")));
  result.faults[0].located = false;
  EXPECT_EQ(exit_code_of(result), 1);
  EXPECT_THAT(table(result), testing::HasSubstr("NO"));
}

TEST(Selftest, AnUnknownNameIsAnError) {
  EXPECT_THROW(run_selftest(faults::catalogue(), {.filter = "no-such-fault"}), InputError);
}

}  // namespace
}  // namespace isoframe::harness::selftest
