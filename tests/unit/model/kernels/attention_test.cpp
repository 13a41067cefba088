#include "model/kernels/attention.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace isoframe::model::kernels {
namespace {

at::Tensor scores_of(const at::Tensor& query, const at::Tensor& key, double scale) {
  return at::matmul(query, key.transpose(2, 3)) * scale;
}

TEST(Attention, AHeadHasTheSameBitsAmongAnyNumber) {
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  constexpr std::int64_t kHeads = 4;
  for (const std::int64_t head_dim : {6, 10, 18, 32}) {
    for (std::int64_t length = 1; length < 70; length += 2) {
      const at::Tensor query = at::randn({1, kHeads, length, head_dim}),
                       key = at::randn({1, kHeads, length, head_dim}),
                       value = at::randn({1, kHeads, length, head_dim});
      const at::Tensor whole = attention(query, key, value);
      const at::Tensor whole_lse = attention_with_lse(query, key, value).second;
      for (std::int64_t head = 0; head < kHeads; ++head) {
        const auto own = [&](const at::Tensor& x) { return x.narrow(1, head, 1); };
        EXPECT_TRUE(at::equal(own(whole), attention(own(query), own(key), own(value))))
            << head_dim << " wide, head " << head << ", " << length << " tokens";
        EXPECT_TRUE(at::equal(own(whole_lse), attention_with_lse(own(query), own(key), own(value)).second))
            << head_dim << " wide, head " << head << ", " << length << " tokens";
      }
    }
  }
}

TEST(Attention, TakesABiasAScaleAndACausalMask) {
  const at::Tensor query = at::randn({2, 3, 7, 8}), key = at::randn({2, 3, 7, 8}),
                   value = at::randn({2, 3, 7, 8});
  const at::Tensor bias = at::randn({1, 3, 7, 7});
  const at::Tensor biased = at::matmul(at::softmax(scores_of(query, key, 0.3) + bias, -1), value);
  EXPECT_TRUE(at::allclose(attention(query, key, value, {.bias = bias, .scale = 0.3}), biased, 1e-4, 1e-5));

  const at::Tensor unseen = at::ones({7, 7}, at::kBool).triu(1);
  const at::Tensor masked = scores_of(query, key, 1 / std::sqrt(8.0)).masked_fill(unseen, -INFINITY);
  EXPECT_TRUE(at::allclose(attention(query, key, value, {.is_causal = true}),
                           at::matmul(at::softmax(masked, -1), value), 1e-4, 1e-5));
}

TEST(Attention, GivesTheLogSumExpOfItsScores) {
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
    const at::Tensor query = at::randn({1, 2, 5, 6}, dtype), key = at::randn({1, 2, 33, 6}, dtype),
                     value = at::randn({1, 2, 33, 6}, dtype);
    const auto [output, lse] = attention_with_lse(query, key, value);
    const at::Tensor scores = scores_of(query, key, 1 / std::sqrt(6.0));
    EXPECT_TRUE(at::allclose(output, at::matmul(at::softmax(scores, -1), value), 1e-4, 1e-5));
    EXPECT_TRUE(at::allclose(lse, at::logsumexp(scores, -1)));
  }
}

TEST(Attention, AddsHalfTypesInFloat32) {
  for (const at::ScalarType dtype : {at::kHalf, at::kBFloat16}) {
    const at::Tensor query = at::randn({1, 2, 5, 8}).to(dtype), key = at::randn({1, 2, 33, 8}).to(dtype),
                     value = at::randn({1, 2, 33, 8}).to(dtype);
    const auto [output, lse] = attention_with_lse(query, key, value);
    const auto [precise, precise_lse] =
        attention_with_lse(query.to(at::kFloat), key.to(at::kFloat), value.to(at::kFloat));
    EXPECT_TRUE(at::equal(output, precise));
    EXPECT_TRUE(at::equal(lse, precise_lse));
  }
}

/// Covers the shapes for which a GPU has a kernel of its own, and those for which it has none: odd head
/// sizes, float64.  Its flash attention rounds the output to the half type.
TEST(Gpu, AttentionAndItsLogSumExpAreTheCpus) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no GPU, or a build without CUDA";
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16}) {
    const double tolerance = at::isReducedFloatingType(dtype) ? 2e-2 : 1e-4;
    for (const std::int64_t head_dim : {6, 8, 128}) {
      for (const std::int64_t length : {1, 32, 45}) {
        const at::Tensor query = at::randn({1, 3, length, head_dim}).to(dtype),
                         key = at::randn({1, 3, 70, head_dim}).to(dtype),
                         value = at::randn({1, 3, 70, head_dim}).to(dtype);
        const auto [output, lse] = attention_with_lse(query, key, value);
        const auto [there, lse_there] = attention_with_lse(query.cuda(), key.cuda(), value.cuda());
        EXPECT_EQ(lse_there.sizes(), lse.sizes());
        EXPECT_EQ(lse_there.scalar_type(), lse.scalar_type());
        EXPECT_TRUE(at::allclose(there.cpu().to(output.scalar_type()), output, tolerance, tolerance / 10))
            << head_dim << " wide, " << length << " tokens";
        EXPECT_TRUE(at::allclose(lse_there.cpu(), lse, tolerance, tolerance / 10))
            << head_dim << " wide, " << length << " tokens";
      }
    }
  }
}

}  // namespace
}  // namespace isoframe::model::kernels
