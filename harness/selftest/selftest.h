#pragma once
// Known faults, planted one by one: is each caught, and located?

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "harness/selftest/fault.h"
#include "reports/records/selftest_record.h"

namespace isoframe::harness::selftest {

struct Options {
  std::string filter;  ///< glob on names; empty for all
  /// Called before each fault.
  std::function<void(std::size_t number, std::size_t of, const std::string& name)> on_progress = {};
};

/// Plants each fault that matches the filter, and runs each of their layouts without a fault.  Throws
/// InputError if no fault matches.
reports::records::SelftestRecord run_selftest(const std::vector<Fault>& faults, const Options& options);

/// Returns 0 if all faults were caught and located, 1 if one was missed or a sound run did not pass, 3 if all
/// that is missing are faults that the machine was too noisy to see.
int exit_code_of(const reports::records::SelftestRecord& result);

/// The result as a table for people.
std::string table(const reports::records::SelftestRecord& result);

}  // namespace isoframe::harness::selftest
