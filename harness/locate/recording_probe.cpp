#include "harness/locate/recording_probe.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace isoframe::harness::locate {

void PlaceProbe::begin(model::ProbePoint point) {
  lengths_.push_back(stages_.size());
  if (!stages_.empty()) stages_ += '/';
  stages_ += point.name;
  if (point.index >= 0) stages_ += fmt::format(" {}", point.index);
}

void PlaceProbe::end(model::ProbePoint) {
  stages_.resize(lengths_.back());
  lengths_.pop_back();
}

void PlaceProbe::tensor(model::ProbePoint point, const at::Tensor& value) {
  Place place{stages_, std::string(point.name), point.index, 0};
  place.occurrence = seen_[to_string(place)]++;
  at_place(place, point, value);
}

void RecordingProbe::at_place(const Place& place, const model::ProbePoint& point, const at::Tensor& value) {
  recording_.push_back(
      {place,
       {point.shares, value.sizes().vec(), fingerprint(value), {point.axes.begin(), point.axes.end()}}});
}

Regions regions_of(const std::vector<Recording>& recordings) {
  Regions regions;
  for (const Recording& recording : recordings) {
    for (const RecordedPoint& point : recording) {
      std::vector<Part>& parts = regions[point.place];
      const auto is_known = [&](const Part& part) { return same_region(part, point.part); };
      if (std::ranges::none_of(parts, is_known)) parts.push_back(point.part);
    }
  }
  return regions;
}

void ReferenceProbe::at_place(const Place& place, const model::ProbePoint&, const at::Tensor& value) {
  ReferencePoint& point = reference_.emplace_back(ReferencePoint{place, value.sizes().vec(), {}});
  const auto found = regions_.find(place);
  if (found == regions_.end()) return;
  for (Part part : found->second) {
    if (!fits(point.whole, part)) continue;
    part.print = fingerprint(part_of(value, part));
    point.parts.push_back(part);
  }
}

void KeepingProbe::at_place(const Place& place, const model::ProbePoint&, const at::Tensor& value) {
  if (places_.contains(place)) kept_.emplace(place, value.clone());
}

at::Tensor KeepingProbe::kept(const Place& place) const {
  const auto found = kept_.find(place);
  return found == kept_.end() ? at::Tensor() : found->second;
}

void GraftingProbe::at_place(const Place& place, const model::ProbePoint& point, const at::Tensor& value) {
  const auto found = grafts_.find(place);
  if (found == grafts_.end()) return;
  const Part own{.shares = point.shares, .shape = value.sizes().vec()};
  if (fits(found->second.sizes().vec(), own)) {
    value.copy_(part_of(found->second, own));
  } else {
    missed_.insert(place);
  }
}

bool fits(const Shape& whole, const Part& part) {
  if (whole.size() != part.shape.size()) return false;
  for (std::size_t dim = 0; dim < whole.size(); ++dim) {
    const auto share = std::ranges::find_if(part.shares, [&](const model::Share& x) {
      return x.whole > 0 && x.dim == static_cast<std::int64_t>(dim);
    });
    const bool is_whole = share == part.shares.end();
    if (is_whole ? part.shape[dim] != whole[dim]
                 : share->whole != whole[dim] || share->begin + part.shape[dim] > whole[dim])
      return false;
  }
  return true;
}

at::Tensor part_of(const at::Tensor& whole, const Part& part) {
  at::Tensor result = whole;
  for (const model::Share& share : part.shares)
    if (share.whole > 0)
      result = result.narrow(share.dim, share.begin, part.shape[static_cast<std::size_t>(share.dim)]);
  return result;
}

}  // namespace isoframe::harness::locate
