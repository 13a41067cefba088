#include "model/checkpoint/fingerprint.h"

#include <array>
#include <fstream>
#include <iterator>

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

std::map<std::string, std::string> fingerprints(const fs::path& directory) {
  std::map<fs::path, std::string> files;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(directory, fs::directory_options::follow_directory_symlink)) {
    if (!entry.is_regular_file()) continue;
    const fs::path name = entry.path().lexically_relative(directory);
    // Files that hubs and version control keep beside a checkpoint are not part of it.
    if (name.begin()->string().starts_with(".")) continue;
    if (name.extension() == ".safetensors") files[name] = header_of(entry.path());
    if (is_text(name)) files[name] = contents(entry.path());
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
