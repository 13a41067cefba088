#include "harness/launch/progress_reader.h"

#include <cstddef>
#include <optional>
#include <utility>

namespace isoframe::harness::launch {

namespace {

/// Longest line that is kept, longer than any report: a program that writes something else must not fill
/// memory.
constexpr std::size_t kLongestLine = 4096;

}  // namespace

std::vector<Progress> ProgressReader::read(std::string_view bytes) {
  std::vector<Progress> reports;
  for (const char c : bytes) {
    if (c != '\n') {
      if (partial_.size() < kLongestLine) partial_ += c;
      continue;
    }
    if (std::optional<Progress> progress = from_line(rank_, partial_))
      reports.push_back(std::move(*progress));
    partial_.clear();
  }
  return reports;
}

}  // namespace isoframe::harness::launch
