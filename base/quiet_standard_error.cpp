#include "base/quiet_standard_error.h"

#include <fcntl.h>
#include <unistd.h>

namespace isoframe::base {

namespace {

std::mutex& standard_error() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

QuietStandardError::QuietStandardError() : lock_(standard_error()), saved_(::dup(STDERR_FILENO)) {
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) return;
  ::dup2(nowhere, STDERR_FILENO);
  ::close(nowhere);
}

QuietStandardError::~QuietStandardError() {
  if (saved_ < 0) return;
  ::dup2(saved_, STDERR_FILENO);
  ::close(saved_);
}

}  // namespace isoframe::base
