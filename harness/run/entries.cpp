#include "harness/run/entries.h"

#include <system_error>

#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::harness::run {

namespace fs = std::filesystem;

namespace {

std::string called(fs::file_type type) {
  if (type == fs::file_type::regular) return "a file";
  return type == fs::file_type::directory ? "a folder" : "neither a file nor a folder";
}

/// Throws InputError naming the first part of the path that has a name and does not lead on.
void require_way(const fs::path& path) {
  fs::path part;
  for (const fs::path& name : path) {
    part /= name;
    std::error_code failed;
    const fs::file_status found = fs::status(part, failed);
    if (fs::is_directory(found)) continue;
    if (fs::exists(found))
      throw InputError(fmt::format("{} is {}, not a folder", part.string(), called(found.type())));
    if (is_taken(part))
      throw InputError(
          fmt::format("{} is a symbolic link that leads nowhere: {}", part.string(), failed.message()));
    if (found.type() != fs::file_type::not_found)
      throw InputError(fmt::format("{} cannot be read: {}", part.string(), failed.message()));
    return;
  }
}

/// True for what is of this type, false for nothing.
bool is_of_type(const fs::path& path, fs::file_type expected) {
  std::error_code failed;
  const fs::file_status found = fs::status(path, failed);
  if (found.type() == expected) return true;
  if (fs::exists(found))
    throw InputError(fmt::format("{} is {}, not {}", path.string(), called(found.type()), called(expected)));
  require_way(path);
  return false;
}

}  // namespace

bool is_taken(const fs::path& path) {
  std::error_code unknown;
  const fs::file_status own = fs::symlink_status(path, unknown);
  return own.type() != fs::file_type::not_found && own.type() != fs::file_type::none;
}

bool is_file(const fs::path& path) { return is_of_type(path, fs::file_type::regular); }

bool is_folder(const fs::path& path) { return is_of_type(path, fs::file_type::directory); }

void remove_within(const fs::path& root, const fs::path& path) {
  if (!is_taken(path)) return;
  fs::path part = root;
  const fs::path below = path.lexically_relative(root).parent_path();
  for (const fs::path& name : below) {
    part /= name;
    std::error_code unknown;
    if (fs::is_symlink(part, unknown))
      throw InputError(fmt::format(
          "{} is a symbolic link, behind which nothing is removed; remove the link itself", part.string()));
  }
  std::error_code failed;
  fs::remove_all(path, failed);
  if (failed) throw InputError(fmt::format("{} cannot be removed: {}", path.string(), failed.message()));
}

std::string message_of(const std::exception& error) {
  const auto* of_files = dynamic_cast<const fs::filesystem_error*>(&error);
  if (of_files == nullptr) return error.what();
  return fmt::format("{}: {}", of_files->path1().string(), of_files->code().message());
}

}  // namespace isoframe::harness::run
