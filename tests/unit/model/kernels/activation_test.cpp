#include "model/kernels/activation.h"

#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace isoframe::model::kernels {
namespace {

// Values of every magnitude from 2^-30 to 2^7, with both signs.
at::Tensor arguments() {
  const at::Tensor magnitudes = at::exp2(at::linspace(-30, 7, 40009, at::kDouble));
  return at::cat({-magnitudes, magnitudes}).to(at::kFloat);
}

double worst_error(const at::Tensor& result, const at::Tensor& exact, const at::Tensor& scale) {
  return ((result.to(at::kDouble) - exact).abs() / scale).max().item<double>();
}

at::Tensor our_silu(const at::Tensor& x) {
  at::Tensor out = x.clone();
  silu_in_place(out);
  return out;
}

at::Tensor our_gelu_tanh(const at::Tensor& x) {
  at::Tensor out = x.clone();
  gelu_tanh_in_place(out);
  return out;
}

constexpr double kUlp = 1.2e-7;

TEST(Silu, IsWithinAFewUlpOfFloat64WhereTheResultIsNormal) {
  const at::Tensor x = arguments();
  const at::Tensor normal = x.masked_select(x > -80);
  const at::Tensor exact = at::silu(normal.to(at::kDouble));
  EXPECT_LT(worst_error(our_silu(normal), exact, exact.abs()), 4 * kUlp);
  const at::Tensor far = x.masked_select(x <= -80);
  EXPECT_LT(our_silu(far).abs().max().item<double>(), 1e-32);
}

TEST(GeluTanh, IsWithinAFewUlpOfItsArgumentOfFloat64) {
  const at::Tensor x = arguments();
  const at::Tensor exact = at::gelu(x.to(at::kDouble), "tanh");
  EXPECT_LT(worst_error(our_gelu_tanh(x), exact, x.abs().to(at::kDouble)), 3 * kUlp);
}

TEST(Activations, AnElementHasTheSameBitsAtEveryPositionAndLength) {
  const at::Tensor x = at::randn({1031}) * 4;
  for (const auto& activation : {our_silu, our_gelu_tanh}) {
    const at::Tensor whole = activation(x);
    for (const std::int64_t length : {1, 3, 15, 63, 64, 65, 200}) {
      for (const std::int64_t start : {0, 1, 7, 64, 500, 831}) {
        EXPECT_TRUE(at::equal(activation(x.narrow(0, start, length)), whole.narrow(0, start, length)))
            << length << " elements from " << start;
      }
    }
  }
}

TEST(Activations, DoNotDependOnTheNumberOfThreads) {
  const at::Tensor x = at::randn({40, 1999});
  const int threads_before = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor alone = our_gelu_tanh(x);
  at::set_num_threads(3);
  const at::Tensor together = our_gelu_tanh(x);
  at::set_num_threads(threads_before);
  EXPECT_TRUE(at::equal(alone, together));
}

TEST(Activations, TreatNanAndInfinityAsTheReferenceDoes) {
  const float infinity = std::numeric_limits<float>::infinity();
  const at::Tensor x = at::tensor({infinity, -infinity, std::nanf(""), 0.0F, 1e30F, -1e30F});
  for (const at::Tensor& result : {our_silu(x), our_gelu_tanh(x)}) {
    EXPECT_EQ(result[0].item<float>(), infinity);
    EXPECT_TRUE(std::isnan(result[1].item<float>()));
    EXPECT_TRUE(std::isnan(result[2].item<float>()));
    EXPECT_EQ(result[3].item<float>(), 0.0F);
    EXPECT_EQ(result[4].item<float>(), 1e30F);
    EXPECT_EQ(result[5].item<float>(), 0.0F);
  }
}

TEST(Activations, OtherTypesAndStridesAreThoseOfATen) {
  const at::Tensor wide = at::randn({5, 7}, at::kDouble);
  EXPECT_TRUE(at::equal(our_silu(wide), at::silu(wide)));
  EXPECT_TRUE(at::equal(our_gelu_tanh(wide), at::gelu(wide, "tanh")));
  const at::Tensor transposed = at::randn({5, 7}).t();
  EXPECT_TRUE(at::allclose(our_silu(transposed), at::silu(transposed)));
}

}  // namespace
}  // namespace isoframe::model::kernels
