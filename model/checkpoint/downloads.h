#pragma once
// Files that a download has not brought, or brought something else for.

#include <filesystem>
#include <string>

namespace isoframe::model::checkpoint {

/// Throws InputError, with how to mend it, where `file` is a link to nothing, a Git LFS pointer or a web
/// page. A file that is absent passes: whoever reads it says so.
void require_downloaded(const std::filesystem::path& file);

/// The first file in `folder` that a download has not finished ("model.safetensors.incomplete"), by name;
/// empty without one.
std::string unfinished_download(const std::filesystem::path& folder);

}  // namespace isoframe::model::checkpoint
