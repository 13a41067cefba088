#include "model/parallel/linear.h"

#include <map>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/kernels/linear.h"
#include "model/parallel/in_process.h"

namespace isoframe::model::parallel {
namespace {

/// Holds one linear layer, `weight` and `bias`, and checks the shapes that are asked for.
class OneLayer : public checkpoint::ParameterSource {
 public:
  OneLayer(std::int64_t in, std::int64_t out) {
    at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(5);
    tensors_ = {{"weight", at::randn({out, in}, generator)}, {"bias", at::randn({out}, generator)}};
  }
  using ParameterSource::parameter;
  at::Tensor parameter(const std::string& name, const checkpoint::Shape& shape) override {
    EXPECT_EQ(tensors_.at(name).sizes(), at::IntArrayRef(shape));
    return tensors_.at(name);
  }
  const at::Tensor& operator[](const std::string& name) const { return tensors_.at(name); }

 private:
  std::map<std::string, at::Tensor> tensors_;
};

struct Size {
  int ranks;
  std::int64_t rows;
  std::int64_t count;
  std::int64_t width;
  std::int64_t out;
};

at::Tensor random_input(const Size& size) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(6);
  return at::randn({1, size.rows, size.count * size.width}, generator);
}

/// Returns each rank's output of a row-parallel layer whose input is shared out.
std::vector<at::Tensor> row_parallel(const Size& size, OneLayer& layer, Reduction reduction) {
  const at::Tensor input = random_input(size);
  std::vector<at::Tensor> outputs(static_cast<std::size_t>(size.ranks));
  run_in_threads(size.ranks, [&](Rendezvous& rendezvous) {
    const Mesh mesh = make_mesh({.tensor = size.ranks}, rendezvous);
    const TensorParallel tensor(mesh.tensor, reduction);
    const Range own = tensor.share(size.count, size.width);
    const RowParallelLinear linear(checkpoint::Parameters(layer), size.count, size.width, size.out, tensor);
    outputs.at(static_cast<std::size_t>(mesh.rank)) = linear(input.narrow(-1, own.begin, own.length));
    mesh.world->barrier();
  });
  return outputs;
}

double error_of(const at::Tensor& output, const Size& size, const OneLayer& layer) {
  const at::Tensor exact = at::linear(random_input(size).to(at::kDouble), layer["weight"].to(at::kDouble),
                                      layer["bias"].to(at::kDouble));
  return ((output.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

class RowParallelSizes : public ::testing::TestWithParam<Size> {
 protected:
  RowParallelSizes() { at::set_num_threads(1); }
  const c10::InferenceMode inference_;
  OneLayer layer_{GetParam().count * GetParam().width, GetParam().out};
};

TEST_P(RowParallelSizes, IsAsNearToFloat64AsOneRank) {
  const Size& size = GetParam();
  const double alone =
      error_of(kernels::linear(random_input(size), layer_["weight"], layer_["bias"]), size, layer_);
  for (const Reduction reduction : {Reduction::kFast, Reduction::kDeterministic}) {
    EXPECT_LE(error_of(row_parallel(size, layer_, reduction).front(), size, layer_), 1.25 * alone)
        << to_string(reduction);
  }
}

TEST_P(RowParallelSizes, EveryRankHasTheSameBits) {
  for (const Reduction reduction : {Reduction::kFast, Reduction::kDeterministic}) {
    const std::vector<at::Tensor> outputs = row_parallel(GetParam(), layer_, reduction);
    for (const at::Tensor& output : outputs) EXPECT_TRUE(at::equal(output, outputs.front()));
  }
}

TEST_P(RowParallelSizes, DeterministicReductionIsThatOfOneRankInAsManyParts) {
  const Size& size = GetParam();
  const TensorParallel alone(self_group("tensor"), Reduction::kFast, size.ranks);
  const RowParallelLinear linear(checkpoint::Parameters(layer_), size.count, size.width, size.out, alone);
  EXPECT_TRUE(
      at::equal(row_parallel(size, layer_, Reduction::kDeterministic).front(), linear(random_input(size))));
}

INSTANTIATE_TEST_SUITE_P(Heads, RowParallelSizes,
                         ::testing::Values(Size{2, 40, 4, 32, 128}, Size{3, 17, 6, 18, 50},
                                           Size{4, 130, 8, 64, 96}));
INSTANTIATE_TEST_SUITE_P(UnevenColumns, RowParallelSizes,
                         ::testing::Values(Size{2, 5, 33, 1, 24}, Size{3, 1, 1025, 1, 200},
                                           Size{4, 20, 510, 1, 128}));

TEST(RowParallel, OfOneRankIsThePlainLayer) {
  const Size size = {1, 9, 4, 16, 20};
  OneLayer layer(64, 20);
  const RowParallelLinear linear(checkpoint::Parameters(layer), 4, 16, 20, TensorParallel());
  EXPECT_TRUE(at::equal(linear(random_input(size)),
                        kernels::linear(random_input(size), layer["weight"], layer["bias"])));
}

TEST(RowParallel, ARowDoesNotDependOnTheOthers) {
  const Size all = {3, 40, 6, 8, 32};
  OneLayer layer(48, 32);
  const at::Tensor whole = row_parallel(all, layer, Reduction::kDeterministic).front();
  Size first = all;
  first.rows = 3;
  // The generator fills rows in order, so these are the first of those.
  EXPECT_TRUE(at::equal(row_parallel(first, layer, Reduction::kDeterministic).front(),
                        whole.narrow(1, 0, first.rows)));
}

TEST(RowParallel, NoRowsAreNoTrouble) {
  OneLayer layer(48, 32);
  for (const Reduction reduction : {Reduction::kFast, Reduction::kDeterministic})
    EXPECT_EQ(row_parallel({2, 0, 6, 8, 32}, layer, reduction).back().sizes(),
              (std::vector<std::int64_t>{1, 0, 32}));
}

/// Typical faults: the comparison with float64 must see each of them.
TEST(PlantedTensorFault, BiasAddedOnEveryRankIsSeen) {
  const Size size = {2, 20, 4, 16, 24};
  OneLayer layer(64, 24);
  const at::Tensor sound = row_parallel(size, layer, Reduction::kFast).front();
  EXPECT_LT(error_of(sound, size, layer), 1e-6);
  EXPECT_GT(error_of(sound + layer["bias"], size, layer), 1e-3);
}

TEST(PlantedTensorFault, AProductThatIsNotAddedIsSeen) {
  const Size size = {2, 20, 4, 16, 24};
  OneLayer layer(64, 24);
  const Range half = {0, 32};
  const at::Tensor product =
      kernels::linear(random_input(size).narrow(-1, half.begin, half.length),
                      layer["weight"].narrow(1, half.begin, half.length), layer["bias"]);
  EXPECT_GT(error_of(product, size, layer), 1e-3);
}

TEST(ColumnParallel, EveryShareHasTheBitsOfTheWhole) {
  at::set_num_threads(1);
  for (const Size& size : {Size{2, 40, 4, 32, 128}, Size{3, 17, 7, 18, 50}, Size{8, 3, 13, 1, 33}}) {
    OneLayer layer(size.out, size.count * size.width);
    const at::Tensor input = at::randn({1, size.rows, size.out});
    const at::Tensor whole = kernels::linear(input, layer["weight"], layer["bias"]);
    run_in_threads(size.ranks, [&](Rendezvous& rendezvous) {
      const Mesh mesh = make_mesh({.tensor = size.ranks}, rendezvous);
      const Range own = mesh.tensor_parallel().share(size.count, size.width);
      const ColumnParallelLinear linear(checkpoint::Parameters(layer), size.out, size.count * size.width,
                                        own);
      EXPECT_TRUE(at::equal(linear(input), whole.narrow(-1, own.begin, own.length)));
      mesh.world->barrier();
    });
  }
}

TEST(TensorParallel, SlicesAreViewsOfTheWeight) {
  OneLayer layer(64, 24);
  const at::Tensor slice =
      checkpoint::Parameters(layer).get("weight", {24, 64}, {.dim = 1, .begin = 32, .length = 32});
  EXPECT_TRUE(slice.is_alias_of(layer["weight"]));
}

TEST(TensorParallel, IsLeftOutWhereItDoesNotDivide) {
  const TensorParallel parts(self_group("tensor"), Reduction::kDeterministic, 4);
  EXPECT_EQ(parts.where_it_divides({8, 4}).parts(8).size(), 4U);
  EXPECT_EQ(parts.where_it_divides({28, 6}).parts(8).size(), 1U);
}

TEST(TensorParallel, ReductionsMoveAsManyBytesAsARingDoes) {
  run_in_threads(4, [](Rendezvous& rendezvous) {
    const Mesh mesh = make_mesh({.tensor = 4}, rendezvous);
    TensorParallel(mesh.tensor, Reduction::kFast).sum({at::ones({8, 16})});
    TensorParallel(mesh.tensor, Reduction::kDeterministic).sum({at::ones({8, 16})});
    const std::map<std::string, Traffic>& traffic = mesh.tensor->traffic();
    EXPECT_EQ(traffic.at("all_reduce").bytes_sent, 2 * 3 * 4U * 8 * 16 / 4);
    EXPECT_EQ(traffic.at("all_to_all").bytes_sent + traffic.at("all_gather").bytes_sent,
              traffic.at("all_reduce").bytes_sent);
    mesh.world->barrier();
  });
}

}  // namespace
}  // namespace isoframe::model::parallel
