#pragma once
// A byte-level BPE vocabulary that grows word by word.  Source: Sennrich et al. 2016, with GPT-2's byte
// symbols.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isoframe::model::synthetic {

class BpeVocabulary {
 public:
  /// The 256 bytes, in the order of their symbols' code points.
  BpeVocabulary();

  /// Appends merges until `word` is one token.  They rank below all earlier ones, so that no earlier word is
  /// split otherwise than before.
  void add_word(std::string_view word);

  /// Token -> id.
  const std::map<std::string, std::int64_t>& ids() const { return ids_; }
  /// Merges in order of rank.
  const std::vector<std::pair<std::string, std::string>>& merges() const { return merges_; }

 private:
  using Pieces = std::vector<std::string>;
  void apply_merges(Pieces& pieces) const;

  std::vector<std::string> byte_symbols_;
  std::map<std::string, std::int64_t> ids_;
  std::vector<std::pair<std::string, std::string>> merges_;
  std::map<std::pair<std::string, std::string>, std::size_t> ranks_;
};

}  // namespace isoframe::model::synthetic
