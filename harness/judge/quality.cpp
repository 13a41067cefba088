#include "harness/judge/quality.h"

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

}  // namespace isoframe::harness::judge
