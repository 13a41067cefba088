#include "base/time.h"

#include <ctime>

#include <fmt/chrono.h>

namespace isoframe::base {

std::string utc_now() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

std::string utc_now_for_a_name() { return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::time(nullptr))); }

}  // namespace isoframe::base
