#pragma once
// Now, in UTC.

#include <string>

namespace isoframe::harness::store {

/// ISO 8601: "2026-01-31T09:05:00Z".
std::string utc_now();
/// The same for a name of a file: "20260131T090500Z".
std::string utc_now_for_a_name();

}  // namespace isoframe::harness::store
