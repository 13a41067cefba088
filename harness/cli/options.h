#pragma once
// Options whose values are checked where they enter, by the readers that scenarios have.

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "harness/scenario/readers.h"

namespace isoframe::harness::cli {

/// Adds an option that holds a number; `target`, a number or an optional one, must outlive `command`.
template <typename T, typename Number>
CLI::Option* add_number(CLI::App& command, const std::string& name, T& target,
                        scenario::Reader<Number> reader, const std::string& meaning) {
  const auto read = [&target, name, reader = std::move(reader)](const std::string& text) {
    target = static_cast<std::conditional_t<std::is_arithmetic_v<T>, T, Number>>(
        reader.read(scenario::Value(YAML::Node(text), {}), name));
  };
  const char* const type = std::is_integral_v<Number> ? "INT" : "FLOAT";
  return command.add_option_function<std::string>(name, read, meaning)->type_name(type);
}

/// Adds an option that names a file or folder: any bytes, but not none.
CLI::Option* add_path(CLI::App& command, const std::string& name, std::string& target,
                      const std::string& meaning);

/// The same for one that may be given several times, each time with one path.
CLI::Option* add_path(CLI::App& command, const std::string& name, std::vector<std::string>& target,
                      const std::string& meaning);

/// Adds an option that names a run directory; one of the files that a run leaves there names it too.
CLI::Option* add_run_directory(CLI::App& command, const std::string& name, std::string& target,
                               const std::string& meaning);

/// The same for one that may be given several times.
CLI::Option* add_run_directory(CLI::App& command, const std::string& name, std::vector<std::string>& target,
                               const std::string& meaning);

/// Adds an option that holds text: UTF-8, and not empty.
CLI::Option* add_text(CLI::App& command, const std::string& name, std::string& target,
                      const std::string& meaning);

}  // namespace isoframe::harness::cli
