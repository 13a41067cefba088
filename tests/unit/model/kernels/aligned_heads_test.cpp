#include "model/kernels/aligned_heads.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace isoframe::model::kernels {
namespace {

TEST(AlignedHeads, CopyOnlyWhereAHeadIsNotAligned) {
  const at::Tensor even = at::randn({1, 5, 3, 8}), odd = at::randn({1, 3, 5, 10});
  EXPECT_TRUE(aligned_heads(even.transpose(1, 2)).is_alias_of(even));
  const at::Tensor copy = aligned_heads(odd);
  EXPECT_FALSE(copy.is_alias_of(odd));
  EXPECT_TRUE(at::equal(copy, odd));
  EXPECT_EQ(copy.stride(1) * 4 % 16, 0);
}

}  // namespace
}  // namespace isoframe::model::kernels
