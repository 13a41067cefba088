#include "base/json_file.h"

#include <limits>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

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

std::string dumped(const nlohmann::json& value, int indent) { return value.dump(indent) + "\n"; }

/// The offset of the number that nlohmann::json found too large; it tells only the number itself.
std::size_t offset_of_number(std::string_view text, std::string_view message) {
  const std::size_t open = message.find('\''), close = message.rfind('\'');
  if (open == std::string_view::npos || close <= open) return 0;
  const std::size_t found = text.find(message.substr(open + 1, close - open - 1));
  return found == std::string_view::npos ? 0 : found;
}

}  // namespace

nlohmann::json read_json(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    if (const auto at = first_invalid_byte(text))
      throw InputError(fmt::format("{}:{}: not JSON: byte 0x{:02x} is not valid UTF-8", path.string(),
                                   line_and_column(text, *at), static_cast<unsigned char>(text[*at])));
    const std::size_t offset = error.byte > 0 ? error.byte - 1 : 0;
    throw InputError(fmt::format("{}:{}: not JSON: the file is damaged or was cut short", path.string(),
                                 line_and_column(text, offset)));
  } catch (const nlohmann::json::out_of_range& error) {
    throw InputError(fmt::format("{}:{}: a number that is too large: at most {:g}", path.string(),
                                 line_and_column(text, offset_of_number(text, error.what())),
                                 std::numeric_limits<double>::max()));
  }
}

void write_json(const std::filesystem::path& path, const nlohmann::json& value) {
  write_text(path, dumped(value, 2));
}

void write_compact_json(const std::filesystem::path& path, const nlohmann::json& value) {
  write_text(path, dumped(value, -1));
}

}  // namespace isoframe::base
