#pragma once
// Tells if frame k of one video belongs to frame k of another.

#include <string>
#include <vector>

#include "metrics/frame_reader.h"

namespace isoframe::harness::compare {

/// Throws InputError, beginning with "not comparable", unless both have the same size and, where it is known
/// beforehand, length.  Frames of two folders belong together by the numbers in their names; a note says if
/// numbers are missing on both sides, or if only their beginnings, 0 and 1, differ.
void check_comparable(const metrics::VideoInfo& reference, const metrics::VideoInfo& candidate,
                      std::vector<std::string>& notes);

/// Throws InputError unless both lengths are equal.
void check_lengths(std::int64_t reference, std::int64_t candidate);

/// Throws InputError if the frame rates, taken from the times of frames that have all been read, differ by
/// more than the containers' rounding.  A note says if they differ by less, or if `any_rate` allows the
/// difference.
void check_rates(const metrics::VideoInfo& reference, const metrics::VideoInfo& candidate, bool any_rate,
                 std::vector<std::string>& notes);

}  // namespace isoframe::harness::compare
