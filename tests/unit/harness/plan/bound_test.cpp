#include "harness/plan/bound.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "tests/unit/harness/scenario/scenario_file.h"

namespace isoframe::harness::plan {
namespace {

using ::testing::HasSubstr;

model::plan::StagePlan stage(const char* name, double flops, double bytes, std::uint64_t sent) {
  return {name, {flops, bytes}, 100, {{{"ulysses", "all_to_all"}, {sent, sent / 2}}}};
}

CasePlan two_ranks() {
  CasePlan plan;
  plan.dtype = "float32";
  plan.ranks.resize(2);
  plan.ranks[0].stages = {stage("text", 1000, 10, 0), stage("denoise", 10, 600, 40)};
  plan.ranks[1].stages = {stage("text", 10, 10, 0), stage("denoise", 10, 10, 90)};
  plan.ranks[1].weight_numbers = {{"vae", 50}};
  return plan;
}

const Device kDevice = {.name = "toy",
                        .dtype = "",
                        .flops = {{"float32", 100.0}},
                        .memory_bytes = 299.0,
                        .memory_bandwidth = 200.0,
                        .link_bandwidth = 10.0};

TEST(Bound, IsTheSlowestRanksLargestNeedOfEachStage) {
  const Bound bound = bound_of(two_ranks(), kDevice);
  ASSERT_EQ(bound.stages.size(), 2U);
  EXPECT_EQ(bound.stages[0].seconds, 10.0);
  EXPECT_EQ(bound.stages[0].limited_by, "arithmetic");
  // Rank 0's memory needs 3 s and its link 4, rank 1's link 9.
  EXPECT_EQ(bound.stages[1].seconds, 9.0);
  EXPECT_EQ(bound.stages[1].limited_by, "link");
  EXPECT_EQ(bound.seconds, 19.0);
}

TEST(Bound, WeightsAndTensorsOfTheLargestRankMustFit) {
  const Bound bound = bound_of(two_ranks(), kDevice);
  EXPECT_EQ(bound.memory_bytes, 50 * 4 + 100);
  EXPECT_FALSE(bound.fits);
  Device larger = kDevice;
  larger.memory_bytes = 300.0;
  EXPECT_TRUE(bound_of(two_ranks(), larger).fits);
}

TEST(Bound, ADeviceWithoutARateForTheDtypeIsRefused) {
  CasePlan plan = two_ranks();
  plan.dtype = "bfloat16";
  try {
    bound_of(plan, kDevice);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("device toy states no flops for bfloat16"));
  }
}

std::string problem(const std::string& text) {
  const scenario::ScenarioFile file(text, "toy.yaml");
  try {
    read_device(file.path());
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(DeviceFile, ErrorsSayWhereAndWhat) {
  const std::string rest = "memory_bytes: 1e9\nmemory_bandwidth: 1e9\nlink_bandwidth: 1e9\n";
  EXPECT_EQ(problem("name: toy\nflops: {float32: 1e9}\n" + rest), "accepted");
  EXPECT_THAT(problem("name: toy\nflops: {float23: 1e9}\n" + rest),
              HasSubstr("toy.yaml:2:9: unknown key 'float23'"));
  EXPECT_THAT(problem("name: toy\nflops: {float32: 0}\n" + rest), HasSubstr("float32 0 is not above 0"));
  EXPECT_THAT(problem("name: toy\nflops: {float32: 1e9}\nmemory_bytes: 1\n"),
              HasSubstr("needs memory_bandwidth"));
  EXPECT_THAT(problem("name: toy\ndtype: bfloat16\nflops: {float32: 1e9}\n" + rest),
              HasSubstr("flops has no bfloat16"));
}

TEST(DeviceFile, TellsTheCpuFromDevicesThatTakeTensorsAsTheyAre) {
  const std::string rest = "memory_bytes: 1e9\nmemory_bandwidth: 1e9\nlink_bandwidth: 1e9\n";
  const auto is_cpu = [&](const std::string& line) {
    return read_device(scenario::ScenarioFile("name: toy\n" + line + "flops: {float32: 1e9}\n" + rest).path())
        .is_cpu;
  };
  EXPECT_TRUE(is_cpu("device: cpu\n"));
  EXPECT_FALSE(is_cpu("device: cuda\n"));
  EXPECT_FALSE(is_cpu(""));
  EXPECT_THAT(problem("name: toy\ndevice: tpu\nflops: {float32: 1e9}\n" + rest),
              HasSubstr("toy.yaml:2:9: device is cpu or cuda, not 'tpu'"));
}

}  // namespace
}  // namespace isoframe::harness::plan
