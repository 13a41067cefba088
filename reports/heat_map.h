#pragma once
// A picture of where two frames differ.  Frames are interleaved 8-bit RGB, [height, width, 3].

#include <cstdint>
#include <string>
#include <vector>

namespace isoframe::reports {

struct HeatMap {
  std::vector<std::uint8_t> rgb;  ///< [height, width, 3]; black where the frames agree
  int largest = 0;                ///< largest difference of a channel, shown in the brightest colour
};

HeatMap heat_map(const std::uint8_t* reference, const std::uint8_t* candidate, std::int64_t height,
                 std::int64_t width);

/// Reference, candidate and heat map beside each other, as the bytes of a PNG file.
std::string png_of_three(const std::uint8_t* reference, const std::uint8_t* candidate, const HeatMap& map,
                         std::int64_t height, std::int64_t width);

/// The bytes of a JPEG file, at most `longest_side` pixels wide or high.
std::string jpeg(const std::uint8_t* rgb, std::int64_t height, std::int64_t width, int longest_side,
                 int quality);

}  // namespace isoframe::reports
