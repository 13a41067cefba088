// isoframe's entry: turns every command's errors into exit codes. 0 is success, 1 a failed gate, 2 bad input
// or usage, 3 a run that could not finish.

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <iostream>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/did_you_mean.h"
#include "base/error.h"
#include "base/terminal.h"
#include "harness/cli/commands.h"
#include "harness/cli/version.h"
#include "harness/scenario/error.h"

namespace {

using isoframe::base::for_terminal;

constexpr int kBadInput = 2;
constexpr int kCouldNotFinish = 3;

/// The deepest command that was named, which is the one that an error is about.
CLI::App& named_command(CLI::App& program) {
  CLI::App* command = &program;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return *command;
}

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : full_name(*parent) + " " + command.get_name();
}

/// Options and commands that could have stood where `word` stands.
std::vector<std::string> known_words(CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  for (const CLI::App* child : command.get_subcommands([](CLI::App*) { return true; })) {
    words.push_back(child->get_name());
  }
  return words;
}

/// Removes the line breaks and doubled spaces of CLI11's messages.
std::string one_line(const std::string& text) {
  std::istringstream words(text);
  std::string line, word;
  while (words >> word) line += (line.empty() ? "" : " ") + word;
  return line;
}

int explain_usage(CLI::App& program, const CLI::ParseError& error) {
  CLI::App& command = named_command(program);
  const std::string name = full_name(command);
  std::string problem = error.get_name() == "RequiredError" && &command == &program
                            ? "name a command"
                            : std::string(error.what());
  const std::vector<std::string> surplus = command.remaining();
  if (!surplus.empty()) {
    const std::string word = surplus.front().substr(0, surplus.front().find('='));
    const bool is_option = word.starts_with("-");
    const bool wants_command = !command.get_subcommands([](CLI::App*) { return true; }).empty();
    problem = std::string(is_option       ? "unknown option"
                          : wants_command ? "unknown command"
                                          : "surplus argument") +
              " '" + word + "'" + isoframe::base::did_you_mean(word, known_words(command));
  }
  std::cerr << name << ": " << for_terminal(one_line(problem))
            << (problem.ends_with('?') ? " See " : "; see ") << name << " --help\n";
  return kBadInput;
}

/// The arguments, last one first as CLI11 takes them.  "--prompt=" gives the empty text, for which CLI11
/// would take the argument after it.
std::vector<std::string> arguments_of(int argc, char** argv) {
  std::vector<std::string> arguments;
  bool has_options = true;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    has_options = has_options && word != "--";
    const bool is_empty = has_options && word.starts_with("--") && word.find('=') == word.size() - 1;
    arguments.push_back(is_empty ? word.substr(0, word.size() - 1) : word);
    if (is_empty) arguments.emplace_back();
  }
  std::ranges::reverse(arguments);
  return arguments;
}

int run(CLI::App& program, int argc, char** argv, const int& exit_code) {
  try {
    program.parse(arguments_of(argc, argv));
    return exit_code;
  } catch (const CLI::ParseError& error) {
    // --help and --version come as "errors" with exit code 0.
    if (error.get_exit_code() == 0) return program.exit(error);
    return explain_usage(program, error);
  } catch (const isoframe::harness::scenario::ScenarioError& error) {
    std::cerr << for_terminal(error.what()) << '\n';
    return kBadInput;
  } catch (const isoframe::InputError& error) {
    std::cerr << full_name(named_command(program)) << ": " << for_terminal(error.what()) << '\n';
    return kBadInput;
  } catch (const std::exception& error) {
    std::cerr << full_name(named_command(program)) << ": " << for_terminal(error.what()) << '\n';
    return kCouldNotFinish;
  }
}

/// Opens standard streams that were closed, or the first file that is opened would become one of them and
/// receive what is printed.  Opened for the other direction, so that using it fails as it would have.
void open_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest free number is this one.
    if (::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
      std::_Exit(kCouldNotFinish);
  }
}

/// The exit code, or kCouldNotFinish if all went well but what was printed got lost.
int exit_code_of_output(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout) return exit_code;
  // The failed write may be long ago; another one fails for the same reason.
  const int reason = ::write(STDOUT_FILENO, "\n", 1) < 0 ? errno : 0;
  std::cerr << "isoframe: the output cannot be written"
            << (reason != 0 ? std::string(": ") + std::strerror(reason) : std::string()) << '\n';
  return exit_code == 0 ? kCouldNotFinish : exit_code;
}

/// Ends the process without static destructors: everything that has something to finish is out of scope by
/// now, and returning from main() would take LibTorch's operators out of their tables one by one, a tenth of
/// a second in every rank.
[[noreturn]] void leave(int exit_code) {
  std::fflush(nullptr);
#ifdef __SANITIZE_ADDRESS__
  std::exit(exit_code);  // runs the leak check of sanitizers
#else
  std::_Exit(exit_code);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_streams();
  CLI::App program("Are the frames still the same, is it still as fast, does it still fit in memory?",
                   "isoframe");
  program.set_version_flag("--version", isoframe::harness::cli::version_text,
                           "Display the version, and those of the libraries, and exit");
  program.require_subcommand(1);
  int exit_code = 0;
  namespace cli = isoframe::harness::cli;
  for (const auto add_command :
       {cli::add_run_command, cli::add_generate_command, cli::add_compare_command, cli::add_trace_command,
        cli::add_locate_command, cli::add_report_command, cli::add_history_commands,
        cli::add_validate_command, cli::add_weights_command, cli::add_worker_command, cli::add_rates_command,
        cli::add_qualify_command, cli::add_selftest_command, cli::add_self_description_commands}) {
    add_command(program, exit_code);
  }
  leave(exit_code_of_output(run(program, argc, argv, exit_code)));
}
