#include "harness/run/report_pictures.h"

#include <algorithm>
#include <exception>
#include <vector>

#include <fmt/format.h>

#include "harness/compare/open_frames.h"
#include "reports/heat_map.h"

namespace isoframe::harness::run {

namespace {

constexpr std::int64_t kFrames = 9;  ///< at most, of a case
constexpr int kLongestSide = 640;
constexpr int kQuality = 85;

std::string picture(const std::uint8_t* rgb, const metrics::VideoInfo& size) {
  return reports::data_uri("image/jpeg", reports::jpeg(rgb, size.height, size.width, kLongestSide, kQuality));
}

/// Chooses at most kFrames, evenly spaced, the worst one first.
std::vector<std::int64_t> chosen_frames(std::int64_t frames, std::int64_t worst) {
  std::vector<std::int64_t> chosen = {worst};
  const std::int64_t count = std::min(frames, kFrames);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t frame = count < 2 ? 0 : i * (frames - 1) / (count - 1);
    if (frame != worst) chosen.push_back(frame);
  }
  chosen.resize(std::min(chosen.size(), static_cast<std::size_t>(kFrames)));
  return chosen;
}

std::size_t size_of(const reports::FramePictures& shown) {
  return shown.reference.size() + shown.candidate.size() + shown.heat.size();
}

void add_different(const std::filesystem::path& reference_folder,
                   const std::filesystem::path& candidate_folder, PictureBudget& budget,
                   reports::HtmlCase& shown) {
  const auto reference = compare::open_frames(reference_folder),
             candidate = compare::open_frames(candidate_folder);
  const metrics::VideoInfo& size = candidate->info();
  const std::vector<std::int64_t> chosen =
      chosen_frames(size.frames.value_or(0), shown.result.quality->psnr.worst_frame);
  std::vector<reports::FramePictures> pictures(chosen.size());
  metrics::Frame x, y;
  for (std::int64_t index = 0; reference->read(x) && candidate->read(y); ++index) {
    const auto place = std::find(chosen.begin(), chosen.end(), index);
    if (place == chosen.end()) continue;
    const reports::HeatMap map = reports::heat_map(x.rgb.data(), y.rgb.data(), size.height, size.width);
    pictures[static_cast<std::size_t>(place - chosen.begin())] = {index, picture(x.rgb.data(), size),
                                                                  picture(y.rgb.data(), size),
                                                                  picture(map.rgb.data(), size), map.largest};
  }
  for (const reports::FramePictures& frame : pictures) {
    if (size_of(frame) > budget.bytes) break;
    budget.bytes -= size_of(frame);
    shown.pictures.push_back(frame);
  }
  if (shown.pictures.empty()) shown.note = "No frames are shown: the report would grow too large.";
  std::sort(shown.pictures.begin() + (shown.pictures.empty() ? 0 : 1), shown.pictures.end(),
            [](const auto& a, const auto& b) { return a.frame < b.frame; });
}

void add_thumbnail(const std::filesystem::path& folder, PictureBudget& budget, reports::HtmlCase& shown) {
  const auto reader = compare::open_frames(folder);
  metrics::Frame frame;
  for (std::int64_t index = 0; index <= reader->info().frames.value_or(0) / 2; ++index)
    if (!reader->read(frame)) return;
  const std::string image = picture(frame.rgb.data(), reader->info());
  if (image.size() > budget.bytes) return;
  budget.bytes -= image.size();
  shown.thumbnail = image;
}

bool differs_in_eight_bits(const reports::records::CaseResult& result) {
  return result.quality && result.quality->eight_bit.differing_values > 0;
}

}  // namespace

void add_pictures(const scenario::Case& spec, const RunDirectory& directory, PictureBudget& budget,
                  reports::HtmlCase& shown) {
  try {
    if (!directory.has_frames(spec)) return;
    if (spec.baseline.empty()) add_thumbnail(directory.of(spec), budget, shown);
    if (differs_in_eight_bits(shown.result))
      add_different(directory.path() / spec.baseline, directory.of(spec), budget, shown);
  } catch (const std::exception& error) {
    // A report without pictures is better than none.
    shown.note = fmt::format("Its frames cannot be shown: {}", error.what());
  }
}

}  // namespace isoframe::harness::run
