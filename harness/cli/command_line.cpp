#include "harness/cli/command_line.h"

#include <cctype>
#include <fstream>

namespace isoframe::harness::cli {

namespace {

bool is_plain(const std::string& word) {
  for (const unsigned char c : word)
    if (std::isalnum(c) == 0 &&
        std::string_view("-_./=,:@%+").find(static_cast<char>(c)) == std::string_view::npos)
      return false;
  return !word.empty();
}

std::string shell_quoted(const std::string& word) {
  if (is_plain(word)) return word;
  std::string result = "'";
  for (const char c : word) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result += "'";
}

}  // namespace

std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string result, word;
  while (std::getline(file, word, '\0')) {
    if (!result.empty()) result += ' ';
    result += shell_quoted(word);
  }
  return result;
}

}  // namespace isoframe::harness::cli
