#pragma once
// A rank's end of the socket that it shares with the harness.

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "harness/launch/lines.h"

namespace isoframe::harness::engine {

class Channel {
 public:
  /// The channel of launch::kEngineVariable, which is closed to programs that this process starts.  Throws
  /// InputError if the variable is missing or names no socket.
  static Channel from_environment();
  explicit Channel(int descriptor) : descriptor_(descriptor) {}

  /// Waits for the next line; none once the harness has closed its end.
  std::optional<std::string> receive();
  /// Sends a line, its end included.  A harness that is gone costs nothing but the line.
  void send(std::string_view line) const { launch::send_all(descriptor_, line); }
  /// The same without waiting: a harness that reads nothing must not hold up what is measured.
  void send_if_ready(std::string_view line) const;

 private:
  int descriptor_;
  launch::LineReader reader_{std::string::npos};
  std::deque<std::string> received_;
};

}  // namespace isoframe::harness::engine
