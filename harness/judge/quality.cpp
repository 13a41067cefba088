#include "harness/judge/quality.h"

#include <fmt/format.h>

#include "harness/store/json_file.h"
#include "metrics/float_difference.h"
#include "metrics/frames.h"
#include "metrics/psnr.h"
#include "metrics/ssim.h"
#include "metrics/trust.h"
#include "model/checkpoint/safetensors.h"
#include "model/error.h"

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

json scores(const metrics::FrameScores& values) {
  json per_frame = json::array();
  for (const double value : values.per_frame) per_frame.push_back(store::number(value));
  return {{"mean", store::number(values.mean)},
          {"min", store::number(values.min)},
          {"worst_frame", values.worst_frame},
          {"per_frame", per_frame}};
}

}  // namespace

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
  const metrics::FloatDifference difference = metrics::float_difference(expected, actual);
  const metrics::ByteVideo expected_bytes = metrics::quantize(expected),
                           actual_bytes = metrics::quantize(actual);
  return {{"reference", reference},
          {"identical", difference.identical()},
          {"trusted", distrust.empty()},
          {"untrusted_reason", distrust.empty() ? json() : json(distrust)},
          {"ssim", scores(metrics::ssim(expected_bytes.view(), actual_bytes.view()))},
          {"psnr", scores(metrics::psnr(expected_bytes.view(), actual_bytes.view()))},
          {"float",
           {{"max_difference", store::number(difference.max_difference)},
            {"relative_l2", store::number(difference.relative_l2)},
            {"first_differing_frame",
             difference.first_differing_frame ? json(*difference.first_differing_frame) : json()},
            {"differing_values", difference.differing_values}}}};
}

}  // namespace isoframe::harness::judge
