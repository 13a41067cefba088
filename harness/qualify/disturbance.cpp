#include "harness/qualify/disturbance.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/qualify/series.h"

namespace isoframe::harness::qualify {

namespace records = reports::records;

namespace {

bool is_disturbed(const HostReading& reading, int processors) {
  const double others = reading.others.value_or(0.0) + reading.steal.value_or(0.0);
  return others > kMostOthersShare || others * processors > kMostOthersProcessors ||
         reading.throttled.value_or(0.0) > kMostThrottledShare || reading.thermal_throttles.value_or(0) > 0;
}

/// The largest value of what several processes read of the same counter.
template <typename T>
std::optional<T> largest(const std::vector<const records::HostLoad*>& loads,
                         std::optional<T> records::HostLoad::*member) {
  std::optional<T> most;
  for (const records::HostLoad* load : loads)
    if (load->*member) most = std::max(most.value_or(T{}), *(load->*member));
  return most;
}

HostReading reading_of(const std::vector<const records::HostLoad*>& loads) {
  using records::HostLoad;
  const HostLoad& first = *loads.front();
  double own = 0.0, seconds = 0.0;
  for (const HostLoad* load : loads) {
    own += load->own_seconds;
    seconds = std::max(seconds, load->seconds);
  }
  const double whole = seconds * first.processor_count;
  const auto share = [&](std::optional<double> of) {
    return of && whole > 0.0 ? std::optional(std::max(0.0, *of / whole)) : std::nullopt;
  };
  auto busy = largest(loads, &HostLoad::busy_seconds);
  if (busy) *busy -= own;
  HostReading reading{.host = first.host,
                      .others = share(busy),
                      .steal = share(largest(loads, &HostLoad::steal_seconds)),
                      .throttled = share(largest(loads, &HostLoad::quota_throttled_seconds)),
                      .thermal_throttles = largest(loads, &HostLoad::thermal_throttles),
                      .quota_throttles = largest(loads, &HostLoad::quota_throttles)};
  reading.is_disturbed = is_disturbed(reading, first.processor_count);
  return reading;
}

void add_if_told(records::Series& series, const std::optional<double>& value) {
  if (value) add(series, *value);
}

void add_if_told(std::optional<std::uint64_t>& sum, const std::optional<std::uint64_t>& count) {
  if (count) sum = sum.value_or(0) + *count;
}

/// The host with the largest value of a series.
const records::HostEvidence* worst(const std::vector<records::HostEvidence>& hosts,
                                   records::Series records::HostEvidence::*member) {
  const auto most = std::ranges::max_element(
      hosts, {}, [&](const records::HostEvidence& host) { return (host.*member).max; });
  return most == hosts.end() ? nullptr : &*most;
}

}  // namespace

std::vector<HostReading> readings_of(const std::vector<records::HostLoad>& loads) {
  std::map<std::pair<std::string, std::string>, std::vector<const records::HostLoad*>> by_processors;
  for (const records::HostLoad& load : loads) by_processors[{load.host, load.processors}].push_back(&load);
  std::vector<HostReading> readings;
  for (const auto& [where, together] : by_processors) readings.push_back(reading_of(together));
  return readings;
}

void add(std::vector<records::HostEvidence>& hosts, const HostReading& reading) {
  auto found = std::ranges::find(hosts, reading.host, &records::HostEvidence::host);
  if (found == hosts.end()) {
    hosts.emplace_back().host = reading.host;
    found = std::prev(hosts.end());
  }
  ++found->readings;
  found->disturbed += reading.is_disturbed ? 1 : 0;
  add_if_told(found->others, reading.others);
  add_if_told(found->steal, reading.steal);
  add_if_told(found->throttled, reading.throttled);
  add_if_told(found->thermal_throttles, reading.thermal_throttles);
  add_if_told(found->quota_throttles, reading.quota_throttles);
}

Explanation explanation_of(const std::vector<records::HostEvidence>& hosts) {
  using records::HostEvidence;
  constexpr double kWorthSaying = 0.01;
  std::vector<std::string> causes, remedies;
  const auto say = [&](records::Series HostEvidence::*member, const char* text, const char* remedy) {
    const HostEvidence* const host = worst(hosts, member);
    if (host == nullptr || (host->*member).max < kWorthSaying) return;
    causes.push_back(fmt::format(fmt::runtime(text), 100.0 * (host->*member).max, host->host));
    remedies.emplace_back(remedy);
  };
  say(&HostEvidence::others, "other processes used up to {:.0f} % of {}'s processors", "end them");
  say(&HostEvidence::steal, "a hypervisor gave up to {:.0f} % of {}'s processors to others",
      "use a host of its own");
  say(&HostEvidence::throttled, "a quota held threads up for up to {:.0f} % of {}'s time", "raise the quota");
  for (const HostEvidence& host : hosts) {
    if (host.thermal_throttles.value_or(0) == 0) continue;
    causes.push_back(
        fmt::format("heat slowed {}'s processors down {} times", host.host, *host.thermal_throttles));
    remedies.emplace_back("cool it");
    break;
  }
  return {fmt::format("{}", fmt::join(causes, ", ")), remedies.empty() ? "" : remedies.front()};
}

}  // namespace isoframe::harness::qualify
