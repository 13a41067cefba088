#include "harness/locate/divergence.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/json_file.h"
#include "harness/locate/recording_probe.h"

namespace isoframe::harness::locate {

using nlohmann::json;

namespace {

/// A rank's part at some place.
struct Held {
  int rank = 0;
  const Part* part = nullptr;
};
using Holders = std::map<Place, std::vector<Held>>;

Holders holders_of(const std::vector<Trace>& ranks) {
  Holders holders;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank)
    for (const TracePoint& point : ranks[rank])
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

/// Shares are cut from one grid, so different ones do not overlap and their sizes add up.
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

/// Nothing where all ranks agree with the reference.
std::optional<Divergence> compare(const ReferencePoint& point, const std::vector<Held>& held,
                                  double tolerance) {
  Divergence found;
  found.place = point.place;
  found.whole = point.whole;
  if (held.empty()) {
    found.kind = Kind::kMissing;
    return found;
  }
  const auto note = [&](const Held& one, Kind kind, double relative_l2) {
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
      note(one, Kind::kShape, 0.0);
    } else if (expected->print.hash != one.part->print.hash) {
      const double relative_l2 = estimated_relative_l2(expected->print, one.part->print);
      if (relative_l2 > tolerance || tolerance == 0.0) note(one, Kind::kValues, relative_l2);
    }
  }
  if (!found.ranks.empty()) return found;
  if (is_covered(point, held)) return std::nullopt;
  found.kind = Kind::kGap;
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

std::optional<Divergence> first_divergence(const Reference& reference, const std::vector<Trace>& ranks,
                                           double tolerance) {
  const Holders holders = holders_of(ranks);
  static const std::vector<Held> kNone;
  std::optional<Divergence> found;
  for (const ReferencePoint& point : reference) {
    const auto held = holders.find(point.place);
    const std::vector<Held>& parts = held == holders.end() ? kNone : held->second;
    if (!found) {
      found = compare(point, parts, tolerance);
    } else if (shows_growth(point.place)) {
      found->growth.push_back({point.place, largest_difference(point, parts)});
    }
  }
  return found;
}

json to_json(const Divergence& found) {
  const auto or_null = [](std::int64_t index) { return index < 0 ? json() : json(index); };
  json region = json::array();
  for (const model::Share& share : found.part.shares) {
    if (share.whole == 0 || found.ranks.empty()) continue;
    const std::int64_t length = static_cast<std::size_t>(share.dim) < found.part.shape.size()
                                    ? found.part.shape[static_cast<std::size_t>(share.dim)]
                                    : 0;
    region.push_back(
        {{"dim", share.dim}, {"begin", share.begin}, {"end", share.begin + length}, {"whole", share.whole}});
  }
  json growth = json::array();
  for (const Growth& later : found.growth)
    growth.push_back({{"point", later.place.name},
                      {"index", or_null(later.place.index)},
                      {"relative_l2", base::number(later.relative_l2)}});
  const std::string branch = branch_of(found.place);
  return {{"stage", stage_of(found.place)},
          {"step", or_null(stage_index(found.place, "denoise.step"))},
          {"branch", branch.empty() ? json() : json(branch)},
          {"block", or_null(block_of(found.place))},
          {"tile", or_null(tile_of(found.place))},
          {"point", found.place.name},
          {"place", to_string(found.place)},
          {"kind", to_string(found.kind)},
          {"ranks", found.ranks},
          {"shape", found.ranks.empty() ? json() : json(found.part.shape)},
          {"whole_shape", found.whole},
          {"region", region},
          {"relative_l2", found.kind == Kind::kValues ? base::number(found.relative_l2) : json()},
          {"growth", growth}};
}

}  // namespace isoframe::harness::locate
