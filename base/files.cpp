#include "base/files.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::base {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  if (fs::is_directory(path)) throw InputError(fmt::format("{}: is a directory, not a file", path.string()));
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw InputError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (stream.bad()) throw InputError(fmt::format("{}: cannot be read to its end", path.string()));
  return text;
}

void write_text(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

void make_folder(const fs::path& path) {
  const auto refuse = [&](const std::string& why) {
    throw InputError(fmt::format("{}: {}; choose another folder", path.string(), why));
  };
  std::error_code error;
  fs::create_directories(path, error);
  if (error) refuse(fmt::format("cannot be made: {}", error.message()));
  if (::access(path.c_str(), W_OK | X_OK) != 0)
    refuse(fmt::format("cannot be written to: {}", std::strerror(errno)));
}

AtomicFile::AtomicFile(fs::path target)
    : target_(std::move(target)), temporary_(target_.string() + ".XXXXXX") {
  descriptor_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail("cannot be created");
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot be written");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit() {
  // Data first: after a power cut the name must not lead to an empty file.
  if (::fsync(descriptor_) != 0) fail("cannot be written");
  // mkostemp() makes files that only their owner can read; reports are for sharing.
  if (::fchmod(descriptor_, 0644) != 0) fail("cannot be made readable");
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot be put in place");
  ::close(descriptor_);
  descriptor_ = -1;
}

void AtomicFile::fail(const char* what) const {
  throw RunError(fmt::format("{}: {}: {}", target_.string(), what, std::strerror(errno)));
}

}  // namespace isoframe::base
