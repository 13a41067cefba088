#pragma once
// Text files read whole, and files that appear whole or not at all.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"

namespace isoframe::base {

/// Reads a whole file.  Throws InputError naming the file.
std::string read_text(const std::filesystem::path& path);

/// Replaces a file in one step; its folder must exist.  Throws RunError naming the file.
void write_text(const std::filesystem::path& path, std::string_view text);

/// Makes a folder for output, with those above it, unless it is there.  Throws InputError naming it if it
/// cannot be made, is no folder or cannot be written to.
void make_folder(const std::filesystem::path& path);

/// Syncs a folder's entries to disk: the names of the files that were made in it or moved there.  Throws
/// RunError on a disk's error; a file system that cannot sync folders is left alone.
void sync_folder(const std::filesystem::path& folder);

/// A file written piece by piece under a temporary name beside its target, which commit() then gives it.
/// It is locked while it is open, which tells it from what a killed process left.
class AtomicFile {
 public:
  /// Opens the temporary file in `target`'s folder, which must exist; its name ends with `extension`.  Throws
  /// RunError if that fails.
  explicit AtomicFile(std::filesystem::path target, std::string_view extension = "");
  /// Removes the temporary file unless commit() was reached.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// The name under which another library may write the file.
  const std::string& temporary() const { return temporary_; }
  /// Appends bytes.  Throws RunError naming the target on a full disk or a lost mount.
  void write(std::string_view text);
  void write(const void* data, std::size_t bytes) { write({static_cast<const char*>(data), bytes}); }

  /// Syncs the file to disk, gives it its name, replacing what was there, and syncs that.
  void commit();

 private:
  bool open(std::string_view extension);
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path target_;
  std::string temporary_;
  FileDescriptor file_;
};

/// True for the temporary name of an AtomicFile, of whatever target.
bool is_temporary_file(const std::filesystem::path& path);

/// Removes the temporary files that killed processes left in a folder or below it, and no living one's.
/// Leaves those that cannot be removed.
void remove_abandoned_files(const std::filesystem::path& folder);

}  // namespace isoframe::base
