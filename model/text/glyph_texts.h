#pragma once
// Text to be drawn in the video, which the prompt puts in quotes.

#include <optional>
#include <string>

namespace isoframe::model::text {

/// The texts in straight or curly double quotes, each once, in order: `Text "a". Text "b". `; nothing without
/// quoted text.  A quote that is not closed on its line quotes nothing.  `prompt` must be valid UTF-8.
/// Reference: extract_glyph_texts (diffusers 0.42, pipeline_hunyuan_video1_5).
std::optional<std::string> glyph_texts(const std::string& prompt);

}  // namespace isoframe::model::text
