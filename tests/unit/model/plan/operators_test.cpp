// Checks that an operator holds as much in the account as its kernel asks the allocator for.

#include "model/plan/operators.h"

#include <cstdlib>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "model/kernels/attention.h"
#include "model/kernels/caching_allocator.h"
#include "model/kernels/linear.h"
#include "model/kernels/packed_conv3d.h"

namespace isoframe::model::plan {
namespace {

class Operators : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    kernels::install_caching_allocator();
    at::set_num_threads(1);
  }

  /// Bytes at the peak of `run`, beyond those held before it.
  template <typename Run>
  static double measured(const Run& run) {
    const c10::InferenceMode inference;
    kernels::reset_peak_memory();
    const std::uint64_t before = kernels::memory_statistics().live;
    const at::Tensor result = run();
    return static_cast<double>(kernels::memory_statistics().peak - before);
  }

  template <typename Run>
  static double planned(const Run& run, at::ScalarType dtype = at::kFloat) {
    Account account{Machine{.dtype = dtype}};
    { const Held held = run(account); }
    return static_cast<double>(account.peak());
  }
};

TEST_F(Operators, AttentionHoldsItsCopiesOfHeadsThatAreNotAligned) {
  for (const std::int64_t head_dim : {8, 10, 16, 18, 30}) {
    for (const std::int64_t tokens : {33, 200}) {
      constexpr std::int64_t kHeads = 5;
      // Heads lie in memory as layers have them, tokens first.
      const auto heads = [&] { return at::rand({1, tokens, kHeads, head_dim}).transpose(1, 2); };
      const at::Tensor query = heads(), key = heads(), value = heads();
      const double held = planned([&](Account& account) {
        return attention(account, {.heads = kHeads, .queries = tokens, .keys = tokens, .head_dim = head_dim});
      });
      const double asked_for = measured([&] { return kernels::attention(query, key, value); });
      EXPECT_NEAR(held, asked_for, 0.02 * asked_for) << head_dim << " wide, " << tokens << " tokens";
    }
  }
}

TEST_F(Operators, LinearHoldsWhatItPads) {
  for (const std::int64_t columns : {16, 48, 50}) {
    for (const std::int64_t rows : {3, 16, 40}) {
      constexpr std::int64_t kIn = 24;
      const at::Tensor input = at::rand({rows, kIn}), weight = at::rand({columns, kIn}),
                       bias = at::rand({columns});
      const double held = planned([&](Account& account) { return linear(account, rows, kIn, columns); });
      const double asked_for = measured([&] { return kernels::linear(input, weight, bias); });
      EXPECT_NEAR(held, asked_for, 0.05 * asked_for) << rows << " x " << columns;
    }
  }
}

TEST_F(Operators, HalfTypesHoldWhatTheyAreWidenedTo) {
  ::setenv("ISOFRAME_HALF", "float32", 1);
  for (const at::ScalarType dtype : {at::kBFloat16, at::kHalf}) {
    const auto random = [&](at::IntArrayRef shape) { return at::randn(shape).to(dtype); };
    for (const auto& [rows, in, out] : {std::tuple{40, 24, 50}, {3, 700, 64}, {700, 1100, 1300}}) {
      const at::Tensor input = random({rows, in}), weight = random({out, in}), bias = random({out});
      const double held = planned([&](Account& account) { return linear(account, rows, in, out); }, dtype);
      const double asked_for = measured([&] { return kernels::linear(input, weight, bias); });
      EXPECT_NEAR(held, asked_for, 0.05 * asked_for) << rows << " x " << in << " x " << out;
    }
    const at::Tensor query = random({1, 5, 200, 18}), key = random({1, 5, 200, 18}),
                     value = random({1, 5, 200, 18});
    const double held = planned(
        [&](Account& account) {
          return attention(account, {.heads = 5, .queries = 200, .keys = 200, .head_dim = 18});
        },
        dtype);
    const double asked_for = measured([&] { return kernels::attention(query, key, value); });
    EXPECT_NEAR(held, asked_for, 0.02 * asked_for);
  }
  ::unsetenv("ISOFRAME_HALF");
}

TEST_F(Operators, AConvolutionKeepsItsPackedWeight) {
  for (const std::int64_t channels : {16, 32, 64, 128}) {
    for (const std::int64_t size : {2, 4, 8, 16, 32, 64}) {
      const c10::InferenceMode inference;
      const at::Tensor input = at::rand({3, size + 2, size + 2, channels});
      const kernels::PackedConv3d conv(at::rand({channels, channels, 3, 3, 3}), at::rand({channels}));
      const std::uint64_t before = kernels::memory_statistics().live;
      conv(input);
      const auto kept = static_cast<double>(kernels::memory_statistics().live - before);
      const auto held = static_cast<double>(packed_convolution_bytes(Machine{}, channels, channels));
      EXPECT_NEAR(held, kept, 0.13 * kept) << channels << " channels, " << size << " x " << size;
    }
  }
}

}  // namespace
}  // namespace isoframe::model::plan
