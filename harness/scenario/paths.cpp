#include "harness/scenario/paths.h"

#include <cstdlib>
#include <regex>

#include <fmt/format.h>

namespace isoframe::harness::scenario {
namespace {

std::string expand_variables(const Value& value, const std::string& key) {
  static const std::regex kVariable(R"(\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\})");
  const std::string text = value.bytes(key);
  std::string expanded;
  auto rest = text.cbegin();
  for (std::sregex_iterator match(text.begin(), text.end(), kVariable), end; match != end; ++match) {
    expanded.append(rest, text.cbegin() + match->position());
    rest = text.cbegin() + match->position() + match->length();
    const std::string name = match->str(1);
    const char* const found = std::getenv(name.c_str());
    // The text after ":-" also stands in for a variable that is set to nothing, as in a shell.
    if (found != nullptr && *found != '\0') {
      expanded += found;
    } else if ((*match)[2].matched) {
      expanded += match->str(3);
    } else {
      value.fail(fmt::format("{} needs the environment variable {}; set it, or write ${{{}:-otherwise}}", key,
                             name, name));
    }
  }
  expanded.append(rest, text.cend());
  if (expanded.find("${") != std::string::npos) {
    value.fail(fmt::format("{} '{}' has a '${{' that is no variable; write ${{NAME}} or ${{NAME:-otherwise}}",
                           key, text));
  }
  return expanded;
}

}  // namespace

std::filesystem::path read_path(const Value& value, const std::string& key) {
  // The shell has expanded what the command line says, and its folder is the current one.
  const bool is_from_file = !value.where().file.empty();
  const std::string text = is_from_file ? expand_variables(value, key) : value.bytes(key);
  if (text.empty()) value.fail(key + " is empty; name a path");
  if (!is_from_file) return text;
  const std::filesystem::path folder = std::filesystem::path(value.where().file).parent_path();
  return (folder / text).lexically_normal();
}

std::string read_word(const Value& value, const std::string& key) {
  const std::string text = expand_variables(value, key);
  if (!text.starts_with("./") && !text.starts_with("../")) return text;
  const std::filesystem::path folder = std::filesystem::path(value.where().file).parent_path();
  return std::filesystem::absolute(folder / text).lexically_normal().string();
}

}  // namespace isoframe::harness::scenario
