#pragma once
// The time of day in UTC, and time that has passed.

#include <chrono>
#include <string>

namespace isoframe::base {

/// Now, as ISO 8601 has it: "2026-01-31T09:05:00Z".
std::string utc_now();
/// Now, as part of a file's name: "20260131T090500Z".
std::string utc_now_for_a_name();

/// Seconds since `start` by the same clock.
template <typename Clock, typename Duration>
double seconds_since(std::chrono::time_point<Clock, Duration> start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace isoframe::base
