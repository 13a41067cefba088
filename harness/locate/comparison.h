#pragma once
// Two runs held against each other, probe point by probe point.

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/locate/divergence.h"
#include "harness/locate/recording.h"

namespace isoframe::harness::locate {

/// A part of a tensor, and the rank that holds it.
struct HeldPart {
  int rank = 0;
  Part part;
};

/// A place that a run came by: the shape of the whole tensor, and the parts of it that were recorded.
struct SidePoint {
  Place place;
  Shape whole;
  std::vector<HeldPart> held;
};

/// A run as one side of a comparison.  Its points are in an order in which each comes after all that it
/// depends on.
struct Side {
  int ranks = 1;
  std::vector<SidePoint> points;
};
Side side_of(const Reference& reference);
/// The side of all ranks of a layout: rank 0's order, into which the places that only others come by are put.
Side side_of(const std::vector<Recording>& ranks);

/// The meaning of a point that one side has and the other lacks, or holds only in part.
enum class Lacking {
  kDiverges,  ///< a difference like any other
  kSkipped,   ///< none: it is counted
};

struct Rules {
  Tolerance tolerance = {};
  Lacking in_candidate = Lacking::kDiverges;  ///< points of the reference that the candidate lacks
  Lacking in_reference = Lacking::kSkipped;   ///< points of the candidate that the reference lacks
  /// The reference was recorded in the candidate's parts, so that one without its like is no part of the
  /// whole.
  bool is_followed = true;
};

/// Each place of either side is counted once.
struct PointCounts {
  std::int64_t compared = 0;
  std::int64_t only_in_reference = 0, only_in_candidate = 0;
  std::int64_t not_comparable = 0;  ///< both have it, in parts of which no two are the same
};

struct Comparison {
  std::optional<Divergence> first;
  PointCounts counts;
  std::optional<Growth> largest;  ///< the largest difference of all that was compared
};

/// Compares all that both sides recorded, in the order of the reference.
Comparison compare(const Side& reference, const Side& candidate, const Rules& rules = {});

/// Finds the first place, in the order of the baseline's one rank, at which the ranks' recordings do not give
/// the same bits; with a tolerance above 0, at which they are further apart than that in relative L2. Tensors
/// come in that order after all that they depend on, so the first difference is where the fault acts.
std::optional<Divergence> first_divergence(const Reference& reference, const std::vector<Recording>& ranks,
                                           const Tolerance& tolerance = {});

}  // namespace isoframe::harness::locate
