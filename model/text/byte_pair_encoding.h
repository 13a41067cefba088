#pragma once
// Byte-level byte pair encoding (arXiv:1508.07909; GPT-2's byte alphabet).
// Reference: models::BPE of the `tokenizers` library.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

namespace isoframe::model::text {

class BytePairEncoding {
 public:
  /// `model`: the object of tokenizer.json's `model`.  Throws InputError naming `origin` for another model
  /// type, for options that Qwen2 does not use, and for merges of tokens that the vocabulary lacks.
  BytePairEncoding(const nlohmann::json& model, const std::string& origin);

  /// Appends the ids of one piece, bytes as they are in the text.  O(n log n) in its length.
  void encode(std::string_view piece, std::vector<std::int64_t>& ids) const;

 private:
  struct Merge {
    std::uint32_t rank;
    std::int32_t id;
  };

  void load_vocabulary(const nlohmann::json& vocabulary, const std::string& origin);
  void load_merges(const nlohmann::json& merges, const std::string& origin);
  const Merge* find_merge(std::int32_t left, std::int32_t right) const;

  std::unordered_map<std::string, std::int32_t> vocabulary_;  ///< by the token's bytes
  std::unordered_map<std::uint64_t, Merge> merges_;           ///< by the pair of ids
  std::array<std::int32_t, 256> byte_ids_{};                  ///< -1 where a byte has no token
  bool ignore_merges_ = false;
};

}  // namespace isoframe::model::text
