#pragma once

#include <string>

namespace isoframe::harness::cli {

/// How this process was started, quoted so that a shell would start it the same way again.
std::string command_line();

}  // namespace isoframe::harness::cli
