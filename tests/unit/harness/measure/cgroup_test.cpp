#include "harness/measure/cgroup.h"

#include <fstream>

#include <gtest/gtest.h>

namespace isoframe::harness::measure {
namespace {

namespace fs = std::filesystem;

class Cgroup : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::path(testing::TempDir()) / (std::string("cgroup ") + info->name());
    fs::remove_all(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  reports::records::Limits limits() const { return cgroup_limits(root_ / "proc", root_ / "sys"); }

  fs::path root_;
};

TEST_F(Cgroup, TheTightestLimitOnTheWayUpHolds) {
  write("proc/self/cgroup", "0::/pod/container\n");
  write("sys/pod/container/cpu.max", "400000 100000\n");
  write("sys/pod/cpu.max", "150000 100000\n");
  write("sys/pod/container/memory.max", "1073741824\n");
  write("sys/pod/memory.max", "max\n");
  EXPECT_DOUBLE_EQ(limits().cores.value(), 1.5);
  EXPECT_EQ(limits().memory_bytes.value(), 1073741824u);
}

TEST_F(Cgroup, NoLimitIsUnset) {
  write("proc/self/cgroup", "0::/\n");
  write("sys/cpu.max", "max 100000\n");
  write("sys/memory.max", "max\n");
  EXPECT_FALSE(limits().cores);
  EXPECT_FALSE(limits().memory_bytes);
}

TEST_F(Cgroup, VersionOneHasAFolderForEachController) {
  write("proc/self/cgroup", "9:name=systemd:/\n5:cpu,cpuacct:/job\n3:memory:/job\n");
  write("sys/cpu/job/cpu.cfs_quota_us", "200000\n");
  write("sys/cpu/job/cpu.cfs_period_us", "100000\n");
  write("sys/cpu/cpu.cfs_quota_us", "-1\n");
  write("sys/cpu/cpu.cfs_period_us", "100000\n");
  write("sys/memory/job/memory.limit_in_bytes", "536870912\n");
  write("sys/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_DOUBLE_EQ(limits().cores.value(), 2.0);
  EXPECT_EQ(limits().memory_bytes.value(), 536870912u);
}

TEST_F(Cgroup, AMachineWithoutControlGroupsHasNoLimits) {
  EXPECT_FALSE(limits().cores);
  EXPECT_FALSE(limits().memory_bytes);
}

}  // namespace
}  // namespace isoframe::harness::measure
