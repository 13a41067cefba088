#pragma once
// A locked run's comparison: a case beside its baseline, part by part and step by step, each from the same
// input.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "reports/records/field.h"
#include "reports/records/names.h"

namespace isoframe::reports::records {

/// The distance of a tensor from the exact one.
struct LockedDistance {
  double rms = 0.0, largest = 0.0, mean = 0.0;

  template <typename T = LockedDistance>
  static constexpr auto fields() {
    return std::tuple{
        any_number(field("rms", &T::rms, "", "root of the mean squared difference")),
        any_number(field("largest", &T::largest, "", "largest absolute difference")),
        any_number(field("mean", &T::mean, "", "mean difference, signed")),
    };
  }
};

/// One tensor of a locked run.
struct LockedTensor {
  LockedPart part = LockedPart::kText;
  std::optional<std::int64_t> step;
  std::string tensor;
  int rank = 0;
  double rms = 0.0;
  std::int64_t compared = 0, non_finite_elsewhere = 0;
  LockedDistance candidate, baseline;
  std::string too_far;

  /// "transformer at step 3", "text (conditional prompt_embeds)".
  std::string place() const;

  template <typename T = LockedTensor>
  static constexpr auto fields() {
    return std::tuple{
        field("part", &T::part, "", "`text`, `transformer` or `decode`"),
        field("step", &T::step, "", "denoising step, of `transformer`", Presence::kOmitted),
        field("tensor", &T::tensor, "",
              "`conditional prompt_embeds` and the like; `prediction`, after guidance; `latents` after the "
              "step; `frames`"),
        field("rank", &T::rank, "", "the case's rank that is furthest away"),
        any_number(field("rms", &T::rms, "", "RMS of the exact tensor's values")),
        field("compared", &T::compared, "", "values that are finite in all three"),
        field("non_finite_elsewhere", &T::non_finite_elsewhere, "",
              "values that are NaN or infinite in the case and not in the baseline, or the other way round"),
        field("candidate", &T::candidate, "", "distance of the case from the exact tensor"),
        field("baseline", &T::baseline, "", "distance of the baseline from it"),
        field("too_far", &T::too_far, "", "the limit that is broken, in words", Presence::kOmitted),
    };
  }
};

/// A locked run of a case, beside its baseline's.
struct LockedRecord {
  std::string exact, trajectory;
  std::optional<double> twin_relative_l2, video_relative_l2, video_relative_l2_max;
  std::optional<std::int64_t> unrepeated_step;
  std::vector<LockedTensor> tensors;

  template <typename T = LockedRecord>
  static constexpr auto fields() {
    return std::tuple{
        field("exact", &T::exact, "",
              "what both are held against: `float32`, the baseline computed so; or `baseline`, where that "
              "computes in float32 itself"),
        field("trajectory", &T::trajectory, "", "fingerprint of the baseline's latents.safetensors"),
        any_number(
            field("twin_relative_l2", &T::twin_relative_l2, "",
                  "relative L2 of the whole video that the baseline gives in float32 from the same noise, "
                  "against the baseline's; absent where that computes in float32 itself",
                  Presence::kOmitted)),
        any_number(field("video_relative_l2", &T::video_relative_l2, "",
                         "relative L2 of the case's whole video against the baseline's", Presence::kOmitted)),
        any_number(
            field("video_relative_l2_max", &T::video_relative_l2_max, "", "its limit", Presence::kOmitted)),
        field("unrepeated_step", &T::unrepeated_step, "",
              "first step whose latents the baseline does not give again from the same input",
              Presence::kOmitted),
        field("tensors", &T::tensors, "", "in the order of the pipeline"),
    };
  }
};

nlohmann::json to_json(const LockedRecord& record);
/// Throws InputError naming the field.
LockedRecord locked_record_from_json(const nlohmann::json& json);

}  // namespace isoframe::reports::records
