#pragma once
// The conversation that a prompt is wrapped in for the text encoder.

#include <cstdint>
#include <string>

namespace isoframe::model::text {

/// Tokens of the system message and the user's header under Qwen2.5's vocabulary.  They are cropped from the
/// states; under another vocabulary the same number is.  Reference: prompt_template_encode_start_idx.
inline constexpr std::int64_t kTemplateTokens = 108;
/// Tokens of the prompt and the rest of the template that are kept.  Reference: tokenizer_max_length.
inline constexpr std::int64_t kMaxPromptTokens = 1000;
/// Reference: tokenizer_2_max_length.
inline constexpr std::int64_t kMaxGlyphTokens = 256;

/// Qwen2's chat template with the pipeline's system message, `prompt` as the user's turn and the assistant's
/// turn opened.  An empty prompt becomes one space. Reference: format_text_input (diffusers 0.42),
/// chat_template of Qwen2.5-VL.
std::string apply_chat_template(const std::string& prompt);

}  // namespace isoframe::model::text
