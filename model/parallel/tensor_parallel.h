#pragma once
// Tensor parallelism (Megatron-LM: Shoeybi et al. 2019) as an object that layers are built with: which heads
// and columns of a layer this rank holds, and how partial products become their sum.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/parallel/group.h"
#include "model/parallel/numerics.h"
#include "model/parallel/split.h"

namespace isoframe::model::parallel {

class TensorParallel {
 public:
  /// Tensor parallelism of one rank, which holds everything and adds in one part.
  TensorParallel();
  /// A group of more than one adds in as many parts as it has ranks; `parts` is what a group of one does, so
  /// that it can add as a larger one does.
  TensorParallel(std::shared_ptr<Group> group, Reduction reduction, int parts = 1);

  /// This rank's consecutive share of `count` heads or columns, each `width` numbers wide, in numbers.
  Range share(std::int64_t count, std::int64_t width = 1) const;
  /// The parts in which this rank computes its share's products: one, unless it plays a larger group.
  std::vector<Range> parts(std::int64_t count, std::int64_t width = 1) const;

  /// The sum of all parts of all ranks, the same bits on every rank.  `products` are this rank's and may be
  /// overwritten.
  at::Tensor sum(std::vector<at::Tensor> products) const;

  /// This object where its number of parts divides each of `counts`, else one rank's: the layer is
  /// replicated.
  TensorParallel where_it_divides(std::initializer_list<std::int64_t> counts) const;

 private:
  at::Tensor sum_in_order(const at::Tensor& product) const;

  std::shared_ptr<Group> group_;
  Reduction reduction_;
  int parts_;
};

}  // namespace isoframe::model::parallel
