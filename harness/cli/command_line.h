#pragma once

#include <string>

namespace isoframe::harness::cli {

/// The command line of this process, quoted so that a shell would start it the same way again.
std::string command_line();

/// The name that this process was started by, as the user typed it.
std::string program_name();

}  // namespace isoframe::harness::cli
