#pragma once
// Sizes in the units that people read.

namespace isoframe::base {

inline constexpr double kMebibyte = 1024.0 * 1024.0;
inline constexpr double kGibibyte = 1024.0 * kMebibyte;

}  // namespace isoframe::base
