#include "reports/comparison.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reports/format.h"
#include "reports/markdown_text.h"
#include "reports/text.h"

namespace isoframe::reports {

namespace {

using nlohmann::json;
using Rows = std::vector<std::pair<std::string, std::string>>;

std::string whole(const json& value) { return value.is_null() ? "-" : value.dump(); }

std::string place(const json& region) {
  return fmt::format("frame {}, x {}, y {}, {} x {}", whole(region.at("frame")), whole(region.at("x")),
                     whole(region.at("y")), whole(region.at("width")), whole(region.at("height")));
}

void add_scores(Rows& rows, const std::string& title, const json& scores,
                std::string (*shown)(std::optional<double>)) {
  if (scores.is_null()) return;
  rows.emplace_back(title, fmt::format("{} (worst: {} in frame {})", shown(number(scores, "mean")),
                                       shown(number(scores, "min")), whole(scores.at("worst_frame"))));
}

void add_floats(Rows& rows, const json& floats) {
  if (floats.is_null()) return;
  rows.emplace_back("float values that differ", whole(floats.at("differing_values")));
  rows.emplace_back("largest / mean difference",
                    fmt::format("{} / {}", significant(number(floats, "max_difference")),
                                significant(number(floats, "mean_difference"))));
  rows.emplace_back("relative L2", significant(number(floats, "relative_l2")));
  std::string ulps;
  const json& histogram = floats.at("ulps");
  for (std::size_t k = 1; k < histogram.size(); ++k)
    if (histogram[k] != 0)
      ulps += fmt::format("{}{}-{}: {}", ulps.empty() ? "" : ", ", 1ULL << (k - 1), (1ULL << k) - 1,
                          histogram[k].dump());
  if (!ulps.empty()) rows.emplace_back("units in the last place", ulps);
  if (floats.at("reference_non_finite") != 0 || floats.at("candidate_non_finite") != 0)
    rows.emplace_back("NaN or infinite (reference / candidate)",
                      fmt::format("{} / {}", whole(floats.at("reference_non_finite")),
                                  whole(floats.at("candidate_non_finite"))));
}

void add_ffmpeg(Rows& rows, const json& scores) {
  const std::string planes = text(scores, "planes");
  const json &s = scores.at("ssim"), &p = scores.at("psnr");
  rows.emplace_back(fmt::format("FFmpeg's ssim, {}", planes),
                    fmt::format("Y {} U {} V {} All {}", ssim(number(s, "y")), ssim(number(s, "u")),
                                ssim(number(s, "v")), ssim(number(s, "all"))));
  rows.emplace_back(fmt::format("FFmpeg's psnr, {}", planes),
                    fmt::format("y {} u {} v {} average {}", psnr(number(p, "y")), psnr(number(p, "u")),
                                psnr(number(p, "v")), psnr(number(p, "average"))));
}

Rows rows_of(const json& result) {
  const json& quality = result.at("quality");
  Rows rows = {{"reference", fmt::format("{} ({})", text(result.at("reference"), "path"),
                                         text(result.at("reference"), "kind"))},
               {"candidate", fmt::format("{} ({})", text(result.at("candidate"), "path"),
                                         text(result.at("candidate"), "kind"))},
               {"frames", fmt::format("{} of {} x {}", whole(result.at("frames")), whole(result.at("height")),
                                      whole(result.at("width")))}};
  add_scores(rows, "PSNR dB, RGB", quality.at("psnr"), psnr);
  add_scores(rows, "PSNR dB, luma", quality.at("psnr_luma"), psnr);
  add_scores(rows, "SSIM", quality.at("ssim"), ssim);
  add_scores(rows, "MS-SSIM", quality.at("ms_ssim"), ssim);
  add_ffmpeg(rows, quality.at("ffmpeg"));
  rows.emplace_back("8-bit values that differ",
                    fmt::format("{}, by {} at most", whole(quality.at("eight_bit").at("differing_values")),
                                whole(quality.at("eight_bit").at("max_difference"))));
  add_floats(rows, quality.at("float"));
  const json& temporal = quality.at("temporal");
  rows.emplace_back(
      "change from frame to frame",
      fmt::format("reference {}, candidate {}, RMS between them {} (worst: {} at frame {})",
                  significant(number(temporal, "reference_change")),
                  significant(number(temporal, "candidate_change")), significant(number(temporal, "mean")),
                  significant(number(temporal, "max")), whole(temporal.at("worst_frame"))));
  if (const json& region = quality.at("worst_region"); !region.is_null())
    rows.emplace_back("worst region",
                      fmt::format("{}: PSNR {}", place(region), psnr(number(region, "psnr"))));
  if (const json& window = quality.at("lowest_ssim"); !window.is_null())
    rows.emplace_back("lowest SSIM of a window",
                      fmt::format("{} in frame {} at x {}, y {}", ssim(number(window, "ssim")),
                                  whole(window.at("frame")), whole(window.at("x")), whole(window.at("y"))));
  return rows;
}

std::string difference(const json& quality) {
  std::string line = fmt::format("different: PSNR {} dB", psnr(number(quality.at("psnr"), "mean")));
  if (!quality.at("ssim").is_null())
    line += fmt::format(", SSIM {}", ssim(number(quality.at("ssim"), "mean")));
  line += fmt::format(", first different frame {}, worst frame {}",
                      whole(quality.at("eight_bit").at("first_differing_frame")),
                      whole(quality.at("psnr").at("worst_frame")));
  const json& region = quality.at("worst_region");
  return line + fmt::format(", worst region {},{},{},{} in frame {}", whole(region.at("x")),
                            whole(region.at("y")), whole(region.at("width")), whole(region.at("height")),
                            whole(region.at("frame")));
}

}  // namespace

std::string comparison_verdict(const json& result) {
  const std::string verdict = text(result, "verdict");
  const json& quality = result.at("quality");
  std::string line;
  if (verdict == "identical") line = "identical in every float";
  if (verdict == "equal_8bit")
    line = quality.at("float").is_null()
               ? "equal in every 8-bit value"
               : fmt::format("equal after 8 bits: {} floats differ, by {} at most",
                             whole(quality.at("float").at("differing_values")),
                             significant(number(quality.at("float"), "max_difference")));
  if (verdict == "different") line = difference(quality);
  if (verdict == "untrusted")
    line = fmt::format(
        "not to be trusted: {} values of the reference and {} of the candidate are NaN or infinite",
        whole(quality.at("float").at("reference_non_finite")),
        whole(quality.at("float").at("candidate_non_finite")));
  if (result.at("gates").empty()) return line;
  if (result.at("passed").get<bool>()) return "within the gates; " + line;
  std::string broken;
  for (const json& gate : result.at("broken_gates"))
    broken += (broken.empty() ? "" : ", ") + gate.get<std::string>();
  return broken.empty() ? line : fmt::format("outside the gates: {}; {}", broken, line);
}

std::string comparison_summary(const json& result) {
  const Rows rows = rows_of(result);
  int width = 0;
  for (const auto& [title, value] : rows) width = std::max(width, display_width(title));
  std::string table;
  for (const auto& [title, value] : rows)
    table += fmt::format("{}  {}\n", padded(title, width, Align::kLeft), value);
  return fmt::format("{}\n{}\n", table, comparison_verdict(result));
}

std::string comparison_markdown(const json& result) {
  std::vector<std::vector<std::string>> cells;
  for (const auto& [title, value] : rows_of(result))
    cells.push_back({escape_markdown(title), escape_markdown(value)});
  std::string report = fmt::format("**{}**\n\n{}", escape_markdown(comparison_verdict(result)),
                                   markdown_table({{"", Align::kLeft}, {"", Align::kLeft}}, cells));
  if (!result.contains("pictures") || result.at("pictures").empty()) return report;
  report += "\n### Worst frames\n\nReference, candidate, difference.\n";
  for (const json& picture : result.at("pictures"))
    report += fmt::format("\nFrame {}, brightest: {} of 255\n\n![frame {}]({})\n", whole(picture.at("frame")),
                          whole(picture.at("max_difference")), whole(picture.at("frame")),
                          picture.at("file").get<std::string>());
  return report;
}

}  // namespace isoframe::reports
