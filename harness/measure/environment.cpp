#include "harness/measure/environment.h"

#include <cstdlib>
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
#include "harness/measure/key_lines.h"

namespace isoframe::harness::measure {

namespace {

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
  if (__builtin_cpu_supports("amx-bf16")) names.push_back("AMX");
#endif
  return names;
}

std::optional<std::vector<double>> load_average() {
  std::vector<double> load(3);
  if (::getloadavg(load.data(), 3) != 3) return std::nullopt;
  return load;
}

utsname system_name() {
  utsname name{};
  ::uname(&name);
  return name;
}

}  // namespace

std::string processor_name(std::string_view cpuinfo, const std::string& architecture) {
  for (const std::string_view key : {"model name", "Model Name", "cpu model", "cpu", "uarch"})
    if (std::string name = value_in(cpuinfo, key, ':'); !name.empty()) return name;
  const std::string maker = value_in(cpuinfo, "CPU implementer", ':');
  const std::string part = value_in(cpuinfo, "CPU part", ':');
  if (maker.empty() && part.empty()) return architecture;
  return fmt::format("{}, implementer {}, part {}", architecture, maker, part);
}

std::string version() { return ISOFRAME_VERSION; }

reports::records::Environment environment() {
  const utsname system = system_name();
  const launch::Variables variables = launch::influential_variables();
  const auto memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                            static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return {.cpu = processor_name(text_of_file("/proc/cpuinfo"), system.machine),
          .cores = usable_cores(),
          .isa = isa(),
          .memory_bytes = memory_bytes,
          .limits = cgroup_limits(),
          .os = value_in(text_of_file("/etc/os-release"), "PRETTY_NAME", '='),
          .kernel = fmt::format("{} {}", system.sysname, system.release),
          .load_average = load_average(),
          .isoframe = {.version = version(), .commit = ISOFRAME_COMMIT},
          .libtorch = ISOFRAME_LIBTORCH,
          .compiler = ISOFRAME_COMPILER,
          .build_type = ISOFRAME_BUILD_TYPE,
          .threads_per_rank = {},
          .device = {},
          .variables = variables.recorded,
          .cleared_variables = variables.cleared};
}

}  // namespace isoframe::harness::measure
