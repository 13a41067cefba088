#pragma once
// Files that appear whole or not at all: written under a temporary name beside the target, then renamed.

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string_view>

namespace isoframe::model::checkpoint {

class AtomicFile {
 public:
  /// Opens a temporary file in `path`'s folder, which must exist.  Throws RunError when that cannot be done.
  explicit AtomicFile(std::filesystem::path path);
  /// Removes the temporary file unless commit() was reached.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Throws RunError naming the file: a full disk, a lost mount.
  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// Closes the file and gives it its name, replacing what was there.
  void commit();

 private:
  [[noreturn]] void fail(const char* doing) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::FILE* stream_ = nullptr;
};

/// One call for small files.
void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace isoframe::model::checkpoint
