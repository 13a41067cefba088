#pragma once
// Attention of one block of video tokens and of all condition tokens over everything: what sequence
// parallelism runs on each rank once the heads are shared out.

#include <cstdint>
#include <memory>
#include <utility>

#include <ATen/core/Tensor.h>

#include "model/parallel/group.h"
#include "model/parallel/sequence_parallel.h"

namespace isoframe::model::parallel {

class JointAttention {
 public:
  virtual ~JointAttention() = default;

  /// `joint` holds [own video block | condition] of some heads, each [B, heads, S_block + T, head_dim]; the
  /// blocks of the ring make up `video_length` tokens, split evenly.  Returns the outputs of the block's
  /// tokens [B, heads, S_block, head_dim] and of the condition's [B, heads, T, head_dim].
  virtual std::pair<at::Tensor, at::Tensor> operator()(const Qkv& joint, std::int64_t video_length) const = 0;
};

/// A ring of one: every key is here.
std::unique_ptr<JointAttention> make_whole_attention();

/// Ring attention (Liu et al. 2023): key and value blocks of the video travel round the ring while each rank
/// attends its queries to the block it holds, and the partial results are merged in float32.
///
/// Condition tokens are on every rank and must leave it with the same bits on every rank, or the replicated
/// stream would drift apart.  So no rank computes them alone: each attends the condition queries to its own
/// block only (the first also to the condition's keys, which are thereby counted once), the partial results
/// are gathered, and every rank merges them in the order of the blocks.
std::unique_ptr<JointAttention> make_ring_attention(std::shared_ptr<Group> ring);

}  // namespace isoframe::model::parallel
