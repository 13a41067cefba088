#include "model/parallel/tensor_parallel.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "model/parallel/split.h"

namespace isoframe::model::parallel {

namespace {

Range part(std::int64_t count, std::int64_t width, int parts, int index) {
  const Split split = split_evenly(count, parts);
  return {split.offsets[index] * width, split.sizes[index] * width};
}

}  // namespace

TensorParallel::TensorParallel() : TensorParallel(self_group("tensor"), Reduction::kFast) {}

TensorParallel::TensorParallel(std::shared_ptr<Group> group, Reduction reduction, int parts)
    : group_(std::move(group)), reduction_(reduction), parts_(group_->size() > 1 ? group_->size() : parts) {}

Range TensorParallel::share(std::int64_t count, std::int64_t width) const {
  return part(count, width, group_->size(), group_->rank());
}

std::vector<Range> TensorParallel::parts(std::int64_t count, std::int64_t width) const {
  if (group_->size() > 1) return {share(count, width)};
  std::vector<Range> ranges;
  for (int index = 0; index < parts_; ++index) ranges.push_back(part(count, width, parts_, index));
  return ranges;
}

at::Tensor TensorParallel::sum(std::vector<at::Tensor> products) const {
  at::Tensor total = products.front();
  for (std::size_t index = 1; index < products.size(); ++index) total.add_(products[index]);
  if (reduction_ == Reduction::kDeterministic && group_->size() > 1) return sum_in_order(total);
  group_->all_reduce(total);
  return total;
}

/// Adds in the order of ranks: each rank adds its share of the numbers and gives the sums to all, as many
/// bytes as a ring all-reduce, in an order that depends on nothing else.
at::Tensor TensorParallel::sum_in_order(const at::Tensor& product) const {
  const at::Tensor flat = product.contiguous().view(-1);
  const Split shares = split_evenly(flat.numel(), group_->size());
  std::vector<at::Tensor> outgoing;
  for (int rank = 0; rank < group_->size(); ++rank)
    outgoing.push_back(flat.narrow(0, shares.offsets[rank], shares.sizes[rank]));
  const std::vector<std::vector<std::int64_t>> shapes(group_->size(), {shares.sizes[group_->rank()]});

  const std::vector<at::Tensor> incoming = group_->all_to_all(outgoing, shapes);
  at::Tensor total = incoming.front().clone();
  for (std::size_t rank = 1; rank < incoming.size(); ++rank) total.add_(incoming[rank]);
  return group_->all_gather(total, 0, shares.sizes).view(product.sizes());
}

TensorParallel TensorParallel::where_it_divides(std::initializer_list<std::int64_t> counts) const {
  const bool divides = std::ranges::all_of(counts, [&](std::int64_t count) { return count % parts_ == 0; });
  return divides ? *this : TensorParallel();
}

}  // namespace isoframe::model::parallel
