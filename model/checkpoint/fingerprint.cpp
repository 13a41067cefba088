#include "model/checkpoint/fingerprint.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>

#include <c10/util/hash.h>
#include <fmt/format.h>

#include "model/checkpoint/safetensors.h"

namespace isoframe::model::checkpoint {

namespace fs = std::filesystem;

namespace {

std::string digest(const std::string& text) { return c10::sha1(text).str().substr(0, 12); }

std::string contents(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool is_text(const fs::path& path) {
  constexpr std::array kExtensions = {".json", ".txt", ".jinja"};
  return std::find(kExtensions.begin(), kExtensions.end(), path.extension()) != kExtensions.end();
}

/// Names, shapes and dtypes in the order of their data, which is what a header says.
std::string header_of(const fs::path& path) {
  const SafetensorsFile file(path);
  std::string text = fmt::format("{}\n", fs::file_size(path));
  for (const TensorSpec& spec : file.specs()) {
    text += fmt::format("{} {}", spec.name, dtype_name(spec.dtype));
    for (const std::int64_t size : spec.shape) text += fmt::format(" {}", size);
    text += '\n';
  }
  return text;
}

}  // namespace

std::vector<fs::path> files_of_checkpoint(const fs::path& directory) {
  std::vector<fs::path> names;
  // A link to a folder above itself leads around for ever.
  std::set<fs::path> seen = {fs::canonical(directory)};
  fs::recursive_directory_iterator entry(directory, fs::directory_options::follow_directory_symlink);
  for (; entry != fs::recursive_directory_iterator(); ++entry) {
    const fs::path name = entry->path().lexically_relative(directory);
    if (entry->is_directory()) {
      if (!seen.insert(fs::canonical(entry->path())).second) entry.disable_recursion_pending();
      continue;
    }
    // Files that hubs and version control keep beside a checkpoint are not part of it.
    if (!entry->is_regular_file() || name.begin()->string().starts_with(".")) continue;
    if (name.extension() == ".safetensors" || is_text(name)) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::map<std::string, std::string> fingerprints(const fs::path& directory) {
  std::map<fs::path, std::string> files;
  for (const fs::path& name : files_of_checkpoint(directory)) {
    const bool is_weights = name.extension() == ".safetensors";
    files[name] = is_weights ? header_of(directory / name) : contents(directory / name);
  }
  std::map<std::string, std::string> parts;
  for (const auto& [name, text] : files)
    parts[name.begin()->string()] += fmt::format("{} {}\n", name.generic_string(), digest(text));
  for (auto& [part, text] : parts) text = digest(text);
  return parts;
}

std::string fingerprint_of_file(const fs::path& path) {
  return fs::is_regular_file(path) ? digest(contents(path)) : "none";
}

}  // namespace isoframe::model::checkpoint
