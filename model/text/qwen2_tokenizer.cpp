#include "model/text/qwen2_tokenizer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json_file.h"
#include "base/text.h"
#include "model/checkpoint/config.h"
#include "model/checkpoint/downloads.h"
#include "model/text/unicode.h"
#include "model/text/vocabulary_files.h"

namespace isoframe::model::text {

namespace fs = std::filesystem;

namespace {

/// A word character as Unicode defines it (UTS 18, annex C), which PCRE2's own "\w" is not.
constexpr const char* kWordCharacter = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]";

const nlohmann::json& member(const nlohmann::json& object, const char* key, const std::string& origin) {
  if (!object.is_object() || !object.contains(key)) {
    throw InputError(
        fmt::format("{}: '{}' is missing; it must be a file of the `tokenizers` library", origin, key));
  }
  return object.at(key);
}

std::vector<AddedToken> added_tokens(const nlohmann::json& tokenizer, const std::string& origin,
                                     bool normalized) {
  std::vector<AddedToken> tokens;
  for (const nlohmann::json& entry : member(tokenizer, "added_tokens", origin)) {
    AddedToken token = AddedToken::from(entry, origin);
    if (token.normalized != normalized) continue;
    if (normalized) token.content = nfc(token.content);
    tokens.push_back(std::move(token));
  }
  return tokens;
}

/// The one element that a part of the tokenizer holds, or those of its "Sequence".
std::vector<nlohmann::json> elements(const nlohmann::json& part, const char* key) {
  if (part.is_null()) return {};
  if (part.value("type", "") != "Sequence") return {part};
  return part.value(key, std::vector<nlohmann::json>{});
}

void require_nfc(const nlohmann::json& tokenizer, const std::string& origin) {
  const std::vector<nlohmann::json> normalizers =
      elements(member(tokenizer, "normalizer", origin), "normalizers");
  if (normalizers.size() != 1 || normalizers[0].value("type", "") != "NFC") {
    throw InputError(fmt::format("{}: normalizer must be NFC, as Qwen2's is", origin));
  }
}

std::string split_pattern(const nlohmann::json& tokenizer, const std::string& origin) {
  const std::vector<nlohmann::json> steps =
      elements(member(tokenizer, "pre_tokenizer", origin), "pretokenizers");
  const bool known = steps.size() == 2 && steps[0].value("type", "") == "Split" &&
                     steps[0].value("behavior", "") == "Isolated" && !steps[0].value("invert", false) &&
                     steps[1].value("type", "") == "ByteLevel" && !steps[1].value("add_prefix_space", true) &&
                     !steps[1].value("use_regex", true);
  if (!known || !steps[0].contains("pattern") || !steps[0]["pattern"].contains("Regex")) {
    throw InputError(
        fmt::format("{}: pre_tokenizer must be an isolating split by a regular expression, then bytes "
                    "without prefix space, as Qwen2's is",
                    origin));
  }
  return steps[0]["pattern"]["Regex"].get<std::string>();
}

bool has_tokenizer_file(const fs::path& folder) {
  return fs::exists(fs::symlink_status(folder / "tokenizer.json"));
}

std::string origin_of(const fs::path& folder) {
  return (has_tokenizer_file(folder) ? folder / "tokenizer.json" : folder / "vocab.json").string();
}

/// Refuses a left side of padding or truncation; where tokenizer_config.json names none, tokenizer.json's own
/// is the reference's.
void require_right_side(const checkpoint::Config& config, const nlohmann::json& tokenizer,
                        const std::string& origin) {
  constexpr const char* kWhy = "must be \"right\": the template's first tokens are cropped from the left";
  for (const auto& [key, part] : {std::pair{"padding_side", "padding"}, {"truncation_side", "truncation"}}) {
    if (config.has(key)) {
      if (config.text(key) != "right") config.fail(key, kWhy);
    } else if (tokenizer.is_object() && tokenizer.contains(part) && tokenizer.at(part).is_object()) {
      const checkpoint::Config own(tokenizer.at(part), fmt::format("{}: in '{}'", origin, part));
      if (own.text("direction", "Right") != "Right") own.fail("direction", kWhy);
    }
  }
}

/// Refuses what the reference would do otherwise by tokenizer_config.json.
void check_config(const fs::path& folder, const nlohmann::json& tokenizer) {
  const fs::path file = folder / "tokenizer_config.json";
  const checkpoint::Config config = fs::exists(fs::symlink_status(file))
                                        ? checkpoint::Config::load(file)
                                        : checkpoint::Config(nlohmann::json::object(), file.string());
  require_right_side(config, tokenizer, origin_of(folder));
  if (config.boolean("add_prefix_space", false)) config.fail("add_prefix_space", "must be false");
  if (config.boolean("split_special_tokens", false))
    config.fail("split_special_tokens", "must be false: the template is made of special tokens");
}

nlohmann::json read_tokenizer(const fs::path& folder) {
  if (has_tokenizer_file(folder)) {
    checkpoint::require_downloaded(folder / "tokenizer.json");
    nlohmann::json tokenizer = base::read_json(folder / "tokenizer.json");
    check_config(folder, tokenizer);
    return tokenizer;
  }
  const auto is_there = [&](const char* name) { return fs::exists(fs::symlink_status(folder / name)); };
  if (!is_there("vocab.json") || !is_there("merges.txt"))
    throw InputError(
        fmt::format("{}: holds neither tokenizer.json nor vocab.json and merges.txt", folder.string()));
  nlohmann::json tokenizer = tokenizer_of_vocabulary_files(folder);
  check_config(folder, tokenizer);
  return tokenizer;
}

const nlohmann::json& require_layout(const nlohmann::json& tokenizer, const std::string& origin) {
  member(tokenizer, "model", origin);
  require_nfc(tokenizer, origin);
  return tokenizer;
}

}  // namespace

Qwen2Tokenizer::Qwen2Tokenizer(const fs::path& folder)
    : Qwen2Tokenizer(read_tokenizer(folder), origin_of(folder)) {}

Qwen2Tokenizer::Qwen2Tokenizer(const nlohmann::json& tokenizer, const std::string& origin) try
    : raw_tokens_(added_tokens(require_layout(tokenizer, origin), origin, /*normalized=*/false)),
      normalized_tokens_(added_tokens(tokenizer, origin, /*normalized=*/true)),
      split_(split_pattern(tokenizer, origin), origin),
      begins_with_word_(fmt::format("\\A{}", kWordCharacter), origin),
      ends_with_word_(fmt::format("{}\\z", kWordCharacter), origin),
      bpe_(tokenizer.at("model"), origin) {
} catch (const nlohmann::json::exception& error) {
  throw InputError(fmt::format("{}: not as the `tokenizers` library writes it: {}", origin, error.what()));
}

template <typename EncodeRest>
void Qwen2Tokenizer::cut(std::string_view text, const AddedTokenSearch& search,
                         std::vector<std::int64_t>& ids, const EncodeRest& encode_rest) const {
  std::size_t done = 0;
  std::size_t from = 0;
  while (const std::optional<AddedTokenSearch::Hit> hit = search.find(text, from)) {
    from = hit->end;
    const std::string_view before = text.substr(0, hit->begin);
    const std::string_view after = text.substr(hit->end);
    if (hit->token->single_word &&
        (!ends_with_word_.find(before, 0).empty() || !begins_with_word_.find(after, 0).empty())) {
      continue;
    }
    std::size_t begin = hit->begin;
    std::size_t end = hit->end;
    if (hit->token->lstrip) begin -= trailing_space(before, WhiteSpace::kUnicode);
    if (hit->token->rstrip) end += leading_space(after, WhiteSpace::kUnicode);
    begin = std::max(begin, done);
    if (done < begin) encode_rest(text.substr(done, begin - done), ids);
    ids.push_back(hit->token->id);
    done = end;
  }
  if (done < text.size()) encode_rest(text.substr(done), ids);
}

std::vector<std::int64_t> Qwen2Tokenizer::encode(std::string_view text) const {
  base::require_utf8(text, "the prompt");
  std::vector<std::int64_t> ids;
  cut(text, raw_tokens_, ids,
      [this](std::string_view rest, std::vector<std::int64_t>& out) { encode_normalized(nfc(rest), out); });
  return ids;
}

void Qwen2Tokenizer::encode_normalized(std::string_view text, std::vector<std::int64_t>& ids) const {
  cut(text, normalized_tokens_, ids,
      [this](std::string_view rest, std::vector<std::int64_t>& out) { encode_words(rest, out); });
}

void Qwen2Tokenizer::encode_words(std::string_view text, std::vector<std::int64_t>& ids) const {
  std::size_t position = 0;
  while (position < text.size()) {
    const std::vector<std::string_view> match = split_.find(text, position);
    const std::size_t begin =
        match.empty() ? text.size() : static_cast<std::size_t>(match[0].data() - text.data());
    if (begin > position) bpe_.encode(text.substr(position, begin - position), ids);
    if (match.empty()) return;
    if (match[0].empty()) throw InputError("tokenizer: the split pattern matches nothing at all");
    bpe_.encode(match[0], ids);
    position = begin + match[0].size();
  }
}

}  // namespace isoframe::model::text
