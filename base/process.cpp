#include "base/process.h"

#include <fstream>
#include <unistd.h>

#include <fmt/format.h>

namespace isoframe::base {

std::uint64_t resident_bytes(pid_t process) {
  std::ifstream stream(fmt::format("/proc/{}/statm", process));
  std::uint64_t size = 0, resident = 0;
  stream >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace isoframe::base
