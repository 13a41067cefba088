#include "model/text/glyph_texts.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "model/text/regex.h"

namespace isoframe::model::text {

std::optional<std::string> glyph_texts(const std::string& prompt) {
  static const Regex quoted("\"([^\\n]*?)\"|\u201C([^\\n]*?)\u201D", "glyph texts");
  std::vector<std::string_view> texts;
  const std::string_view view = prompt;
  std::size_t position = 0;
  for (;;) {
    const std::vector<std::string_view> match = quoted.find(view, position);
    if (match.empty()) break;
    const std::string_view text = match.back();
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
    position = static_cast<std::size_t>(match[0].data() - view.data()) + match[0].size();
  }
  if (texts.empty()) return std::nullopt;
  std::string result;
  for (const std::string_view text : texts) result += fmt::format("Text \"{}\". ", text);
  return result;
}

}  // namespace isoframe::model::text
