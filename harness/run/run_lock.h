#pragma once
// The lock of a run directory: one process at a time measures in it.

#include <filesystem>

#include "base/file_descriptor.h"

namespace isoframe::harness::run {

/// Holds a run directory from its construction on.  The lock is the kernel's, on the hidden file `.lock`,
/// which says who holds it: a process that ends in whatever way holds it no more, and over NFS it is held
/// against other machines too.  On a file system without locks the file alone tells, and only a process of
/// this machine can be seen to have ended.
class RunLock {
 public:
  /// Throws InputError naming the process and its machine if another one holds the directory.
  explicit RunLock(const std::filesystem::path& directory);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  /// True for the path of a lock's file.
  static bool is_lock(const std::filesystem::path& path);

 private:
  bool take();
  [[noreturn]] void refuse() const;

  std::filesystem::path directory_, path_;
  base::FileDescriptor file_;
  int refusals_ = 0;
};

}  // namespace isoframe::harness::run
