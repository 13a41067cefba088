#pragma once
// Files and folders of a run directory as what they should be.  Whatever else stands at a path (a folder in
// place of a file, a link that leads nowhere or to itself, a pipe) is an InputError that names it.

#include <exception>
#include <filesystem>
#include <string>

namespace isoframe::harness::run {

/// True if something has that name, whatever it is.  Never throws.
bool is_taken(const std::filesystem::path& path);

/// True for a file, false if nothing has that name.  Throws InputError for anything else, and where a part of
/// the path is no folder or cannot be looked into.
bool is_file(const std::filesystem::path& path);
/// The same of a folder.
bool is_folder(const std::filesystem::path& path);

/// Removes what has that name, a folder with all that it holds; a link, and not what it leads to.  Throws
/// InputError, and removes nothing, if a folder between `root` and the path is a link: what lies behind it
/// may be somebody else's.
void remove_within(const std::filesystem::path& root, const std::filesystem::path& path);

/// An error's message in one line; the standard library's own of file systems with the path first.
std::string message_of(const std::exception& error);

}  // namespace isoframe::harness::run
