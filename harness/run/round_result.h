#pragma once
// How a round ended.

#include <optional>

#include "reports/records/case_result.h"

namespace isoframe::harness::run {

struct RoundResult {
  enum class Status { kOk, kBadInput, kError, kInterrupted };
  Status status = Status::kOk;
  std::optional<reports::records::Failure> error;  ///< of kBadInput and kError
};

}  // namespace isoframe::harness::run
