#include "harness/locate/divergence.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/locate/recording_probe.h"

namespace isoframe::harness::locate {

using reports::records::DivergencePlace;

namespace {

/// A part that a rank holds at some place.
struct Held {
  int rank = 0;
  const Part* part = nullptr;
};
using Holders = std::map<Place, std::vector<Held>>;

Holders holders_of(const std::vector<Recording>& ranks) {
  Holders holders;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank)
    for (const RecordedPoint& point : ranks[rank])
      holders[point.place].push_back({static_cast<int>(rank), &point.part});
  return holders;
}

std::int64_t elements(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

const Part* expected_of(const ReferencePoint& point, const Part& held) {
  const auto found =
      std::ranges::find_if(point.parts, [&](const Part& part) { return same_region(part, held); });
  return found == point.parts.end() ? nullptr : &*found;
}

/// True if the ranks' parts make up the whole.  Shares are cut from one grid, so different ones do not
/// overlap and their sizes add up.
bool is_covered(const ReferencePoint& point, const std::vector<Held>& held) {
  std::vector<const Part*> distinct;
  std::int64_t sum = 0;
  for (const Held& one : held) {
    if (std::ranges::any_of(distinct, [&](const Part* part) { return same_region(*part, *one.part); }))
      continue;
    distinct.push_back(one.part);
    sum += elements(one.part->shape);
  }
  return sum >= elements(point.whole);
}

using Points = std::map<Place, const ReferencePoint*>;

Points points_of(const Reference* reference) {
  Points points;
  if (reference != nullptr)
    for (const ReferencePoint& point : *reference) points.emplace(point.place, &point);
  return points;
}

/// The tolerance for a part that the reference has as `expected`, where its twin has the same.
double tolerance_of(const Part& expected, const Place& place, double everywhere, const Points& twin) {
  const auto point = twin.find(place);
  const Part* const same = point == twin.end() ? nullptr : expected_of(*point->second, expected);
  if (same == nullptr) return everywhere;
  return std::max(everywhere, kTwinTolerance * estimated_relative_l2(expected.print, same->print));
}

/// The difference at one place; nothing if all ranks agree with the reference.
std::optional<Divergence> compare(const ReferencePoint& point, const std::vector<Held>& held,
                                  double everywhere, const Points& twin) {
  Divergence found;
  found.place = point.place;
  found.whole = point.whole;
  if (held.empty()) {
    found.kind = DivergenceKind::kMissing;
    return found;
  }
  const auto note = [&](const Held& one, DivergenceKind kind, double relative_l2) {
    if (found.ranks.empty()) {
      found.kind = kind;
      found.part = *one.part;
    }
    found.ranks.push_back(one.rank);
    found.relative_l2 = std::max(found.relative_l2, relative_l2);
  };
  for (const Held& one : held) {
    const Part* expected = expected_of(point, *one.part);
    if (expected == nullptr) {
      note(one, DivergenceKind::kShape, 0.0);
    } else if (expected->print.hash != one.part->print.hash) {
      const double relative_l2 = estimated_relative_l2(expected->print, one.part->print);
      const double tolerance = tolerance_of(*expected, point.place, everywhere, twin);
      if (found.ranks.empty()) found.tolerance = tolerance;
      if (relative_l2 > tolerance || tolerance == 0.0) note(one, DivergenceKind::kValues, relative_l2);
    }
  }
  if (!found.ranks.empty()) return found;
  if (is_covered(point, held)) return std::nullopt;
  found.kind = DivergenceKind::kGap;
  return found;
}

bool shows_growth(const Place& place) {
  return place.name == "latents" || place.name == "decode.video" || place.name == "frames";
}

double largest_difference(const ReferencePoint& point, const std::vector<Held>& held) {
  double largest = 0.0;
  for (const Held& one : held)
    if (const Part* expected = expected_of(point, *one.part))
      largest = std::max(largest, estimated_relative_l2(expected->print, one.part->print));
  return largest;
}

}  // namespace

std::optional<Divergence> first_divergence(const Reference& reference, const std::vector<Recording>& ranks,
                                           const Tolerance& tolerance) {
  const Holders holders = holders_of(ranks);
  const Points twin = points_of(tolerance.twin);
  static const std::vector<Held> kNone;
  std::optional<Divergence> found;
  for (const ReferencePoint& point : reference) {
    const auto held = holders.find(point.place);
    const std::vector<Held>& parts = held == holders.end() ? kNone : held->second;
    if (!found) {
      found = compare(point, parts, tolerance.relative_l2, twin);
    } else if (shows_growth(point.place)) {
      found->growth.push_back({point.place, largest_difference(point, parts)});
    }
  }
  return found;
}

namespace {

std::optional<std::int64_t> if_any(std::int64_t index) {
  return index < 0 ? std::nullopt : std::optional(index);
}

/// The dimensions of the baseline's tensor of which the part is a share.
std::vector<reports::records::DivergenceRegion> region_of(const Part& part) {
  std::vector<reports::records::DivergenceRegion> region;
  for (const model::Share& share : part.shares) {
    if (share.whole == 0) continue;
    const auto dim = static_cast<std::size_t>(share.dim);
    const std::int64_t length = dim < part.shape.size() ? part.shape[dim] : 0;
    region.push_back(
        {.dim = share.dim, .begin = share.begin, .end = share.begin + length, .whole = share.whole});
  }
  return region;
}

}  // namespace

DivergencePlace record_of(const Divergence& found) {
  DivergencePlace record;
  record.stage = stage_of(found.place);
  record.step = if_any(stage_index(found.place, "denoise.step"));
  record.branch = branch_of(found.place);
  record.block = if_any(block_of(found.place));
  record.tile = if_any(tile_of(found.place));
  record.point = found.place.name;
  record.place = to_string(found.place);
  record.kind = found.kind;
  record.ranks = found.ranks;
  if (!found.ranks.empty()) record.shape = found.part.shape;
  record.whole_shape = found.whole;
  record.region = region_of(found.part);
  if (found.kind == DivergenceKind::kValues) record.relative_l2 = found.relative_l2;
  record.tolerance = found.tolerance;
  for (const Growth& later : found.growth)
    record.growth.push_back({later.place.name, if_any(later.place.index), later.relative_l2});
  return record;
}

}  // namespace isoframe::harness::locate
