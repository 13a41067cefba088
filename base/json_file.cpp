#include "base/json_file.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"

namespace isoframe::base {

namespace {

/// Line and column of byte `offset`, as an editor counts them.
std::string line_and_column(std::string_view text, std::size_t offset) {
  int line = 1, column = 1;
  for (const char c : text.substr(0, offset)) {
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n';
  }
  return fmt::format("{}:{}", line, column);
}

std::string dumped(const nlohmann::json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

nlohmann::json read_json(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    const std::size_t offset = error.byte > 0 ? error.byte - 1 : 0;
    throw InputError(fmt::format("{}:{}: not JSON: the file is damaged or was cut short", path.string(),
                                 line_and_column(text, offset)));
  }
}

void write_json(const std::filesystem::path& path, const nlohmann::json& value) {
  write_text(path, dumped(value, 2));
}

void write_compact_json(const std::filesystem::path& path, const nlohmann::json& value) {
  write_text(path, dumped(value, -1));
}

}  // namespace isoframe::base
