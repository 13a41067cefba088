#pragma once

#include <filesystem>

namespace isoframe::base {

/// A new folder in the system's temporary folder (TMPDIR), removed with this object.
class TemporaryFolder {
 public:
  /// Makes the folder.  Throws RunError if that fails.
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace isoframe::base
