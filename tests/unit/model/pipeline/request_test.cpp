#include "model/pipeline/request.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/pipeline/limits.h"
#include "model/pipeline/size_buckets.h"

namespace isoframe::model::pipeline {
namespace {

Request good() {
  Request request;
  request.height = 128;
  request.width = 208;
  request.frames = 5;
  request.steps = 2;
  request.tiling.tile_size = 64;
  return request;
}

std::string refusal(const Request& request) {
  try {
    check_request(request, Limits{});
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(CheckRequest, AcceptsWhatTheModelCanDo) { EXPECT_EQ(refusal(good()), ""); }

TEST(CheckRequest, NamesTheNearestGoodValues) {
  Request request = good();
  request.height = 130;
  EXPECT_THAT(refusal(request), testing::HasSubstr("height 130 is not a multiple of 16 px"));
  EXPECT_THAT(refusal(request), testing::HasSubstr("128 or 144"));
  const Size bucket = nearest_bucket(130, 208, Limits{}.target_size, 16);
  EXPECT_THAT(refusal(request), testing::HasSubstr(fmt::format("{} x {}", bucket.height, bucket.width)));
  request = good();
  request.frames = 6;
  EXPECT_THAT(refusal(request),
              testing::HasSubstr("frames 6 is not 1 + 4 n; the nearest that would do: 5 or 9"));
  request = good();
  request.frames = 0;
  EXPECT_THAT(refusal(request), testing::HasSubstr("frames 0"));
}

TEST(CheckRequest, RefusesSizesThatNoMachineHolds) {
  Request request = good();
  request.width = 1'000'000'000'000;
  EXPECT_THAT(refusal(request), testing::HasSubstr("width"));
}

TEST(CheckRequest, RefusesTilesWhoseStrideIsNotWholeInLatents) {
  Request request = good();
  request.tiling.tile_size = 96;
  EXPECT_THAT(refusal(request), testing::HasSubstr("96"));
  request.tiling.enabled = false;
  EXPECT_EQ(refusal(request), "");
}

TEST(CheckRequest, RefusesNoSteps) {
  Request request = good();
  request.steps = 0;
  EXPECT_THAT(refusal(request), testing::HasSubstr("steps 0"));
}

}  // namespace
}  // namespace isoframe::model::pipeline
