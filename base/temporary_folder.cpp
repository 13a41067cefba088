#include "base/temporary_folder.h"

#include <cstdlib>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::base {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "isoframe-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    throw RunError(fmt::format("cannot make a folder in {}; set TMPDIR to one that is writable",
                               fs::temp_directory_path().string()));
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace isoframe::base
