#include <gtest/gtest.h>

#include "base/error.h"
#include "model/vision/crop.h"
#include "model/vision/siglip_processor.h"
#include "tests/unit/model/vision/reference_data.h"

namespace isoframe::model::vision {
namespace {

struct CropCase {
  const char* name;
  std::int64_t height, width;        ///< of the picture
  std::int64_t to_height, to_width;  ///< of the frame
};

const CropCase kCrops[] = {
    {"landscape", 369, 640, 48, 80}, {"portrait", 240, 100, 112, 64}, {"square", 200, 200, 64, 64},
    {"small", 11, 17, 48, 80},       {"large", 1000, 700, 32, 48},    {"narrow", 3, 300, 48, 48},
    {"tall", 300, 1, 48, 32},        {"same", 48, 64, 48, 64},        {"same_height", 48, 100, 48, 64},
    {"tie", 100, 100, 80, 80},
};

// An image of noise, in which every rounding shows.
TEST(ResizeAndCrop, GivesTheReferencesPixels) {
  for (const CropCase& c : kCrops) {
    const at::Tensor& expected = recorded().at(std::string("crop.") + c.name);
    const at::Tensor frame = resize_and_crop(noise(c.name, c.height, c.width), c.to_height, c.to_width);
    ASSERT_EQ(frame.sizes(), expected.sizes()) << c.name;
    const at::Tensor distance = (frame.to(at::kInt) - expected.to(at::kInt)).abs();
    EXPECT_LE(distance.max().item<int>(), 1) << c.name;
    EXPECT_LE(distance.ne(0).to(at::kDouble).mean().item<double>(), 0.001) << c.name;
  }
}

TEST(Resample, APartIsThatPartOfTheWhole) {
  const at::Tensor image = noise("part", 90, 70);
  const at::Tensor whole = resample(image, ResizedSide::whole(60), ResizedSide::whole(120), Filter::kLanczos);
  const at::Tensor part = resample(image, {60, 7, 20}, {120, 33, 50}, Filter::kLanczos);
  EXPECT_TRUE(at::equal(part, whole.narrow(0, 7, 20).narrow(1, 33, 50)));
}

TEST(VideoFrame, EqualsTheReferences) {
  const at::Tensor frame = to_video_frame(noise("frame", 16, 32));
  EXPECT_EQ(frame.sizes(), (std::vector<std::int64_t>{1, 3, 1, 16, 32}));
  EXPECT_TRUE(at::equal(frame.squeeze(2), recorded().at("frame")));
}

struct ProcessorCase {
  const char* name;
  SiglipProcessorConfig config;
  std::int64_t height, width;
};

TEST(SiglipProcessor, GivesTheReferencesPixels) {
  SiglipProcessorConfig common;
  common.height = common.width = 29;
  ProcessorCase cases[] = {
      {"lanczos", common, 40, 70}, {"bilinear", common, 90, 20}, {"bicubic", common, 48, 80}};
  cases[0].config.resample = Filter::kLanczos;
  cases[1].config.resample = Filter::kBilinear;
  cases[1].config.image_mean = {0.48, 0.46, 0.41};
  cases[1].config.image_std = {0.27, 0.26, 0.28};
  for (const ProcessorCase& c : cases) {
    const at::Tensor& expected = recorded().at(std::string("processor.") + c.name);
    const at::Tensor values = preprocess(noise(c.name, c.height, c.width), c.config);
    ASSERT_EQ(values.sizes(), expected.sizes()) << c.name;
    const at::Tensor distance = (values - expected).abs();
    // One 8-bit step after normalization is 1/255 of 1/std.
    EXPECT_LE(distance.max().item<float>(), 1.001 / 255.0 / 0.26) << c.name;
    EXPECT_LE(distance.gt(1e-6).to(at::kDouble).mean().item<double>(), 0.001) << c.name;
  }
}

SiglipProcessorConfig read(const char* json) {
  return SiglipProcessorConfig::from(checkpoint::Config(nlohmann::json::parse(json), "here"));
}

TEST(SiglipProcessor, ReadsItsConfig) {
  const SiglipProcessorConfig config = read(
      R"({"size": {"height": 30, "width": 40}, "resample": 2, "image_mean": [0.1, 0.2, 0.3], "rescale_factor": 0.5})");
  EXPECT_EQ(config.height, 30);
  EXPECT_EQ(config.width, 40);
  EXPECT_EQ(config.resample, Filter::kBilinear);
  EXPECT_EQ(config.image_mean[2], 0.3);
  EXPECT_EQ(config.image_std[2], 0.5);
  EXPECT_EQ(config.rescale_factor, 0.5);
}

TEST(SiglipProcessor, RefusesWhatItCannotDo) {
  EXPECT_THROW(read(R"({"resample": 0})"), InputError);
  EXPECT_THROW(read(R"({"size": {"shortest_edge": 30}})"), InputError);
  EXPECT_THROW(read(R"({"do_resize": false})"), InputError);
  EXPECT_THROW(read(R"({"do_center_crop": true})"), InputError);
  EXPECT_THROW(read(R"({"do_pad": true})"), InputError);
  EXPECT_THROW(read(R"({"image_mean": [0.5]})"), InputError);
}

}  // namespace
}  // namespace isoframe::model::vision
