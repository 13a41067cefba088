#pragma once
// Lines over a stream: both of its ends.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace isoframe::harness::launch {

/// Turns bytes into lines, which may arrive in pieces.
class LineReader {
 public:
  /// Of a line beyond `longest` bytes only the beginning is kept: a program that writes something else than
  /// it should must not fill memory.
  explicit LineReader(std::size_t longest = std::size_t{1} << 20) : longest_(longest) {}

  /// The lines that end in `bytes`, without their ends.
  std::vector<std::string> read(std::string_view bytes);

 private:
  std::size_t longest_;
  std::string partial_;
};

/// Sends all of `bytes` over a socket, waiting for the other end as long as the socket does.  What that does
/// not take, because it is gone or hangs, is lost.
void send_all(int descriptor, std::string_view bytes);

}  // namespace isoframe::harness::launch
