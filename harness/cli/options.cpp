#include "harness/cli/options.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "reports/records/run_files.h"

namespace isoframe::harness::cli {

namespace fs = std::filesystem;

namespace {

/// A path as it is given, unless it is empty.
std::string path_of(const std::string& path, const std::string& option) {
  if (path.empty()) throw InputError(fmt::format("{} is empty; name a path", option));
  return path;
}

/// The run directory that a path names, as it is given or by one of its files.
std::string run_directory_of(const std::string& path, const std::string& option) {
  const fs::path file = path_of(path, option);
  std::error_code unknown;
  if (!fs::is_regular_file(file, unknown)) return path;
  if (std::ranges::find(reports::records::kRunFiles, file.filename().string()) ==
      reports::records::kRunFiles.end())
    throw InputError(fmt::format("{}: {} is a file; name a run directory", option, path));
  return file.has_parent_path() ? file.parent_path().string() : ".";
}

using ReadPath = std::string (*)(const std::string& path, const std::string& option);

CLI::Option* add(CLI::App& command, const std::string& name, std::string& target, const std::string& meaning,
                 ReadPath read_path) {
  const auto read = [&target, name, read_path](const std::string& path) { target = read_path(path, name); };
  return command.add_option_function<std::string>(name, read, meaning)->type_name("PATH");
}

CLI::Option* add(CLI::App& command, const std::string& name, std::vector<std::string>& target,
                 const std::string& meaning, ReadPath read_path) {
  const auto read = [&target, name, read_path](const std::vector<std::string>& paths) {
    target.clear();
    for (const std::string& path : paths) target.push_back(read_path(path, name));
  };
  return command.add_option_function<std::vector<std::string>>(name, read, meaning)
      ->type_name("PATH")
      ->allow_extra_args(false);
}

}  // namespace

CLI::Option* add_path(CLI::App& command, const std::string& name, std::string& target,
                      const std::string& meaning) {
  return add(command, name, target, meaning, path_of);
}

CLI::Option* add_path(CLI::App& command, const std::string& name, std::vector<std::string>& target,
                      const std::string& meaning) {
  return add(command, name, target, meaning, path_of);
}

CLI::Option* add_run_directory(CLI::App& command, const std::string& name, std::string& target,
                               const std::string& meaning) {
  return add(command, name, target, meaning, run_directory_of);
}

CLI::Option* add_run_directory(CLI::App& command, const std::string& name, std::vector<std::string>& target,
                               const std::string& meaning) {
  return add(command, name, target, meaning, run_directory_of);
}

CLI::Option* add_text(CLI::App& command, const std::string& name, std::string& target,
                      const std::string& meaning) {
  const auto read = [&target, name](const std::string& text) {
    if (text.empty()) throw InputError(fmt::format("{} is empty", name));
    base::require_utf8(text, name);
    target = text;
  };
  return command.add_option_function<std::string>(name, read, meaning)->type_name("TEXT");
}

}  // namespace isoframe::harness::cli
