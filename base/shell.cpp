#include "base/shell.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"

namespace isoframe::base {

namespace {

bool is_plain(unsigned char c) {
  return std::isalnum(c) != 0 ||
         std::string_view("-_./=,:@%+").find(static_cast<char>(c)) != std::string_view::npos;
}

/// The word as what `printf` prints: shells and their readers know UTF-8 at most.
std::string printed(std::string_view word) {
  std::string format;
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '%') {
      format += "%%";
    } else if (byte < 0x20 || byte >= 0x7f || c == '\\' || c == '\'') {
      format += fmt::format("\\{:03o}", byte);
    } else {
      format += c;
    }
  }
  return fmt::format("\"$(printf '{}')\"", format);
}

}  // namespace

std::string shell_quoted(std::string_view word) {
  if (!word.empty() && std::ranges::all_of(word, is_plain)) return std::string(word);
  // Shells take line breaks off the end of what a command prints.
  if (first_invalid_byte(word) && !word.ends_with('\n')) return printed(word);
  std::string result = "'";
  for (const char c : word) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

std::string shell_quoted(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) quoted.push_back(shell_quoted(word));
  return fmt::format("{}", fmt::join(quoted, " "));
}

}  // namespace isoframe::base
