#include "harness/store/json_file.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "model/error.h"

namespace isoframe::harness::store {

namespace fs = std::filesystem;

namespace {

/// A file beside its target, removed unless it has taken the target's place.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) : target_(target), name_(target.string() + ".XXXXXX") {
    descriptor_ = ::mkostemp(name_.data(), O_CLOEXEC);
    if (descriptor_ < 0) fail("cannot be created");
  }
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!name_.empty()) ::unlink(name_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("cannot be written");
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void commit() {
    // Data first: after a power cut the name must not lead to an empty file.
    if (::fsync(descriptor_) != 0) fail("cannot be written");
    // mkostemp() makes files that only their owner can read; reports are for sharing.
    if (::fchmod(descriptor_, 0644) != 0) fail("cannot be made readable");
    if (::rename(name_.c_str(), target_.c_str()) != 0) fail("cannot be put in place");
    name_.clear();
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw RunError(fmt::format("{}: {}: {}", target_.string(), what, std::strerror(errno)));
  }

  const fs::path target_;
  std::string name_;
  int descriptor_ = -1;
};

/// Where byte `offset` is, as an editor counts.
std::string line_and_column(std::string_view text, std::size_t offset) {
  int line = 1, column = 1;
  for (const char c : text.substr(0, offset)) {
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n';
  }
  return fmt::format("{}:{}", line, column);
}

}  // namespace

std::string read_text(const fs::path& path) {
  if (fs::is_directory(path)) throw InputError(fmt::format("{}: is a directory, not a file", path.string()));
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw InputError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (stream.bad()) throw InputError(fmt::format("{}: cannot be read to its end", path.string()));
  return text;
}

nlohmann::json read_json(const fs::path& path) {
  const std::string text = read_text(path);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    const std::size_t offset = error.byte > 0 ? error.byte - 1 : 0;
    throw InputError(fmt::format("{}:{}: not JSON: the file is damaged or was cut short", path.string(),
                                 line_and_column(text, offset)));
  }
}

void write_text(const fs::path& path, std::string_view text) {
  TemporaryFile file(path);
  file.write(text);
  file.commit();
}

void write_json(const fs::path& path, const nlohmann::json& value) {
  write_text(path, value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void write_compact_json(const fs::path& path, const nlohmann::json& value) {
  write_text(path, value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

nlohmann::json number(double value) {
  if (std::isnan(value)) return nullptr;
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

}  // namespace isoframe::harness::store
