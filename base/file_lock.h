#pragma once
// Locks on open files, by which a living process is told from a dead one: the kernel drops a process's locks
// when it ends, however it ends.

namespace isoframe::base {

enum class Locking {
  kTaken,
  kHeld,        ///< by another open file, of whatever process
  kUnsupported  ///< by this file system
};

/// Takes the whole file for itself without waiting, until the descriptor and its copies are closed.
Locking try_lock(int descriptor);

/// True unless this machine is known to have no process of that number.
bool is_alive(long pid);

}  // namespace isoframe::base
