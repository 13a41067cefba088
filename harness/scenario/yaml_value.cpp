#include "harness/scenario/yaml_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/did_you_mean.h"
#include "base/text.h"
#include "harness/scenario/error.h"

namespace isoframe::harness::scenario {
namespace {

namespace fs = std::filesystem;

Location location(const std::string& file, const YAML::Mark& mark) {
  if (mark.is_null()) return {file, 1, 1};
  return {file, mark.line + 1, mark.column + 1};
}

}  // namespace

void Value::fail(const std::string& message) const { fail_at(where_, message); }

std::string Value::shown() const {
  if (node_.IsMap()) return "a mapping";
  if (node_.IsSequence()) return "a list";
  if (!node_.IsScalar()) return "nothing";
  return fmt::format("{} '{}'", is_plain() ? "the value" : "the text",
                     base::text_of_bytes(base::shortened(node_.Scalar())));
}

std::string Value::text(const std::string& key) const {
  std::string text = scalar(key);
  try {
    base::require_utf8(text, key);
  } catch (const InputError& error) {
    fail(error.what());
  }
  return text;
}

std::string Value::bytes(const std::string& key) const {
  std::string bytes = scalar(key);
  if (bytes.find('\0') != std::string::npos) fail(fmt::format("{} has a NUL byte, which no path has", key));
  return bytes;
}

std::string Value::scalar(const std::string& key) const {
  if (node_.IsNull()) fail(fmt::format("{} has no value; write \"\" for an empty text", key));
  if (!node_.IsScalar()) fail(fmt::format("{} wants a text, not {}", key, shown()));
  return node_.Scalar();
}

bool Value::boolean(const std::string& key) const {
  // Only YAML 1.2's two words count: yaml-cpp would also take 1.1's yes, no, on and off, which editors do
  // not.
  if (is_plain() && node_.Scalar() == "true") return true;
  if (is_plain() && node_.Scalar() == "false") return false;
  fail(fmt::format("{} wants true or false, not {}", key, shown()));
}

std::int64_t Value::integer(const std::string& key, std::int64_t least, std::int64_t most,
                            const char* reason) const {
  std::int64_t number = 0;
  std::errc error = std::errc::invalid_argument;
  if (is_plain()) {
    const std::string& digits = node_.Scalar();
    const char* const end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, number);
    error = parsed.ptr == end ? parsed.ec : std::errc::invalid_argument;
  }
  if (error == std::errc::invalid_argument) {
    fail(fmt::format("{} wants a whole number, not {}", key, shown()));
  }
  if (error != std::errc() || number < least || number > most) {
    fail(fmt::format("{} {} is outside {} to {}{}", key, base::shortened(node_.Scalar()), least, most,
                     reason));
  }
  return number;
}

double Value::number(const std::string& key) const {
  double number = 0.0;
  if (!is_plain() || !YAML::convert<double>::decode(node_, number) || std::isnan(number)) {
    fail(fmt::format("{} wants a number, not {}", key, shown()));
  }
  return number;
}

nlohmann::json Value::as_json(const std::string& key) const {
  if (node_.IsMap()) {
    nlohmann::json result = nlohmann::json::object();
    for (const Entry& entry : mapping(key, {})) result[entry.key] = entry.value.as_json(entry.key);
    return result;
  }
  if (node_.IsSequence()) {
    nlohmann::json result = nlohmann::json::array();
    for (const YAML::Node& node : node_)
      result.push_back(Value(node, location(where_.file, node.Mark())).as_json(key));
    return result;
  }
  if (node_.IsNull()) return nullptr;
  const std::string word = text(key);
  if (!is_plain()) return word;
  // What JSON reads as a number, true or false is one in YAML's core schema too.
  const nlohmann::json plain = nlohmann::json::parse(word, nullptr, /*allow_exceptions=*/false);
  return plain.is_primitive() && !plain.is_discarded() ? plain : nlohmann::json(word);
}

std::vector<Value> Value::list(const std::string& key) const {
  if (!node_.IsSequence() || node_.size() == 0) {
    fail(fmt::format("{} wants a list of at least one entry, not {}", key,
                     node_.IsSequence() ? "an empty one" : shown()));
  }
  std::vector<Value> values;
  for (const YAML::Node& node : node_) values.emplace_back(node, location(where_.file, node.Mark()));
  return values;
}

std::vector<Entry> Value::mapping(const std::string& key, const std::vector<std::string>& known) const {
  if (!node_.IsMap()) fail(fmt::format("{} wants a mapping of keys to values, not {}", key, shown()));
  std::vector<Entry> entries;
  std::map<std::string, Location> seen;
  for (const auto& pair : node_) {
    const Location where = location(where_.file, pair.first.Mark());
    if (!pair.first.IsScalar()) throw ScenarioError(where, "a key must be a plain word");
    const std::string& name = pair.first.Scalar();
    if (const auto at = base::first_invalid_byte(name))
      throw ScenarioError(where, fmt::format("a key is not valid UTF-8 at byte {}", *at));
    if (!known.empty() && std::find(known.begin(), known.end(), name) == known.end()) {
      std::string hint = base::did_you_mean(name, known);
      if (hint.empty()) hint = fmt::format("; use {}", fmt::join(known, ", "));
      throw ScenarioError(where, fmt::format("unknown key '{}' in {}{}", name, key, hint));
    }
    // yaml-cpp would keep both pairs and look up the first, and nobody would know which one counts.
    const auto [first, is_new] = seen.emplace(name, where);
    if (!is_new) {
      throw ScenarioError(where, fmt::format("key '{}' is given twice, first at {}; keep one", name,
                                             to_string(first->second)));
    }
    // An absent value has no place of its own.
    entries.push_back(
        {name, where,
         Value(pair.second, pair.second.IsNull() ? where : location(where_.file, pair.second.Mark()))});
  }
  return entries;
}

Value read_yaml(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status)) throw InputError(fmt::format("{}: no such scenario file", file.string()));
  if (fs::is_directory(status)) {
    throw InputError(fmt::format("{}: is a folder; name the scenario files in it", file.string()));
  }
  std::vector<YAML::Node> documents;
  try {
    documents = YAML::LoadAllFromFile(file.string());
  } catch (const YAML::BadFile&) {
    throw InputError(fmt::format("{}: cannot be read; check its permissions", file.string()));
  } catch (const YAML::Exception& problem) {
    throw ScenarioError(location(file.string(), problem.mark), "not YAML: " + problem.msg);
  }
  const Location start{file.string(), 1, 1};
  if (documents.empty() || documents.front().IsNull()) {
    throw ScenarioError(start, "the file is empty; a scenario has version, checkpoint and cases");
  }
  if (documents.size() > 1) {
    throw ScenarioError(location(file.string(), documents[1].Mark()),
                        "a second YAML document; put it into a file of its own");
  }
  const Value root(documents.front(), location(file.string(), documents.front().Mark()));
  if (!root.is_mapping()) root.fail("a scenario is a mapping with version, checkpoint and cases");
  return root;
}

}  // namespace isoframe::harness::scenario
