#include "harness/cli/options.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isoframe::harness::cli {

namespace {

void require_path(const std::string& path, const std::string& option) {
  if (path.empty()) throw InputError(fmt::format("{} is empty; name a path", option));
}

}  // namespace

CLI::Option* add_path(CLI::App& command, const std::string& name, std::string& target,
                      const std::string& meaning) {
  const auto read = [&target, name](const std::string& path) {
    require_path(path, name);
    target = path;
  };
  return command.add_option_function<std::string>(name, read, meaning)->type_name("PATH");
}

CLI::Option* add_path(CLI::App& command, const std::string& name, std::vector<std::string>& target,
                      const std::string& meaning) {
  const auto read = [&target, name](const std::vector<std::string>& paths) {
    for (const std::string& path : paths) require_path(path, name);
    target = paths;
  };
  return command.add_option_function<std::vector<std::string>>(name, read, meaning)
      ->type_name("PATH")
      ->allow_extra_args(false);
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
