#pragma once
// A scenario file for one test, and the error of loading it.

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include "base/error.h"
#include "harness/scenario/suite.h"

namespace isoframe::harness::scenario {

/// The six lines that every file needs; a test's own start at line 7, inside `cases`.
inline const std::string kHead =
    "version: 1\n"
    "checkpoint: ckpt\n"
    "defaults: {prompt: a fox, height: 64, width: 64, frames: 5, steps: 2, tiling: {tile_size: 64}}\n"
    "\n"
    "\n"
    "cases:\n";

class ScenarioFile {
 public:
  explicit ScenarioFile(const std::string& text, const std::string& name = "s.yaml")
      : folder_(make_folder()), path_(folder_ / name) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~ScenarioFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  ScenarioFile(const ScenarioFile&) = delete;
  ScenarioFile& operator=(const ScenarioFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  static std::filesystem::path make_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "isoframe-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw RunError("cannot make " + name);
    return name;
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
};

inline Suite load(const std::string& text, const Overrides& overrides = {}) {
  const ScenarioFile file(text);
  return load_suite({file.path()}, overrides);
}

/// Returns the error of loading `text`, without the folder: "s.yaml:7:9: ..."; "" if there is none.
inline std::string error_of(const std::string& text, const Overrides& overrides = {}) {
  const ScenarioFile file(text);
  try {
    load_suite({file.path()}, overrides);
  } catch (const InputError& error) {
    std::string message = error.what();
    const std::string folder = file.folder().string() + "/";
    for (std::size_t at = 0; (at = message.find(folder, at)) != std::string::npos;)
      message.erase(at, folder.size());
    return message;
  }
  return "";
}

inline std::string names_of(const Suite& suite) {
  std::string names;
  for (const Case& spec : suite.cases) names += (names.empty() ? "" : " ") + spec.name;
  return names;
}

}  // namespace isoframe::harness::scenario
