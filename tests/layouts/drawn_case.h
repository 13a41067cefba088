#pragma once
// A small model, a video and a layout, all drawn from one seed.

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

#include "model/parallel/numerics.h"
#include "model/transformer/transformer.h"
#include "model/vae/vae.h"

namespace isoframe::layouts {

struct DrawnCase {
  std::uint64_t seed = 0;
  model::transformer::TransformerConfig transformer;
  model::vae::VaeConfig vae;
  std::int64_t frames = 1;  ///< of the latents, like height and width
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t prompt_tokens = 1;
  std::int64_t negative_tokens = 1;
  std::int64_t glyph_tokens = 0;  ///< of the prompt; the negative prompt has none
  std::int64_t image_tokens = 0;  ///< of image-to-video; 0 is text-to-video
  std::int64_t steps = 1;
  double guidance_scale = 1.0;
  model::vae::TilingOptions tiling;
  model::parallel::Layout layout;
  model::parallel::Reduction reduction = model::parallel::Reduction::kFast;
  /// Dtype of the computation; weights and inputs are drawn in float32 for every dtype.
  at::ScalarType dtype = at::kFloat;

  model::parallel::Arithmetic arithmetic() const { return {.layout = layout, .reduction = reduction}; }
};

/// Draws a case.  Among them are grids that no group divides, fewer tokens than ranks, tiles without overlap
/// and tiles thinner than their overlap.
DrawnCase draw_case(std::uint64_t seed);

/// Returns one line: how to run this case again, and what was drawn.
std::string to_string(const DrawnCase& drawn);

}  // namespace isoframe::layouts
