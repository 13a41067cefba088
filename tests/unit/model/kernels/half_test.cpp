// Checks that half types on the CPU are computed in float32 and rounded once, whatever the kernel, and that
// both kinds of arithmetic keep a row's bits.

#include "model/kernels/half.h"

#include <cstdlib>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/kernels/activation.h"
#include "model/kernels/attention.h"
#include "model/kernels/channel_norm.h"
#include "model/kernels/gated_residual.h"
#include "model/kernels/layer_norm.h"
#include "model/kernels/linear.h"
#include "model/kernels/packed_conv3d.h"
#include "model/kernels/pixel_shuffle.h"
#include "model/kernels/rms_norm.h"

namespace isoframe::model::kernels {
namespace {

constexpr double kEps = 1e-6;

/// The arithmetic of half types while this lives.
class Arithmetic {
 public:
  explicit Arithmetic(const char* choice) { ::setenv("ISOFRAME_HALF", choice, 1); }
  Arithmetic(const Arithmetic&) = delete;
  Arithmetic& operator=(const Arithmetic&) = delete;
  ~Arithmetic() { ::unsetenv("ISOFRAME_HALF"); }
};

class HalfType : public testing::TestWithParam<at::ScalarType> {
 protected:
  at::Tensor random(at::IntArrayRef shape) const { return at::randn(shape).to(GetParam()); }

  c10::InferenceMode inference_;
};

TEST_P(HalfType, EveryNumberIsWidenedAndRoundedAsATenDoes) {
  const at::Tensor bits = at::arange(-32768, 32768, at::kInt).to(at::kShort);
  const at::Tensor all = bits.view(GetParam());
  const at::Tensor wide = at::empty({all.numel()});
  widen(all, 0, all.numel(), wide.mutable_data_ptr<float>());
  EXPECT_TRUE(at::allclose(wide, all.to(at::kFloat), 0, 0, /*equal_nan=*/true));

  // Numbers between two of the half type, ties, subnormals and overflows among them.
  const at::Tensor between =
      at::cat({wide, wide + wide * 0x1p-9F, wide + wide * 0x1p-12F, wide + wide * 0x1p-8F,
               at::randn({5001}) * 1e-40F, at::randn({5001}) * 1e38F});
  const at::Tensor narrowed = at::empty({between.numel()}, at::TensorOptions(GetParam()));
  narrow(between.const_data_ptr<float>(), narrowed, 0, between.numel());
  const at::Tensor expected = between.to(GetParam());
  const at::Tensor number = at::isnan(between).logical_not();
  EXPECT_TRUE(at::equal(narrowed.masked_select(number), expected.masked_select(number)));
  EXPECT_TRUE(at::equal(at::isnan(narrowed), at::isnan(expected)));
}

using Inputs = std::vector<at::Tensor>;

struct Kernel {
  const char* name;
  std::vector<std::vector<std::int64_t>> shapes;
  std::function<at::Tensor(const Inputs&)> run;
};

const Rotary& rotary() {
  static const Rotary angles = {at::randn({9, 3}), at::randn({9, 3})};
  return angles;
}

at::Tensor activated(void (*activation)(const at::Tensor&), const at::Tensor& x) {
  at::Tensor out = x.clone();
  activation(out);
  return out;
}

const std::vector<Kernel>& kernels() {
  static const std::vector<Kernel> all = {
      {"silu", {{37, 75}}, [](const Inputs& in) { return activated(silu_in_place, in[0]); }},
      {"gelu_tanh", {{37, 75}}, [](const Inputs& in) { return activated(gelu_tanh_in_place, in[0]); }},
      {"channel_rms_norm",
       {{3, 4, 5, 24}, {24}},
       [](const Inputs& in) { return channel_rms_norm(in[0], in[1]); }},
      {"channel_rms_norm_silu_causal_pad",
       {{3, 4, 7, 600}, {600}},
       [](const Inputs& in) { return channel_rms_norm_silu_causal_pad(in[0], in[1]); }},
      {"causal_pad", {{3, 4, 5, 17}}, [](const Inputs& in) { return causal_pad(in[0]); }},
      {"gated_residual",
       {{501, 60}, {501, 60}, {60}},
       [](const Inputs& in) { return gated_residual(in[0], in[1], in[2]); }},
      {"gated_residual_",
       {{501, 60}, {501, 60}, {60}},
       [](const Inputs& in) {
         at::Tensor out = in[0].clone();
         gated_residual_(out, in[1], in[2]);
         return out;
       }},
      {"layer_norm_modulate",
       {{501, 60}, {60}, {60}},
       [](const Inputs& in) { return layer_norm_modulate(in[0], in[1], in[2], kEps); }},
      {"rms_norm_",
       {{1, 9, 3, 6}, {6}},
       [](const Inputs& in) {
         at::Tensor out = in[0].clone();
         rms_norm_(out, in[1], kEps);
         return out;
       }},
      {"rms_norm_rotary_",
       {{1, 9, 300, 6}, {6}},
       [](const Inputs& in) {
         at::Tensor out = in[0].clone();
         rms_norm_rotary_(out, in[1], kEps, rotary());
         return out;
       }},
      {"upsample_add",
       {{3, 2, 3, 64}, {3, 2, 3, 16}},
       [](const Inputs& in) { return upsample_add(in[0], in[1], true); }},
      {"attention",
       {{1, 3, 40, 18}, {1, 3, 33, 18}, {1, 3, 33, 18}},
       [](const Inputs& in) { return attention(in[0], in[1], in[2]); }},
      {"attention with a bias",
       {{1, 3, 40, 18}, {1, 3, 33, 18}, {1, 3, 33, 18}, {1, 3, 40, 33}},
       [](const Inputs& in) { return attention(in[0], in[1], in[2], {.bias = in[3], .scale = 0.5}); }},
      {"linear", {{2, 19, 60}, {37, 60}, {37}}, [](const Inputs& in) { return linear(in[0], in[1], in[2]); }},
      {"linear of many panels",
       {{50, 1100}, {1300, 1100}, {1300}},
       [](const Inputs& in) { return linear(in[0], in[1], in[2]); }},
      {"linear without bias",
       {{3, 700}, {600, 700}},
       [](const Inputs& in) { return linear(in[0], in[1], at::Tensor()); }},
      {"conv3d",
       {{5, 8, 9, 24}, {40, 24, 3, 3, 3}, {40}},
       [](const Inputs& in) { return PackedConv3d(in[1], in[2])(in[0]); }},
  };
  return all;
}

TEST_P(HalfType, EveryKernelIsTheOneOfFloat32RoundedOnce) {
  const Arithmetic widened("float32");
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    for (const Kernel& kernel : kernels()) {
      Inputs half, wide;
      for (const auto& shape : kernel.shapes) {
        half.push_back(random(shape));
        wide.push_back(half.back().to(at::kFloat));
      }
      const at::Tensor result = kernel.run(half);
      const bool is_padded = std::string(kernel.name).ends_with("causal_pad");
      EXPECT_EQ(result.scalar_type(), is_padded ? at::kFloat : GetParam()) << kernel.name;
      EXPECT_TRUE(at::equal(result.to(GetParam()), kernel.run(wide).to(GetParam())))
          << kernel.name << ", " << threads << " threads";
    }
  }
  at::set_num_threads(1);
}

TEST_P(HalfType, PaddedVolumesHoldNumbersOfTheirType) {
  const Arithmetic widened("float32");
  const at::Tensor padded = channel_rms_norm_silu_causal_pad(random({2, 3, 5, 24}), random({24}));
  EXPECT_TRUE(at::equal(padded, padded.to(GetParam()).to(at::kFloat)));
}

TEST_P(HalfType, WeightsOfAHalfTypeServeFloat32) {
  const at::Tensor input = at::randn({33, 700}), weight = random({600, 700}), bias = random({600});
  EXPECT_TRUE(
      at::equal(linear(input, weight, bias), linear(input, weight.to(at::kFloat), bias.to(at::kFloat))));

  const at::Tensor volume = at::randn({3, 5, 6, 16}), kernel = random({24, 16, 3, 3, 3}),
                   shift = random({24});
  const at::Tensor expected = PackedConv3d(kernel.to(at::kFloat), shift.to(at::kFloat))(volume);
  const PackedConv3d conv(kernel, shift);
  const at::Tensor rounded = expected.to(GetParam());
  EXPECT_TRUE(at::equal(conv(volume), rounded));
  at::Tensor sum = at::zeros_like(rounded);
  conv.add_to(sum, volume);
  EXPECT_TRUE(at::equal(sum, rounded));
}

TEST_P(HalfType, RowsAndColumnsHaveTheBitsOfTheWholeInEitherArithmetic) {
  for (const char* const choice : {"native", "float32"}) {
    const Arithmetic arithmetic(choice);
    for (const int threads : {1, 2}) {
      at::set_num_threads(threads);
      for (const auto& [rows, in, out] : {std::tuple{90, 60, 48}, {300, 1100, 160}, {40, 2100, 96}}) {
        const at::Tensor input = random({rows, in}), weight = random({out, in}), bias = random({out});
        const at::Tensor whole = linear(input, weight, bias);
        for (const std::int64_t part : {1, 2, 7, 16, 17, 33}) {
          EXPECT_TRUE(at::equal(linear(input.narrow(0, 5, part), weight, bias), whole.narrow(0, 5, part)))
              << choice << ": " << part << " of " << rows << " rows, " << in << " -> " << out << ", "
              << threads;
          EXPECT_TRUE(at::equal(linear(input, weight.narrow(0, 8, part), bias.narrow(0, 8, part)),
                                whole.narrow(1, 8, part)))
              << choice << ": " << part << " of " << out << " columns, " << in << ", " << threads;
        }
      }
    }
  }
  at::set_num_threads(1);
}

TEST_P(HalfType, TheChoiceOfArithmeticIsOneOfTwo) {
  const at::ScalarType dtype = GetParam();
  {
    const Arithmetic native("native");
    EXPECT_EQ(arithmetic_type(dtype), dtype);
  }
  {
    const Arithmetic widened("float32");
    EXPECT_EQ(arithmetic_type(dtype), at::kFloat);
  }
  {
    const Arithmetic other("fast");
    EXPECT_THROW(arithmetic_type(dtype), InputError);
    EXPECT_EQ(arithmetic_type(at::kFloat), at::kFloat);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, HalfType, testing::Values(at::kBFloat16, at::kHalf),
                         [](const auto& test) { return std::string(at::toString(test.param)); });

}  // namespace
}  // namespace isoframe::model::kernels
