#include "harness/measure/host_load.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace isoframe::harness::measure {
namespace {

namespace fs = std::filesystem;
using reports::records::HostLoad;

class HostLoadTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::path(testing::TempDir()) / (std::string("host load ") + info->name());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  HostWatch watch(std::initializer_list<int> processors) const {
    HostSources sources{.proc = root_ / "proc", .sys = root_ / "sys"};
    CPU_ZERO(&sources.processors);
    for (const int processor : processors) CPU_SET(static_cast<std::size_t>(processor), &sources.processors);
    return HostWatch(HostWatch::Own::kProcess, sources);
  }

  fs::path root_;
};

// user nice system idle iowait irq softirq steal guest guest_nice, in hundredths of a second
TEST_F(HostLoadTest, CountsTheProcessorsThatItWasGiven) {
  write("proc/stat",
        "cpu  400 40 90 9000 7 5 6 30 0 0\n"
        "cpu0 100 10 20 3000 2 1 2 10 0 0\n"
        "cpu1 200 20 30 3000 2 2 2 10 0 0\n"
        "cpu10 100 10 40 3000 3 2 2 10 0 0\n"
        "intr 5 0 0\n");
  const HostWatch watch = this->watch({0, 10});
  write("proc/stat",
        "cpu  999 99 99 9999 9 9 9 99 0 0\n"
        "cpu0 150 15 25 3100 50 90 90 17 0 0\n"
        "cpu1 900 90 90 3000 2 2 2 90 0 0\n"
        "cpu10 100 10 41 3200 3 2 2 11 0 0\n"
        "intr 5 0 0\n");
  const HostLoad load = watch.load("node");
  EXPECT_EQ(load.host, "node");
  EXPECT_EQ(load.processors, "0,10");
  EXPECT_EQ(load.processor_count, 2);
  EXPECT_NEAR(load.busy_seconds.value(), 0.61, 1e-9);  // 50 + 5 + 5 + 1: neither waiting nor interrupts
  EXPECT_NEAR(load.steal_seconds.value(), 0.08, 1e-9);
}

TEST_F(HostLoadTest, OldKernelsTellNoSteal) {
  write("proc/stat", "cpu0 100 0 0 100\n");
  const HostWatch watch = this->watch({0});
  write("proc/stat", "cpu0 300 0 0 100\n");
  EXPECT_NEAR(watch.load("").busy_seconds.value(), 2.0, 1e-9);
  EXPECT_EQ(watch.load("").steal_seconds.value(), 0.0);
}

TEST_F(HostLoadTest, CountsThrottlingForHeatAndByAQuota) {
  const std::string cpus = "sys/devices/system/cpu/";
  write(cpus + "cpu0/thermal_throttle/core_throttle_count", "3\n");
  write(cpus + "cpu0/thermal_throttle/package_throttle_count", "5\n");
  write(cpus + "cpu1/thermal_throttle/core_throttle_count", "0\n");
  write(cpus + "cpufreq/thermal_throttle/core_throttle_count", "77\n");
  write("proc/self/cgroup", "0::/pod/job\n");
  write("sys/fs/cgroup/pod/job/cpu.stat",
        "usage_usec 9\nnr_periods 5\nnr_throttled 2\nthrottled_usec 1000\n");
  write("sys/fs/cgroup/pod/cpu.stat", "usage_usec 9\nnr_periods 5\nnr_throttled 1\nthrottled_usec 0\n");
  const HostWatch watch = this->watch({0, 1});
  write(cpus + "cpu1/thermal_throttle/core_throttle_count", "2\n");
  write(cpus + "cpu0/thermal_throttle/package_throttle_count", "6\n");
  write("sys/fs/cgroup/pod/cpu.stat", "usage_usec 9\nnr_periods 9\nnr_throttled 5\nthrottled_usec 250000\n");
  const HostLoad load = watch.load("");
  EXPECT_EQ(load.thermal_throttles.value(), 3U);
  EXPECT_EQ(load.quota_throttles.value(), 4U);
  EXPECT_NEAR(load.quota_throttled_seconds.value(), 0.25, 1e-9);
}

TEST_F(HostLoadTest, VersionOneCountsAQuotaInNanoseconds) {
  write("proc/self/cgroup", "2:cpu,cpuacct:/job\n1:memory:/job\n");
  write("sys/fs/cgroup/cpu/job/cpu.stat", "nr_periods 5\nnr_throttled 2\nthrottled_time 1000000000\n");
  const HostWatch watch = this->watch({0});
  write("sys/fs/cgroup/cpu/job/cpu.stat", "nr_periods 9\nnr_throttled 3\nthrottled_time 3500000000\n");
  EXPECT_EQ(watch.load("").quota_throttles.value(), 1U);
  EXPECT_NEAR(watch.load("").quota_throttled_seconds.value(), 2.5, 1e-9);
}

TEST_F(HostLoadTest, AMachineThatTellsNothingLeavesItUnset) {
  const HostLoad load = watch({0}).load("");
  EXPECT_FALSE(load.busy_seconds || load.steal_seconds || load.thermal_throttles || load.quota_throttles ||
               load.quota_throttled_seconds);
  EXPECT_GE(load.seconds, 0.0);
}

TEST(HostLoadHere, ThisMachineTellsWhatItsProcessorsDo) {
  const HostWatch watch(HostWatch::Own::kProcess);
  while (watch.load("").own_seconds < 0.1) {
  }
  const HostLoad load = watch.load("");
  ASSERT_TRUE(load.busy_seconds);
  EXPECT_GT(*load.busy_seconds, 0.0);
  EXPECT_GT(load.processor_count, 0);
}

}  // namespace
}  // namespace isoframe::harness::measure
