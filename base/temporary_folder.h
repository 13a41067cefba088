#pragma once

#include <filesystem>

namespace isoframe::base {

/// A folder of its own in the system's temporary folder (TMPDIR), gone with this object.
class TemporaryFolder {
 public:
  /// Throws RunError when none can be made.
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace isoframe::base
