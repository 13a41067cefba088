#include <stdexcept>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "model/error.h"
#include "model/parallel/sequence_parallel.h"

namespace isoframe::model::parallel {

namespace {

/// Consecutive parts of a whole, one a rank.
struct Split {
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> offsets;
};

/// As even as possible, the first parts one longer; parts are empty where there is less than one a rank.
Split split_evenly(std::int64_t length, int parts) {
  Split split;
  std::int64_t offset = 0;
  for (int part = 0; part < parts; ++part) {
    const std::int64_t size = length / parts + (part < length % parts ? 1 : 0);
    split.sizes.push_back(size);
    split.offsets.push_back(offset);
    offset += size;
  }
  return split;
}

at::Tensor concatenate(const std::vector<at::Tensor>& parts, std::int64_t dim) {
  return parts.size() == 1 ? parts.front() : at::cat(parts, dim);
}

class Ulysses : public SequenceParallel {
 public:
  explicit Ulysses(std::shared_ptr<Group> group) : group_(std::move(group)) {}

  at::Tensor shard(const at::Tensor& tokens, std::int64_t dim) const override {
    const Split rows = split_evenly(tokens.size(dim), group_->size());
    return tokens.narrow(dim, rows.offsets[group_->rank()], rows.sizes[group_->rank()]).contiguous();
  }

  at::Tensor gather(const at::Tensor& local, std::int64_t dim, std::int64_t length) const override {
    return group_->all_gather(local, dim, split_evenly(length, group_->size()).sizes);
  }

  std::pair<at::Tensor, at::Tensor> attend(const Qkv& video, const Qkv& condition,
                                           std::int64_t video_length) const override {
    const std::int64_t batch = video.query.size(0);
    const std::int64_t heads = video.query.size(2);
    const std::int64_t head_dim = video.query.size(3);
    const std::int64_t condition_length = condition.query.size(1);
    const int ranks = group_->size();
    const int self = group_->rank();
    if (heads % ranks != 0) {
      throw InputError(fmt::format("ulysses={} does not divide {} attention heads; use a divisor of {}",
                                   ranks, heads, heads));
    }
    const std::int64_t own_heads = heads / ranks;
    const Split rows = split_evenly(video_length, ranks);

    const Qkv joint = joint_heads(video, condition, rows, own_heads);
    const at::Tensor attended =
        at::scaled_dot_product_attention(joint.query, joint.key, joint.value).transpose(1, 2);

    // Back: to each rank its rows of these heads, from each rank this rank's rows of its heads.
    std::vector<at::Tensor> outgoing;
    std::vector<std::vector<std::int64_t>> shapes;
    for (int rank = 0; rank < ranks; ++rank) {
      outgoing.push_back(attended.narrow(1, rows.offsets[rank], rows.sizes[rank]));
      shapes.push_back({batch, rows.sizes[self], own_heads, head_dim});
    }
    const at::Tensor video_out = concatenate(group_->all_to_all(outgoing, shapes), 2);
    const at::Tensor condition_out = group_->all_gather(attended.narrow(1, video_length, condition_length), 2,
                                                        std::vector<std::int64_t>(ranks, own_heads));
    return {video_out, condition_out};
  }

 private:
  /// Query, key and value of this rank's heads for all tokens, [B, own heads, S + T, head_dim].
  /// Each head is a contiguous matrix whatever the number of heads, so that attention does the same
  /// arithmetic on it under every layout.
  Qkv joint_heads(const Qkv& video, const Qkv& condition, const Split& rows, std::int64_t own_heads) const {
    const int self = group_->rank();
    const std::int64_t batch = video.query.size(0);
    const std::int64_t head_dim = video.query.size(3);
    const std::int64_t video_length = rows.offsets.back() + rows.sizes.back();
    const auto heads_of = [&](const at::Tensor& x, int rank) {
      return x.narrow(2, rank * own_heads, own_heads);
    };

    std::vector<at::Tensor> outgoing;
    std::vector<std::vector<std::int64_t>> shapes;
    for (int rank = 0; rank < group_->size(); ++rank) {
      // This rank's own rows are copied from where they are.
      outgoing.push_back(rank == self ? at::empty({0}, video.query.options())
                                      : at::stack({heads_of(video.query, rank), heads_of(video.key, rank),
                                                   heads_of(video.value, rank)}));
      shapes.push_back({3, batch, rows.sizes[rank], own_heads, head_dim});
    }
    const std::vector<at::Tensor> incoming = group_->all_to_all(outgoing, shapes);

    const auto assemble = [&](const at::Tensor& own, const at::Tensor& text, std::int64_t which) {
      at::Tensor joint = at::empty({batch, own_heads, video_length + text.size(1), head_dim}, own.options());
      for (int rank = 0; rank < group_->size(); ++rank) {
        const at::Tensor part = rank == self ? heads_of(own, self) : incoming[rank][which];
        joint.narrow(2, rows.offsets[rank], rows.sizes[rank]).copy_(part.transpose(1, 2));
      }
      joint.narrow(2, video_length, text.size(1)).copy_(heads_of(text, self).transpose(1, 2));
      return joint;
    };
    return {assemble(video.query, condition.query, 0), assemble(video.key, condition.key, 1),
            assemble(video.value, condition.value, 2)};
  }

  std::shared_ptr<Group> group_;
};

}  // namespace

std::unique_ptr<SequenceParallel> make_ulysses(std::shared_ptr<Group> group) {
  return std::make_unique<Ulysses>(std::move(group));
}

}  // namespace isoframe::model::parallel
