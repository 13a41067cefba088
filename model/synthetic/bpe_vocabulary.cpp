#include "model/synthetic/bpe_vocabulary.h"

#include <algorithm>

namespace isoframe::model::synthetic {

namespace {

std::string utf8(std::uint32_t code_point) {
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  return {static_cast<char>(0xC0 | (code_point >> 6)), static_cast<char>(0x80 | (code_point & 0x3F))};
}

/// Printable Latin-1 stands for itself; the other bytes follow from U+0100 on.
std::vector<std::uint32_t> byte_code_points() {
  std::vector<std::uint32_t> code_points(256);
  std::uint32_t next = 0x100;
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
    code_points[byte] = printable ? byte : next++;
  }
  return code_points;
}

}  // namespace

BpeVocabulary::BpeVocabulary() {
  std::vector<std::uint32_t> code_points = byte_code_points();
  for (const std::uint32_t code_point : code_points) byte_symbols_.push_back(utf8(code_point));
  std::sort(code_points.begin(), code_points.end());
  for (const std::uint32_t code_point : code_points) {
    ids_.emplace(utf8(code_point), static_cast<std::int64_t>(ids_.size()));
  }
}

void BpeVocabulary::add_word(std::string_view word) {
  Pieces pieces;
  for (const char c : word) pieces.push_back(byte_symbols_[static_cast<unsigned char>(c)]);
  apply_merges(pieces);
  while (pieces.size() > 1) {
    const std::pair<std::string, std::string> pair(pieces[0], pieces[1]);
    ranks_.emplace(pair, merges_.size());
    merges_.push_back(pair);
    ids_.emplace(pair.first + pair.second, static_cast<std::int64_t>(ids_.size()));
    apply_merges(pieces);
  }
}

void BpeVocabulary::apply_merges(Pieces& pieces) const {
  while (true) {
    auto best = ranks_.end();
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      const auto found = ranks_.find({pieces[i], pieces[i + 1]});
      if (found != ranks_.end() && (best == ranks_.end() || found->second < best->second)) best = found;
    }
    if (best == ranks_.end()) return;
    const auto& [left, right] = best->first;
    Pieces merged;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const bool joins = i + 1 < pieces.size() && pieces[i] == left && pieces[i + 1] == right;
      merged.push_back(joins ? pieces[i] + pieces[i + 1] : pieces[i]);
      if (joins) ++i;
    }
    pieces = std::move(merged);
  }
}

}  // namespace isoframe::model::synthetic
