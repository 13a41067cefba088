#include "model/kernels/linear.h"

#include <cstdlib>
#include <random>
#include <string>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace isoframe::model::kernels {
namespace {

/// Threads, the operands' type, and how a half type is multiplied.
struct Product {
  int threads = 1;
  at::ScalarType dtype = at::kFloat;
  const char* arithmetic = "float32";
};

std::string name_of(const testing::TestParamInfo<Product>& test) {
  return fmt::format("{}_threads_{}_{}", test.param.threads, at::toString(test.param.dtype),
                     test.param.arithmetic);
}

class LinearProducts : public ::testing::TestWithParam<Product> {
 protected:
  LinearProducts() {
    at::set_num_threads(GetParam().threads);
    ::setenv("ISOFRAME_HALF", GetParam().arithmetic, 1);
  }
  ~LinearProducts() override {
    at::set_num_threads(1);
    ::unsetenv("ISOFRAME_HALF");
  }
  static at::Tensor random(at::IntArrayRef shape) { return at::randn(shape).to(GetParam().dtype); }

  c10::InferenceMode inference_;
};

struct Slice {
  std::int64_t begin = 0;
  std::int64_t length = 0;
};

class Draw {
 public:
  std::int64_t number(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(engine_);
  }
  Slice slice(std::int64_t whole) {
    const std::int64_t begin = number(0, whole - 1);
    return {begin, number(1, whole - begin)};
  }

 private:
  std::mt19937_64 engine_{7};
};

TEST_P(LinearProducts, AnyRowsAndColumnsHaveTheBitsOfTheWhole) {
  Draw draw;
  int differ = 0;
  for (int i = 0; i < 400; ++i) {
    const std::int64_t rows = draw.number(1, 90), columns = draw.number(1, 90);
    const std::int64_t features = draw.number(1, draw.number(0, 1) == 0 ? 40 : 1300);
    const at::Tensor input = random({rows, features}), weight = random({columns, features});
    const at::Tensor bias = draw.number(0, 1) == 0 ? at::Tensor() : random({columns});
    const at::Tensor whole = linear(input, weight, bias);

    const Slice own_rows = draw.slice(rows), own = draw.slice(columns);
    const at::Tensor part =
        linear(input.narrow(0, own_rows.begin, own_rows.length), weight.narrow(0, own.begin, own.length),
               bias.defined() ? bias.narrow(0, own.begin, own.length) : bias);
    const at::Tensor expected =
        whole.narrow(0, own_rows.begin, own_rows.length).narrow(1, own.begin, own.length);
    if (at::equal(part, expected)) continue;
    if (++differ > 5) continue;
    ADD_FAILURE() << rows << " x " << features << " x " << columns << ", rows " << own_rows.begin << " + "
                  << own_rows.length << ", columns " << own.begin << " + " << own.length;
  }
  EXPECT_EQ(differ, 0);
}

TEST_P(LinearProducts, IsTheProductWithTheBias) {
  for (const std::int64_t columns : {1, 16, 35}) {
    const at::Tensor input = random({2, 5, 700}), weight = random({columns, 700});
    const at::Tensor bias = random({columns});
    const at::Tensor exact = at::linear(input.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble));
    const at::Tensor error = (linear(input, weight, bias).to(at::kDouble) - exact).abs();
    EXPECT_EQ(linear(input, weight, bias).sizes(), exact.sizes());
    EXPECT_TRUE(linear(input, weight, bias).is_contiguous());
    // Results are about 26 in size; a half type's are rounded once.
    const double rounding = GetParam().dtype == at::kFloat  ? 1e-4
                            : GetParam().dtype == at::kHalf ? 0.04
                                                            : 0.3;
    EXPECT_LT(error.max().item<double>(), rounding);
  }
}

INSTANTIATE_TEST_SUITE_P(On, LinearProducts,
                         ::testing::Values(Product{1}, Product{2}, Product{1, at::kBFloat16},
                                           Product{2, at::kBFloat16}, Product{1, at::kBFloat16, "native"},
                                           Product{2, at::kBFloat16, "native"}, Product{2, at::kHalf},
                                           Product{2, at::kHalf, "native"}),
                         name_of);

}  // namespace
}  // namespace isoframe::model::kernels
