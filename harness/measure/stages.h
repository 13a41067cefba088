#pragma once
// The stages of a generation that do not lie within another.

#include <algorithm>
#include <array>
#include <string_view>

namespace isoframe::harness::measure {

/// In the order in which they run; "image" and "encode" are of image-to-video only.
inline constexpr std::array<std::string_view, 5> kOuterStages = {"image", "text", "encode", "denoise",
                                                                 "decode"};

inline bool is_outer_stage(std::string_view stage) {
  return std::ranges::find(kOuterStages, stage) != kOuterStages.end();
}

}  // namespace isoframe::harness::measure
