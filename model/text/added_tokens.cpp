#include "model/text/added_tokens.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::model::text {

AddedToken AddedToken::from(const nlohmann::json& entry, const std::string& origin) {
  try {
    AddedToken token;
    token.id = entry.value("id", std::int64_t{0});
    token.content = entry.at("content").get<std::string>();
    token.single_word = entry.value("single_word", false);
    token.lstrip = entry.value("lstrip", false);
    token.rstrip = entry.value("rstrip", false);
    token.normalized = entry.value("normalized", !entry.value("special", false));
    return token;
  } catch (const nlohmann::json::exception&) {
    throw InputError(
        fmt::format("{}: an added token must have `content` and true or false for its flags, but is {}",
                    origin, entry.dump()));
  }
}

AddedTokenSearch::AddedTokenSearch(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::sort(tokens_.begin(), tokens_.end(), [](const AddedToken& a, const AddedToken& b) {
    return std::pair(b.content.size(), a.id) < std::pair(a.content.size(), b.id);
  });
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const std::string& content = tokens_[i].content;
    if (!content.empty()) by_first_byte_[static_cast<unsigned char>(content[0])].push_back(i);
  }
}

std::optional<AddedTokenSearch::Hit> AddedTokenSearch::find(std::string_view text, std::size_t start) const {
  for (std::size_t begin = start; begin < text.size(); ++begin) {
    for (const std::size_t index : by_first_byte_[static_cast<unsigned char>(text[begin])]) {
      const AddedToken& token = tokens_[index];
      if (text.substr(begin).starts_with(token.content))
        return Hit{&token, begin, begin + token.content.size()};
    }
  }
  return std::nullopt;
}

}  // namespace isoframe::model::text
