#include "model/parallel/linear.h"

#include <ATen/ATen.h>

#include "model/kernels/linear.h"

namespace isoframe::model::parallel {

ColumnParallelLinear::ColumnParallelLinear(const checkpoint::Parameters& parameters, std::int64_t in,
                                           std::int64_t out, Range outputs, Bias bias)
    : weight_(
          parameters.get("weight", {out, in}, {.dim = 0, .begin = outputs.begin, .length = outputs.length})),
      bias_(bias == Bias::kNone
                ? at::Tensor()
                : parameters.get("bias", {out},
                                 {.dim = 0, .begin = outputs.begin, .length = outputs.length})) {}

at::Tensor ColumnParallelLinear::operator()(const at::Tensor& input) const {
  return kernels::linear(input, weight_, bias_);
}

RowParallelLinear::RowParallelLinear(const checkpoint::Parameters& parameters, std::int64_t count,
                                     std::int64_t width, std::int64_t out, const TensorParallel& tensor,
                                     Bias bias)
    : tensor_(tensor) {
  const std::int64_t begin = tensor.share(count, width).begin;
  const at::Tensor whole_bias = bias == Bias::kNone ? at::Tensor() : parameters.get("bias", {out});
  for (const Range& part : tensor.parts(count, width)) {
    const at::Tensor weight = parameters.get("weight", {out, count * width},
                                             {.dim = 1, .begin = part.begin, .length = part.length});
    parts_.push_back({part.begin - begin, weight, part.begin == 0 ? whole_bias : at::Tensor()});
  }
}

at::Tensor RowParallelLinear::operator()(const at::Tensor& input) const {
  std::vector<at::Tensor> products;
  for (const Part& part : parts_)
    products.push_back(kernels::linear(input.narrow(-1, part.begin, part.weight.size(1)),
                                       part.weight.to(input.scalar_type()),
                                       part.bias.defined() ? part.bias.to(input.scalar_type()) : part.bias));
  return tensor_.sum(std::move(products));
}

}  // namespace isoframe::model::parallel
