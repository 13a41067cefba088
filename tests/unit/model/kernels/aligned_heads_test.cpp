#include "model/kernels/aligned_heads.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace isoframe::model::kernels {
namespace {

at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  return at::scaled_dot_product_attention(aligned_heads(query), aligned_heads(key), aligned_heads(value));
}

TEST(AlignedHeads, GiveAHeadTheSameBitsAmongAnyNumber) {
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  constexpr std::int64_t kHeads = 4;
  for (const std::int64_t head_dim : {6, 10, 18, 32}) {
    for (std::int64_t length = 1; length < 70; length += 2) {
      const at::Tensor query = at::randn({1, kHeads, length, head_dim}),
                       key = at::randn({1, kHeads, length, head_dim}),
                       value = at::randn({1, kHeads, length, head_dim});
      const at::Tensor whole = attention(query, key, value);
      for (std::int64_t head = 0; head < kHeads; ++head) {
        const auto own = [&](const at::Tensor& x) { return x.narrow(1, head, 1); };
        EXPECT_TRUE(at::equal(own(whole), attention(own(query), own(key), own(value))))
            << head_dim << " wide, head " << head << ", " << length << " tokens";
      }
    }
  }
}

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
