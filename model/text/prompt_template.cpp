#include "model/text/prompt_template.h"

#include <fmt/format.h>

namespace isoframe::model::text {

namespace {

/// The template that the model was trained with, to the letter: the runs of spaces were the indentation of a
/// continued line.
constexpr const char* kSystemMessage =
    "You are a helpful assistant. Describe the video by detailing the following aspects: "
    "        1. The main content and theme of the video. "
    "        2. The color, shape, size, texture, quantity, text, and spatial relationships of the objects. "
    "        3. Actions, events, behaviors temporal relationships, physical movement changes of the objects. "
    "        4. background environment, light, style and atmosphere. "
    "        5. camera angles, movements, and transitions used in the video.";

}  // namespace

std::string apply_chat_template(const std::string& prompt) {
  return fmt::format(
      "<|im_start|>system\n{}<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n",
      kSystemMessage, prompt.empty() ? " " : prompt);
}

}  // namespace isoframe::model::text
