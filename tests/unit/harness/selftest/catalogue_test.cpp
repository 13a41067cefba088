#include "harness/selftest/faults/catalogue.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "harness/selftest/plants.h"
#include "harness/selftest/selftest.h"
#include "model/kernels/caching_allocator.h"

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

TEST(Selftest, AnUnknownNameIsAnError) {
  EXPECT_THROW(run_selftest(faults::catalogue(), {.filter = "no-such-fault"}), InputError);
}

}  // namespace
}  // namespace isoframe::harness::selftest
