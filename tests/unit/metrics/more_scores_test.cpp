#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/ms_ssim.h"
#include "metrics/pixel_difference.h"
#include "metrics/psnr.h"
#include "metrics/region.h"
#include "metrics/ssim.h"
#include "metrics/temporal.h"
#include "tests/unit/metrics/pattern.h"
#include "tests/unit/metrics/recorded_scores.h"

namespace isoframe::metrics {
namespace {

void expect_near(const std::vector<double>& actual, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (std::isinf(expected[i])) {
      EXPECT_EQ(actual[i], expected[i]);
    } else {
      EXPECT_NEAR(actual[i], expected[i], tolerance) << "entry " << i;
    }
  }
}

TEST(SsimUniform, EqualsScikitImagesDefault) {
  for (const recorded::Video& video : recorded::kVideos) {
    const ByteVideo reference = pattern(video.frames, video.height, video.width);
    expect_near(ssim_uniform(reference.view(), disturbed(reference, video.noise).view()).per_frame,
                video.ssim_uniform, 1e-9);
  }
}

TEST(PsnrLuma, EqualsScikitImageOfNumpysLuma) {
  for (const recorded::Video& video : recorded::kVideos) {
    const ByteVideo reference = pattern(video.frames, video.height, video.width);
    const FrameScores scores = psnr_luma(reference.view(), disturbed(reference, video.noise).view());
    expect_near(scores.per_frame, video.psnr_luma, 1e-9);
    EXPECT_NEAR(scores.mean, video.psnr_luma_of_all, 1e-9);
  }
}

TEST(MsSsim, EqualsPytorchMsssim) {
  MsSsim ms_ssim;
  for (const recorded::MultiScale& frame : recorded::kMultiScale) {
    const ByteVideo reference = pattern(1, frame.height, frame.width);
    const ByteVideo candidate = disturbed(reference, {frame.noise});
    const auto score = ms_ssim(reference.data.data(), candidate.data.data(), frame.height, frame.width);
    ASSERT_TRUE(score.has_value());
    EXPECT_NEAR(*score, frame.ms_ssim, 1e-9);
  }
}

TEST(MsSsim, OddSidesAreHalvedUpwardAndTooSmallOnesHaveNoScore) {
  MsSsim ms_ssim;
  const ByteVideo odd = pattern(1, 161, 175), candidate = disturbed(odd, {20});
  const auto score = ms_ssim(odd.data.data(), candidate.data.data(), 161, 175);
  ASSERT_TRUE(score.has_value());
  EXPECT_GT(*score, 0.5);
  EXPECT_LT(*score, 1.0);
  EXPECT_FALSE(ms_ssim(odd.data.data(), candidate.data.data(), 160, 175).has_value());
}

TEST(Temporal, EqualsNumpysDifferencesOfDifferences) {
  for (const recorded::Video& video : recorded::kVideos) {
    const ByteVideo reference = pattern(video.frames, video.height, video.width);
    const ByteVideo candidate = disturbed(reference, video.noise);
    TemporalDifferenceSum sum;
    for (int i = 0; i < video.frames; ++i)
      sum.add(reference.view().frame(i), candidate.view().frame(i), reference.view().frame_values());
    const TemporalDifference result = sum.result();
    expect_near(result.per_change, video.change_errors, 1e-9);
    EXPECT_NEAR(result.reference_change, video.reference_change, 1e-9);
    EXPECT_NEAR(result.candidate_change, video.candidate_change, 1e-9);
    EXPECT_EQ(result.max, result.per_change[static_cast<std::size_t>(result.worst_frame - 1)]);
  }
}

TEST(Temporal, AConstantOffsetDoesNotFlicker) {
  const ByteVideo reference{2, 1, 2, {10, 20, 30, 40, 50, 60, 12, 25, 30, 40, 50, 60}};
  ByteVideo candidate = reference;
  for (std::uint8_t& value : candidate.data) value += 7;
  TemporalDifferenceSum sum;
  for (int i = 0; i < 2; ++i) sum.add(reference.view().frame(i), candidate.view().frame(i), 6);
  EXPECT_EQ(sum.result().max, 0.0);
  EXPECT_EQ(sum.result().worst_frame, 0);
  EXPECT_DOUBLE_EQ(sum.result().reference_change, 7.0 / 6.0);
}

TEST(PixelDifference, EqualsNumpysPercentiles) {
  for (std::size_t k = 0; k < recorded::kVideos.size(); ++k) {
    const recorded::Video& video = recorded::kVideos[k];
    const recorded::PixelScores& expected = recorded::kPixelScores[k];
    const ByteVideo reference = pattern(video.frames, video.height, video.width);
    const ByteVideo candidate = disturbed(reference, video.noise);
    PixelDifferenceSum sum;
    for (int i = 0; i < video.frames; ++i)
      sum.add(reference.view().frame(i), candidate.view().frame(i), reference.view().frame_values() / 3);
    const PixelDifference result = sum.result();
    EXPECT_NEAR(result.mean, expected.mean, 1e-9);
    EXPECT_NEAR(result.percentile_99, expected.percentile_99, 1e-9);
    EXPECT_NEAR(result.percentile_99_9, expected.percentile_99_9, 1e-9);
    expect_near({result.share_beyond.begin(), result.share_beyond.end()}, expected.share_beyond, 1e-12);
  }
}

TEST(PixelDifference, CountsAPixelByItsWorstChannelAndEqualFramesAsZero) {
  // Pixels of the first frame are 3, 0, 16 and 17 apart, those of the second are equal.
  const std::vector<std::uint8_t> reference(12, 100);
  std::vector<std::uint8_t> candidate = reference;
  candidate[0] = 101;
  candidate[2] = 97;
  candidate[7] = 116;
  candidate[9] = 83;
  PixelDifferenceSum sum;
  sum.add(reference.data(), candidate.data(), 4);
  sum.add_equal(4);
  const PixelDifference result = sum.result();
  EXPECT_DOUBLE_EQ(result.mean, 36.0 / 8.0);
  EXPECT_DOUBLE_EQ(result.percentile_99, 16.0 + 0.93);
  EXPECT_THAT(result.share_beyond, testing::ElementsAre(3 / 8.0, 3 / 8.0, 2 / 8.0, 2 / 8.0, 1 / 8.0));
  EXPECT_EQ(PixelDifferenceSum().result().mean, 0.0);
}

TEST(WorstRegion, FindsTheSquareThatHoldsThePlantedFault) {
  const ByteVideo reference = pattern(1, 90, 120);
  ByteVideo candidate = reference;
  const auto flip = [&](int x, int y) {
    candidate.data[static_cast<std::size_t>(3 * (y * 120 + x))] ^= 0x80;
  };
  for (const auto& [x, y] : {std::pair{70, 40}, std::pair{101, 71}, std::pair{70, 71}, std::pair{101, 40}})
    flip(x, y);
  flip(3, 3);
  const Region region = worst_region(reference.data.data(), candidate.data.data(), 90, 120);
  EXPECT_EQ(region.x, 70);
  EXPECT_EQ(region.y, 40);
  EXPECT_EQ(region.width, 32);
  EXPECT_NEAR(region.psnr, 10.0 * std::log10(255.0 * 255.0 * 3 * 32 * 32 / (4 * 128.0 * 128.0)), 1e-9);
}

TEST(WorstRegion, IsNoLargerThanTheFrame) {
  const ByteVideo reference = pattern(1, 5, 40);
  ByteVideo candidate = reference;
  candidate.data.back() ^= 1;
  const Region region = worst_region(reference.data.data(), candidate.data.data(), 5, 40);
  EXPECT_EQ(region.height, 5);
  EXPECT_EQ(region.width, 32);
  EXPECT_EQ(region.x, 8);
  EXPECT_EQ(region.y, 0);
}

}  // namespace
}  // namespace isoframe::metrics
