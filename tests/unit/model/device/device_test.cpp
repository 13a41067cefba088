#include "model/device/device.h"

#include <string>
#include <thread>

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace isoframe::model::device {
namespace {

using namespace std::chrono_literals;

const c10::Device kCpu(c10::kCPU);

/// The reason why no GPU can be used; empty if one can.
std::string no_gpu() {
  try {
    check_available("cuda");
    return "";
  } catch (const InputError& error) {
    return error.what();
  }
}

TEST(ModelDevice, TheCpuIsAlwaysThereAndOne) {
  check_available("cpu", /*ranks_here=*/64);
  EXPECT_EQ(take("cpu", /*local_rank=*/7), kCpu);
  EXPECT_FALSE(memory(kCpu));
  EXPECT_FALSE(describe(kCpu));
}

TEST(ModelDevice, WithoutAGpuCudaIsRefusedInOneLine) {
  const std::string reason = no_gpu();
  if (reason.empty()) GTEST_SKIP() << "this machine has a GPU";
  EXPECT_THAT(reason, testing::StartsWith("device 'cuda': this "));
  EXPECT_THAT(reason, testing::HasSubstr("device cpu"));
  EXPECT_THAT(reason, testing::Not(testing::HasSubstr("\n")));
  EXPECT_THROW(take("cuda", 0), InputError);
}

TEST(ModelDevice, TheCpusMomentsAreThoseOfTheirMarks) {
  const auto clock = clock_of(kCpu);
  const Moment early = clock();
  std::this_thread::sleep_for(20ms);
  const Moment late = clock();
  std::this_thread::sleep_for(20ms);
  EXPECT_GE(late() - early(), 20ms);
  EXPECT_LE(late(), std::chrono::steady_clock::now() - 20ms);
}

/// Tests that need a GPU.
class Gpu : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = no_gpu(); !reason.empty()) GTEST_SKIP() << reason;
    device_ = take("cuda", 0);
    compute_reproducibly(device_);
  }
  at::Tensor square(std::int64_t size) const { return at::ones({size, size}, at::TensorOptions(device_)); }
  c10::Device device_ = kCpu;
};

TEST_F(Gpu, ItsMomentsFollowTheWorkNotTheCalls) {
  const at::Tensor matrix = square(4096);
  at::mm(matrix, matrix);
  synchronize(device_);
  const auto clock = clock_of(device_);
  const Moment start = clock();
  for (int k = 0; k < 20; ++k) at::mm(matrix, matrix);
  const Moment end = clock();
  const auto asked = std::chrono::steady_clock::now();
  // 2.7 TFLOP in float32 take milliseconds; asking for them takes microseconds.
  EXPECT_GT(end() - start(), 5ms);
  EXPECT_GT(end(), asked);
  EXPECT_LE(end(), std::chrono::steady_clock::now());
}

TEST_F(Gpu, PeaksAreTheAllocators) {
  reset_peak_memory(device_);
  const std::uint64_t before = memory(device_)->peak_allocated;
  { const at::Tensor large = square(4096); }
  const auto after = memory(device_);
  EXPECT_GE(after->peak_allocated, before + (64U << 20U));
  EXPECT_GE(after->peak_reserved, after->peak_allocated);
  EXPECT_GE(after->total, after->used);
}

TEST_F(Gpu, DescribesItself) {
  const auto description = describe(device_);
  EXPECT_FALSE(description->name.empty());
  EXPECT_GT(description->memory_bytes, 0U);
  // NVML answers or its absence is named.
  EXPECT_NE(description->driver.empty(), description->nvml_absence.empty());
}

TEST_F(Gpu, ComputesFloat32InFloat32UnlessTf32IsAskedFor) {
  // TF32 rounds 1 + 2^-12 to 1.
  const at::Tensor odd = square(256) * (1.0 + 0x1p-12);
  const at::Tensor exact = at::mm(odd, square(256));
  EXPECT_NEAR(exact[0][0].item<double>(), 256.0 * (1.0 + 0x1p-12), 1e-3);
  EXPECT_TRUE(at::globalContext().deterministicAlgorithms());
  compute_reproducibly(device_, /*tf32=*/true);
  EXPECT_TRUE(at::globalContext().allowTF32CuBLAS());
  compute_reproducibly(device_);
  EXPECT_FALSE(at::globalContext().allowTF32CuBLAS());
}

}  // namespace
}  // namespace isoframe::model::device
