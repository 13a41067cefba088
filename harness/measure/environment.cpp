#include "harness/measure/environment.h"

#include <cstdlib>
#include <fstream>
#include <isoframe_commit.h>
#include <optional>
#include <sched.h>
#include <string>
#include <string_view>
#include <sys/utsname.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "harness/launch/affinity.h"
#include "harness/launch/variables.h"
#include "harness/measure/cgroup.h"

namespace isoframe::harness::measure {

namespace {

/// The value of the first line "key<separator>value" of a file, without quotes; empty where there is none.
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

/// Counts the cores that ranks may run on: a pinned job has fewer than the machine.
int usable_cores() {
  const cpu_set_t cores = launch::usable_cores();
  return CPU_COUNT(&cores) > 0 ? CPU_COUNT(&cores) : static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
}

/// The widest vector instructions that kernels may choose from.
std::vector<std::string> isa() {
  std::vector<std::string> names;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) names.push_back("AVX2");
  if (__builtin_cpu_supports("avx512f")) names.push_back("AVX512");
#endif
  return names;
}

std::optional<std::vector<double>> load_average() {
  std::vector<double> load(3);
  if (::getloadavg(load.data(), 3) != 3) return std::nullopt;
  return load;
}

std::string kernel() {
  utsname name{};
  return ::uname(&name) == 0 ? fmt::format("{} {}", name.sysname, name.release) : std::string();
}

}  // namespace

reports::records::Environment environment() {
  const launch::Variables variables = launch::influential_variables();
  const auto memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                            static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return {.cpu = value_in("/proc/cpuinfo", "model name", ':'),
          .cores = usable_cores(),
          .isa = isa(),
          .memory_bytes = memory_bytes,
          .limits = cgroup_limits(),
          .os = value_in("/etc/os-release", "PRETTY_NAME", '='),
          .kernel = kernel(),
          .load_average = load_average(),
          .isoframe = {.version = ISOFRAME_VERSION, .commit = ISOFRAME_COMMIT},
          .libtorch = ISOFRAME_LIBTORCH,
          .compiler = ISOFRAME_COMPILER,
          .build_type = ISOFRAME_BUILD_TYPE,
          .threads_per_rank = {},
          .device = {},
          .variables = variables.recorded,
          .cleared_variables = variables.cleared};
}

}  // namespace isoframe::harness::measure
