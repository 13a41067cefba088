// What the program says of itself, made from the definitions of its commands and options: the completion of
// shells and the manual page.  A new option is in both without a second list.

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/cli/commands.h"
#include "harness/measure/environment.h"

namespace isoframe::harness::cli {

namespace {

/// An option as help shows it.
struct Description {
  std::vector<std::string> names;    // "-h", "--help"
  std::vector<std::string> choices;  // the words that its value may be; none where it may be anything
  bool takes_value = false;
  std::string text;
};

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

/// The words in "TEXT:{cpu,cuda}", as CLI11 names the type of an option whose value is one of several.
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t begin = type.find('{'), end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos) return {};
  return CLI::detail::split(type.substr(begin + 1, end - begin - 1), ',');
}

/// The options of a command that help shows, without arguments that have no name.
std::vector<Description> options_of(const CLI::App& command) {
  std::vector<Description> options;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->nonpositional() || option->get_group().empty()) continue;
    options.push_back({.names = names_of(*option),
                       .choices = choices_of(*option),
                       .takes_value = option->get_items_expected_max() > 0,
                       .text = option->get_description()});
  }
  return options;
}

/// The command's own commands that help shows.
std::vector<const CLI::App*> commands_of(const CLI::App& command) {
  return command.get_subcommands([](const CLI::App* child) { return !child->get_group().empty(); });
}

/// Calls `visit(path, command)` for the command and every one below it, where the path is "isoframe weights
/// init".
template <typename Visit>
void each_command(const CLI::App& command, const std::string& path, const Visit& visit) {
  visit(path, command);
  for (const CLI::App* child : commands_of(command))
    each_command(*child, path + " " + child->get_name(), visit);
}

/// Where neither a word nor a value of a list can stand, bash's own completion of file names follows.
void write_bash_completion(std::ostream& out, const CLI::App& program) {
  std::string descents, values, words;
  each_command(program, program.get_name(), [&](const std::string& path, const CLI::App& command) {
    if (&command != &program) descents += fmt::format("      '{}') command+=\" $word\" ;;\n", path);
    std::vector<std::string> known;
    for (const CLI::App* child : commands_of(command)) known.push_back(child->get_name());
    for (const CLI::Option* option : command.get_options()) {
      const std::vector<std::string> choices = choices_of(*option);
      if (option->get_positional()) known.insert(known.end(), choices.begin(), choices.end());
    }
    for (const Description& option : options_of(command)) {
      known.insert(known.end(), option.names.begin(), option.names.end());
      if (!option.takes_value) continue;
      for (const std::string& name : option.names)
        values += fmt::format("    '{} {}') words='{}' ;;\n", path, name, fmt::join(option.choices, " "));
    }
    words += fmt::format("        '{}') words='{}' ;;\n", path, fmt::join(known, " "));
  });
  out << "# Completion for bash, made by `isoframe completion bash`.\n"
         "_isoframe() {\n"
         "  local command=isoframe word words i\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
         "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
         "    word=${COMP_WORDS[i]}\n"
         "    case \"$command $word\" in\n"
      << descents
      << "    esac\n"
         "  done\n"
         "  case \"$command $previous\" in\n"
      << values
      << "    *)\n"
         "      case \"$command\" in\n"
      << words
      << "      esac ;;\n"
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -o default -F _isoframe isoframe\n";
}

/// Text as roff takes it: a hyphen stays one that can be searched for, and no line begins with a control
/// character.
std::string roff(const std::string& text) {
  std::string escaped;
  for (const char character : text) {
    if (character == '\\') {
      escaped += "\\e";
    } else if (character == '-') {
      escaped += "\\-";
    } else if ((character == '.' || character == '\'') && (escaped.empty() || escaped.back() == '\n')) {
      escaped += "\\&";
      escaped += character;
    } else {
      escaped += character;
    }
  }
  return escaped;
}

void write_manual_entry(std::ostream& out, const std::string& path, const CLI::App& command) {
  out << fmt::format(".SS {}\n{}\n", roff(path), roff(command.get_description()));
  for (const CLI::Option* option : command.get_options()) {
    if (option->nonpositional()) continue;
    out << fmt::format(".TP\n.I {}\n{}\n", roff(option->get_name(true)), roff(option->get_description()));
  }
  for (const Description& option : options_of(command)) {
    const std::string value = !option.takes_value      ? ""
                              : option.choices.empty() ? " VALUE"
                                                       : fmt::format(" {}", fmt::join(option.choices, "|"));
    out << fmt::format(".TP\n.B {}\n{}\n", roff(fmt::format("{}{}", fmt::join(option.names, ", "), value)),
                       roff(option.text));
  }
}

void write_manual(std::ostream& out, const CLI::App& program) {
  out << fmt::format(".TH ISOFRAME 1 \"\" \"isoframe {}\" \"User Commands\"\n", measure::version())
      << fmt::format(".SH NAME\nisoframe \\- {}\n", roff(program.get_description()))
      << ".SH SYNOPSIS\n.B isoframe\n.I COMMAND\n[\\fIOPTION\\fR]...\n"
      << ".SH COMMANDS AND OPTIONS\n";
  each_command(program, program.get_name(), [&](const std::string& path, const CLI::App& command) {
    write_manual_entry(out, path, command);
  });
  out << ".SH EXIT STATUS\n"
         ".TP\n.B 0\nsuccess\n"
         ".TP\n.B 1\na gate failed\n"
         ".TP\n.B 2\nbad input or usage\n"
         ".TP\n.B 3\na run that could not finish\n";
}

}  // namespace

void add_self_description_commands(CLI::App& program, int& exit_code) {
  CLI::App* completion =
      program.add_subcommand("completion", "Print the completion of a shell, made from these options");
  auto shell = std::make_shared<std::string>();
  completion->add_option("SHELL", *shell, "The shell: bash")->required()->check(CLI::IsMember({"bash"}));
  completion->callback([&program, shell, &exit_code] {
    write_bash_completion(std::cout, program);
    exit_code = 0;
  });
  CLI::App* manual = program.add_subcommand("man", "Print the manual page, made from these options");
  manual->callback([&program, &exit_code] {
    write_manual(std::cout, program);
    exit_code = 0;
  });
}

}  // namespace isoframe::harness::cli
