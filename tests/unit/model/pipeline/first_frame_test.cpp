#include "model/pipeline/first_frame.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace isoframe::model::pipeline {
namespace {

TEST(FirstFrameCondition, IsTheImageThenZerosWithAMask) {
  const at::Tensor image = at::randn({1, 4, 1, 3, 5});
  const at::Tensor condition = first_frame_condition(image, 6);
  ASSERT_EQ(condition.sizes(), (std::vector<std::int64_t>{1, 5, 6, 3, 5}));
  EXPECT_TRUE(at::equal(condition.narrow(1, 0, 4).narrow(2, 0, 1), image));
  EXPECT_TRUE(at::equal(condition.narrow(1, 4, 1).narrow(2, 0, 1), at::ones({1, 1, 1, 3, 5})));
  EXPECT_TRUE(at::equal(condition.narrow(2, 1, 5), at::zeros({1, 5, 5, 3, 5})));
}

TEST(FirstFrameCondition, OfOneFrameIsTheImageAlone) {
  const at::Tensor image = at::randn({1, 2, 1, 2, 2});
  EXPECT_EQ(first_frame_condition(image, 1).sizes(), (std::vector<std::int64_t>{1, 3, 1, 2, 2}));
}

}  // namespace
}  // namespace isoframe::model::pipeline
