#include "harness/judge/quality.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json_file.h"
#include "metrics/frames.h"
#include "metrics/trust.h"
#include "model/checkpoint/safetensors.h"

namespace isoframe::harness::judge {

namespace {

using nlohmann::json;

/// frames.safetensors, mapped.
class FramesFile {
 public:
  explicit FramesFile(const std::filesystem::path& path)
      : file_(path), tensor_(file_.tensor("frames").contiguous()) {
    if (tensor_.scalar_type() != at::kFloat || tensor_.dim() != 4 || tensor_.size(3) != 3)
      throw InputError(fmt::format("{}: 'frames' is not float32 [F, H, W, 3]", path.string()));
  }
  metrics::FloatFrames view() const {
    return {tensor_.const_data_ptr<float>(), tensor_.size(0), tensor_.size(1), tensor_.size(2)};
  }

 private:
  model::checkpoint::SafetensorsFile file_;
  at::Tensor tensor_;
};

void set_frame(metrics::Frame& frame, const metrics::FloatFrames& frames, std::int64_t index) {
  const float* values = frames.frame(index);
  frame.floats.assign(values, values + frames.frame_values());
  frame.rgb.resize(frame.floats.size());
  metrics::quantize(values, frames.frame_values(), frame.rgb.data());
}

json numbers(const std::vector<double>& values) {
  json result = json::array();
  for (const double value : values) result.push_back(base::number(value));
  return result;
}

json optional(const std::optional<std::int64_t>& value) { return value ? json(*value) : json(); }

json scores(const metrics::FrameScores& values) {
  return {{"mean", base::number(values.mean)},
          {"min", base::number(values.min)},
          {"worst_frame", values.worst_frame},
          {"per_frame", numbers(values.per_frame)}};
}

json scores(const std::optional<metrics::FrameScores>& values) { return values ? scores(*values) : json(); }

json to_json(const metrics::FloatDifference& difference) {
  return {{"max_difference", base::number(difference.max_difference)},
          {"mean_difference", base::number(difference.mean_difference)},
          {"relative_l2", base::number(difference.relative_l2)},
          {"first_differing_frame", optional(difference.first_differing_frame)},
          {"differing_values", difference.differing_values},
          {"ulps", difference.ulps},
          {"reference_non_finite", difference.reference_non_finite},
          {"candidate_non_finite", difference.candidate_non_finite}};
}

json to_json(const metrics::FfmpegScores& scores, const std::string& planes) {
  return {{"planes", planes},
          {"ssim",
           {{"y", base::number(scores.ssim[0])},
            {"u", base::number(scores.ssim[1])},
            {"v", base::number(scores.ssim[2])},
            {"all", base::number(scores.ssim_all)}}},
          {"psnr",
           {{"y", base::number(scores.psnr[0])},
            {"u", base::number(scores.psnr[1])},
            {"v", base::number(scores.psnr[2])},
            {"average", base::number(scores.psnr_average)},
            {"min", base::number(scores.psnr_min)},
            {"max", base::number(scores.psnr_max)}}}};
}

json to_json(const metrics::TemporalDifference& temporal) {
  return {{"mean", temporal.mean},
          {"max", temporal.max},
          {"worst_frame", temporal.worst_frame},
          {"per_change", temporal.per_change},
          {"reference_change", temporal.reference_change},
          {"candidate_change", temporal.candidate_change}};
}

json to_json(const std::optional<metrics::Region>& region) {
  if (!region) return nullptr;
  return {{"frame", region->frame}, {"x", region->x},           {"y", region->y},
          {"width", region->width}, {"height", region->height}, {"psnr", base::number(region->psnr)}};
}

json to_json(const std::optional<metrics::SsimLocation>& location) {
  if (!location) return nullptr;
  return {{"frame", location->frame}, {"x", location->x}, {"y", location->y}, {"ssim", location->ssim}};
}

metrics::Comparison compare(const metrics::FloatFrames& expected, const metrics::FloatFrames& actual) {
  metrics::ComparisonSum sum(expected.height, expected.width);
  metrics::Frame reference, candidate;
  for (std::int64_t i = 0; i < expected.frames; ++i) {
    set_frame(reference, expected, i);
    set_frame(candidate, actual, i);
    sum.add(reference, candidate);
  }
  return sum.result();
}

}  // namespace

json to_json(const metrics::Comparison& comparison) {
  return {{"ssim", scores(comparison.ssim)},
          {"ms_ssim", scores(comparison.ms_ssim)},
          {"psnr", scores(comparison.psnr)},
          {"psnr_luma", scores(comparison.psnr_luma)},
          {"eight_bit",
           {{"differing_values", comparison.differing_bytes},
            {"max_difference", comparison.max_byte_difference},
            {"first_differing_frame", optional(comparison.first_different_frame)}}},
          {"float", comparison.floats ? to_json(*comparison.floats) : json()},
          {"temporal", to_json(comparison.temporal)},
          {"worst_region", to_json(comparison.worst)},
          {"lowest_ssim", to_json(comparison.lowest_ssim)},
          {"ffmpeg", to_json(comparison.ffmpeg, comparison.planes)}};
}

json compare_frames(const std::filesystem::path& reference_file, const std::filesystem::path& candidate_file,
                    const std::string& reference) {
  const FramesFile reference_frames(reference_file), candidate_frames(candidate_file);
  const metrics::FloatFrames expected = reference_frames.view(), actual = candidate_frames.view();
  metrics::require_same_shape(expected, actual);

  std::string distrust = metrics::reason_for_distrust(actual);
  if (distrust.empty()) {
    distrust = metrics::reason_for_distrust(expected);
    if (!distrust.empty()) distrust = fmt::format("the frames of {}: {}", reference, distrust);
  }
  const metrics::Comparison comparison = compare(expected, actual);
  if (!comparison.ssim) throw InputError(fmt::format("{}: too small for SSIM", candidate_file.string()));
  json result = to_json(comparison);
  result.update({{"reference", reference},
                 {"identical", comparison.floats->identical()},
                 {"trusted", distrust.empty()},
                 {"untrusted_reason", distrust.empty() ? json() : json(distrust)}});
  return result;
}

}  // namespace isoframe::harness::judge
