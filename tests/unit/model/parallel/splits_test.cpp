// Operators that must keep every bit when work is split: the assumptions that layouts rest on.  A processor
// or a LibTorch on which one of these fails cannot promise equal frames, and these tests say which operator
// it is.

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace isoframe::model::parallel {
namespace {

class Split : public ::testing::Test {
 protected:
  Split() { at::set_num_threads(1); }
  at::Tensor random(std::vector<std::int64_t> shape) { return at::randn(shape, generator_); }

  c10::InferenceMode inference_;
  at::Generator generator_ = at::make_generator<at::CPUGeneratorImpl>(5);
};

TEST_F(Split, LinearKeepsRowsOfPartsOfSixteenOrMore) {
  for (const std::int64_t width : {32, 48, 128, 260}) {
    const at::Tensor weight = random({2 * width, width}), bias = random({2 * width});
    for (const std::int64_t rows : {32, 33, 47, 64, 257}) {
      const at::Tensor input = random({rows, width});
      const at::Tensor whole = at::linear(input, weight, bias);
      for (const std::int64_t first : {std::int64_t{16}, rows / 2, rows - 16}) {
        EXPECT_TRUE(
            at::equal(whole.narrow(0, 0, first), at::linear(input.narrow(0, 0, first), weight, bias)));
        EXPECT_TRUE(at::equal(whole.narrow(0, first, rows - first),
                              at::linear(input.narrow(0, first, rows - first), weight, bias)))
            << rows << " rows at " << first << ", width " << width;
      }
    }
  }
}

TEST_F(Split, LinearKeepsColumnsInSixteens) {
  for (const std::int64_t width : {5, 32, 130, 512}) {
    for (const std::int64_t columns : {32, 48, 112, 512}) {
      const at::Tensor weight = random({columns, width}), bias = random({columns});
      const at::Tensor input = random({40, width});
      const at::Tensor whole = at::linear(input, weight, bias);
      for (std::int64_t begin = 0; begin < columns; begin += 16) {
        for (const std::int64_t end : {begin + 16, columns}) {
          const at::Tensor part = at::linear(input, weight.slice(0, begin, end), bias.slice(0, begin, end));
          EXPECT_TRUE(at::equal(whole.slice(1, begin, end), part))
              << "columns " << begin << " to " << end << " of " << columns << ", width " << width;
        }
      }
    }
  }
}

TEST_F(Split, AttentionKeepsHeadsDownToOne) {
  for (const std::int64_t head_dim : {6, 18, 32, 128}) {
    for (const std::int64_t length : {5, 130, 500, 900}) {
      const std::int64_t heads = 12;
      const at::Tensor query = random({1, heads, length, head_dim}),
                       key = random({1, heads, length, head_dim}),
                       value = random({1, heads, length, head_dim});
      const at::Tensor whole = at::scaled_dot_product_attention(query, key, value);
      for (const std::int64_t share : {1, 3, 4, 6}) {
        for (std::int64_t head = 0; head < heads; head += share) {
          const auto part = [&](const at::Tensor& x) { return x.narrow(1, head, share).contiguous(); };
          EXPECT_TRUE(
              at::equal(part(whole), at::scaled_dot_product_attention(part(query), part(key), part(value))))
              << share << " of " << heads << " heads x " << head_dim << ", " << length << " tokens";
        }
      }
    }
  }
}

TEST_F(Split, LayerNormAndSoftmaxKeepRows) {
  const at::Tensor input = random({37, 100});
  const at::Tensor norm = at::layer_norm(input, {100}), softmax = at::softmax(input, -1);
  for (std::int64_t row = 0; row < 37; ++row) {
    EXPECT_TRUE(at::equal(norm.narrow(0, row, 1), at::layer_norm(input.narrow(0, row, 1), {100})));
    EXPECT_TRUE(at::equal(softmax.narrow(0, row, 1), at::softmax(input.narrow(0, row, 1), -1)));
  }
}

}  // namespace
}  // namespace isoframe::model::parallel
