#include "harness/launch/launcher.h"

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/shell.h"

namespace isoframe::harness::launch {

namespace {

constexpr std::string_view kWorker = "{worker}";
constexpr std::string_view kRanks = "{ranks}";
constexpr const char* kExample = "write e.g. 'mpirun -n {ranks} {worker}'";

struct Words {
  std::vector<std::string> words;
  bool quote_is_open = false;
};

Words split_words(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\'' && c == '\\' && i + 1 < text.size()) {
      word += text[++i];
      in_word = true;
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      word += c;
      in_word = true;
    } else if (in_word) {
      words.push_back(std::exchange(word, {}));
      in_word = false;
    }
  }
  if (in_word) words.push_back(word);
  return {words, quote != 0};
}

void replace_all(std::string& text, std::string_view what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

bool is_program(const std::filesystem::path& path) {
  return std::filesystem::is_regular_file(path) && ::access(path.c_str(), X_OK) == 0;
}

bool is_on_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return is_program(program);
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/bin:/usr/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (is_program(std::filesystem::path(folder.empty() ? "." : folder) / program)) return true;
  return false;
}

}  // namespace

std::string launcher_problem(const std::string& launcher) {
  const auto [words, quote_is_open] = split_words(launcher);
  if (quote_is_open) return fmt::format("launcher '{}': a quote is not closed", launcher);
  if (launcher.find(kWorker) == std::string::npos)
    return fmt::format("launcher '{}' does not say where {} goes; {}", launcher, kWorker, kExample);
  if (words.front().find('{') != std::string::npos)
    return fmt::format("launcher '{}' has no program of its own; {}", launcher, kExample);
  return {};
}

void check_launcher(const std::string& launcher) {
  if (const std::string problem = launcher_problem(launcher); !problem.empty()) throw InputError(problem);
  const std::string program = split_words(launcher).words.front();
  if (!is_on_path(program)) {
    throw InputError(
        fmt::format("launcher '{}': {} is not installed, or not on the PATH; install it "
                    "(ci/setup --launchers) or leave the launcher out",
                    launcher, program));
  }
}

std::vector<std::string> launcher_command(const std::string& launcher, int ranks,
                                          const std::vector<std::string>& worker) {
  std::vector<std::string> command;
  const Words split = split_words(launcher);
  for (std::string word : split.words) {
    if (word == kWorker) {
      command.insert(command.end(), worker.begin(), worker.end());
      continue;
    }
    replace_all(word, kRanks, std::to_string(ranks));
    replace_all(word, kWorker, base::shell_quoted(worker));
    command.push_back(word);
  }
  return command;
}

}  // namespace isoframe::harness::launch
