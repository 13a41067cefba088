#include "harness/cli/command_line.h"

#include <fstream>
#include <string>
#include <vector>

#include "base/shell.h"

namespace isoframe::harness::cli {

std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return base::shell_quoted(words);
}

}  // namespace isoframe::harness::cli
