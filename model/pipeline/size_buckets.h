#pragma once
// Video sizes by aspect ratio.  Reference: HunyuanVideo15ImageProcessor (diffusers 0.42).

#include <cstdint>

namespace isoframe::model::pipeline {

struct Size {
  std::int64_t height = 0;
  std::int64_t width = 0;
};

/// The bucket of `target_size` (640 for 480p, 960 for 720p) nearest to height : width from the side that does
/// not crop more than it must: for landscape the next squarer ratio, for portrait likewise.  Sides are
/// multiples of `multiple`.
Size nearest_bucket(double height, double width, std::int64_t target_size, std::int64_t multiple);

}  // namespace isoframe::model::pipeline
