#pragma once
// Turns a prompt into what the transformer is conditioned on: chat template, Qwen2.5-VL text states, glyph
// texts, ByT5. Reference: HunyuanVideo15Pipeline.encode_prompt (diffusers 0.42).

#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/weight_files.h"
#include "model/parallel/tensor_parallel.h"
#include "model/probe.h"
#include "model/text/prompt_tokenizer.h"

namespace isoframe::model::text {

/// The prefix of the text model's tensors: it may have been saved alone, or as a part of the whole
/// Qwen2.5-VL.
std::string text_model_prefix(const checkpoint::WeightFiles& files);

/// Valid tokens only; the reference pads to 1000 and 256, and trims nothing.
struct PromptEmbeds {
  at::Tensor text;  ///< [1, T, hidden_size] after the template's first 108 tokens are cropped
  at::Tensor byt5;  ///< [1, G, d_model]; G = 0 without quoted text
};

class PromptEncoder {
 public:
  /// Loads `tokenizer`, `text_encoder`, `tokenizer_2`, `text_encoder_2` of the checkpoint.  `tensor` shares
  /// out an encoder where it divides its heads.
  explicit PromptEncoder(const checkpoint::Checkpoint& checkpoint,
                         const at::TensorOptions& options = at::kFloat,
                         const parallel::TensorParallel& tensor = parallel::TensorParallel());
  ~PromptEncoder();

  PromptEmbeds encode(const std::string& prompt, Probe& probe) const;

  /// The token ids that encode() feeds to the text encoder: template and prompt, truncated to 1108, unpadded.
  std::vector<std::int64_t> token_ids(const std::string& prompt) const;
  /// The ByT5 ids of the prompt's glyph texts, truncated to 256, unpadded; empty without quoted text.
  std::vector<std::int64_t> glyph_token_ids(const std::string& prompt) const;

  /// The texts of the prompt that are truncated; `called` is its own name.
  std::vector<CutText> cut_texts(const std::string& prompt, const std::string& called) const;

  /// Surplus tensors of the two text encoders' files ("text_encoder: lm_head.weight"), for one warning.
  std::vector<std::string> unused() const;
  /// Throws InputError naming the first weight that is not a finite number.
  void require_finite_weights() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isoframe::model::text
