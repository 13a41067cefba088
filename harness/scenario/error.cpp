#include "harness/scenario/error.h"

#include <fmt/format.h>

namespace isoframe::harness::scenario {
namespace {

std::string printable(const std::string& text) {
  std::string shown;
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (letter == '\n') {
      shown += "\\n";
    } else if (code < 0x20 || code == 0x7f) {
      shown += fmt::format("\\x{:02x}", code);
    } else {
      shown += letter;
    }
  }
  return shown;
}

}  // namespace

ScenarioError::ScenarioError(const Location& where, const std::string& message)
    : InputError(to_string(where) + ": " + printable(message)) {}

void fail_at(const Location& where, const std::string& message) {
  if (where.file.empty()) throw InputError(printable(message));
  throw ScenarioError(where, message);
}

}  // namespace isoframe::harness::scenario
