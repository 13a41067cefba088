#pragma once
// Tokens that are looked for in the text itself, before any splitting into words and pieces.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace isoframe::model::text {

/// Reference: AddedToken of the `tokenizers` library.
struct AddedToken {
  std::int64_t id = 0;
  std::string content;
  bool single_word = false;  ///< only where no word character is next to it
  bool lstrip = false;       ///< takes in the white space before it
  bool rstrip = false;       ///< takes in the white space after it
  bool normalized = true;    ///< looked for in the normalized text

  /// Reads an entry of tokenizer.json's `added_tokens` or tokenizer_config.json's `added_tokens_decoder`,
  /// whose key is the id.  Throws InputError naming `origin`.
  static AddedToken from(const nlohmann::json& entry, const std::string& origin);
};

/// Finds the leftmost, at one place the longest token.
class AddedTokenSearch {
 public:
  explicit AddedTokenSearch(std::vector<AddedToken> tokens);

  struct Hit {
    const AddedToken* token;
    std::size_t begin;
    std::size_t end;
  };
  std::optional<Hit> find(std::string_view text, std::size_t start) const;

 private:
  std::vector<AddedToken> tokens_;
  /// Indices of tokens by their first byte, longest first.
  std::array<std::vector<std::size_t>, 256> by_first_byte_;
};

}  // namespace isoframe::model::text
