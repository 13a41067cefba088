#include "harness/locate/divergence.h"

#include <cstddef>

namespace isoframe::harness::locate {

using reports::records::DivergencePlace;

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
    region.push_back({.dim = share.dim,
                      .begin = share.begin,
                      .end = share.begin + length,
                      .whole = share.whole,
                      .axis = axis_of(part, dim)});
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
