#include "harness/engine/channel.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fcntl.h>
#include <iterator>
#include <sys/socket.h>
#include <sys/stat.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "harness/launch/start_process.h"

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
  while (received_.empty()) {
    const ssize_t count = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    std::ranges::move(reader_.read({buffer.data(), static_cast<std::size_t>(count)}),
                      std::back_inserter(received_));
  }
  std::string line = std::move(received_.front());
  received_.pop_front();
  return line;
}

void Channel::send_if_ready(std::string_view line) const {
  const ssize_t count = ::send(descriptor_, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  // Half a line has to be followed by its other half.
  if (count > 0) send(line.substr(static_cast<std::size_t>(count)));
}

}  // namespace isoframe::harness::engine
