#include "reports/comparison.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/format.h"
#include "reports/markdown_text.h"
#include "reports/text.h"

namespace isoframe::reports {

namespace {

using records::ComparisonRecord;
using records::Likeness;
using Rows = std::vector<std::pair<std::string, std::string>>;

std::string frame_or_none(const std::optional<std::int64_t>& frame) {
  return frame ? fmt::format("{}", *frame) : "-";
}

std::string place(const metrics::Region& region) {
  return fmt::format("frame {}, x {}, y {}, {} x {}", region.frame, region.x, region.y, region.width,
                     region.height);
}

std::string side(const records::ComparedVideo& video) {
  return fmt::format("{} ({})", one_line(video.path), one_line(video.kind));
}

void add_scores(Rows& rows, const std::string& title, const std::optional<metrics::FrameScores>& scores,
                std::string (*shown)(std::optional<double>)) {
  if (!scores) return;
  rows.emplace_back(title, fmt::format("{} (worst: {} in frame {})", shown(scores->mean), shown(scores->min),
                                       scores->worst_frame));
}

void add_floats(Rows& rows, const metrics::FloatDifference& floats) {
  rows.emplace_back("float values that differ", fmt::format("{}", floats.differing_values));
  rows.emplace_back("largest / mean difference", fmt::format("{} / {}", significant(floats.max_difference),
                                                             significant(floats.mean_difference)));
  rows.emplace_back("relative L2", significant(floats.relative_l2));
  std::string ulps;
  for (std::size_t k = 1; k < floats.ulps.size(); ++k)
    if (floats.ulps[k] != 0)
      ulps += fmt::format("{}{}-{}: {}", ulps.empty() ? "" : ", ", 1ULL << (k - 1), (1ULL << k) - 1,
                          floats.ulps[k]);
  if (!ulps.empty()) rows.emplace_back("units in the last place", ulps);
  if (floats.reference_non_finite != 0 || floats.candidate_non_finite != 0)
    rows.emplace_back("NaN or infinite (reference / candidate)",
                      fmt::format("{} / {}", floats.reference_non_finite, floats.candidate_non_finite));
}

void add_ffmpeg(Rows& rows, const records::Ffmpeg& scores) {
  const std::string planes = one_line(scores.planes);
  const records::FfmpegSsim& s = scores.ssim;
  const records::FfmpegPsnr& p = scores.psnr;
  rows.emplace_back(fmt::format("FFmpeg's ssim, {}", planes),
                    fmt::format("Y {} U {} V {} All {}", ssim(s.y), ssim(s.u), ssim(s.v), ssim(s.all)));
  rows.emplace_back(
      fmt::format("FFmpeg's psnr, {}", planes),
      fmt::format("y {} u {} v {} average {}", psnr(p.y), psnr(p.u), psnr(p.v), psnr(p.average)));
}

std::string text_of(const metrics::PixelDifference& pixels) {
  std::string text = fmt::format("mean {}, 99 % within {}, 99.9 % within {}", significant(pixels.mean),
                                 significant(pixels.percentile_99), significant(pixels.percentile_99_9));
  for (std::size_t k = 0; k < metrics::kPixelSteps.size(); ++k)
    text += fmt::format("{} {} % beyond {}", k == 0 ? ";" : ",", significant(100.0 * pixels.share_beyond[k]),
                        metrics::kPixelSteps[k]);
  return text;
}

Rows rows_of(const ComparisonRecord& result) {
  const records::Metrics& quality = result.quality;
  Rows rows = {{"reference", side(result.reference)},
               {"candidate", side(result.candidate)},
               {"frames", fmt::format("{} of {} x {}", result.frames, result.height, result.width)}};
  add_scores(rows, "PSNR dB, RGB", quality.psnr, psnr);
  add_scores(rows, "PSNR dB, luma", quality.psnr_luma, psnr);
  add_scores(rows, "SSIM", quality.ssim, ssim);
  add_scores(rows, "MS-SSIM", quality.ms_ssim, ssim);
  add_ffmpeg(rows, quality.ffmpeg);
  rows.emplace_back(
      "8-bit values that differ",
      fmt::format("{}, by {} at most", quality.eight_bit.differing_values, quality.eight_bit.max_difference));
  if (const auto& decoded = result.decoded)
    rows.emplace_back(fmt::format("values of {} that differ", one_line(decoded->format)),
                      fmt::format("{}, by {} at most", decoded->differing_values, decoded->max_difference));
  if (quality.pixels) rows.emplace_back("8-bit steps that pixels are apart", text_of(*quality.pixels));
  if (quality.floats) add_floats(rows, *quality.floats);
  const metrics::TemporalDifference& temporal = quality.temporal;
  rows.emplace_back(
      "change from frame to frame",
      fmt::format("reference {}, candidate {}, RMS between them {} (worst: {} at frame {})",
                  significant(temporal.reference_change), significant(temporal.candidate_change),
                  significant(temporal.mean), significant(temporal.max), temporal.worst_frame));
  if (const auto& region = quality.worst_region)
    rows.emplace_back("worst region", fmt::format("{}: PSNR {}", place(*region), psnr(region->psnr)));
  if (const auto& window = quality.lowest_ssim)
    rows.emplace_back(
        "lowest SSIM of a window",
        fmt::format("{} in frame {} at x {}, y {}", ssim(window->ssim), window->frame, window->x, window->y));
  for (const std::string& note : result.notes) rows.emplace_back("note", one_line(note));
  return rows;
}

/// The two differ in what was decoded, but not in the 8-bit RGB that metrics read.
std::string difference(const metrics::DecodedDifference& decoded) {
  return fmt::format(
      "different: {} values of {} differ, by {} at most, first different frame {}; as 8-bit RGB all frames "
      "are equal",
      decoded.differing_values, one_line(decoded.format), decoded.max_difference,
      frame_or_none(decoded.first_differing_frame));
}

std::string difference(const records::Metrics& quality) {
  std::string line = fmt::format("different: PSNR {} dB", psnr(quality.psnr.mean));
  if (quality.ssim) line += fmt::format(", SSIM {}", ssim(quality.ssim->mean));
  line += fmt::format(", first different frame {}, worst frame {}",
                      frame_or_none(quality.eight_bit.first_differing_frame), quality.psnr.worst_frame);
  const auto& region = quality.worst_region;
  if (!region) return line;
  return line + fmt::format(", worst region {},{},{},{} in frame {}", region->x, region->y, region->width,
                            region->height, region->frame);
}

std::string equality(const ComparisonRecord& result) {
  if (result.decoded) return fmt::format("equal in every {}-bit value", result.decoded->bits);
  return fmt::format("equal in every 8-bit value (compared as {})", one_line(result.compared_as));
}

std::string likeness(const ComparisonRecord& result) {
  const auto& floats = result.quality.floats;
  switch (result.verdict) {
    case Likeness::kIdentical:
      return "identical in every float";
    case Likeness::kEqual8Bit:
      return floats ? fmt::format("equal after 8 bits: {} floats differ, by {} at most",
                                  floats->differing_values, significant(floats->max_difference))
                    : equality(result);
    case Likeness::kDifferent:
      return result.decoded && result.quality.eight_bit.differing_values == 0 ? difference(*result.decoded)
                                                                              : difference(result.quality);
    case Likeness::kUntrusted:
      break;
  }
  return fmt::format(
      "not to be trusted: {} values of the reference and {} of the candidate are NaN or infinite",
      floats ? floats->reference_non_finite : 0, floats ? floats->candidate_non_finite : 0);
}

}  // namespace

std::string comparison_verdict(const ComparisonRecord& result) {
  const std::string line = likeness(result);
  if (result.gates.empty()) return line;
  if (result.passed) return "within the gates; " + line;
  if (result.broken_gates.empty()) return line;
  return fmt::format("outside the gates: {}; {}", fmt::join(result.broken_gates, ", "), line);
}

std::string comparison_summary(const ComparisonRecord& result) {
  const Rows rows = rows_of(result);
  int width = 0;
  for (const auto& [title, value] : rows) width = std::max(width, display_width(title));
  std::string table;
  for (const auto& [title, value] : rows)
    table += fmt::format("{}  {}\n", padded(title, width, Align::kLeft), value);
  return fmt::format("{}\n{}\n", table, comparison_verdict(result));
}

std::string comparison_markdown(const ComparisonRecord& result) {
  std::vector<std::vector<std::string>> cells;
  for (const auto& [title, value] : rows_of(result))
    cells.push_back({escape_markdown(title), escape_markdown(value)});
  std::string report = fmt::format("**{}**\n\n{}", escape_markdown(comparison_verdict(result)),
                                   markdown_table({{"", Align::kLeft}, {"", Align::kLeft}}, cells));
  if (!result.pictures || result.pictures->empty()) return report;
  report += "\n### Worst frames\n\nReference, candidate, difference.\n";
  for (const records::WorstPicture& picture : *result.pictures)
    report += fmt::format("\nFrame {}, brightest: {} of 255\n\n![frame {}]({})\n", picture.frame,
                          picture.max_difference, picture.frame, picture.file);
  return report;
}

}  // namespace isoframe::reports
