#pragma once
// The operators that the model spends its time in, as an Account sees them.

#include <cstdint>

#include "model/parallel/numerics.h"
#include "model/plan/account.h"

namespace isoframe::model::plan {

/// Positions of a VAE's volume.
struct Volume {
  std::int64_t frames = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t positions() const { return frames * height * width; }
  /// Number of positions after causal_pad().
  std::int64_t padded_positions() const { return (frames + 2) * (height + 2) * (width + 2); }
};

/// kernels::linear of so many rows.  Returns its output.
Held linear(Account& account, std::int64_t rows, std::int64_t in, std::int64_t out);

/// Settings for adding up a layer whose inputs are split (parallel::RowParallelLinear).
struct Sums {
  int ranks = 1;  ///< of the tensor group
  parallel::Reduction reduction = parallel::Reduction::kFast;
  int parts = 1;  ///< in a group of one
};
/// `in`: this rank's inputs.
Held row_parallel_linear(Account& account, std::int64_t rows, std::int64_t in, std::int64_t out,
                         const Sums& sums);

struct AttentionSize {
  std::int64_t heads = 0;
  std::int64_t queries = 0;
  std::int64_t keys = 0;
  std::int64_t head_dim = 0;
  bool is_causal = false;
};
/// kernels::attention.  Returns its output.
Held attention(Account& account, const AttentionSize& size);

/// kernels::causal_pad, alone or with what goes before it.
Held padded_volume(Account& account, const Volume& volume, std::int64_t channels);

/// A causal 3 x 3 x 3 convolution of a volume that is padded already.  Returns its output.
Held convolution(Account& account, std::int64_t in, std::int64_t out, const Volume& volume);

/// The work of one alone: its output goes into a tensor that is there already.
void count_convolution(Account& account, std::int64_t in, std::int64_t out, const Volume& volume);

/// Bytes of a convolution's weight as oneDNN packs it on the CPU, kept after the first use; 0 elsewhere.
std::int64_t packed_convolution_bytes(const Machine& machine, std::int64_t in, std::int64_t out);

}  // namespace isoframe::model::plan
