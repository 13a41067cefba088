#include "harness/scenario/location.h"

#include <fmt/format.h>

namespace isoframe::harness::scenario {

std::string to_string(const Location& location) {
  return fmt::format("{}:{}:{}", location.file, location.line, location.column);
}

}  // namespace isoframe::harness::scenario
