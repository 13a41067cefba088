#include "model/kernels/merge_softmax.h"

#include <limits>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace isoframe::model::kernels {
namespace {

struct Part {
  at::Tensor output;
  at::Tensor lse;
};

Part of(const at::Tensor& scores, const at::Tensor& values) {
  return {at::matmul(at::softmax(scores, -1), values), at::logsumexp(scores, -1)};
}

TEST(MergeSoftmax, EqualsOneSoftmaxOverBothParts) {
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
    const at::Tensor scores = at::randn({3, 5, 40}, dtype) * 10, values = at::randn({3, 40, 7}, dtype);
    const Part merged = of(scores.narrow(2, 0, 11), values.narrow(1, 0, 11));
    const Part part = of(scores.narrow(2, 11, 29), values.narrow(1, 11, 29));
    merge_softmax_(merged.output, merged.lse, part.output, part.lse);
    const Part whole = of(scores, values);
    EXPECT_TRUE(at::allclose(merged.output, whole.output, 1e-5, 1e-6));
    EXPECT_TRUE(at::allclose(merged.lse, whole.lse));
  }
}

TEST(MergeSoftmax, SharesFarApartNeitherOverflowNorVanish) {
  const at::Tensor output = at::full({3, 2}, 1.0F), part = at::full({3, 2}, 3.0F);
  const at::Tensor lse = at::tensor({-500.0F, 500.0F, 200.0F});
  merge_softmax_(output, lse, part, at::tensor({500.0F, -500.0F, 200.0F}));
  EXPECT_TRUE(at::equal(output.select(1, 0), at::tensor({3.0F, 1.0F, 2.0F})));
  EXPECT_TRUE(at::allclose(lse, at::tensor({500.0F, 500.0F, 200.0F + 0.693147F})));
}

TEST(MergeSoftmax, APartWithoutKeysChangesNoBit) {
  const at::Tensor output = at::randn({4, 9}), lse = at::randn({4});
  const at::Tensor before = output.clone(), lse_before = lse.clone();
  merge_softmax_(output, lse, at::zeros({4, 9}), at::full({4}, -std::numeric_limits<float>::infinity()));
  EXPECT_TRUE(at::equal(output, before));
  EXPECT_TRUE(at::equal(lse, lse_before));
}

TEST(MergeSoftmax, ARowDoesNotDependOnWhereItLies) {
  const at::Tensor output = at::randn({50, 13}), lse = at::randn({50});
  const at::Tensor part = at::randn({50, 13}), part_lse = at::randn({50});
  const at::Tensor all = output.clone(), all_lse = lse.clone();
  merge_softmax_(all, all_lse, part, part_lse);
  for (const std::int64_t row : {0, 7, 31, 49}) {
    const at::Tensor one = output.narrow(0, row, 1).clone(), one_lse = lse.narrow(0, row, 1).clone();
    merge_softmax_(one, one_lse, part.narrow(0, row, 1), part_lse.narrow(0, row, 1));
    EXPECT_TRUE(at::equal(one, all.narrow(0, row, 1)));
    EXPECT_TRUE(at::equal(one_lse, all_lse.narrow(0, row, 1)));
  }
}

}  // namespace
}  // namespace isoframe::model::kernels
