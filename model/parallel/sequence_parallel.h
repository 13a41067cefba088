#pragma once
// Sequence parallelism as an object that the transformer is handed: who holds which video tokens, and how
// attention sees all of them.

#include <cstdint>
#include <memory>
#include <utility>

#include <ATen/core/Tensor.h>

#include "model/parallel/group.h"

namespace isoframe::model::parallel {

/// Query, key and value of one stream, each [B, S, heads, head_dim], after norm and RoPE.
struct Qkv {
  at::Tensor query;
  at::Tensor key;
  at::Tensor value;
};

class SequenceParallel {
 public:
  virtual ~SequenceParallel() = default;

  /// This rank's rows of `tokens` along `dim`.
  virtual at::Tensor shard(const at::Tensor& tokens, std::int64_t dim) const = 0;
  /// All rows again: the inverse of shard(), `length` rows in all.
  virtual at::Tensor gather(const at::Tensor& local, std::int64_t dim, std::int64_t length) const = 0;

  /// Joint attention over [video | condition].  `video` holds this rank's tokens out of `video_length`,
  /// `condition` holds all condition tokens on every rank (the same values).  Returns the attention output of
  /// this rank's video tokens [B, S_local, heads, head_dim] and of all condition tokens [B, T, heads,
  /// head_dim].
  virtual std::pair<at::Tensor, at::Tensor> attend(const Qkv& video, const Qkv& condition,
                                                   std::int64_t video_length) const = 0;
};

/// Ulysses (Jacobs et al. 2023): one all-to-all turns shards of tokens with all heads into all tokens with a
/// share of the heads, attention runs on whole sequences, and one turns its output back.  With a group of one
/// it is plain attention.
std::unique_ptr<SequenceParallel> make_ulysses(std::shared_ptr<Group> group);

}  // namespace isoframe::model::parallel
