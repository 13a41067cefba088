#pragma once
// A place in a scenario file.

#include <string>

namespace isoframe::harness::scenario {

/// A place in a scenario file; lines and columns start at 1.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
};
/// "file:line:column"
std::string to_string(const Location& location);

}  // namespace isoframe::harness::scenario
