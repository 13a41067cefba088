#include "harness/measure/cgroup.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace isoframe::harness::measure {

namespace fs = std::filesystem;
using reports::records::Limits;

namespace {

/// The least number of bytes that means "no limit": version 1 says so with the largest whole number of pages.
constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 60;

template <class T>
void tighten(std::optional<T>& limit, T value) {
  limit = limit ? std::min(*limit, value) : value;
}

/// Reads the next number; unset for "max", which stands for no limit.
std::optional<double> read_number(std::istream& stream) {
  double value = 0;
  return stream >> value ? std::optional(value) : std::nullopt;
}
std::optional<double> read_number(const fs::path& file) {
  std::ifstream stream(file);
  return read_number(stream);
}

void read_folder(const fs::path& folder, Limits& limits) {
  std::ifstream cpu(folder / "cpu.max");
  std::optional<double> quota = read_number(cpu);
  std::optional<double> period = read_number(cpu);
  if (!quota) {
    quota = read_number(folder / "cpu.cfs_quota_us");
    period = read_number(folder / "cpu.cfs_period_us");
  }
  if (quota && period && *quota > 0 && *period > 0) tighten(limits.cores, *quota / *period);

  for (const char* name : {"memory.max", "memory.limit_in_bytes"}) {
    const std::optional<double> bytes = read_number(folder / name);
    if (bytes && *bytes < static_cast<double>(kUnlimited))
      tighten(limits.memory_bytes, static_cast<std::uint64_t>(*bytes));
  }
}

/// Adds what the folder's cpu.stat tells.
void read_throttling(const fs::path& folder, std::optional<Throttling>& throttling) {
  constexpr double kMicrosecond = 1e-6, kNanosecond = 1e-9;
  std::ifstream stream(folder / "cpu.stat");
  std::string key;
  for (std::uint64_t value = 0; stream >> key >> value;) {
    const bool is_version_2 = key == "throttled_usec";
    if (key == "nr_throttled") {
      if (!throttling) throttling.emplace();
      throttling->count += value;
    } else if (is_version_2 || key == "throttled_time") {
      if (!throttling) throttling.emplace();
      throttling->seconds += static_cast<double>(value) * (is_version_2 ? kMicrosecond : kNanosecond);
    }
  }
}

/// Calls read(folder) for the folders of this process's groups, of each and of all groups above it: limits
/// hold for everything below them.
template <typename Read>
void read_groups(const fs::path& proc, const fs::path& sys, const Read& read) {
  const auto read_up_to = [&](const fs::path& root, fs::path group) {
    while (true) {
      read(root / group);
      if (group.empty()) return;
      group = group.parent_path();
    }
  };
  std::ifstream stream(proc / "self" / "cgroup");
  // "0::/a/b" in version 2, "5:cpu,cpuacct:/a/b" in version 1, whose controllers each have a folder.
  for (std::string line; std::getline(stream, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = fs::path(line.substr(second + 1)).relative_path();
    if (controllers.empty()) {
      read_up_to(sys, group);
    } else if (controllers == "memory" || controllers.starts_with("cpu,") || controllers == "cpu") {
      read_up_to(sys / controllers.substr(0, controllers.find(',')), group);
    }
  }
}

}  // namespace

Limits cgroup_limits(const fs::path& proc, const fs::path& sys) {
  Limits limits;
  read_groups(proc, sys, [&](const fs::path& folder) { read_folder(folder, limits); });
  return limits;
}

std::optional<Throttling> cgroup_throttling(const fs::path& proc, const fs::path& sys) {
  std::optional<Throttling> throttling;
  read_groups(proc, sys, [&](const fs::path& folder) { read_throttling(folder, throttling); });
  return throttling;
}

}  // namespace isoframe::harness::measure
