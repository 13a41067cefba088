#include "harness/worker/yardstick.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace isoframe::harness::worker {
namespace {

TEST(Yardstick, IsBusyOnACpuForNoMoreThanItTakes) {
  at::set_num_threads(1);
  const reports::records::Yardstick time = time_yardstick(c10::Device(c10::kCPU));
  EXPECT_GT(time.busy_seconds, 0.0);
  EXPECT_LE(time.busy_seconds, 1.01 * time.seconds);
}

}  // namespace
}  // namespace isoframe::harness::worker
