#pragma once
// The receiving end of a stream of lines.

#include <string>
#include <string_view>
#include <vector>

namespace isoframe::harness::launch {

/// Turns bytes into lines, which may arrive in pieces.
class LineReader {
 public:
  /// The lines that end in `bytes`, without their ends.  Of a longer one than anybody has reason to send
  /// only the beginning is kept: a program that writes something else must not fill memory.
  std::vector<std::string> read(std::string_view bytes);

 private:
  std::string partial_;
};

}  // namespace isoframe::harness::launch
