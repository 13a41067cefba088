#include "base/terminal.h"

#include <fmt/format.h>

namespace isoframe::base {

std::string for_terminal(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : '\0');
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) {
      shown += fmt::format("\\x{:02x}", byte);
    } else if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
      shown += fmt::format("\\x{:02x}\\x{:02x}", byte, next);
      ++i;
    } else {
      shown += text[i];
    }
  }
  return shown;
}

}  // namespace isoframe::base
