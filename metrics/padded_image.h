#pragma once
// Pictures as libswscale wants them in memory.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace isoframe::metrics {

/// Up to three planes of bytes whose rows begin at multiples of 64 and end in as much that belongs to nobody,
/// with more before the first row and behind the last: libswscale reads and writes whole vectors, also beyond
/// a row's ends and before its beginning.  Every buffer that libswscale is given and FFmpeg has not made is
/// one of these.
class PaddedImage {
 public:
  /// One plane's rows: `bytes` long each.
  struct PlaneSize {
    std::int64_t height = 0;
    std::int64_t bytes = 0;
  };

  /// Makes room for planes; what the memory held before is lost.
  void resize(const std::vector<PlaneSize>& planes);

  /// Copies rows that follow each other without gaps into a plane.
  void fill(std::size_t plane, const std::uint8_t* rows);
  /// Copies a plane's rows to memory where they follow each other without gaps.
  void copy(std::size_t plane, std::uint8_t* rows) const;

  const std::array<std::uint8_t*, 4>& data() const { return data_; }
  const std::array<int, 4>& strides() const { return strides_; }
  /// The bytes of all planes with what surrounds them.
  const std::vector<std::uint8_t>& memory() const { return memory_; }

 private:
  std::vector<std::uint8_t> memory_;
  std::vector<PlaneSize> planes_;
  std::array<std::uint8_t*, 4> data_{};
  std::array<int, 4> strides_{};
};

}  // namespace isoframe::metrics
