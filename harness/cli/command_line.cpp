#include "harness/cli/command_line.h"

#include <fstream>
#include <string>
#include <vector>

#include "base/shell.h"

namespace isoframe::harness::cli {

namespace {

std::vector<std::string> words() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

}  // namespace

std::string command_line() { return base::shell_quoted(words()); }

std::string program_name() {
  const std::vector<std::string> all = words();
  return all.empty() ? "isoframe" : all.front();
}

}  // namespace isoframe::harness::cli
