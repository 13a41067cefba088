#include "harness/measure/host_load.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <string_view>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

namespace isoframe::harness::measure {

namespace fs = std::filesystem;
using reports::records::HostLoad;

namespace {

struct ProcessorTimes {
  double busy = 0.0, steal = 0.0;
};

/// The number in "cpu12"; nothing for "cpu", the sum of all, and for other words.
std::optional<std::size_t> processor_of(std::string_view word) {
  constexpr std::string_view kPrefix = "cpu";
  if (!word.starts_with(kPrefix) || word.size() == kPrefix.size()) return std::nullopt;
  std::size_t number = 0;
  for (const char c : word.substr(kPrefix.size())) {
    if (c < '0' || c > '9' || number >= CPU_SETSIZE) return std::nullopt;
    number = 10 * number + static_cast<std::size_t>(c - '0');
  }
  return number < CPU_SETSIZE ? std::optional(number) : std::nullopt;
}

/// Reads the times of some processors from /proc/stat.  Interrupts belong to no process: those that the
/// ranks' own messages raise would look like another's work.
std::optional<ProcessorTimes> processor_times(const fs::path& stat, const cpu_set_t& processors) {
  const auto tick = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::optional<ProcessorTimes> times;
  std::ifstream stream(stat);
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    const auto processor = processor_of(name);
    if (!processor || !CPU_ISSET(*processor, &processors)) continue;
    // user nice system idle iowait irq softirq steal; the first kernels end before some of them
    std::array<double, 8> ticks{};
    for (double& value : ticks)
      if (!(words >> value)) break;
    if (!times) times.emplace();
    times->busy += (ticks[0] + ticks[1] + ticks[2]) * tick;
    times->steal += ticks[7] * tick;
  }
  return times;
}

/// Counts throttling for heat over all processors; nothing where the kernel does not count it.
std::optional<std::uint64_t> thermal_throttles(const fs::path& sys) {
  std::optional<std::uint64_t> count;
  std::error_code missing;
  for (const fs::directory_entry& entry : fs::directory_iterator(sys / "devices/system/cpu", missing)) {
    if (!processor_of(entry.path().filename().string())) continue;
    for (const char* name : {"core_throttle_count", "package_throttle_count"}) {
      std::ifstream stream(entry.path() / "thermal_throttle" / name);
      std::uint64_t value = 0;
      if (stream >> value) count = count.value_or(0) + value;
    }
  }
  return count;
}

double seconds_of(int who) {
  constexpr double kMicrosecond = 1e-6;
  rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + kMicrosecond * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// "0-3,8"
std::string text_of(const cpu_set_t& processors) {
  std::string text;
  const auto is_in = [&](std::size_t k) { return k < CPU_SETSIZE && CPU_ISSET(k, &processors); };
  for (std::size_t k = 0; k < CPU_SETSIZE; ++k) {
    if (!is_in(k)) continue;
    const std::size_t first = k;
    while (is_in(k + 1)) ++k;
    text += fmt::format("{}{}", text.empty() ? "" : ",", first);
    if (k > first) text += fmt::format("-{}", k);
  }
  return text;
}

/// The growth of a counter.  One that went back was reset, or belongs to another group now.
template <typename T>
std::optional<T> growth(const std::optional<T>& begin, const std::optional<T>& end) {
  if (!begin || !end) return std::nullopt;
  return *end > *begin ? *end - *begin : T{};
}

}  // namespace

HostWatch::HostWatch(Own own, HostSources sources)
    : own_(own), sources_(std::move(sources)), begin_(counters()) {}

HostWatch::Counters HostWatch::counters() const {
  Counters now;
  now.time = std::chrono::steady_clock::now();
  now.own_seconds = seconds_of(RUSAGE_SELF);
  if (own_ == Own::kProcessAndChildren) now.own_seconds += seconds_of(RUSAGE_CHILDREN);
  if (const auto times = processor_times(sources_.proc / "stat", sources_.processors)) {
    now.busy_seconds = times->busy;
    now.steal_seconds = times->steal;
  }
  now.thermal_throttles = thermal_throttles(sources_.sys);
  now.quota = cgroup_throttling(sources_.proc, sources_.sys / "fs/cgroup");
  return now;
}

HostLoad HostWatch::load(const std::string& host) const {
  const Counters end = counters();
  HostLoad load{.host = host,
                .processors = text_of(sources_.processors),
                .processor_count = CPU_COUNT(&sources_.processors),
                .seconds = std::chrono::duration<double>(end.time - begin_.time).count(),
                .own_seconds = end.own_seconds - begin_.own_seconds,
                .busy_seconds = growth(begin_.busy_seconds, end.busy_seconds),
                .steal_seconds = growth(begin_.steal_seconds, end.steal_seconds),
                .thermal_throttles = growth(begin_.thermal_throttles, end.thermal_throttles),
                .quota_throttles = {},
                .quota_throttled_seconds = {}};
  if (begin_.quota && end.quota) {
    load.quota_throttles = growth(std::optional(begin_.quota->count), std::optional(end.quota->count));
    load.quota_throttled_seconds =
        growth(std::optional(begin_.quota->seconds), std::optional(end.quota->seconds));
  }
  return load;
}

}  // namespace isoframe::harness::measure
