#include "reports/case_table.h"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reports/format.h"

namespace isoframe::reports {

namespace {

using nlohmann::json;

std::string time(const json& record) {
  const auto seconds = number(record, "seconds");
  const auto min = number(record, "seconds_min"), max = number(record, "seconds_max");
  if (!seconds || !min || !max || number(record, "repetitions").value_or(0) < 2) return significant(seconds);
  return fmt::format("{} ({}-{})", significant(seconds), significant(min), significant(max));
}

/// A baseline that ran is what the others are measured by.
bool is_reference(const json& record) {
  return text(record, "baseline").empty() && number(record, "seconds").has_value();
}

std::string memory(const json& record) {
  const auto tensor = number(record, "peak_tensor_bytes"), resident = number(record, "peak_resident_bytes");
  if (!tensor && !resident) return bytes(tensor);
  return fmt::format("{} / {}", bytes(tensor), bytes(resident));
}

std::string ranks(const json& record) {
  const auto world_size = number(record, "world_size");
  return world_size ? fmt::format("{:.0f}", *world_size) : significant(world_size);
}

constexpr std::array kColumns = {
    CaseColumn{"case", Align::kLeft, true, true, [](const json& r) { return text(r, "name"); }},
    CaseColumn{"layout", Align::kLeft, true, true, [](const json& r) { return text(r, "layout"); }},
    CaseColumn{"ranks", Align::kRight, false, false, ranks},
    CaseColumn{"time s", Align::kRight, false, true, time},
    CaseColumn{"speed-up", Align::kRight, false, true,
               [](const json& r) { return ratio(number(r, "speedup")); }},
    CaseColumn{"efficiency", Align::kRight, false, false,
               [](const json& r) { return percent(number(r, "efficiency")); }},
    CaseColumn{"SSIM", Align::kRight, false, true,
               [](const json& r) { return is_reference(r) ? "reference" : ssim(number(r, "ssim")); }},
    CaseColumn{"PSNR dB", Align::kRight, false, true,
               [](const json& r) { return is_reference(r) ? "reference" : psnr(number(r, "psnr")); }},
    CaseColumn{"peak memory (tensor / resident)", Align::kRight, false, true, memory},
    CaseColumn{"verdict", Align::kLeft, false, true, [](const json& r) { return text(r, "verdict"); }},
};

}  // namespace

std::span<const CaseColumn> case_columns() { return kColumns; }

bool is_not_passed(const json& record) { return text(record, "verdict") != "passed"; }

std::string verdict_sentence(const json& run) {
  const json& cases = run.at("cases");
  const auto count = [&](std::string_view verdict) {
    std::size_t matches = 0;
    for (const json& record : cases) matches += text(record, "verdict") == verdict ? 1 : 0;
    return matches;
  };
  std::string sentence =
      fmt::format("{}{} of {} case{} passed", run.value("interrupted", false) ? "interrupted, " : "",
                  count("passed"), cases.size(), cases.size() == 1 ? "" : "s");
  const char* separator = ": ";
  for (const char* verdict : {"failed", "error", "untrusted", "skipped"}) {
    if (const std::size_t matches = count(verdict)) {
      sentence += fmt::format("{}{} {}", separator, matches, verdict);
      separator = ", ";
    }
  }
  return sentence;
}

}  // namespace isoframe::reports
