#include "harness/qualify/disturbance.h"

#include <gtest/gtest.h>

namespace isoframe::harness::qualify {
namespace {

using reports::records::HostEvidence;
using reports::records::HostLoad;

/// A process on a host of some processors over ten seconds, which the host spent in part on it and on others.
HostLoad load(int processors, double own, double busy) {
  HostLoad load;
  load.host = "node";
  load.processors = "all";
  load.processor_count = processors;
  load.seconds = 10.0;
  load.own_seconds = own;
  load.busy_seconds = busy;
  load.steal_seconds = 0.0;
  return load;
}

HostReading reading(const HostLoad& load) { return readings_of({load}).front(); }

TEST(Disturbance, TheTimeOfOtherRanksIsNotThatOfOthers) {
  const auto readings = readings_of({load(2, 9.0, 19.2), load(2, 10.0, 19.1)});
  ASSERT_EQ(readings.size(), 1U);
  EXPECT_NEAR(readings[0].others.value(), 0.01, 1e-9);
  EXPECT_FALSE(readings[0].is_disturbed);
  EXPECT_TRUE(reading(load(2, 9.0, 19.2)).is_disturbed);
}

TEST(Disturbance, HostsAndPinnedRanksAreReadApart) {
  HostLoad there = load(2, 1.0, 9.0), pinned = load(2, 1.0, 1.0);
  there.host = "there";
  pinned.processors = "6-7";
  const auto readings = readings_of({load(2, 1.0, 1.0), there, pinned});
  ASSERT_EQ(readings.size(), 3U);
  int disturbed = 0;
  for (const HostReading& one : readings) {
    disturbed += one.is_disturbed ? 1 : 0;
    EXPECT_EQ(one.is_disturbed, one.host == "there");
  }
  EXPECT_EQ(disturbed, 1);
}

TEST(Disturbance, AShareOfTheProcessorsOrHalfAProcessorIsTheLimit) {
  EXPECT_FALSE(reading(load(2, 5.0, 5.9)).is_disturbed);
  EXPECT_TRUE(reading(load(2, 5.0, 6.1)).is_disturbed);
  EXPECT_FALSE(reading(load(128, 5.0, 9.0)).is_disturbed);
  EXPECT_TRUE(reading(load(128, 5.0, 11.0)).is_disturbed);
}

TEST(Disturbance, StealAddsToOthers) {
  HostLoad one = load(2, 5.0, 5.6);
  EXPECT_FALSE(reading(one).is_disturbed);
  one.steal_seconds = 0.6;
  EXPECT_TRUE(reading(one).is_disturbed);
  EXPECT_NEAR(reading(one).steal.value(), 0.03, 1e-9);
}

TEST(Disturbance, HeatAndQuotasDisturb) {
  HostLoad one = load(2, 5.0, 5.0);
  one.quota_throttles = 9;
  one.quota_throttled_seconds = 0.9;
  one.thermal_throttles = 0;
  EXPECT_FALSE(reading(one).is_disturbed);
  one.quota_throttled_seconds = 1.1;
  EXPECT_TRUE(reading(one).is_disturbed);
  one.quota_throttled_seconds = 0.0;
  one.thermal_throttles = 1;
  EXPECT_TRUE(reading(one).is_disturbed);
}

TEST(Disturbance, AHostThatTellsNothingIsNotDisturbed) {
  HostLoad one = load(2, 5.0, 5.0);
  one.busy_seconds.reset();
  one.steal_seconds.reset();
  EXPECT_FALSE(reading(one).is_disturbed);
  EXPECT_FALSE(reading(one).others);
}

TEST(Disturbance, TheExplanationNamesTheWorstHostAndWhatHelps) {
  std::vector<HostEvidence> hosts;
  HostLoad busy = load(2, 5.0, 17.2), there = load(2, 5.0, 5.2);
  busy.steal_seconds = 0.6;
  there.host = "there";
  there.thermal_throttles = 4;
  for (const HostLoad& one : {busy, there, there}) add(hosts, reading(one));
  ASSERT_EQ(hosts.size(), 2U);
  EXPECT_EQ(hosts[1].readings, 2U);
  const Explanation explanation = explanation_of(hosts);
  EXPECT_EQ(explanation.cause,
            "other processes used up to 61 % of node's processors, a hypervisor gave up to 3 % of node's "
            "processors to others, heat slowed there's processors down 8 times");
  EXPECT_EQ(explanation.remedy, "end them");
}

}  // namespace
}  // namespace isoframe::harness::qualify
