#include "model/text/vocabulary_files.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "model/checkpoint/config.h"
#include "model/checkpoint/downloads.h"

namespace isoframe::model::text {

namespace fs = std::filesystem;
using checkpoint::Config;
using nlohmann::json;

namespace {

/// The reference's own constant: its class splits so whatever the files say.
constexpr const char* kSplitPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// Keys of a single special token, and what the reference's class takes where none is given.
constexpr std::pair<const char*, const char*> kSpecialTokens[] = {
    {"bos_token", nullptr}, {"eos_token", "<|endoftext|>"}, {"unk_token", "<|endoftext|>"},
    {"sep_token", nullptr}, {"pad_token", "<|endoftext|>"}, {"cls_token", nullptr},
    {"mask_token", nullptr}};
/// Keys of lists of them; the first is that of transformers 5.
constexpr const char* kMoreTokens[] = {"extra_special_tokens", "additional_special_tokens"};

Config optional_config(const fs::path& file) {
  return fs::exists(file) ? Config::load(file) : Config(json::object(), file.string());
}

json merges(const fs::path& file) {
  checkpoint::require_downloaded(file);
  std::istringstream lines(base::read_text(file));
  json merges = json::array();
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line.starts_with("#version")) continue;
    merges.push_back(line);
  }
  return merges;
}

/// An entry of `added_tokens`, from a text or from an object with its flags.
json special_token(const json& token) {
  json entry = token.is_object() ? token : json{{"content", token}};
  entry["special"] = true;
  return entry;
}

std::string content_of(const json& entry, const std::string& origin) {
  const auto content = entry.find("content");
  if (content == entry.end() || !content->is_string())
    throw InputError(
        fmt::format("{}: a special token must be a text or have `content`, but is {}", origin, entry.dump()));
  return *content;
}

/// Added tokens in the order in which the reference adds them.
class AddedTokens {
 public:
  explicit AddedTokens(const json& vocabulary) : vocabulary_(vocabulary) {}

  /// Gives the token its place in the vocabulary, or the next number after it, as the reference does.
  void add(json entry, const std::string& origin) {
    const std::string content = content_of(entry, origin);
    if (ids_.contains(content)) return;
    const auto own = vocabulary_.find(content);
    const std::int64_t id =
        own != vocabulary_.end() && own->is_number_integer() ? own->get<std::int64_t>() : next();
    ids_[content] = id;
    entry["id"] = id;
    tokens_.push_back(std::move(entry));
  }
  void add_at(std::int64_t id, json entry, const std::string& origin) {
    const std::string content = content_of(entry, origin);
    add(std::move(entry), origin);
    if (ids_.at(content) != id)
      throw InputError(fmt::format("{}: '{}' is token {}, but added after the vocabulary it becomes {}",
                                   origin, content, id, ids_.at(content)));
  }
  json tokens() const { return tokens_; }

 private:
  std::int64_t next() const {
    auto next = static_cast<std::int64_t>(vocabulary_.size());
    for (const auto& [content, id] : ids_) next = std::max(next, id + 1);
    return next;
  }

  const json& vocabulary_;
  std::map<std::string, std::int64_t> ids_;
  json tokens_ = json::array();
};

std::map<std::int64_t, json> decoder_tokens(const Config& decoder) {
  std::map<std::int64_t, json> tokens;
  for (const auto& [key, entry] : decoder.values().items()) {
    std::int64_t id = 0;
    const char* end = key.data() + key.size();
    if (std::from_chars(key.data(), end, id).ptr != end) decoder.fail(key, "must be a token id");
    tokens[id] = entry;
  }
  return tokens;
}

/// The special tokens that the configuration names, each once.
std::vector<json> named_tokens(const Config& config) {
  std::vector<json> named;
  for (const auto& [key, fallback] : kSpecialTokens) {
    const auto given = config.values().find(key);
    if (given == config.values().end()) {
      if (fallback != nullptr) named.push_back(special_token(fallback));
    } else if (!given->is_null()) {
      named.push_back(special_token(*given));
    }
  }
  for (const char* key : kMoreTokens) {
    if (!config.has(key)) continue;
    for (const json& token : config.values().at(key)) named.push_back(special_token(token));
    break;
  }
  return named;
}

json added_tokens(const fs::path& folder, const json& vocabulary) {
  const Config file = optional_config(folder / "tokenizer_config.json");
  AddedTokens added(vocabulary);
  if (file.has("added_tokens_decoder")) {
    const Config decoder = file.object("added_tokens_decoder");
    for (const auto& [id, entry] : decoder_tokens(decoder)) added.add_at(id, entry, decoder.origin());
    for (const json& token : named_tokens(file)) added.add(token, file.origin());
    return added.tokens();
  }
  json values = file.values();
  values.update(optional_config(folder / "special_tokens_map.json").values());
  const Config config(values, file.origin());
  const std::vector<json> named = named_tokens(config);
  const Config older = optional_config(folder / "added_tokens.json");
  std::map<std::int64_t, json> by_id;
  for (const auto& [content, id] : older.values().items()) {
    const bool is_special = std::ranges::any_of(named, [&, &content = content](const json& token) {
      return content_of(token, file.origin()) == content;
    });
    by_id[older.integer(content)] = {{"content", content}, {"special", is_special}};
  }
  for (const auto& [id, entry] : by_id) added.add_at(id, entry, older.origin());
  for (const json& token : named) added.add(token, config.origin());
  return added.tokens();
}

}  // namespace

json tokenizer_of_vocabulary_files(const fs::path& folder) {
  const json vocabulary = Config::load(folder / "vocab.json").values();
  return {{"added_tokens", added_tokens(folder, vocabulary)},
          {"normalizer", {{"type", "NFC"}}},
          {"pre_tokenizer",
           {{"type", "Sequence"},
            {"pretokenizers",
             {{{"type", "Split"},
               {"pattern", {{"Regex", kSplitPattern}}},
               {"behavior", "Isolated"},
               {"invert", false}},
              {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}}},
          {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", merges(folder / "merges.txt")}}}};
}

}  // namespace isoframe::model::text
