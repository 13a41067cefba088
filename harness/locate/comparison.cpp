#include "harness/locate/comparison.h"

#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <numeric>
#include <utility>

#include "harness/locate/recording_probe.h"

namespace isoframe::harness::locate {

namespace {

/// The places of several runs in one order: a place that is new stands behind the one before it in its own
/// run.
class PlaceOrder {
 public:
  void begin_run() { next_ = places_.begin(); }
  void add(const Place& place) {
    const auto known = known_.find(place);
    if (known == known_.end()) {
      known_.emplace(place, places_.insert(next_, place));
    } else {
      next_ = std::next(known->second);
    }
  }
  const std::list<Place>& places() const { return places_; }

 private:
  std::list<Place> places_;
  std::map<Place, std::list<Place>::iterator> known_;
  std::list<Place>::iterator next_ = places_.begin();
};

/// Number of elements; a file's shapes may be of any size.
double elements(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), 1.0, std::multiplies<>());
}

const Part* like_of(const HeldPart& one, const std::vector<HeldPart>& others) {
  const Part* found = nullptr;
  for (const HeldPart& other : others) {
    if (!same_region(other.part, one.part)) continue;
    if (other.rank == one.rank) return &other.part;
    if (found == nullptr) found = &other.part;
  }
  return found;
}

/// True if the parts make up the whole.  Shares are cut from one grid, so different ones do not overlap and
/// their sizes add up.
bool is_covered(const Shape& whole, const std::vector<HeldPart>& held) {
  std::vector<const Part*> distinct;
  double sum = 0.0;
  for (const HeldPart& one : held) {
    if (std::ranges::any_of(distinct, [&](const Part* part) { return same_region(*part, one.part); }))
      continue;
    distinct.push_back(&one.part);
    sum += elements(one.part.shape);
  }
  return sum >= elements(whole);
}

/// The places at which the size of a difference tells how much of it reaches the frames.
bool shows_growth(const Place& place) {
  return place.name == "latents" || place.name == "decode.video" || place.name == "frames";
}

using Points = std::map<Place, const SidePoint*>;

Points points_of(const Side& side) {
  Points points;
  for (const SidePoint& point : side.points) points.emplace(point.place, &point);
  return points;
}

const SidePoint* at(const Points& points, const Place& place) {
  const auto found = points.find(place);
  return found == points.end() ? nullptr : found->second;
}

class Comparer {
 public:
  Comparer(const Side& reference, const Side& candidate, const Rules& rules)
      : rules_(rules),
        twin_(rules.tolerance.twin == nullptr ? Side() : side_of(*rules.tolerance.twin)),
        twin_points_(points_of(twin_)),
        reference_is_single_(reference.ranks == 1),
        candidate_is_single_(candidate.ranks == 1) {}

  void compare(const Place& place, const SidePoint* reference, const SidePoint* candidate) {
    if (reference == nullptr) {
      ++result_.counts.only_in_candidate;
      if (rules_.in_reference == Lacking::kDiverges) note(place, DivergenceKind::kSurplus, candidate->whole);
    } else if (candidate == nullptr) {
      ++result_.counts.only_in_reference;
      if (rules_.in_candidate == Lacking::kDiverges) note(place, DivergenceKind::kMissing, reference->whole);
    } else {
      compare(*reference, *candidate);
    }
  }
  const Comparison& result() const { return result_; }

 private:
  void note(const Place& place, DivergenceKind kind, const Shape& whole) {
    if (!result_.first) result_.first = Divergence{.place = place, .kind = kind, .whole = whole};
  }

  /// The tolerance for a part of the reference, where its twin has the same.
  double tolerance_of(const Place& place, const Part& reference) const {
    const double everywhere = rules_.tolerance.relative_l2;
    const SidePoint* const point = at(twin_points_, place);
    const Part* const same = point == nullptr ? nullptr : like_of({0, reference}, point->held);
    if (same == nullptr) return everywhere;
    return std::max(everywhere, kTwinTolerance * estimated_relative_l2(reference.print, same->print));
  }

  /// True if one side holds the whole and the other only parts of it, which that side's rule does not allow.
  bool has_gap(const SidePoint& reference, const SidePoint& candidate) const {
    const bool is_whole = reference_is_single_ || is_covered(reference.whole, reference.held);
    const bool is_candidate_whole = candidate_is_single_ || is_covered(reference.whole, candidate.held);
    return (is_whole && !is_candidate_whole && rules_.in_candidate == Lacking::kDiverges) ||
           (is_candidate_whole && !is_whole && rules_.in_reference == Lacking::kDiverges);
  }

  void compare(const SidePoint& reference, const SidePoint& candidate) {
    // Ranks are named of the side that has several.
    const bool names_reference = candidate_is_single_ && !reference_is_single_;
    const SidePoint &named = names_reference ? reference : candidate,
                    &other = names_reference ? candidate : reference;
    Divergence found{.place = reference.place, .whole = reference.whole};
    found.is_of_reference = names_reference;
    const auto note_rank = [&](const HeldPart& one, DivergenceKind kind, double relative_l2,
                               double tolerance) {
      if (found.ranks.empty()) {
        found.kind = kind;
        found.part = one.part;
        found.tolerance = tolerance;
      }
      found.ranks.push_back(one.rank);
      found.relative_l2 = std::max(found.relative_l2, relative_l2);
    };
    std::optional<double> largest;
    for (const HeldPart& one : named.held) {
      const Part* const like = like_of(one, other.held);
      if (like == nullptr) {
        if (rules_.is_followed || !fits(other.whole, one.part))
          note_rank(one, DivergenceKind::kShape, 0.0, 0.0);
        continue;
      }
      const Part &expected = names_reference ? one.part : *like, &own = names_reference ? *like : one.part;
      const double relative_l2 = estimated_relative_l2(expected.print, own.print);
      largest = std::max(largest.value_or(0.0), relative_l2);
      if (expected.print.hash == own.print.hash) continue;
      const double tolerance = tolerance_of(reference.place, expected);
      if (relative_l2 <= tolerance && tolerance > 0.0) continue;
      if (found.ranks.empty()) found.like = like->print;
      note_rank(one, DivergenceKind::kValues, relative_l2, tolerance);
    }
    finish(found, largest, reference, candidate);
  }

  void finish(Divergence& found, const std::optional<double>& largest, const SidePoint& reference,
              const SidePoint& candidate) {
    const bool differs = !found.ranks.empty();
    ++(largest || differs ? result_.counts.compared : result_.counts.not_comparable);
    if (largest && (!result_.largest || *largest > result_.largest->relative_l2))
      result_.largest = {reference.place, *largest};
    if (result_.first) {
      if (largest && shows_growth(reference.place))
        result_.first->growth.push_back({reference.place, *largest});
    } else if (differs) {
      result_.first = std::move(found);
    } else if (has_gap(reference, candidate)) {
      note(reference.place, DivergenceKind::kGap, reference.whole);
    }
  }

  const Rules& rules_;
  Side twin_;
  Points twin_points_;
  bool reference_is_single_, candidate_is_single_;
  Comparison result_;
};

}  // namespace

Side side_of(const Reference& reference) {
  Side side;
  for (const ReferencePoint& point : reference) {
    SidePoint& added = side.points.emplace_back(SidePoint{point.place, point.whole, {}});
    for (const Part& part : point.parts) added.held.push_back({0, part});
  }
  return side;
}

Side side_of(const std::vector<Recording>& ranks) {
  PlaceOrder order;
  std::map<Place, std::vector<HeldPart>> held;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    order.begin_run();
    for (const RecordedPoint& point : ranks[rank]) {
      order.add(point.place);
      held[point.place].push_back({static_cast<int>(rank), point.part});
    }
  }
  Side side{.ranks = static_cast<int>(ranks.size()), .points = {}};
  for (const Place& place : order.places()) {
    std::vector<HeldPart>& parts = held[place];
    const Shape whole = whole_of(parts.front().part);
    side.points.push_back({place, whole, std::move(parts)});
  }
  return side;
}

Comparison compare(const Side& reference, const Side& candidate, const Rules& rules) {
  PlaceOrder order;
  for (const Side* side : {&reference, &candidate}) {
    order.begin_run();
    for (const SidePoint& point : side->points) order.add(point.place);
  }
  const Points references = points_of(reference), candidates = points_of(candidate);
  Comparer comparer(reference, candidate, rules);
  for (const Place& place : order.places())
    comparer.compare(place, at(references, place), at(candidates, place));
  return comparer.result();
}

std::optional<Divergence> first_divergence(const Reference& reference, const std::vector<Recording>& ranks,
                                           const Tolerance& tolerance) {
  return compare(side_of(reference), side_of(ranks), {.tolerance = tolerance}).first;
}

}  // namespace isoframe::harness::locate
