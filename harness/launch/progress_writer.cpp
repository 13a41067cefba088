#include "harness/launch/progress_writer.h"

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include "harness/launch/progress_report.h"

namespace isoframe::harness::launch {

ProgressWriter ProgressWriter::from_environment() {
  int descriptor = -1;
  if (const char* text = std::getenv(kProgressVariable)) {
    const std::string_view digits = text;
    std::from_chars(digits.data(), digits.data() + digits.size(), descriptor);
  }
  return ProgressWriter(descriptor);
}

ProgressWriter ProgressWriter::to_file(const std::filesystem::path& path) {
  // Open until the process ends: a rank has one.
  return ProgressWriter(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
}

ProgressWriter::ProgressWriter(int descriptor) : descriptor_(descriptor) {
  const int flags = descriptor < 0 ? -1 : ::fcntl(descriptor, F_GETFL);
  if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) {
    descriptor_ = -1;
    return;
  }
  ::signal(SIGPIPE, SIG_IGN);
}

void ProgressWriter::write(std::string_view stage, std::int64_t index, std::int64_t of) const {
  if (descriptor_ < 0) return;
  const std::string line = to_line({.stage = std::string(stage), .index = index, .of = of});
  // Shorter than PIPE_BUF: written whole or, when the pipe is full, not at all.  Lost is lost.
  [[maybe_unused]] const ssize_t written = ::write(descriptor_, line.data(), line.size());
}

}  // namespace isoframe::harness::launch
