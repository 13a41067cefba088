#include "base/file_lock.h"

#include <cerrno>
#include <sys/file.h>

namespace isoframe::base {

Locking try_lock(int descriptor) {
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    return errno == EWOULDBLOCK ? Locking::kHeld : Locking::kUnsupported;
  }
  return Locking::kTaken;
}

}  // namespace isoframe::base
