#pragma once
// Text files read whole, and files that appear whole or not at all.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace isoframe::base {

/// Reads a whole file.  Throws InputError naming the file.
std::string read_text(const std::filesystem::path& path);

/// Replaces a file in one step; its folder must exist.  Throws RunError naming the file.
void write_text(const std::filesystem::path& path, std::string_view text);

/// Makes a folder for output, with those above it, unless it is there.  Throws InputError naming it if it
/// cannot be made, is no folder or cannot be written to.
void make_folder(const std::filesystem::path& path);

/// A file written piece by piece under a temporary name beside its target, which commit() then gives it.
class AtomicFile {
 public:
  /// Opens the temporary file in `target`'s folder, which must exist.  Throws RunError if that fails.
  explicit AtomicFile(std::filesystem::path target);
  /// Removes the temporary file unless commit() was reached.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends bytes.  Throws RunError naming the target on a full disk or a lost mount.
  void write(std::string_view text);
  void write(const void* data, std::size_t bytes) { write({static_cast<const char*>(data), bytes}); }

  /// Syncs the file to disk and gives it its name, replacing what was there.
  void commit();

 private:
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path target_;
  std::string temporary_;
  int descriptor_ = -1;
};

}  // namespace isoframe::base
