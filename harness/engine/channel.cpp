#include "harness/engine/channel.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include "base/error.h"
#include "harness/launch/rank_process.h"

namespace isoframe::harness::engine {

Channel Channel::from_environment() {
  const char* text = std::getenv(launch::kEngineVariable);
  const std::string_view digits = text == nullptr ? "" : text;
  int descriptor = -1;
  std::from_chars(digits.data(), digits.data() + digits.size(), descriptor);
  struct stat status {};
  if (descriptor < 0 || ::fstat(descriptor, &status) != 0 || !S_ISSOCK(status.st_mode))
    throw InputError(fmt::format(
        "no job file is given, and {} does not name a socket on which the harness asks; ranks are started by "
        "`isoframe run` and `isoframe generate`",
        launch::kEngineVariable));
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return Channel(descriptor);
}

std::optional<std::string> Channel::receive() {
  std::array<char, 4096> buffer;
  while (true) {
    if (const std::size_t end = partial_.find('\n'); end != std::string::npos) {
      std::string line = partial_.substr(0, end);
      partial_.erase(0, end + 1);
      return line;
    }
    const ssize_t count = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    partial_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

void Channel::send(std::string_view line) const {
  while (!line.empty()) {
    const ssize_t count = ::send(descriptor_, line.data(), line.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    line.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Channel::send_if_ready(std::string_view line) const {
  const ssize_t count = ::send(descriptor_, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  // Half a line has to be followed by its other half.
  if (count > 0) send(line.substr(static_cast<std::size_t>(count)));
}

}  // namespace isoframe::harness::engine
