#include "base/files.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file_lock.h"

namespace isoframe::base {

namespace fs = std::filesystem;

namespace {

/// Stands between a file's name and the letters that make its temporary name unique.
constexpr std::string_view kMark = ".isoframe-";
constexpr std::string_view kUnique = "XXXXXX";

/// The modes that this process gives no file.  Read from the kernel's own account: umask() can only be asked
/// by setting it, which another thread would see.
mode_t umask_of_process() {
  constexpr mode_t kUsual = 022;
  constexpr std::string_view kKey = "Umask:";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(kKey))
      return static_cast<mode_t>(std::strtoul(line.c_str() + kKey.size(), nullptr, 8));
  return kUsual;
}

void remove_if_abandoned(const fs::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (file.open() && try_lock(file.get()) == Locking::kTaken) ::unlink(path.c_str());
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

void sync_folder(const fs::path& folder) {
  const FileDescriptor opened(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.open() || ::fsync(opened.get()) == 0) return;
  if (errno == EIO || errno == ENOSPC || errno == EDQUOT)
    throw RunError(fmt::format("{}: cannot be synced to disk: {}", folder.string(), std::strerror(errno)));
}

AtomicFile::AtomicFile(fs::path target, std::string_view extension) : target_(std::move(target)) {
  while (!open(extension)) {
  }
}

AtomicFile::~AtomicFile() {
  if (file_.open()) ::unlink(temporary_.c_str());
}

/// Returns false if the file was taken for an abandoned one before it could be locked.
bool AtomicFile::open(std::string_view extension) {
  const std::string name = fmt::format(".{}{}{}{}", target_.filename().string(), kMark, kUnique, extension);
  temporary_ = (target_.parent_path() / name).string();
  file_ = FileDescriptor(::mkostemps(temporary_.data(), static_cast<int>(extension.size()), O_CLOEXEC));
  if (!file_.open()) fail("cannot be created");
  struct stat found {};
  return try_lock(file_.get()) != Locking::kHeld && (::fstat(file_.get(), &found) != 0 || found.st_nlink > 0);
}

void AtomicFile::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file_.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot be written");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit() {
  // Data first: after a power cut the name must not lead to an empty file.
  if (::fsync(file_.get()) != 0) fail("cannot be written");
  // mkostemps() makes files that only their owner can read; with whom they are shared is the
  // umask's to say.  Some file systems know no modes, and the file is as good without.
  if (::fchmod(file_.get(), 0666 & ~umask_of_process()) != 0) errno = 0;
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot be put in place");
  file_.close();
  sync_folder(target_.parent_path());
}

void AtomicFile::fail(const char* what) const {
  throw RunError(fmt::format("{}: {}: {}", target_.string(), what, std::strerror(errno)));
}

bool is_temporary_file(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::size_t mark = name.rfind(kMark);
  if (!name.starts_with('.') || mark == std::string::npos) return false;
  // ".run.json.isoframe-a1B2c3", perhaps with an extension.
  const std::string unique = name.substr(mark + kMark.size());
  const auto is_letter = [](unsigned char c) { return std::isalnum(c) != 0; };
  return unique.size() >= kUnique.size() &&
         std::ranges::all_of(unique.substr(0, kUnique.size()), is_letter) &&
         (unique.size() == kUnique.size() || unique[kUnique.size()] == '.');
}

void remove_abandoned_files(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code failed;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, failed);
  for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
    std::error_code unknown;
    if (is_temporary_file(entry->path()) && !entry->is_symlink(unknown) && entry->is_regular_file(unknown))
      found.push_back(entry->path());
  }
  std::ranges::for_each(found, remove_if_abandoned);
}

}  // namespace isoframe::base
