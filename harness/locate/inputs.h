#pragma once
// What the computation of a probe point is made from: the points before it that decide it.

#include <vector>

#include "harness/locate/recording.h"

namespace isoframe::harness::locate {

/// The inputs of one point.
struct Inputs {
  std::vector<Place> places;
  /// False if something else decides it too, which no run shows: grafting the places leaves that as it is.
  bool are_all = true;
};

/// The inputs of a point among those that both runs show, `known`, in the order in which they were come by. A
/// point that is not known is looked through: its own inputs stand for it.
Inputs inputs_of(const Place& place, const std::vector<Place>& known);

/// The place and, where the blocks of two streams show the point side by side, that of the other stream.
std::vector<Place> both_streams(const Place& place, const std::vector<Place>& known);

}  // namespace isoframe::harness::locate
