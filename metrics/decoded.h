#pragma once
// Frames as their decoders give them, before anything is converted.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace isoframe::metrics {

struct DecodedFormat {
  std::string name;        ///< FFmpeg's name of its values: "yuv420p", "rgb48"; "floats" for floats
  int bits = 8;            ///< of a value
  bool has_alpha = false;  ///< whether it holds transparency

  bool operator==(const DecodedFormat&) const = default;
};

/// Every value of a frame: planes one after the other, without padding.
struct Decoded {
  DecodedFormat format;
  std::vector<std::uint8_t> data;  ///< a byte a value, or two (the low one first) for more than 8 bits
};

/// Difference of the decoded values of two videos of the same format.
struct DecodedDifference {
  std::string format;
  int bits = 8;  ///< of a value
  std::int64_t differing_values = 0;
  std::int64_t max_difference = 0;                    ///< in steps of a value
  std::optional<std::int64_t> first_differing_frame;  ///< nothing where all are equal
};

/// Adds up frame by frame.
class DecodedDifferenceSum {
 public:
  void add(const Decoded& reference, const Decoded& candidate);
  /// Nothing if the two sides' formats differ in any frame, or are floats: such videos are compared
  /// otherwise.
  std::optional<DecodedDifference> result() const;
  /// Formats of the first two frames that are not alike, or of the first.
  const DecodedFormat& reference_format() const { return reference_; }
  const DecodedFormat& candidate_format() const { return candidate_; }

 private:
  DecodedFormat reference_, candidate_;
  DecodedDifference sum_;
  std::int64_t frames_ = 0;
  bool alike_ = true;
};

}  // namespace isoframe::metrics
