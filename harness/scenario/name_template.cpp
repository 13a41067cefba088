#include "harness/scenario/name_template.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/did_you_mean.h"
#include "reports/records/run_files.h"

namespace isoframe::harness::scenario {
namespace {

constexpr std::size_t kLongestSlug = 48;
constexpr std::size_t kLongestName = 120;

bool is_safe(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' || letter == '-';
}

bool is_safe(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) { return is_safe(letter); });
}

std::string scalar_slug(const std::string& text) {
  std::string slug;
  for (const char letter : text) {
    if (letter == '=' || letter == ' ') continue;
    slug += letter == ',' ? '-' : letter;
  }
  return slug;
}

std::string mapping_slug(const Value& value, const std::string& key) {
  std::string slug;
  for (const Entry& entry : value.mapping(key, subkeys(key))) {
    slug +=
        fmt::format("{}{}{}", slug.empty() ? "" : "-", entry.key, scalar_slug(entry.value.text(entry.key)));
  }
  return slug;
}

/// The part of a name that `key` stands for, "" if the case does not set it.
std::string lookup(const std::string& key, const Settings& settings, const std::vector<NamePart>& axes) {
  for (const NamePart& part : axes) {
    if (part.key == key) return part.text;
  }
  const auto setting = settings.find(key);
  return setting == settings.end() ? "" : slug(key, setting->second.value, 0);
}

}  // namespace

std::string in_lower_case(std::string name) {
  for (char& letter : name)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return name;
}

std::string slug(const std::string& key, const Value& value, std::size_t choice) {
  if (key == "tiling" && !value.is_mapping()) return value.boolean(key) ? "tiled" : "untiled";
  const std::string text = value.is_mapping() ? mapping_slug(value, key) : scalar_slug(value.text(key));
  if (is_safe(text) && text.size() <= kLongestSlug) return text;
  if (choice == 0) value.fail(fmt::format("{} cannot be part of a name; leave it out of the template", key));
  return fmt::format("{}{}", key, choice);
}

bool is_case_name(const std::string& name) {
  return is_safe(name) && name.front() != '.' && name.front() != '-';
}

std::string render(const Value& text, const std::string& what, const Settings& settings,
                   const std::vector<NamePart>& axes) {
  const std::string pattern = text.text(what);
  std::string rendered;
  std::size_t at = 0;
  while (at < pattern.size()) {
    const std::size_t open = pattern.find('{', at);
    rendered += pattern.substr(at, open - at);
    if (open == std::string::npos) break;
    const std::size_t close = pattern.find('}', open);
    if (close == std::string::npos)
      text.fail(fmt::format("{} '{}' has a '{{' without its '}}'", what, pattern));
    const std::string key = pattern.substr(open + 1, close - open - 1);
    const std::string part = lookup(key, settings, axes);
    if (part.empty()) {
      const bool is_known = std::find(axis_keys().begin(), axis_keys().end(), key) != axis_keys().end();
      text.fail(is_known ? fmt::format("{} '{}' uses {}, which the case does not set", what, pattern, key)
                         : fmt::format("{} '{}' uses the unknown key '{}'{}", what, pattern, key,
                                       base::did_you_mean(key, axis_keys())));
    }
    rendered += part;
    at = close + 1;
  }
  return rendered;
}

std::string case_name(const Value& text, const Settings& settings, const std::vector<NamePart>& axes) {
  const std::string pattern = text.text("name");
  std::string name = render(text, "name", settings, axes);
  for (const NamePart& axis : axes) {
    if (pattern.find("{" + axis.key + "}") == std::string::npos) name += "-" + axis.text;
  }
  if (!is_case_name(name)) {
    text.fail(
        fmt::format("name '{}' is also a folder's: use letters, digits, '_', '-' and '.', and start "
                    "with a letter, a digit or '_'",
                    name));
  }
  for (const char* file : reports::records::kRunFiles) {
    if (in_lower_case(name) == file)
      text.fail(fmt::format(
          "name '{}' is taken: {} is a file of the run directory, in which names are folders", name, file));
  }
  if (name.size() > kLongestName) {
    text.fail(fmt::format("name '{}' has {} characters; {} is the most", name, name.size(), kLongestName));
  }
  return name;
}

}  // namespace isoframe::harness::scenario
