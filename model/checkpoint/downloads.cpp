#include "model/checkpoint/downloads.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::model::checkpoint {

namespace fs = std::filesystem;

namespace {

/// Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
constexpr std::string_view kPointer = "version https://git-lfs.github.com/spec/";

/// Name endings of the hub's client, of browsers, of aria2 and of curl.
constexpr std::string_view kUnfinished[] = {".incomplete", ".part",  ".partial",
                                            ".crdownload", ".aria2", ".download"};

std::string beginning_of(const fs::path& file) {
  std::array<char, 64> bytes{};
  std::ifstream stream(file, std::ios::binary);
  stream.read(bytes.data(), bytes.size());
  return {bytes.data(), static_cast<std::size_t>(stream.gcount())};
}

bool is_web_page(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  text.erase(0, text.find_first_not_of(" \t\r\n"));
  return text.starts_with("<!doctype html") || text.starts_with("<html");
}

}  // namespace

void require_downloaded(const fs::path& file) {
  std::error_code unreadable;
  if (fs::is_symlink(file, unreadable) && !fs::exists(file, unreadable)) {
    throw InputError(
        fmt::format("{}: a link to {}, which is missing: the download is not complete, or was copied without "
                    "what its links name; download it again, or copy it with 'cp -rL'",
                    file.string(), fs::read_symlink(file).string()));
  }
  if (!fs::is_regular_file(file, unreadable)) return;
  const std::string beginning = beginning_of(file);
  if (beginning.starts_with(kPointer)) {
    throw InputError(fmt::format(
        "{}: a Git LFS pointer, not the file itself; run 'git lfs pull' in the checkpoint's folder",
        file.string()));
  }
  if (is_web_page(beginning)) {
    throw InputError(fmt::format("{}: a web page, not the file itself; its download was refused (a login?)",
                                 file.string()));
  }
}

std::string unfinished_download(const fs::path& folder) {
  std::string first;
  std::error_code unreadable;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, unreadable)) {
    const std::string name = entry.path().filename().string();
    const bool is_unfinished =
        std::ranges::any_of(kUnfinished, [&](std::string_view ending) { return name.ends_with(ending); });
    if (is_unfinished && (first.empty() || name < first)) first = name;
  }
  return first;
}

}  // namespace isoframe::model::checkpoint
