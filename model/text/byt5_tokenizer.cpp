#include "model/text/byt5_tokenizer.h"

#include <charconv>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "model/text/unicode.h"

namespace isoframe::model::text {

namespace {

/// <pad>, </s> and <unk> come before the bytes.
constexpr std::int64_t kByteOffset = 3;
constexpr std::int64_t kFirstExtraId = kByteOffset + 256;
constexpr std::int64_t kExtraIds = 125;

std::map<std::int64_t, AddedToken> default_tokens(const checkpoint::Config& config) {
  std::map<std::int64_t, AddedToken> tokens;
  const auto add = [&](std::int64_t id, const std::string& content, bool strips) {
    AddedToken token;
    token.id = id;
    token.content = content;
    token.lstrip = token.rstrip = strips;
    tokens[id] = token;
  };
  add(0, "<pad>", true);
  add(1, "</s>", true);
  add(2, "<unk>", true);
  const std::int64_t extra_ids = config.integer("extra_ids", kExtraIds);
  for (std::int64_t i = 0; i < extra_ids; ++i) add(kFirstExtraId + i, fmt::format("<extra_id_{}>", i), false);
  return tokens;
}

/// ByT5's tokens, those of `added_tokens_decoder` in their place.
std::map<std::int64_t, AddedToken> special_tokens(const checkpoint::Config& config) {
  std::map<std::int64_t, AddedToken> tokens = default_tokens(config);
  if (!config.has("added_tokens_decoder")) return tokens;
  const checkpoint::Config decoder = config.object("added_tokens_decoder");
  for (const auto& [key, entry] : decoder.values().items()) {
    std::int64_t id = 0;
    const char* end = key.data() + key.size();
    if (std::from_chars(key.data(), end, id).ptr != end) decoder.fail(key, "must be a token id");
    AddedToken token = AddedToken::from(entry, decoder.origin());
    token.id = id;
    tokens[id] = token;
  }
  return tokens;
}

std::vector<AddedToken> values(const std::map<std::int64_t, AddedToken>& tokens) {
  std::vector<AddedToken> result;
  for (const auto& [id, token] : tokens) result.push_back(token);
  return result;
}

std::int64_t find_eos(const checkpoint::Config& config) {
  std::string content = "</s>";
  if (config.has("eos_token")) {
    const nlohmann::json& eos = config.values().at("eos_token");
    content = eos.is_object() ? AddedToken::from(eos, config.origin()).content : config.text("eos_token");
  }
  for (const auto& [id, token] : special_tokens(config)) {
    if (token.content == content) return id;
  }
  config.fail("eos_token", fmt::format("'{}' is not among the special tokens", content));
}

checkpoint::Config load(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "tokenizer_config.json";
  if (std::filesystem::exists(file)) return checkpoint::Config::load(file);
  return checkpoint::Config(nlohmann::json::object(), file.string());
}

void append_bytes(std::string_view text, std::vector<std::int64_t>& ids) {
  for (const char byte : text) ids.push_back(static_cast<unsigned char>(byte) + kByteOffset);
}

}  // namespace

Byt5Tokenizer::Byt5Tokenizer(const std::filesystem::path& folder) : Byt5Tokenizer(load(folder)) {}

Byt5Tokenizer::Byt5Tokenizer(const checkpoint::Config& config)
    : tokens_(values(special_tokens(config))), eos_id_(find_eos(config)) {}

std::vector<std::int64_t> Byt5Tokenizer::encode(std::string_view text, std::size_t max_length) const {
  base::require_utf8(text, "the prompt");
  std::vector<std::int64_t> ids;
  std::size_t done = 0;
  bool strip_left = false;  // the token before strips
  const auto append_rest = [&](std::string_view rest, bool strip_right) {
    if (strip_left) rest.remove_prefix(leading_space(rest, WhiteSpace::kPython));
    if (strip_right) rest.remove_suffix(trailing_space(rest, WhiteSpace::kPython));
    append_bytes(rest, ids);
  };
  while (const std::optional<AddedTokenSearch::Hit> hit = tokens_.find(text, done)) {
    append_rest(text.substr(done, hit->begin - done), hit->token->lstrip);
    ids.push_back(hit->token->id);
    strip_left = hit->token->rstrip;
    done = hit->end;
  }
  append_rest(text.substr(done), false);

  if (ids.size() >= max_length) ids.resize(max_length - 1);
  // The reference adds no second end where the text brings its own.
  if (ids.empty() || ids.back() != eos_id_) ids.push_back(eos_id_);
  return ids;
}

}  // namespace isoframe::model::text
