#include "model/parallel/joint_attention.h"

#include <limits>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/OpMathType.h>

#include "model/kernels/attention.h"
#include "model/parallel/partial_attention.h"
#include "model/parallel/split.h"

namespace isoframe::model::parallel {

namespace {

/// The part of a rank without keys: its lse of minus infinity weighs nothing.
PartialAttention no_attention(const at::Tensor& query) {
  const at::TensorOptions options = query.options().dtype(at::toOpMathType(query.scalar_type()));
  return {at::zeros(query.sizes(), options),
          at::full(query.sizes().slice(0, 3), -std::numeric_limits<double>::infinity(), options)};
}

at::Tensor first_tokens(const at::Tensor& x, std::int64_t count) { return x.narrow(2, 0, count); }
at::Tensor tokens_from(const at::Tensor& x, std::int64_t begin) { return x.slice(2, begin); }

class WholeAttention : public JointAttention {
 public:
  std::pair<at::Tensor, at::Tensor> operator()(const Qkv& joint, std::int64_t video_length) const override {
    const at::Tensor attended = kernels::attention(joint.query, joint.key, joint.value);
    return {first_tokens(attended, video_length), tokens_from(attended, video_length)};
  }
};

class RingAttention : public JointAttention {
 public:
  explicit RingAttention(std::shared_ptr<Group> ring) : ring_(std::move(ring)) {}

  std::pair<at::Tensor, at::Tensor> operator()(const Qkv& joint, std::int64_t video_length) const override {
    const Split blocks = split_evenly(video_length, ring_->size());
    const at::ScalarType dtype = joint.query.scalar_type();
    const at::Tensor video = attend_video(joint, blocks);
    return {video.to(dtype), attend_condition(joint, blocks).to(dtype)};
  }

 private:
  /// The own block with the condition's keys first, then the blocks of the ranks before this one, each as it
  /// arrives.
  at::Tensor attend_video(const Qkv& joint, const Split& blocks) const {
    const int ranks = ring_->size();
    const int self = ring_->rank();
    const std::int64_t own = blocks.sizes[self];
    const at::Tensor query = first_tokens(joint.query, own);

    at::Tensor block = at::stack({first_tokens(joint.key, own), first_tokens(joint.value, own)});
    std::vector<std::int64_t> shape = block.sizes().vec();
    PartialAttention whole;
    for (int step = 0; step < ranks; ++step) {
      std::unique_ptr<Exchange> arriving;
      if (step + 1 < ranks) {
        shape[3] = blocks.sizes[(self - step - 1 + ranks) % ranks];
        arriving = ring_->start_exchange(block, (self + 1) % ranks, shape, (self - 1 + ranks) % ranks);
      }
      if (step == 0) {
        whole = attend_part(query, joint.key, joint.value);
      } else if (block.size(3) > 0) {
        merge_part(whole, attend_part(query, block[0], block[1]));
      }
      if (arriving) block = arriving->wait();
    }
    return whole.output;
  }

  at::Tensor attend_condition(const Qkv& joint, const Split& blocks) const {
    const std::int64_t own = blocks.sizes[ring_->rank()];
    const at::Tensor query = tokens_from(joint.query, own);
    const bool has_condition_keys = ring_->rank() == 0;
    const std::int64_t keys = has_condition_keys ? joint.key.size(2) : own;

    const std::vector<PartialAttention> parts =
        gather(keys > 0 ? attend_part(query, first_tokens(joint.key, keys), first_tokens(joint.value, keys))
                        : no_attention(query));

    // The first part holds the condition's keys, so it is never empty.
    PartialAttention whole = parts.front();
    for (int rank = 1; rank < ring_->size(); ++rank) merge_part(whole, parts[rank]);
    return whole.output;
  }

  /// Gathers every rank's partial result, in the order of ranks.
  std::vector<PartialAttention> gather(const PartialAttention& partial) const {
    const std::int64_t head_dim = partial.output.size(3);
    const at::Tensor packed = at::cat({partial.output, partial.lse.unsqueeze(3)}, 3).unsqueeze(0);
    const at::Tensor all = ring_->all_gather(packed, 0, std::vector<std::int64_t>(ring_->size(), 1));
    std::vector<PartialAttention> parts;
    for (int rank = 0; rank < ring_->size(); ++rank) {
      parts.push_back(
          {all[rank].narrow(3, 0, head_dim).contiguous(), all[rank].select(3, head_dim).contiguous()});
    }
    return parts;
  }

  std::shared_ptr<Group> ring_;
};

}  // namespace

std::unique_ptr<JointAttention> make_whole_attention() { return std::make_unique<WholeAttention>(); }

std::unique_ptr<JointAttention> make_ring_attention(std::shared_ptr<Group> ring) {
  return std::make_unique<RingAttention>(std::move(ring));
}

}  // namespace isoframe::model::parallel
