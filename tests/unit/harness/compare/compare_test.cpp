#include "harness/compare/compare.h"

#include <fstream>
#include <limits>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "model/checkpoint/safetensors.h"

namespace isoframe::harness::compare {
namespace {

namespace fs = std::filesystem;
using reports::records::ComparisonRecord;
using reports::records::Likeness;
using reports::records::WorstPicture;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kHeight = 16, kWidth = 24;

/// Frames [frames, kHeight, kWidth, 3] of multiples of 1/255, which 8 bits hold exactly; no two frames are
/// equal.
at::Tensor pattern(std::int64_t frames) {
  return at::arange(frames * kHeight * kWidth * 3).remainder(251).reshape({frames, kHeight, kWidth, 3}) /
         255.0F;
}

class Compare : public testing::Test {
 protected:
  fs::path written(const std::string& name, const at::Tensor& frames) const {
    const fs::path path = folder_.path() / (name + ".safetensors");
    model::checkpoint::write_safetensors(path, {{"frames", frames.contiguous()}});
    return path;
  }
  static CompareOptions options(const fs::path& reference, const fs::path& candidate) {
    CompareOptions asked;
    asked.reference = reference;
    asked.candidate = candidate;
    return asked;
  }
  CompareOptions options(const at::Tensor& reference, const at::Tensor& candidate) const {
    return options(written("reference", reference), written("candidate", candidate));
  }
  ComparisonRecord compared(const at::Tensor& reference, const at::Tensor& candidate) const {
    return compare(options(reference, candidate));
  }
  std::string refusal(const CompareOptions& options) const {
    try {
      compare(options);
    } catch (const InputError& error) {
      return error.what();
    }
    return "not refused";
  }

  base::TemporaryFolder folder_;
};

TEST_F(Compare, FloatsThatRoundAlikeAreEqualInEightBitsAndNotIdentical) {
  const at::Tensor frames = pattern(2);
  EXPECT_EQ(compared(frames, frames).verdict, Likeness::kIdentical);
  const ComparisonRecord nudged = compared(frames, frames + 1e-4F);
  EXPECT_EQ(nudged.verdict, Likeness::kEqual8Bit);
  EXPECT_TRUE(nudged.passed);
  at::Tensor spoilt = frames.clone();
  spoilt[1][3][5][0] += 0.25F;
  const ComparisonRecord different = compared(frames, spoilt);
  EXPECT_EQ(different.verdict, Likeness::kDifferent);
  EXPECT_FALSE(different.passed);
  EXPECT_EQ(different.quality.psnr.worst_frame, 1);
}

TEST_F(Compare, OtherLengthsAndSizesAreRefusedWithBothNumbers) {
  EXPECT_THAT(
      refusal(options(pattern(3), pattern(5))),
      HasSubstr("the reference has 3 frames, the candidate 5; frame k is only compared with frame k"));
  EXPECT_THAT(refusal(options(pattern(2), pattern(2).transpose(1, 2))),
              HasSubstr("the reference is 16 x 24 pixels (height x width), the candidate 24 x 16"));
}

TEST_F(Compare, NotANumberIsNotTrustedEvenWhereBothHaveItAndGatesWouldPass) {
  at::Tensor frames = pattern(2);
  frames[1][0][0][0] = std::numeric_limits<float>::quiet_NaN();
  CompareOptions asked = options(frames, frames);
  EXPECT_EQ(compare(asked).verdict, Likeness::kUntrusted);
  EXPECT_FALSE(compare(asked).passed);
  asked.gates.psnr_min = 1.0;
  const ComparisonRecord gated = compare(asked);
  EXPECT_THAT(gated.broken_gates, IsEmpty());
  EXPECT_FALSE(gated.passed);
}

TEST_F(Compare, AGateTakesThePlaceOfEquality) {
  CompareOptions asked = options(pattern(2), pattern(2) + 5 / 255.0F);
  EXPECT_FALSE(compare(asked).passed);
  asked.gates.max_difference_max = 0.05;
  EXPECT_TRUE(compare(asked).passed);
  EXPECT_THAT(compare(asked).gates, ElementsAre(testing::Pair("max_difference_max", 0.05)));
}

TEST_F(Compare, EachGateThatIsBrokenIsNamedWithWhatItNeeds) {
  CompareOptions asked = options(pattern(2), pattern(2) + 5 / 255.0F);
  asked.gates.psnr_min = 60.0;
  asked.gates.ssim_min = 1.0;
  asked.gates.max_difference_max = 0.01;
  const ComparisonRecord result = compare(asked);
  // 20 log10(255 / 5) dB: every value is off by 5 of 255.
  EXPECT_THAT(result.broken_gates,
              ElementsAre("PSNR 34.15 dB (needs 60.00 dB)", testing::StartsWith("SSIM 0."),
                          "largest difference 2.0e-02 (at most 1.0e-02)"));
  EXPECT_FALSE(result.passed);
}

TEST_F(Compare, FramesSmallerThanTheWindowHaveNoSsimToGate) {
  CompareOptions asked = options(pattern(1).slice(1, 0, 8), pattern(1).slice(1, 0, 8));
  EXPECT_EQ(compare(asked).verdict, Likeness::kIdentical);
  asked.gates.ssim_min = 0.5;
  EXPECT_THAT(refusal(asked),
              HasSubstr("--ssim-min: these videos have no such number; their frames are too small for it"));
}

TEST_F(Compare, ImagesAreOrderedByTheNumbersInTheirNames) {
  const at::Tensor frames = pattern(11);
  const fs::path images = folder_.path() / "images";
  fs::create_directory(images);
  for (int k = 0; k < 11; ++k) {
    at::Tensor bgr = (frames[k] * 255).round().to(at::kByte).flip({2}).contiguous();
    ASSERT_TRUE(cv::imwrite(images / fmt::format("frame_{}.png", k),
                            cv::Mat(kHeight, kWidth, CV_8UC3, bgr.data_ptr())));
  }
  const ComparisonRecord result = compare(options(written("reference", frames), images));
  EXPECT_EQ(result.candidate.kind, "image folder");
  EXPECT_EQ(result.verdict, Likeness::kEqual8Bit) << result.quality.psnr.mean;
}

TEST_F(Compare, AFolderOfARunMeansItsFloatFrames) {
  const at::Tensor frames = pattern(1);
  const fs::path run = folder_.path() / "case";
  fs::create_directory(run);
  model::checkpoint::write_safetensors(run / "frames.safetensors", {{"frames", frames}});
  EXPECT_EQ(compare(options(written("reference", frames), run)).verdict, Likeness::kIdentical);
}

TEST_F(Compare, TensorsThatAreNoFramesAreRefusedByName) {
  EXPECT_THAT(refusal(options(pattern(1), pattern(1).to(at::kByte))),
              HasSubstr("candidate.safetensors: 'frames' is not float [F, H, W, 3]"));
}

TEST_F(Compare, PicturesAreOfTheWorstFramesAndOfThisComparisonOnly) {
  at::Tensor spoilt = pattern(5);
  for (int k = 1; k < 5; ++k) spoilt[k][0][0][0] = spoilt[k][0][0][0].item<float>() + 0.1F * k;
  CompareOptions asked = options(pattern(5), spoilt);
  asked.out = folder_.path() / "out";
  const std::vector<WorstPicture> pictures = compare(asked).pictures.value();
  ASSERT_EQ(pictures.size(), 3U);
  for (int k = 0; k < 3; ++k) {
    EXPECT_EQ(pictures[k].frame, 4 - k) << "the worst first";
    EXPECT_TRUE(fs::exists(asked.out / pictures[k].file));
  }
  asked.candidate = asked.reference;
  EXPECT_THAT(compare(asked).pictures.value(), IsEmpty());
  for (const fs::directory_entry& entry : fs::directory_iterator(asked.out))
    EXPECT_NE(entry.path().extension(), ".png");
}

}  // namespace
}  // namespace isoframe::harness::compare
