#include "harness/launch/lines.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <sys/socket.h>
#include <utility>

namespace isoframe::harness::launch {

std::vector<std::string> LineReader::read(std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    partial_.append(bytes.substr(0, std::min(end, longest_ - std::min(longest_, partial_.size()))));
    if (end == std::string_view::npos) break;
    lines.push_back(std::exchange(partial_, {}));
    bytes.remove_prefix(end + 1);
  }
  return lines;
}

void send_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace isoframe::harness::launch
