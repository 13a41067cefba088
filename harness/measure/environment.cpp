#include "harness/measure/environment.h"

#include <cstdlib>
#include <fstream>
#include <isoframe_commit.h>
#include <sched.h>
#include <string>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/measure/cgroup.h"

namespace isoframe::harness::measure {

using nlohmann::json;

namespace {

/// The value of the first line "key<separator>value" of a file, without quotes.
std::string value_in(const char* file, std::string_view key, char separator) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    const std::size_t at = line.find(separator);
    if (at == std::string::npos || !line.starts_with(key)) continue;
    if (line.find_last_not_of(" \t", at - 1) + 1 != key.size()) continue;
    const std::size_t first = line.find_first_not_of(" \t\"", at + 1);
    const std::size_t last = line.find_last_not_of(" \t\"");
    return first == std::string::npos ? std::string() : line.substr(first, last - first + 1);
  }
  return {};
}

json text_or_null(const std::string& text) { return text.empty() ? json() : json(text); }

/// Those that we may run on: a pinned job has fewer than the machine.
int usable_cores() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
}

/// The widest that kernels may choose from.
json isa() {
  json result = json::array();
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) result.push_back("AVX2");
  if (__builtin_cpu_supports("avx512f")) result.push_back("AVX512");
#endif
  return result;
}

json load_average() {
  double load[3];
  if (::getloadavg(load, 3) != 3) return nullptr;
  return {load[0], load[1], load[2]};
}

json limits() {
  const CgroupLimits found = cgroup_limits();
  json result = json::object();
  if (found.cores) result["cores"] = *found.cores;
  if (found.memory_bytes) result["memory_bytes"] = *found.memory_bytes;
  return result;
}

json kernel() {
  utsname name{};
  return ::uname(&name) == 0 ? json(fmt::format("{} {}", name.sysname, name.release)) : json();
}

}  // namespace

json environment() {
  const auto memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                            static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return {{"cpu", text_or_null(value_in("/proc/cpuinfo", "model name", ':'))},
          {"cores", usable_cores()},
          {"isa", isa()},
          {"memory_bytes", memory_bytes},
          {"limits", limits()},
          {"os", text_or_null(value_in("/etc/os-release", "PRETTY_NAME", '='))},
          {"kernel", kernel()},
          {"load_average", load_average()},
          {"isoframe", {{"version", ISOFRAME_VERSION}, {"commit", ISOFRAME_COMMIT}}},
          {"libtorch", ISOFRAME_LIBTORCH},
          {"compiler", ISOFRAME_COMPILER},
          {"build_type", ISOFRAME_BUILD_TYPE}};
}

}  // namespace isoframe::harness::measure
