#pragma once
// Parts that the two pipelines share, and the stages from prompts to frames that they run.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/checkpoint/weight_files.h"
#include "model/parallel/mesh.h"
#include "model/parallel/sequence_parallel.h"
#include "model/pipeline/request.h"
#include "model/probe.h"
#include "model/sampling/flow_match_euler.h"
#include "model/sampling/guidance.h"
#include "model/text/prompt_encoder.h"
#include "model/transformer/transformer.h"
#include "model/vae/vae.h"

namespace isoframe::model::pipeline {

/// Conditions of both guidance branches; empty for the one that this rank does not run.
struct Conditions {
  transformer::Condition conditional;
  transformer::Condition unconditional;
};

struct Stages {
  Stages(const checkpoint::Checkpoint& checkpoint, parallel::Mesh mesh, std::optional<double> guidance_scale,
         const at::TensorOptions& options);

  /// Encodes both prompts: their text states, each beside the same image tokens [1, I, image_embed_dim], I =
  /// 0 without.
  Conditions encode_prompts(const Request& request, const at::Tensor& image_embeds, Probe& probe) const;

  /// Noise [1, C, f, h, w] of the request's seed, or the given one.  Throws InputError for a given one of
  /// another shape.
  at::Tensor initial_latents(const Request& request, Probe& probe) const;

  /// `first_frame`: what the transformer sees beside the latents, [1, in_channels - C, f, h, w].  The video
  /// has no frames yet.  Where latents are given for the steps, each begins with those before it.
  Video denoise(at::Tensor latents, const at::Tensor& first_frame, const Conditions& conditions,
                const Request& request, Probe& probe) const;

  /// [F, H, W, 3] in [0, 1], on the CPU, on rank 0; an undefined tensor elsewhere.
  at::Tensor decode(const at::Tensor& latents, const vae::TilingOptions& tiling, Probe& probe) const;

  /// Surplus tensors in the checkpoint's files.
  std::vector<std::string> unused() const;
  /// The prompts of which an encoder takes only the beginning; the negative one only if guidance reads it.
  std::vector<text::CutText> cut_texts(const Request& request) const;
  /// Throws InputError naming the first weight that is not a finite number.
  void require_finite_weights() const;

  parallel::Mesh mesh;
  text::PromptEncoder prompt_encoder;
  std::unique_ptr<parallel::SequenceParallel> sequence;
  checkpoint::WeightFiles transformer_files;
  transformer::Transformer transformer;
  checkpoint::WeightFiles vae_files;
  vae::Vae vae;
  sampling::SchedulerConfig scheduler;
  sampling::Guidance guidance;
  /// The reference's image-to-video hands the end of each step to a MeanFlow model; its text-to-video, though
  /// its checkpoint may hold the embedder, does not.
  bool hands_on_step_end = false;
  at::TensorOptions options;  ///< dtype and device of all of it
};

}  // namespace isoframe::model::pipeline
