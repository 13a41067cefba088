#include "harness/judge/quality.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/error.h"
#include "metrics/comparison.h"
#include "metrics/frames.h"
#include "metrics/trust.h"
#include "model/checkpoint/safetensors.h"

namespace isoframe::harness::judge {

using reports::records::LatentDifference;
using reports::records::Quality;

namespace {

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

/// The final latents beside two files of frames; nothing unless both have them, of one shape.
std::optional<LatentDifference> compare_latents(const std::filesystem::path& reference_folder,
                                                const std::filesystem::path& candidate_folder) {
  constexpr const char* kName = "latents.safetensors";
  if (!exists(reference_folder / kName) || !exists(candidate_folder / kName)) return std::nullopt;
  const model::checkpoint::SafetensorsFile reference_file(reference_folder / kName);
  const model::checkpoint::SafetensorsFile candidate_file(candidate_folder / kName);
  const at::Tensor reference = reference_file.tensor("latents").to(at::kDouble);
  const at::Tensor candidate = candidate_file.tensor("latents").to(at::kDouble);
  if (reference.sizes() != candidate.sizes()) return std::nullopt;
  const double difference = (candidate - reference).norm().item<double>();
  return LatentDifference{difference == 0.0 ? 0.0 : difference / reference.norm().item<double>()};
}

/// Replaces `worst` by `other` if `is_worse(other, worst)`, or if only `other` was measured.
template <typename T, typename IsWorse>
void keep_worse(std::optional<T>& worst, const std::optional<T>& other, const IsWorse& is_worse) {
  if (other && (!worst || is_worse(*other, *worst))) worst = other;
}

Quality worse_of(const Quality& one, const Quality& another) {
  const bool is_first_worse = one.psnr.mean <= another.psnr.mean;
  Quality worst = is_first_worse ? one : another;
  const Quality& other = is_first_worse ? another : one;
  const auto is_lower = [](const auto& a, const auto& b) { return a.mean < b.mean; };
  const auto is_further = [](const auto& a, const auto& b) { return a.relative_l2 > b.relative_l2; };
  const double largest = std::max(one.floats ? one.floats->max_difference : 0.0,
                                  another.floats ? another.floats->max_difference : 0.0);
  keep_worse(worst.ssim, other.ssim, is_lower);
  keep_worse(worst.ms_ssim, other.ms_ssim, is_lower);
  keep_worse(worst.floats, other.floats, is_further);
  if (worst.floats) worst.floats->max_difference = largest;
  keep_worse(worst.latents, other.latents, is_further);
  keep_worse(worst.pixels, other.pixels, [](const auto& a, const auto& b) { return a.mean > b.mean; });
  worst.eight_bit.max_difference = std::max(one.eight_bit.max_difference, another.eight_bit.max_difference);
  if (other.temporal.max > worst.temporal.max) worst.temporal = other.temporal;
  worst.identical = one.identical && another.identical;
  if (worst.trusted && !other.trusted) worst.untrusted_reason = other.untrusted_reason;
  worst.trusted = one.trusted && another.trusted;
  return worst;
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

Quality compare_frames(const std::filesystem::path& reference_file,
                       const std::filesystem::path& candidate_file, const std::string& reference) {
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
  return {reports::records::metrics_of(comparison),
          reference,
          comparison.floats->identical(),
          distrust.empty(),
          distrust,
          compare_latents(reference_file.parent_path(), candidate_file.parent_path())};
}

Quality worst_of(const std::vector<Quality>& repetitions) {
  return std::accumulate(std::next(repetitions.begin()), repetitions.end(), repetitions.front(), worse_of);
}

}  // namespace isoframe::harness::judge
