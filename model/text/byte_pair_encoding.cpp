#include "model/text/byte_pair_encoding.h"

#include <functional>
#include <optional>
#include <queue>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::model::text {

namespace {

/// GPT-2's alphabet: printable Latin-1 bytes stand for themselves, the 68 others for U+0100 onwards in order.
bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

/// Byte by code point, -1 for what is not in the alphabet.
const std::array<int, 324>& alphabet() {
  static const std::array<int, 324> table = [] {
    std::array<int, 324> bytes{};
    bytes.fill(-1);
    std::size_t next = 256;
    for (unsigned byte = 0; byte < 256; ++byte) {
      bytes[stands_for_itself(byte) ? byte : next++] = static_cast<int>(byte);
    }
    return bytes;
  }();
  return table;
}

/// The bytes that a vocabulary entry stands for; nothing if it is not spelled in the alphabet, as added
/// tokens with characters of their own are.
std::optional<std::string> to_bytes(std::string_view spelled) {
  std::string bytes;
  for (std::size_t i = 0; i < spelled.size(); ++i) {
    unsigned code = static_cast<unsigned char>(spelled[i]);
    if (code >= 0x80) {
      if (code >= 0xE0 || i + 1 == spelled.size()) return std::nullopt;  // beyond U+07FF
      code = ((code & 0x1FU) << 6U) | (static_cast<unsigned char>(spelled[++i]) & 0x3FU);
    }
    if (code >= alphabet().size() || alphabet()[code] < 0) return std::nullopt;
    bytes += static_cast<char>(alphabet()[code]);
  }
  return bytes;
}

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return (std::uint64_t{static_cast<std::uint32_t>(left)} << 32U) | static_cast<std::uint32_t>(right);
}

/// "a b", or ["a", "b"] in newer files.
std::pair<std::string, std::string> split_merge(const nlohmann::json& merge, const std::string& origin) {
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
    return {merge[0].get<std::string>(), merge[1].get<std::string>()};
  }
  if (merge.is_string()) {
    const std::string text = merge.get<std::string>();
    const std::size_t space = text.find(' ');
    if (space != std::string::npos) return {text.substr(0, space), text.substr(space + 1)};
  }
  throw InputError(fmt::format("{}: model.merges: {} is not a pair of tokens", origin, merge.dump()));
}

void refuse_options(const nlohmann::json& model, const std::string& origin) {
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const auto value = model.find(key);
    if (value != model.end() && !value->is_null() && *value != "") {
      throw InputError(
          fmt::format("{}: model.{} is {}, but byte-level BPE has none", origin, key, value->dump()));
    }
  }
  if (model.contains("byte_fallback") && model["byte_fallback"] == true) {
    throw InputError(fmt::format("{}: model.byte_fallback is true, but byte-level BPE has none", origin));
  }
  if (model.contains("dropout") && !model["dropout"].is_null()) {
    throw InputError(
        fmt::format("{}: model.dropout must be null: prompts are encoded without chance", origin));
  }
}

}  // namespace

BytePairEncoding::BytePairEncoding(const nlohmann::json& model, const std::string& origin) {
  const auto type = model.find("type");
  if (type != model.end() && *type != "BPE") {
    throw InputError(
        fmt::format("{}: model.type is {}, but Qwen2's tokenizer is \"BPE\"", origin, type->dump()));
  }
  for (const auto& [key, is_right] :
       {std::pair{"vocab", &nlohmann::json::is_object}, std::pair{"merges", &nlohmann::json::is_array}}) {
    const auto value = model.find(key);
    if (value == model.end() || !((*value).*is_right)()) {
      throw InputError(fmt::format("{}: model.{} is missing or of another type", origin, key));
    }
  }
  refuse_options(model, origin);
  ignore_merges_ = model.contains("ignore_merges") && model["ignore_merges"] == true;
  load_vocabulary(model.at("vocab"), origin);
  load_merges(model.at("merges"), origin);
}

void BytePairEncoding::load_vocabulary(const nlohmann::json& vocabulary, const std::string& origin) {
  vocabulary_.reserve(vocabulary.size());
  for (const auto& [spelled, id] : vocabulary.items()) {
    if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() > INT32_MAX) {
      throw InputError(fmt::format("{}: model.vocab: the id of \"{}\" is {}", origin, spelled, id.dump()));
    }
    if (std::optional<std::string> bytes = to_bytes(spelled)) {
      vocabulary_.emplace(std::move(*bytes), id.get<std::int32_t>());
    }
  }
  for (std::size_t byte = 0; byte < byte_ids_.size(); ++byte) {
    const auto found = vocabulary_.find(std::string(1, static_cast<char>(byte)));
    byte_ids_[byte] = found == vocabulary_.end() ? -1 : found->second;
  }
}

void BytePairEncoding::load_merges(const nlohmann::json& merges, const std::string& origin) {
  merges_.reserve(merges.size());
  std::uint32_t rank = 0;
  for (const nlohmann::json& merge : merges) {
    const auto [left, right] = split_merge(merge, origin);
    const auto id_of = [&](const std::string& spelled) {
      const std::optional<std::string> bytes = to_bytes(spelled);
      const auto found = bytes ? vocabulary_.find(*bytes) : vocabulary_.end();
      if (found == vocabulary_.end()) {
        throw InputError(fmt::format("{}: model.merges: \"{}\" of merge {} is not in model.vocab", origin,
                                     spelled, merge.dump()));
      }
      return found->second;
    };
    const std::int32_t merged = id_of(left + right);
    merges_.insert_or_assign(pair_key(id_of(left), id_of(right)), Merge{rank++, merged});
  }
}

const BytePairEncoding::Merge* BytePairEncoding::find_merge(std::int32_t left, std::int32_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void BytePairEncoding::encode(std::string_view piece, std::vector<std::int64_t>& ids) const {
  if (ignore_merges_) {
    const auto whole = vocabulary_.find(std::string(piece));
    if (whole != vocabulary_.end()) {
      ids.push_back(whole->second);
      return;
    }
  }

  struct Symbol {
    std::int32_t id;
    int previous;
    int next;
    bool merged_away = false;
  };
  std::vector<Symbol> symbols;
  symbols.reserve(piece.size());
  for (const char byte : piece) {
    const std::int32_t id = byte_ids_[static_cast<unsigned char>(byte)];
    if (id < 0) continue;  // there is no unknown token: the reference drops such bytes
    const int index = static_cast<int>(symbols.size());
    symbols.push_back({id, index - 1, index + 1});
  }
  if (symbols.empty()) return;
  symbols.back().next = -1;

  // The lowest rank first, leftmost among equals.  Entries that an earlier merge made void stay in the heap
  // and are recognized when they come up.
  using Candidate = std::tuple<std::uint32_t, int, std::int32_t>;  // rank, left symbol, merged id
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto consider = [&](int left) {
    if (left < 0 || symbols[left].next < 0) return;
    if (const Merge* merge = find_merge(symbols[left].id, symbols[symbols[left].next].id)) {
      candidates.emplace(merge->rank, left, merge->id);
    }
  };
  for (int i = 0; i + 1 < static_cast<int>(symbols.size()); ++i) consider(i);

  while (!candidates.empty()) {
    const auto [rank, index, id] = candidates.top();
    candidates.pop();
    Symbol& left = symbols[index];
    if (left.merged_away || left.next < 0) continue;
    Symbol& right = symbols[left.next];
    const Merge* merge = find_merge(left.id, right.id);
    if (merge == nullptr || merge->id != id) continue;
    left.id = id;
    left.next = right.next;
    right.merged_away = true;
    if (left.next >= 0) symbols[left.next].previous = index;
    consider(left.previous);
    consider(index);
  }
  for (int i = 0; i >= 0; i = symbols[i].next) ids.push_back(symbols[i].id);
}

}  // namespace isoframe::model::text
