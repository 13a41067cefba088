#include "reports/locked_table.h"

#include <optional>

#include <fmt/format.h>

namespace isoframe::reports {

using records::LockedRecord;
using records::LockedTensor;

namespace {

std::string relative(double distance, double rms) {
  return distance == 0.0 ? "0" : fmt::format("{:.1e}", distance / rms);
}

std::string number(const std::optional<double>& value) {
  if (!value) return "not measured";
  return *value == 0.0 ? "0" : fmt::format("{:.1e}", *value);
}

}  // namespace

std::vector<LockedLine> locked_lines(const LockedRecord& record) {
  std::vector<LockedLine> lines;
  for (const LockedTensor& tensor : record.tensors) {
    if (tensor.tensor == "latents" && tensor.too_far.empty()) continue;
    const double own = tensor.baseline.rms, its = tensor.candidate.rms;
    lines.push_back({.place = tensor.place(),
                     .baseline = relative(own, tensor.rms),
                     .candidate = relative(its, tensor.rms),
                     .ratio = own > 0.0 ? fmt::format("{:.2f}x", its / own) : "-",
                     .too_far = tensor.too_far});
  }
  return lines;
}

std::string video_sentence(const LockedRecord& record) {
  return fmt::format("Whole video: relative L2 {} from the baseline's, at most {}{}.",
                     number(record.video_relative_l2), number(record.video_relative_l2_max),
                     record.twin_relative_l2 ? fmt::format("; the baseline's float32 twin is {} from it",
                                                           number(record.twin_relative_l2))
                                             : "");
}

}  // namespace isoframe::reports
