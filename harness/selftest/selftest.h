#pragma once
// Known faults, planted one by one: is each caught, and located?

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/selftest/fault.h"

namespace isoframe::harness::selftest {

struct Options {
  std::string filter;  ///< glob on names; empty for all
  /// Told before each fault.
  std::function<void(std::size_t number, std::size_t of, const std::string& name)> on_progress = {};
};

/// {"faults": [{name, what, layout, caught, located, gate, expected, found, sentence, seconds}], "sound":
/// [{layout, passed, reason}], "caught", "located", "passed"}.  `gate` is what saw it: "identical" or
/// "relative_l2_max" of the frames, "finished" where a rank threw, "latency" or "memory" against sound runs.
/// `found` is a first_divergence object as in result.json.  Each layout is also run without any fault: that
/// must show none. Throws InputError when no fault matches the filter.
nlohmann::json run_selftest(const std::vector<Fault>& faults, const Options& options);

/// Whether what was found is what was planted.
bool is_located(const Expected& expected, const nlohmann::json& first_divergence);

/// For people.
std::string table(const nlohmann::json& result);

}  // namespace isoframe::harness::selftest
