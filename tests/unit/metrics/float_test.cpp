#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "metrics/float_difference.h"
#include "metrics/trust.h"
#include "tests/unit/metrics/pattern.h"
#include "tests/unit/metrics/recorded_scores.h"

namespace isoframe::metrics {
namespace {

using testing::HasSubstr;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

FloatVideo picture() { return to_float(pattern(3, 16, 16)); }

FloatVideo constant(float red, float green, float blue) {
  FloatVideo video{3, 16, 16, {}};
  for (int i = 0; i < 3 * 16 * 16; ++i) video.data.insert(video.data.end(), {red, green, blue});
  return video;
}

TEST(Quantize, RoundsHalvesAsNumpyDoes) {
  std::vector<float> halves;
  for (int i = 0; i < 255; ++i) halves.push_back(static_cast<float>((i + 0.5) / 255.0));
  EXPECT_EQ(quantize({halves.data(), 1, 5, 17}).data, recorded::kRoundedHalves);
}

TEST(Quantize, ReturnsEveryEightBitValueUnchanged) {
  std::vector<float> values;
  std::vector<std::uint8_t> expected;
  for (int i = 0; i < 255; ++i) {
    values.push_back(static_cast<float>(i) / 255.0F);
    expected.push_back(static_cast<std::uint8_t>(i));
  }
  EXPECT_EQ(quantize({values.data(), 5, 1, 17}).data, expected);
}

TEST(Quantize, ClampsWhatIsOutsideAndTurnsNaNIntoBlack) {
  const std::vector<float> values = {-0.5F, 1.5F, kNaN, kInf, -kInf, 1e30F};
  EXPECT_EQ(quantize({values.data(), 1, 1, 2}).data, (std::vector<std::uint8_t>{0, 255, 0, 255, 0, 255}));
}

TEST(FloatDifference, EqualBitsAreIdentical) {
  const FloatVideo video = picture(), copy = video;
  const FloatDifference difference = float_difference(video.view(), copy.view());
  EXPECT_TRUE(difference.identical());
  EXPECT_EQ(difference.max_difference, 0.0);
  EXPECT_EQ(difference.relative_l2, 0.0);
  EXPECT_FALSE(difference.first_differing_frame.has_value());
}

TEST(FloatDifference, TheLastBitOfOneValueIsFoundInItsFrame) {
  const FloatVideo reference = picture();
  FloatVideo candidate = reference;
  float& value = candidate.data[2 * 16 * 16 * 3 + 100];
  value = std::nextafter(value, 2.0F);
  const FloatDifference difference = float_difference(reference.view(), candidate.view());
  EXPECT_FALSE(difference.identical());
  EXPECT_EQ(difference.differing_values, 1);
  EXPECT_EQ(difference.first_differing_frame, 2);
  EXPECT_GT(difference.max_difference, 0.0);
  EXPECT_LT(difference.max_difference, 1e-6);
}

TEST(FloatDifference, MeasuresTheLargestDifferenceAndRelativeL2) {
  const FloatVideo reference{1, 1, 1, {3.0F, 0.0F, 4.0F}};
  const FloatVideo candidate{1, 1, 1, {3.0F, -0.5F, 4.25F}};
  const FloatDifference difference = float_difference(reference.view(), candidate.view());
  EXPECT_EQ(difference.differing_values, 2);
  EXPECT_EQ(difference.max_difference, 0.5);
  EXPECT_DOUBLE_EQ(difference.relative_l2, std::sqrt(0.25 + 0.0625) / 5.0);
}

TEST(FloatDifference, SignsOfZeroDifferWithoutADistance) {
  const FloatVideo reference{1, 1, 1, {0.0F, 0.0F, 0.0F}}, candidate{1, 1, 1, {0.0F, -0.0F, 0.0F}};
  const FloatDifference difference = float_difference(reference.view(), candidate.view());
  EXPECT_FALSE(difference.identical());
  EXPECT_EQ(difference.max_difference, 0.0);
  EXPECT_EQ(difference.relative_l2, 0.0);
}

TEST(FloatDifference, ADifferentNaNIsInfinitelyFarNotUnordered) {
  const FloatVideo reference{1, 1, 1, {0.5F, kNaN, 0.5F}}, candidate{1, 1, 1, {0.5F, kNaN, kNaN}};
  const FloatDifference difference = float_difference(reference.view(), candidate.view());
  EXPECT_EQ(difference.differing_values, 1);
  EXPECT_EQ(difference.max_difference, kInf);
  EXPECT_EQ(difference.relative_l2, kInf);
  EXPECT_EQ(difference.reference_non_finite, 1);
  EXPECT_EQ(difference.candidate_non_finite, 2);
}

TEST(FloatDifference, AnythingIsInfinitelyFarFromZero) {
  const FloatVideo reference = constant(0, 0, 0), candidate = constant(0, 0.5F, 0);
  EXPECT_EQ(float_difference(reference.view(), candidate.view()).relative_l2, kInf);
}

TEST(FloatDifference, MeanIsOverAllValuesAndUlpsAreCountedByTheirLength) {
  const float one = 1.0F, next = std::nextafter(one, 2.0F),
              third = std::nextafter(std::nextafter(next, 2.0F), 2.0F);
  const FloatVideo reference{1, 1, 2, {one, one, one, one, 0.0F, one}};
  const FloatVideo candidate{1, 1, 2, {one, next, third, 1.5F, -0.0F, kNaN}};
  const FloatDifference difference = float_difference(reference.view(), candidate.view());
  EXPECT_EQ(difference.ulps[0], 2);
  EXPECT_EQ(difference.ulps[1], 1);
  EXPECT_EQ(difference.ulps[2], 1);
  EXPECT_EQ(difference.ulps[23], 1);
  EXPECT_EQ(difference.ulps[32], 1);
  EXPECT_EQ(difference.mean_difference, kInf);
  EXPECT_EQ(ulp_distance(-std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::denorm_min()),
            2U);
  const FloatVideo half = constant(0.5F, 0.5F, 0.5F), more = constant(0.5F, 0.75F, 0.5F);
  EXPECT_DOUBLE_EQ(float_difference(half.view(), more.view()).mean_difference, 0.25 / 3.0);
}

TEST(FloatDifference, VideosOfDifferentSizesAreRefused) {
  const FloatVideo a = picture(), b = to_float(pattern(2, 16, 16));
  EXPECT_THROW(float_difference(a.view(), b.view()), InputError);
}

TEST(Trust, APictureIsTrusted) { EXPECT_EQ(reason_for_distrust(picture().view()), ""); }

TEST(Trust, OneNaNOrInfinityIsCountedAndPlaced) {
  for (const float bad : {kNaN, kInf, -kInf}) {
    FloatVideo video = picture();
    video.data[16 * 16 * 3 + 5] = bad;
    EXPECT_THAT(reason_for_distrust(video.view()), HasSubstr("1 of 2304 values are NaN or infinite"));
    EXPECT_THAT(reason_for_distrust(video.view()), HasSubstr("frame 1"));
  }
}

TEST(Trust, AFrameOfOneColourHasNoContrast) {
  EXPECT_THAT(reason_for_distrust(constant(0.5F, 0.5F, 0.5F).view()),
              HasSubstr("3 of 3 frames have no contrast"));
  EXPECT_THAT(reason_for_distrust(constant(0.9F, 0.4F, 0.0F).view()), HasSubstr("no contrast"));
}

TEST(Trust, NoiseBelowAnEightBitStepIsNoContrast) {
  FloatVideo video = constant(0.5F, 0.5F, 0.5F);
  for (std::size_t i = 0; i < video.data.size(); i += 2) video.data[i] += 0.001F;
  EXPECT_THAT(reason_for_distrust(video.view()), HasSubstr("no contrast"));
}

TEST(Trust, AFadeFromBlackIsTrustedAsLongAsMostFramesShowSomething) {
  FloatVideo video = picture();
  std::fill_n(video.data.begin(), 16 * 16 * 3, 0.0F);
  EXPECT_EQ(reason_for_distrust(video.view()), "");
  std::fill_n(video.data.begin(), 2 * 16 * 16 * 3, 0.0F);
  EXPECT_THAT(reason_for_distrust(video.view()), HasSubstr("2 of 3 frames"));
}

TEST(Trust, MostlyOneColourIsDistrusted) {
  FloatVideo video = constant(0.25F, 0.5F, 0.75F);
  for (std::size_t i = 0; i < video.data.size(); i += 3 * 16) video.data[i] = 1.0F;
  EXPECT_THAT(reason_for_distrust(video.view()),
              HasSubstr("93.8 % of all pixels have one colour (0.250, 0.500, 0.750)"));
  for (std::size_t i = 3; i < video.data.size(); i += 3 * 8) video.data[i] = 1.0F;
  EXPECT_EQ(reason_for_distrust(video.view()), "");
}

TEST(Trust, NoFramesAreDistrusted) {
  EXPECT_THAT(reason_for_distrust(FloatFrames{}), HasSubstr("no frames"));
}

}  // namespace
}  // namespace isoframe::metrics
