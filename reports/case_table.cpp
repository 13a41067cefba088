#include "reports/case_table.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "reports/engine_table.h"
#include "reports/format.h"
#include "reports/remarks.h"

namespace isoframe::reports {

namespace {

using records::CaseRow;
using records::Verdict;

std::string time(const CaseRow& row) {
  if (!row.seconds || !row.seconds_min || !row.seconds_max || row.repetitions < 2)
    return significant(row.seconds);
  return fmt::format("{} ({}-{})", significant(row.seconds), significant(row.seconds_min),
                     significant(row.seconds_max));
}

/// Tells whether others are measured by this case: a baseline that ran.
bool is_reference(const CaseRow& row) { return row.baseline.empty() && row.seconds.has_value(); }

std::string memory(const CaseRow& row) {
  if (!row.peak_tensor_bytes && !row.peak_resident_bytes) return bytes(std::nullopt);
  return fmt::format("{} / {}", bytes(row.peak_tensor_bytes), bytes(row.peak_resident_bytes));
}

constexpr const char* kEngine = "engine";

constexpr std::array kColumns = {
    CaseColumn{"case", Align::kLeft, true, true, [](const CaseRow& r) { return one_line(r.name); }},
    CaseColumn{kEngine, Align::kLeft, true, true, [](const CaseRow& r) { return one_line(r.engine); }},
    CaseColumn{"layout", Align::kLeft, true, true, [](const CaseRow& r) { return one_line(r.layout); }},
    CaseColumn{"ranks", Align::kRight, false, false,
               [](const CaseRow& r) { return fmt::format("{}", r.world_size); }},
    CaseColumn{"time s", Align::kRight, false, true, time},
    CaseColumn{"speed-up", Align::kRight, false, true, [](const CaseRow& r) { return ratio(r.speedup); }},
    CaseColumn{"efficiency", Align::kRight, false, false,
               [](const CaseRow& r) { return percent(r.efficiency); }},
    CaseColumn{"SSIM", Align::kRight, false, true,
               [](const CaseRow& r) { return is_reference(r) ? "reference" : ssim(r.ssim); }},
    CaseColumn{"PSNR dB", Align::kRight, false, true,
               [](const CaseRow& r) { return is_reference(r) ? "reference" : psnr(r.psnr); }},
    CaseColumn{"peak memory (tensor / resident)", Align::kRight, false, true, memory},
    CaseColumn{"verdict", Align::kLeft, false, true,
               [](const CaseRow& r) { return std::string(name_of(r.verdict)); }},
};

}  // namespace

std::vector<CaseColumn> case_columns(const records::RunRecord& run) {
  std::vector<CaseColumn> columns(kColumns.begin(), kColumns.end());
  if (!has_other_engines(run))
    std::erase_if(columns,
                  [](const CaseColumn& column) { return std::string_view(column.title) == kEngine; });
  return columns;
}

bool is_not_passed(const CaseRow& row) { return row.verdict != Verdict::kPassed; }

std::string verdict_sentence(const records::RunRecord& run) {
  const auto count = [&](Verdict verdict) {
    return std::ranges::count(run.cases, verdict, &CaseRow::verdict);
  };
  std::string sentence =
      fmt::format("{}{} of {} case{} passed", run.interrupted ? "interrupted, " : "", count(Verdict::kPassed),
                  run.cases.size(), run.cases.size() == 1 ? "" : "s");
  const char* separator = ": ";
  for (const Verdict verdict : {Verdict::kFailed, Verdict::kError, Verdict::kUntrusted, Verdict::kSkipped}) {
    if (const auto matches = count(verdict)) {
      sentence += fmt::format("{}{} {}", separator, matches, name_of(verdict));
      separator = ", ";
    }
  }
  const std::string rest = not_judged_in_short(run);
  if (!rest.empty()) sentence += "; not judged: " + rest;
  return sentence;
}

}  // namespace isoframe::reports
