#pragma once
// What `isoframe --version` prints.

#include <string>

namespace isoframe::harness::cli {

/// "isoframe 0.2.0", and a line each for the commit, the build, and the libraries that this process runs on,
/// by the version that they give of themselves.  No line break at the end.
std::string version_text();

}  // namespace isoframe::harness::cli
