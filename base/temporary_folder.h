#pragma once

#include <filesystem>

#include "base/file_descriptor.h"

namespace isoframe::base {

/// A new folder in the system's temporary folder (TMPDIR), removed with this object.  It is locked as long as
/// its owner lives.
class TemporaryFolder {
 public:
  /// Makes the folder.  Throws RunError if that fails.
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  bool make();

  std::filesystem::path path_;
  FileDescriptor lock_;
};

/// Removes the temporary folders that killed processes left, and no living one's.  Leaves those that cannot
/// be removed.
void remove_abandoned_folders();

}  // namespace isoframe::base
