#include "harness/judge/quality.h"

#include <filesystem>
#include <limits>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/checkpoint/safetensors.h"
#include "tests/unit/harness/judge/results.h"

namespace isoframe::harness::judge {
namespace {

namespace fs = std::filesystem;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class Quality : public testing::Test {
 protected:
  Quality() : folder_(fs::path(testing::TempDir()) / ("quality-" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~Quality() override { fs::remove_all(folder_); }
  fs::path write(const std::string& name, const at::Tensor& frames) const {
    const fs::path path = folder_ / (name + ".safetensors");
    model::checkpoint::write_safetensors(path, {{"frames", frames}});
    return path;
  }
  static at::Tensor frames() {
    auto generator = at::detail::createCPUGenerator(7);
    return at::rand({3, 32, 48, 3}, generator);
  }
  fs::path folder_;
};

TEST_F(Quality, EqualFramesAreIdenticalWithSsimOneAndInfinitePsnr) {
  const auto quality = compare_frames(write("a", frames()), write("b", frames()), "a");
  EXPECT_TRUE(quality.identical);
  EXPECT_TRUE(quality.trusted);
  EXPECT_EQ(quality.ssim->mean, 1.0);
  EXPECT_EQ(quality.psnr.mean, kInfinity);
  EXPECT_EQ(quality.floats->first_differing_frame, std::nullopt);
}

TEST_F(Quality, ADifferenceBelowOneEighthBitStepIsSeenInFloatsOnly) {
  at::Tensor other = frames();
  other[1][4][5][0] = std::nextafter(other[1][4][5][0].item<float>(), 2.0f);
  const auto quality = compare_frames(write("a", frames()), write("b", other), "a");
  EXPECT_FALSE(quality.identical);
  EXPECT_EQ(quality.floats->first_differing_frame, 1);
  EXPECT_EQ(quality.floats->differing_values, 1);
  EXPECT_EQ(quality.psnr.mean, kInfinity);
}

TEST_F(Quality, GreyAndNanFramesAreNotTrusted) {
  const at::Tensor grey = at::full({3, 32, 48, 3}, 0.5);
  auto quality = compare_frames(write("a", grey), write("b", grey), "a");
  EXPECT_FALSE(quality.trusted);
  at::Tensor broken = frames();
  broken[2][0][0][0] = std::numeric_limits<float>::quiet_NaN();
  quality = compare_frames(write("c", frames()), write("d", broken), "c");
  EXPECT_FALSE(quality.trusted);
  EXPECT_FALSE(quality.identical);
}

TEST_F(Quality, FinalLatentsBesideTheFramesAreCompared) {
  const auto write_side = [&](const std::string& side, const at::Tensor& latents) {
    fs::create_directories(folder_ / side);
    if (latents.defined())
      model::checkpoint::write_safetensors(folder_ / side / "latents.safetensors", {{"latents", latents}});
    return write(side + "/frames", frames());
  };
  // Two of four differ by 3 and 4: 5 of a norm of 10.
  const at::Tensor reference = at::tensor({1.0F, 1.0F, 7.0F, 7.0F}),
                   candidate = at::tensor({4.0F, 1.0F, 7.0F, 3.0F});
  const fs::path same = write_side("reference", reference), other = write_side("candidate", candidate);
  EXPECT_EQ(compare_frames(same, other, "a").latents->relative_l2, 0.5);
  EXPECT_EQ(compare_frames(same, same, "a").latents->relative_l2, 0.0);
  EXPECT_FALSE(compare_frames(same, write_side("without", {}), "a").latents.has_value());
  EXPECT_FALSE(
      compare_frames(same, write_side("shorter", candidate.narrow(0, 0, 2)), "a").latents.has_value());
}

TEST_F(Quality, TheWorstOfSeveralIsTheWorstOfEachMetric) {
  records::Quality blurred = quality(false, 40.0, 0.90, 0.01), shifted = quality(false, 38.0, 0.95, 0.02);
  blurred.temporal.max = 9.0;
  blurred.floats->max_difference = 0.5;
  shifted.floats->max_difference = 0.25;
  blurred.latents = records::LatentDifference{0.3};
  blurred.trusted = false;
  blurred.untrusted_reason = "frame 0 has no contrast";
  const records::Quality worst = worst_of({quality(true), blurred, shifted});
  EXPECT_EQ(worst.psnr.mean, 38.0);
  EXPECT_EQ(worst.ssim->mean, 0.90);
  EXPECT_EQ(worst.floats->relative_l2, 0.02);
  EXPECT_EQ(worst.floats->max_difference, 0.5);
  EXPECT_EQ(worst.temporal.max, 9.0);
  EXPECT_EQ(worst.latents->relative_l2, 0.3);
  EXPECT_FALSE(worst.identical);
  EXPECT_FALSE(worst.trusted);
  EXPECT_EQ(worst.untrusted_reason, "frame 0 has no contrast");
  EXPECT_TRUE(worst_of({quality(true), quality(true)}).identical);
}

TEST_F(Quality, DifferentSizesAreRefused) {
  EXPECT_THROW(compare_frames(write("a", frames()), write("b", frames().narrow(1, 0, 16)), "a"), InputError);
}

}  // namespace
}  // namespace isoframe::harness::judge
