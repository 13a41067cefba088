#include "model/checkpoint/atomic_file.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

#include <fmt/format.h>

#include "model/error.h"

namespace isoframe::model::checkpoint {

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)),
      temporary_(path_.parent_path() / fmt::format(".{}.{}.tmp", path_.filename().string(), ::getpid())) {
  stream_ = std::fopen(temporary_.c_str(), "wbe");
  if (stream_ == nullptr) fail("cannot be created");
}

AtomicFile::~AtomicFile() {
  if (stream_ == nullptr) return;
  std::fclose(stream_);
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

void AtomicFile::write(const void* data, std::size_t bytes) {
  if (bytes != 0 && std::fwrite(data, 1, bytes, stream_) != bytes) fail("cannot be written");
}

void AtomicFile::commit() {
  if (std::fflush(stream_) != 0) fail("cannot be written");
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail("cannot be put in place");
  std::fclose(stream_);
  stream_ = nullptr;
}

void AtomicFile::fail(const char* doing) const {
  throw RunError(fmt::format("{}: {}: {}", path_.string(), doing, std::strerror(errno)));
}

void write_file(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace isoframe::model::checkpoint
