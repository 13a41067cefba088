// Faults of the transformer's blocks, and of the exchange of tokens and heads between Ulysses ranks.

#include <ATen/ATen.h>

#include "harness/selftest/faults/catalogue.h"
#include "harness/selftest/plants.h"
#include "model/parallel/usp.h"

namespace isoframe::harness::selftest::faults {

namespace {

using model::parallel::AttentionSite;
using model::parallel::Mesh;
using model::parallel::Qkv;
using Shapes = std::vector<std::vector<std::int64_t>>;
using Tensors = std::vector<at::Tensor>;

const Setting kSequence = {.layout = "ulysses=2,vae_patch=2"};

/// True for the exchange after an attention.  Its blocks have four dimensions; those of the exchange before
/// hold query, key and value and have five.
bool is_way_back(const Shapes& shapes) { return shapes.front().size() == 4; }

class RopeFromZero : public ForwardingSequence {
 public:
  using ForwardingSequence::ForwardingSequence;
  at::Tensor shard(const at::Tensor& tokens, std::int64_t dim) const override {
    const bool is_rotary = dim == 0;
    return is_rotary ? tokens.narrow(0, 0, rows(tokens.size(0)).length) : sound_->shard(tokens, dim);
  }
};

class HeadsReversed : public ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;
  Tensors all_to_all(const Tensors& inputs, const Shapes& shapes) override {
    Tensors blocks = ForwardingGroup::all_to_all(inputs, shapes);
    if (is_way_back(shapes)) std::swap(blocks.front(), blocks.back());
    return blocks;
  }
};

class ContextHeadsReversed : public ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;
  at::Tensor all_gather(const at::Tensor& input, std::int64_t dim,
                        const std::vector<std::int64_t>& sizes) override {
    const at::Tensor whole = ForwardingGroup::all_gather(input, dim, sizes);
    return dim == 2 ? whole.roll(sizes.front(), dim) : whole;
  }
};

class RowsReversed : public ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;
  at::Tensor all_gather(const at::Tensor& input, std::int64_t dim,
                        const std::vector<std::int64_t>& sizes) override {
    const at::Tensor whole = ForwardingGroup::all_gather(input, dim, sizes);
    return dim == 1 ? whole.roll(sizes.front(), dim) : whole;
  }
};

class QueryAndKeyExchanged : public ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;
  Tensors all_to_all(const Tensors& inputs, const Shapes& shapes) override {
    Tensors blocks = ForwardingGroup::all_to_all(inputs, shapes);
    if (!is_way_back(shapes))
      for (at::Tensor& block : blocks)
        if (block.dim() == 5) block = at::stack({block[1], block[0], block[2]});
    return blocks;
  }
};

/// Counts the exchanges of query, key and value; with two blocks and two branches a step has four of them.
class CountingGroup : public ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;
  Tensors all_to_all(const Tensors& inputs, const Shapes& shapes) final {
    Tensors blocks = ForwardingGroup::all_to_all(inputs, shapes);
    if (!is_way_back(shapes))
      for (at::Tensor& block : blocks)
        if (block.dim() == 5) block = received(block, count_++);
    return blocks;
  }

 protected:
  virtual at::Tensor received(const at::Tensor& block, int count) = 0;

 private:
  int count_ = 0;
};

class StaleBuffer : public CountingGroup {
 public:
  using CountingGroup::CountingGroup;

 protected:
  at::Tensor received(const at::Tensor& block, int count) override {
    return count == 1 ? std::exchange(before_, block) : (before_ = block);
  }

 private:
  at::Tensor before_;
};

class ReceivedBitFlipped : public CountingGroup {
 public:
  using CountingGroup::CountingGroup;

 protected:
  at::Tensor received(const at::Tensor& block, int count) override {
    if (count == 5) flip_bit(block, 20);
    return block;
  }
};

class ReadBeforeArrival : public CountingGroup {
 public:
  using CountingGroup::CountingGroup;

 protected:
  at::Tensor received(const at::Tensor& block, int count) override {
    if (count == 3) block.narrow(2, block.size(2) / 2, block.size(2) - block.size(2) / 2).zero_();
    return block;
  }
};

/// Lets attention see more condition tokens than there are.
class MoreConditionTokens : public ForwardingSequence {
 public:
  using ForwardingSequence::ForwardingSequence;
  std::pair<at::Tensor, at::Tensor> attend(const Qkv& video, const Qkv& condition, std::int64_t length,
                                           const AttentionSite& site) const final {
    auto [video_out, condition_out] = sound_->attend(
        video, {more(condition.query), more(condition.key), more(condition.value)}, length, site);
    return {video_out, condition_out.narrow(1, 0, condition.query.size(1)).contiguous()};
  }

 protected:
  virtual at::Tensor more(const at::Tensor& tokens) const = 0;
};

class ConditionOnceARank : public MoreConditionTokens {
 public:
  using MoreConditionTokens::MoreConditionTokens;

 protected:
  at::Tensor more(const at::Tensor& tokens) const override { return tokens.repeat({1, ranks_, 1, 1}); }
};

class PaddingNotMasked : public MoreConditionTokens {
 public:
  using MoreConditionTokens::MoreConditionTokens;

 protected:
  at::Tensor more(const at::Tensor& tokens) const override {
    std::vector<std::int64_t> padding = tokens.sizes().vec();
    padding[1] = 8;
    return at::cat({tokens, at::zeros(padding, tokens.options())}, 1);
  }
};

class OwnTokensOnly : public ForwardingSequence {
 public:
  using ForwardingSequence::ForwardingSequence;
  std::pair<at::Tensor, at::Tensor> attend(const Qkv& video, const Qkv& condition, std::int64_t,
                                           const AttentionSite& site) const override {
    return model::parallel::make_ulysses(model::parallel::self_group("ulysses"))
        ->attend(video, condition, video.query.size(1), site);
  }
};

}  // namespace

Plant padding_not_masked() { return in_sequence<PaddingNotMasked>(kEveryRank); }

Faults attention_faults() {
  return {
      {.name = "rope-from-zero",
       .what = "every shard's rotary positions start at zero",
       .setting = kSequence,
       .plant = in_sequence<RopeFromZero>(kEveryRank),
       .expected = {.stage = "denoise", .point = "rotary.cos", .step = 0, .ranks = {1}}},
      {.name = "weight-bit",
       .what = "one bit of one rank's query weights is flipped",
       .setting = kSequence,
       .plant = in_weights("transformer", "transformer_blocks.1.attn.to_q.weight", 1,
                           [](const at::Tensor& x) { flip_bit(x, 22); }),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.query",
                    .step = 0,
                    .block = 1,
                    .ranks = {1}}},
      {.name = "query-key-exchanged",
       .what = "queries and keys of another rank's tokens are taken for each other",
       .setting = kSequence,
       .plant = in_group<QueryAndKeyExchanged>(&Mesh::ulysses, 0),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.exchanged.query",
                    .step = 0,
                    .block = 0,
                    .ranks = {0}}},
      {.name = "stale-buffer",
       .what = "a receive buffer is reused before it is filled: the block before's tokens are still in it",
       .setting = kSequence,
       .plant = in_group<StaleBuffer>(&Mesh::ulysses, 1),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.exchanged.query",
                    .step = 0,
                    .block = 1,
                    .branch = "conditional",
                    .ranks = {1}}},
      {.name = "received-bit",
       .what = "one bit of a received buffer is flipped, in the second step",
       .setting = kSequence,
       .plant = in_group<ReceivedBitFlipped>(&Mesh::ulysses, 1),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.exchanged.key",
                    .step = 1,
                    .block = 1,
                    .branch = "conditional",
                    .ranks = {1}}},
      {.name = "read-before-arrival",
       .what = "a synchronization is missing: half of a buffer is read before it has arrived",
       .setting = kSequence,
       .plant = in_group<ReadBeforeArrival>(&Mesh::ulysses, 0),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.exchanged.query",
                    .step = 0,
                    .block = 1,
                    .branch = "unconditional",
                    .ranks = {0}}},
      {.name = "own-tokens-only",
       .what = "each rank's attention sees only its own video tokens",
       .setting = kSequence,
       .plant = in_sequence<OwnTokensOnly>(kEveryRank),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.exchanged.query",
                    .step = 0,
                    .block = 0,
                    .ranks = {0, 1}}},
      {.name = "condition-once-a-rank",
       .what = "each rank adds its copy of the condition tokens to the keys",
       .setting = kSequence,
       .plant = in_sequence<ConditionOnceARank>(kEveryRank),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.heads",
                    .step = 0,
                    .block = 0,
                    .ranks = {0, 1}}},
      {.name = "padding-not-masked",
       .what = "padded condition tokens are neither trimmed nor masked",
       .setting = kSequence,
       .plant = padding_not_masked(),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.heads",
                    .step = 0,
                    .block = 0,
                    .ranks = {0, 1}}},
      {.name = "heads-reversed",
       .what = "heads come back from the all-to-all in the wrong order",
       .setting = kSequence,
       .plant = in_group<HeadsReversed>(&Mesh::ulysses, kEveryRank),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.output",
                    .step = 0,
                    .block = 0,
                    .ranks = {0, 1}}},
      {.name = "context-heads-reversed",
       .what = "the condition tokens' heads are gathered in the wrong order",
       .setting = kSequence,
       .plant = in_group<ContextHeadsReversed>(&Mesh::ulysses, 1),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks.attn.output.context",
                    .step = 0,
                    .block = 0,
                    .ranks = {1}}},
      {.name = "activation-bit",
       .what = "one bit of an activation is flipped, in the second step",
       .setting = kSequence,
       .plant = at_point({"transformer_blocks", 1, 1}, 1, [](const at::Tensor& x) { flip_bit(x, 12); }),
       .expected = {.stage = "denoise",
                    .point = "transformer_blocks",
                    .step = 1,
                    .block = 1,
                    .branch = "conditional",
                    .ranks = {1}}},
      {.name = "rows-reversed",
       .what = "the shards of the predicted velocity are gathered in the wrong order",
       .setting = kSequence,
       .plant = in_group<RowsReversed>(&Mesh::ulysses, kEveryRank),
       .expected = {.stage = "denoise", .point = "proj_out.gathered", .step = 0, .ranks = {0, 1}}},
  };
}

}  // namespace isoframe::harness::selftest::faults
