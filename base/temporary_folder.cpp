#include "base/temporary_folder.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file_lock.h"

namespace isoframe::base {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrefix = "isoframe-";

FileDescriptor open_folder(const fs::path& folder) {
  return FileDescriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

/// True for the name of a TemporaryFolder: "isoframe-", the process, a dot and six letters.
bool is_temporary(std::string_view name) {
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  const std::size_t dot = name.find('.');
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  const auto is_letter = [](unsigned char c) { return std::isalnum(c) != 0; };
  return dot != std::string_view::npos && dot > 0 && std::ranges::all_of(name.substr(0, dot), is_digit) &&
         name.size() == dot + 7 && std::ranges::all_of(name.substr(dot + 1), is_letter);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  while (!make()) {
  }
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

/// Returns false if the folder was taken for an abandoned one before it could be locked.
bool TemporaryFolder::make() {
  const fs::path parent = fs::temp_directory_path();
  std::string name = (parent / fmt::format("{}{}.XXXXXX", kPrefix, ::getpid())).string();
  if (mkdtemp(name.data()) == nullptr)
    throw RunError(
        fmt::format("cannot make a folder in {}; set TMPDIR to one that is writable", parent.string()));
  path_ = name;
  lock_ = open_folder(path_);
  return lock_.open() && try_lock(lock_.get()) != Locking::kHeld && fs::exists(path_);
}

void remove_abandoned_folders() {
  std::vector<fs::path> found;
  std::error_code failed;
  fs::directory_iterator entry(fs::temp_directory_path(failed), failed);
  for (; !failed && entry != fs::directory_iterator(); entry.increment(failed))
    if (is_temporary(entry->path().filename().native())) found.push_back(entry->path());
  for (const fs::path& folder : found) {
    const FileDescriptor opened = open_folder(folder);
    std::error_code ignored;
    if (opened.open() && try_lock(opened.get()) == Locking::kTaken) fs::remove_all(folder, ignored);
  }
}

}  // namespace isoframe::base
