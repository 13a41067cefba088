#pragma once
// The dual-stream video transformer.  Reference: HunyuanVideo15Transformer3DModel (diffusers 0.42).

#include <cstdint>
#include <memory>
#include <optional>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/parameters.h"
#include "model/kernels/rms_norm.h"
#include "model/parallel/sequence_parallel.h"
#include "model/parallel/tensor_parallel.h"
#include "model/probe.h"
#include "model/transformer/condition.h"
#include "model/transformer/config.h"

namespace isoframe::model::transformer {

/// The times of a denoising step, as the scheduler's 0..1000 values.
struct StepTimes {
  double timestep = 0.0;
  /// The next step's timestep, 0 after the last: only for a model with `use_meanflow`, and only where its
  /// pipeline hands it on.
  std::optional<double> end = {};
};

class Transformer {
 public:
  /// `sequence` decides which video tokens this rank holds; it must outlive the transformer.  `tensor`
  /// decides which heads and which part of each MLP; it must divide the heads.  What is computed once a pass
  /// or from one vector (embeddings, modulations, the last projection) is on every rank.
  Transformer(const TransformerConfig& config, const checkpoint::Parameters& parameters,
              const parallel::SequenceParallel& sequence,
              const parallel::TensorParallel& tensor = parallel::TensorParallel());
  ~Transformer();
  Transformer(Transformer&&) noexcept;

  /// The angles of this rank's video tokens, on the model's device: the same for all passes over samples of
  /// these sizes, [1, in_channels, F, H, W].
  kernels::Rotary angles(const at::Tensor& sample) const;

  /// One denoising pass.  sample: [1, in_channels, F, H, W] latents with condition latents and mask; `angles`
  /// are those of its sizes.  Returns the predicted velocity [1, out_channels, F, H, W], whole on every rank.
  at::Tensor forward(const at::Tensor& sample, const StepTimes& times, const Condition& condition,
                     const kernels::Rotary& angles, Probe& probe) const;
  /// A single pass, which makes its angles itself.
  at::Tensor forward(const at::Tensor& sample, const StepTimes& times, const Condition& condition,
                     Probe& probe) const {
    return forward(sample, times, condition, angles(sample), probe);
  }

  const TransformerConfig& config() const { return config_; }

 private:
  struct Impl;
  TransformerConfig config_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isoframe::model::transformer
