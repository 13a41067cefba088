#pragma once
// An image as what the transformer sees beside the latents.

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "model/parallel/mesh.h"
#include "model/probe.h"
#include "model/vae/vae.h"

namespace isoframe::model::pipeline {

/// frame: [1, 3, 1, H, W] in [-1, 1] -> its latents [1, C, 1, h, w], the posterior's mode times the scaling
/// factor, on every rank: encoded by the VAEPP group, sent on from its rank 0, which is the world's.
at::Tensor encode_on_all_ranks(const vae::Vae& vae, const parallel::Mesh& mesh, const at::Tensor& frame,
                               const vae::TilingOptions& tiling, Probe& probe);

/// image_latents [1, C, 1, h, w] -> [1, C + 1, frames, h, w]: the condition latents, image first and zeros
/// after it, and the mask channel, 1 where the image is.
/// Reference: HunyuanVideo15ImageToVideoPipeline.prepare_cond_latents_and_mask (diffusers 0.42).
at::Tensor first_frame_condition(const at::Tensor& image_latents, std::int64_t frames);

}  // namespace isoframe::model::pipeline
