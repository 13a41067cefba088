#pragma once
// The condition of a denoising pass, valid tokens only: padding is trimmed before it gets here.

#include <ATen/core/Tensor.h>

namespace isoframe::model::transformer {

/// One branch (conditional or unconditional).  Trimming is exact: a padding token never reaches a valid one.
struct Condition {
  at::Tensor text;   ///< [1, T, text_embed_dim], Qwen2.5-VL hidden states, T >= 1
  at::Tensor byt5;   ///< [1, G, text_embed_2_dim], ByT5 states of the glyph texts; G = 0 without quoted text
  at::Tensor image;  ///< [1, I, image_embed_dim], SigLIP states; I = 0 for text-to-video
};

}  // namespace isoframe::model::transformer
