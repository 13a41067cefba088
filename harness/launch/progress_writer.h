#pragma once
// The sending end of a rank's progress reports.

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "harness/launch/progress_report.h"

namespace isoframe::harness::launch {

/// Tells the harness where this rank is.
class ProgressWriter {
 public:
  /// A writer that tells nobody.
  ProgressWriter() = default;
  explicit ProgressWriter(std::function<void(const Progress&)> send) : send_(std::move(send)) {}

  /// Sends a report; `index` and `of` below zero are left out.
  void write(std::string_view stage, std::int64_t index = -1, std::int64_t of = -1) const;

 private:
  std::function<void(const Progress&)> send_;
};

}  // namespace isoframe::harness::launch
