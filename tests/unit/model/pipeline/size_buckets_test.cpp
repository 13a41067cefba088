#include "model/pipeline/size_buckets.h"

#include <gtest/gtest.h>

namespace isoframe::model::pipeline {
namespace {

// Recorded from HunyuanVideo15ImageProcessor.calculate_default_height_width (diffusers 0.42.1).
TEST(SizeBuckets, AreTheReferences) {
  const struct {
    std::int64_t target;
    double height, width;
    Size expected;
  } cases[] = {
      {640, 9, 16, {480, 848}},  {640, 16, 9, {848, 480}},    {640, 1, 1, {640, 640}},
      {640, 3, 4, {544, 720}},   {640, 100, 37, {1024, 384}}, {640, 37, 100, {384, 1024}},
      {960, 9, 16, {720, 1280}}, {960, 16, 9, {1264, 720}},   {960, 1, 1, {960, 960}},
      {960, 3, 4, {832, 1104}},  {960, 100, 37, {1552, 576}}, {960, 37, 100, {576, 1552}},
      {64, 9, 16, {48, 80}},     {64, 16, 9, {80, 48}},       {64, 1, 1, {64, 64}},
      {64, 100, 37, {80, 32}},   {64, 37, 100, {32, 80}},     {256, 9, 16, {192, 336}},
      {256, 3, 4, {224, 288}},   {256, 100, 37, {400, 160}},
  };
  for (const auto& c : cases) {
    const Size size = nearest_bucket(c.height, c.width, c.target, 16);
    EXPECT_EQ(size.height, c.expected.height) << c.target << " " << c.height << ":" << c.width;
    EXPECT_EQ(size.width, c.expected.width) << c.target << " " << c.height << ":" << c.width;
  }
}

}  // namespace
}  // namespace isoframe::model::pipeline
