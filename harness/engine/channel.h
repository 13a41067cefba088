#pragma once
// A rank's end of the socket that it shares with the harness.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  void send(std::string_view line) const;
  /// The same without waiting: a harness that reads nothing must not hold up what is measured.
  void send_if_ready(std::string_view line) const;

 private:
  int descriptor_;
  std::string partial_;
};

}  // namespace isoframe::harness::engine
