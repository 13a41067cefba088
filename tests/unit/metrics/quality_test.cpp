#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "metrics/psnr.h"
#include "metrics/ssim.h"
#include "tests/unit/metrics/pattern.h"
#include "tests/unit/metrics/recorded_scores.h"

namespace isoframe::metrics {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Ssim, EqualsScikitImageFrameByFrame) {
  for (const recorded::Video& video : recorded::kVideos) {
    const ByteVideo reference = pattern(video.frames, video.height, video.width);
    const FrameScores scores = ssim(reference.view(), disturbed(reference, video.noise).view());
    ASSERT_EQ(scores.per_frame.size(), video.ssim.size());
    double sum = 0.0;
    for (std::size_t i = 0; i < video.ssim.size(); ++i) {
      EXPECT_NEAR(scores.per_frame[i], video.ssim[i], 1e-9) << video.height << " frame " << i;
      sum += video.ssim[i];
    }
    EXPECT_NEAR(scores.mean, sum / video.frames, 1e-9);
  }
}

TEST(Psnr, EqualsScikitImageFrameByFrameAndOverTheVideo) {
  for (const recorded::Video& video : recorded::kVideos) {
    const ByteVideo reference = pattern(video.frames, video.height, video.width);
    const FrameScores scores = psnr(reference.view(), disturbed(reference, video.noise).view());
    ASSERT_EQ(scores.per_frame.size(), video.psnr.size());
    for (std::size_t i = 0; i < video.psnr.size(); ++i) {
      if (std::isinf(video.psnr[i]))
        EXPECT_EQ(scores.per_frame[i], kInfinity);
      else
        EXPECT_NEAR(scores.per_frame[i], video.psnr[i], 1e-9);
    }
    EXPECT_NEAR(scores.mean, video.psnr_of_all, 1e-9);
  }
}

TEST(Ssim, NamesTheWorstFrame) {
  const recorded::Video& video = recorded::kVideos[0];
  const ByteVideo reference = pattern(video.frames, video.height, video.width);
  const FrameScores scores = ssim(reference.view(), disturbed(reference, video.noise).view());
  EXPECT_EQ(scores.worst_frame, 2);
  EXPECT_EQ(scores.min, scores.per_frame[2]);
}

TEST(Psnr, NamesTheWorstFrame) {
  const recorded::Video& video = recorded::kVideos[2];
  const ByteVideo reference = pattern(video.frames, video.height, video.width);
  const FrameScores scores = psnr(reference.view(), disturbed(reference, video.noise).view());
  EXPECT_EQ(scores.worst_frame, 2);
  EXPECT_EQ(scores.min, scores.per_frame[2]);
}

TEST(Quality, EqualFramesScoreExactlyOneAndInfinity) {
  const ByteVideo video = pattern(3, 17, 23), copy = video;
  const FrameScores similarity = ssim(video.view(), copy.view());
  const FrameScores ratio = psnr(video.view(), copy.view());
  EXPECT_EQ(similarity.mean, 1.0);
  EXPECT_EQ(similarity.min, 1.0);
  EXPECT_EQ(ratio.mean, kInfinity);
  EXPECT_EQ(ratio.min, kInfinity);
}

TEST(Quality, OneStepInOnePixelIsSeen) {
  const ByteVideo reference = pattern(2, 16, 16);
  ByteVideo candidate = reference;
  candidate.data[static_cast<std::size_t>(reference.view().frame_values()) + 3 * (8 * 16 + 8)] ^= 1;
  const FrameScores similarity = ssim(reference.view(), candidate.view());
  const FrameScores ratio = psnr(reference.view(), candidate.view());
  EXPECT_EQ(similarity.per_frame[0], 1.0);
  EXPECT_LT(similarity.per_frame[1], 1.0);
  EXPECT_LT(similarity.mean, 1.0);
  EXPECT_EQ(ratio.per_frame[0], kInfinity);
  EXPECT_NEAR(ratio.per_frame[1], 10.0 * std::log10(255.0 * 255.0 * 16 * 16 * 3), 1e-9);
}

TEST(Ssim, FramesSmallerThanItsWindowAreRefused) {
  const ByteVideo small = pattern(1, 10, 64);
  EXPECT_THROW(ssim(small.view(), small.view()), InputError);
}

TEST(Quality, VideosOfDifferentSizesAreRefusedWithBothSizes) {
  const ByteVideo a = pattern(2, 16, 16), b = pattern(2, 16, 32);
  try {
    psnr(a.view(), b.view());
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("2 frames of 16 x 16"));
    EXPECT_THAT(error.what(), testing::HasSubstr("2 frames of 16 x 32"));
  }
  EXPECT_THROW(ssim(a.view(), b.view()), InputError);
}

TEST(Quality, EmptyVideosAreRefused) {
  const ByteVideo empty{0, 16, 16, {}};
  EXPECT_THROW(ssim(empty.view(), empty.view()), InputError);
  EXPECT_THROW(psnr(empty.view(), empty.view()), InputError);
}

}  // namespace
}  // namespace isoframe::metrics
