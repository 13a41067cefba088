#pragma once
// Linear layers of which a rank holds a slice.  Each takes only that slice from its parameters: a view of the
// mapped file.

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/parameters.h"
#include "model/parallel/tensor_parallel.h"

namespace isoframe::model::parallel {

enum class Bias { kNone, kPresent };

/// Some of the outputs of a linear layer, computed from whole inputs: [..., in] -> [..., outputs.length], the
/// bits that the whole layer would give them.
class ColumnParallelLinear {
 public:
  ColumnParallelLinear(const checkpoint::Parameters& parameters, std::int64_t in, std::int64_t out,
                       Range outputs, Bias bias = Bias::kPresent);
  at::Tensor operator()(const at::Tensor& input) const;

 private:
  at::Tensor weight_;  ///< [outputs.length, in]
  at::Tensor bias_;    ///< [outputs.length], undefined without
};

/// A linear layer whose `count` inputs, each `width` wide, are shared out to ranks: their partial products
/// are added, and the bias once, by the first part. [..., this rank's share] -> [..., out], the same bits on
/// every rank.  Computes in the input's dtype, even if the weights have another.
class RowParallelLinear {
 public:
  RowParallelLinear(const checkpoint::Parameters& parameters, std::int64_t count, std::int64_t width,
                    std::int64_t out, const TensorParallel& tensor, Bias bias = Bias::kPresent);
  at::Tensor operator()(const at::Tensor& input) const;

 private:
  struct Part {
    std::int64_t begin;  ///< in the rank's own input
    at::Tensor weight;   ///< [out, length of the part]
    at::Tensor bias;     ///< undefined in all parts but the first
  };
  TensorParallel tensor_;
  std::vector<Part> parts_;
};

}  // namespace isoframe::model::parallel
