#include "model/parallel/usp.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/error.h"
#include "model/parallel/joint_attention.h"
#include "model/parallel/sequence_parallel.h"
#include "model/parallel/split.h"

namespace isoframe::model::parallel {

namespace {

at::Tensor concatenate(const std::vector<at::Tensor>& parts, std::int64_t dim) {
  return parts.size() == 1 ? parts.front() : at::cat(parts, dim);
}

/// Video tokens are split over the ring, and each ring rank's block over the Ulysses group.
class Usp : public SequenceParallel {
 public:
  Usp(std::shared_ptr<Group> ulysses, std::shared_ptr<Group> ring, std::unique_ptr<JointAttention> attention)
      : ulysses_(std::move(ulysses)), ring_(std::move(ring)), attention_(std::move(attention)) {}

  Range rows(std::int64_t length) const override {
    const Split blocks = split_evenly(length, ring_->size());
    const Split rows = split_evenly(blocks.sizes[ring_->rank()], ulysses_->size());
    return {blocks.offsets[ring_->rank()] + rows.offsets[ulysses_->rank()], rows.sizes[ulysses_->rank()]};
  }

  at::Tensor shard(const at::Tensor& tokens, std::int64_t dim) const override {
    const Range own = rows(tokens.size(dim));
    return tokens.narrow(dim, own.begin, own.length).contiguous();
  }

  at::Tensor gather(const at::Tensor& local, std::int64_t dim, std::int64_t length) const override {
    const Split blocks = split_evenly(length, ring_->size());
    const Split rows = split_evenly(blocks.sizes[ring_->rank()], ulysses_->size());
    return ring_->all_gather(ulysses_->all_gather(local, dim, rows.sizes), dim, blocks.sizes);
  }

  std::pair<at::Tensor, at::Tensor> attend(const Qkv& video, const Qkv& condition, std::int64_t video_length,
                                           const AttentionSite& site) const override {
    const std::int64_t batch = video.query.size(0);
    const std::int64_t heads = video.query.size(2);
    const std::int64_t head_dim = video.query.size(3);
    const int ranks = ulysses_->size();
    const int self = ulysses_->rank();
    if (heads % ranks != 0) {
      throw InputError(fmt::format("ulysses={} does not divide {} attention heads; use a divisor of {}",
                                   ranks, heads, heads));
    }
    const std::int64_t own_heads = heads / ranks;
    const Split blocks = split_evenly(video_length, ring_->size());
    const std::int64_t block_length = blocks.sizes[ring_->rank()];
    const Split rows = split_evenly(block_length, ranks);
    const Share own_heads_of_all = {
        .dim = 1, .begin = site.first_head + self * own_heads, .whole = std::max(site.whole_heads, heads)};
    const Share block_of_all = {.dim = 2, .begin = blocks.offsets[ring_->rank()], .whole = video_length};
    const auto show = [&](const char* name, Axes names, const at::Tensor& x,
                          const std::array<Share, 2>& shares) {
      site.probe.tensor({name, site.block, shares, names}, x);
    };

    const Qkv joint = joint_heads(video, condition, rows, own_heads);
    show("transformer_blocks.attn.exchanged.query", axes::kHeadsOfTokens,
         joint.query.narrow(2, 0, block_length), {own_heads_of_all, block_of_all});
    show("transformer_blocks.attn.exchanged.key", axes::kHeadsOfTokens, joint.key.narrow(2, 0, block_length),
         {own_heads_of_all, block_of_all});
    show("transformer_blocks.attn.exchanged.value", axes::kHeadsOfTokens,
         joint.value.narrow(2, 0, block_length), {own_heads_of_all, block_of_all});
    const auto [video_heads, condition_heads] = (*attention_)(joint, video_length);
    show("transformer_blocks.attn.heads", axes::kHeadsOfTokens, video_heads,
         {own_heads_of_all, block_of_all});
    show("transformer_blocks.attn.heads.context", axes::kHeadsOfTokens, condition_heads, {own_heads_of_all});
    const at::Tensor attended = video_heads.transpose(1, 2);

    // Back: to each rank its rows of these heads, from each rank this rank's rows of its heads.
    std::vector<at::Tensor> outgoing;
    std::vector<std::vector<std::int64_t>> shapes;
    for (int rank = 0; rank < ranks; ++rank) {
      outgoing.push_back(attended.narrow(1, rows.offsets[rank], rows.sizes[rank]));
      shapes.push_back({batch, rows.sizes[self], own_heads, head_dim});
    }
    const at::Tensor video_out = concatenate(ulysses_->all_to_all(outgoing, shapes), 2);
    const at::Tensor condition_out =
        ulysses_->all_gather(condition_heads.transpose(1, 2), 2, std::vector<std::int64_t>(ranks, own_heads));
    const Share heads_of_all = {.dim = 2, .begin = site.first_head, .whole = own_heads_of_all.whole};
    show("transformer_blocks.attn.output", axes::kTokensOfHeads, video_out,
         {Share{.dim = 1, .begin = this->rows(video_length).begin, .whole = video_length}, heads_of_all});
    show("transformer_blocks.attn.output.context", axes::kTokensOfHeads, condition_out, {heads_of_all});
    return {video_out, condition_out};
  }

 private:
  /// Query, key and value of this rank's heads for all tokens of its ring block and the condition's,
  /// [B, own heads, S_block + T, head_dim].
  /// Each head is a contiguous matrix whatever the number of heads, so that attention does the same
  /// arithmetic on it under every layout.
  Qkv joint_heads(const Qkv& video, const Qkv& condition, const Split& rows, std::int64_t own_heads) const {
    const int self = ulysses_->rank();
    const std::int64_t batch = video.query.size(0);
    const std::int64_t head_dim = video.query.size(3);
    const std::int64_t block_length = rows.offsets.back() + rows.sizes.back();
    const auto heads_of = [&](const at::Tensor& x, int rank) {
      return x.narrow(2, rank * own_heads, own_heads);
    };

    std::vector<at::Tensor> outgoing;
    std::vector<std::vector<std::int64_t>> shapes;
    for (int rank = 0; rank < ulysses_->size(); ++rank) {
      // This rank's own rows are copied from where they are.
      outgoing.push_back(rank == self ? at::empty({0}, video.query.options())
                                      : at::stack({heads_of(video.query, rank), heads_of(video.key, rank),
                                                   heads_of(video.value, rank)}));
      shapes.push_back({3, batch, rows.sizes[rank], own_heads, head_dim});
    }
    const std::vector<at::Tensor> incoming = ulysses_->all_to_all(outgoing, shapes);

    const auto assemble = [&](const at::Tensor& own, const at::Tensor& text, std::int64_t which) {
      at::Tensor joint = at::empty({batch, own_heads, block_length + text.size(1), head_dim}, own.options());
      for (int rank = 0; rank < ulysses_->size(); ++rank) {
        const at::Tensor part = rank == self ? heads_of(own, self) : incoming[rank][which];
        joint.narrow(2, rows.offsets[rank], rows.sizes[rank]).copy_(part.transpose(1, 2));
      }
      joint.narrow(2, block_length, text.size(1)).copy_(heads_of(text, self).transpose(1, 2));
      return joint;
    };
    return {assemble(video.query, condition.query, 0), assemble(video.key, condition.key, 1),
            assemble(video.value, condition.value, 2)};
  }

  std::shared_ptr<Group> ulysses_;
  std::shared_ptr<Group> ring_;
  std::unique_ptr<JointAttention> attention_;
};

}  // namespace

std::unique_ptr<SequenceParallel> make_usp(std::shared_ptr<Group> ulysses, std::shared_ptr<Group> ring) {
  auto attention = ring->size() == 1 ? make_whole_attention() : make_ring_attention(ring);
  return make_usp(std::move(ulysses), std::move(ring), std::move(attention));
}

std::unique_ptr<SequenceParallel> make_usp(std::shared_ptr<Group> ulysses, std::shared_ptr<Group> ring,
                                           std::unique_ptr<JointAttention> attention) {
  return std::make_unique<Usp>(std::move(ulysses), std::move(ring), std::move(attention));
}

std::unique_ptr<SequenceParallel> make_ulysses(std::shared_ptr<Group> group) {
  return make_usp(std::move(group), self_group("ring"));
}

}  // namespace isoframe::model::parallel
