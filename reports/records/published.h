#pragma once
// Published figures that a case stands beside, and the sizes of the case itself.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include <nlohmann/json_fwd.hpp>

#include "reports/records/field.h"

namespace isoframe::reports::records {

/// A row of scenarios/published-figures.yaml.
struct PublishedFigures {
  std::string row, title, source, hardware, size;
  std::int64_t frames = 0, steps = 0;
  double seconds = 0.0;
  std::optional<double> ssim, psnr, against_seconds;

  bool operator==(const PublishedFigures&) const = default;

  template <typename T = PublishedFigures>
  static constexpr auto fields() {
    return std::tuple{
        field("row", &T::row, "", "its key in the file"),
        field("title", &T::title, "", "the title as published"),
        field("source", &T::source, "", "where it was published"),
        field("hardware", &T::hardware, "", "hardware that it was measured on"),
        field("size", &T::size, "", "size of the video: \"480p\""),
        field("frames", &T::frames, "", "number of frames"),
        field("steps", &T::steps, "", "number of denoising steps"),
        field("seconds", &T::seconds, "s", "latency"),
        field("ssim", &T::ssim, "", "SSIM against the row of `against_seconds`", Presence::kNull),
        any_number(field("psnr", &T::psnr, "dB", "PSNR against that row", Presence::kNull)),
        field("against_seconds", &T::against_seconds, "s", "latency of the row that it was compared with",
              Presence::kNull),
    };
  }
};

/// The case's own sizes and arithmetic.
struct OwnSizes {
  std::optional<std::int64_t> height, width;
  std::int64_t frames = 0, steps = 0;
  std::string dtype, device;
  int threads_per_rank = 1;

  template <typename T = OwnSizes>
  static constexpr auto fields() {
    return std::tuple{
        field("height", &T::height, "pixels", "height; null where it is still the image's", Presence::kNull),
        field("width", &T::width, "pixels", "width; null where it is still the image's", Presence::kNull),
        field("frames", &T::frames, "", "number of frames"),
        field("steps", &T::steps, "", "number of denoising steps"),
        field("dtype", &T::dtype, "", "type of the arithmetic"),
        field("device", &T::device, "", "`cpu` or `cuda`"),
        field("threads_per_rank", &T::threads_per_rank, "", "threads a rank"),
    };
  }
};

struct PublishedRow : PublishedFigures {
  OwnSizes own;

  template <typename T = PublishedRow>
  static constexpr auto fields() {
    return std::tuple_cat(T::PublishedFigures::fields(),
                          std::tuple{field("own", &T::own, "", "the case's own sizes")});
  }
};

nlohmann::json to_json(const PublishedFigures& record);
PublishedFigures published_figures_from_json(const nlohmann::json& json);

}  // namespace isoframe::reports::records
