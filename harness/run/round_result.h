#pragma once
// How a round ended.

#include <map>
#include <optional>
#include <string>

#include "reports/records/case_result.h"

namespace isoframe::harness::run {

struct RoundResult {
  enum class Status { kOk, kBadInput, kUnsupported, kError, kInterrupted };
  Status status = Status::kOk;
  std::optional<reports::records::Failure> error;  ///< of kBadInput, kUnsupported and kError
  /// Versions and hashes that the ranks of a foreign engine told of what they have loaded.
  std::map<std::string, std::string> facts = {};
};

}  // namespace isoframe::harness::run
