#pragma once
// Sequence parallelism as an object that the transformer is handed: who holds which video tokens, and how
// attention sees all of them.

#include <cstdint>
#include <utility>

#include <ATen/core/Tensor.h>

#include "model/parallel/group.h"
#include "model/parallel/split.h"
#include "model/probe.h"

namespace isoframe::model::parallel {

/// Query, key and value of one stream, each [B, S, heads, head_dim], after norm and RoPE.
struct Qkv {
  at::Tensor query;
  at::Tensor key;
  at::Tensor value;
};

/// The place of an attention in the model, for observers.
struct AttentionSite {
  Probe& probe = no_probe();
  std::int64_t block = -1;
  std::int64_t first_head = 0;   ///< the first head of this rank under tensor parallelism
  std::int64_t whole_heads = 0;  ///< heads of all ranks
};

class SequenceParallel {
 public:
  virtual ~SequenceParallel() = default;

  /// The rows out of `length` that this rank holds.
  virtual Range rows(std::int64_t length) const = 0;
  /// This rank's rows of `tokens` along `dim`.
  virtual at::Tensor shard(const at::Tensor& tokens, std::int64_t dim) const = 0;
  /// Gathers all `length` rows on every rank: the inverse of shard().
  virtual at::Tensor gather(const at::Tensor& local, std::int64_t dim, std::int64_t length) const = 0;

  /// Joint attention over [video | condition].  `video` holds this rank's tokens out of `video_length`,
  /// `condition` holds all condition tokens on every rank (the same values).  Returns the attention output of
  /// this rank's video tokens [B, S_local, heads, head_dim] and of all condition tokens [B, T, heads,
  /// head_dim].  Shows an observer what each collective brought ("transformer_blocks.attn.exchanged.query",
  /// ..., "transformer_blocks.attn.output") and what attention made of it ("transformer_blocks.attn.heads").
  virtual std::pair<at::Tensor, at::Tensor> attend(const Qkv& video, const Qkv& condition,
                                                   std::int64_t video_length,
                                                   const AttentionSite& site = {}) const = 0;
};

}  // namespace isoframe::model::parallel
