#include "base/file_lock.h"

#include <cerrno>
#include <csignal>
#include <sys/file.h>

namespace isoframe::base {

Locking try_lock(int descriptor) {
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    return errno == EWOULDBLOCK ? Locking::kHeld : Locking::kUnsupported;
  }
  return Locking::kTaken;
}

bool is_alive(long pid) { return ::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM; }

}  // namespace isoframe::base
