#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/locate/divergence.h"
#include "reports/records/stages.h"

namespace isoframe::harness::locate {

namespace records = reports::records;
using records::is_stage;
using records::kStages;
using records::StageKind;

namespace {

bool has_prefix(const std::string& name, const char* prefix) { return name.starts_with(prefix); }

std::int64_t begin_of(const Part& part, std::int64_t dim) {
  for (const model::Share& share : part.shares)
    if (share.whole > 0 && share.dim == dim) return share.begin;
  return 0;
}

/// Positions along each axis that hold a difference, counted in the whole tensor.
std::vector<records::DivergenceAxis> differing_axes(const Part& part, const at::Tensor& differs) {
  std::vector<records::DivergenceAxis> axes;
  for (std::int64_t dim = 0; dim < differs.dim(); ++dim) {
    const at::Tensor along = differs.movedim(dim, 0).flatten(1).any(1);
    const at::Tensor positions = along.nonzero().flatten();
    if (positions.numel() == 0) continue;
    axes.push_back({.axis = axis_of(part, static_cast<std::size_t>(dim)),
                    .of = differs.size(dim),
                    .count = positions.numel(),
                    .first = positions[0].item<std::int64_t>() + begin_of(part, dim),
                    .last = positions[-1].item<std::int64_t>() + begin_of(part, dim)});
  }
  return axes;
}

std::string label(const char* what, std::optional<std::int64_t> index) {
  return index ? fmt::format(", {} {}", what, *index) : std::string();
}

std::string scientific(double value) { return std::isfinite(value) ? fmt::format("{:.1e}", value) : "inf"; }

/// "heads 2-3 of 4, tokens 17": axes that do not differ everywhere.
std::string differing_parts(const records::TensorDifference& difference) {
  std::vector<std::string> parts;
  for (const auto& [axis, of, count, first, last] : difference.axes) {
    if (count == of) continue;
    parts.push_back(first == last ? fmt::format("{} {}", axis, first)
                                  : fmt::format("{} {}-{}", axis, first, last));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// "heads 2-3, tokens 35-69": the share of each axis that the rank holds.
std::string held_parts(const records::DivergencePlace& found) {
  std::vector<std::string> parts;
  for (const records::DivergenceRegion& region : found.region) {
    if (region.begin == 0 && region.end == region.whole) continue;
    parts.push_back(region.begin + 1 == region.end
                        ? fmt::format("{} {}", region.axis, region.begin)
                        : fmt::format("{} {}-{}", region.axis, region.begin, region.end - 1));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// The size of a difference of values: exact, with where it lies, if that is known; else as fingerprints
/// estimate it, with the part that they were taken of.
std::string size_of(const records::DivergencePlace& found) {
  if (!found.difference) {
    const std::string parts = held_parts(found);
    return fmt::format("relative L2 about {}{}{}", scientific(found.relative_l2.value_or(INFINITY)),
                       parts.empty() ? "" : " of ", parts);
  }
  const std::string parts = differing_parts(*found.difference);
  return fmt::format("relative L2 {}{}{}", scientific(found.difference->relative_l2),
                     parts.empty() ? "" : " in ", parts);
}

/// The difference at the place, in words.
std::string kind_in_words(const records::DivergencePlace& found) {
  switch (found.kind) {
    case DivergenceKind::kMissing:
      return "no rank computes it";
    case DivergenceKind::kSurplus:
      return "the baseline does not compute it";
    case DivergenceKind::kGap:
      return "a part of it is on no rank";
    case DivergenceKind::kShape:
      return fmt::format("shape [{}] is no part of the baseline's [{}]",
                         fmt::join(found.shape.value_or(Shape()), ", "), fmt::join(found.whole_shape, ", "));
    case DivergenceKind::kValues:
      return size_of(found);
  }
  return {};
}

}  // namespace

std::string stage_of(const Place& place) {
  const std::string& path = place.stages.empty() ? place.name : place.stages;
  return path.substr(0, path.find_first_of("/ "));
}

std::string branch_of(const Place& place) {
  for (const auto& [name, kind] : kStages)
    if (kind == StageKind::kBranch && is_within(place, std::string(name)))
      return std::string(name.substr(name.find('.') + 1));
  return {};
}

std::int64_t block_of(const Place& place) {
  const bool is_block = has_prefix(place.name, "transformer_blocks") || place.name == "text_encoder.layers" ||
                        place.name == "text_encoder_2.block" || place.name == "image_encoder.layer";
  return is_block ? place.index : -1;
}

std::int64_t tile_of(const Place& place) {
  const bool counts_tiles = is_stage(place.name, StageKind::kTile) ||
                            is_stage(place.name, StageKind::kTravel) ||
                            is_stage(place.name, StageKind::kBlend);
  return counts_tiles ? place.index : -1;
}

records::TensorDifference difference_of(const Part& part, const at::Tensor& reference,
                                        const at::Tensor& candidate) {
  const at::Tensor a = reference.to(at::kDouble), b = candidate.to(at::kDouble);
  // By bits, as fingerprints compare: -0 is not +0, and a NaN equals itself.
  const auto bits = [](const at::Tensor& x) {
    const bool is_half = x.element_size() == 2;
    return x.contiguous().view(is_half ? at::kShort : at::kInt);
  };
  const at::Tensor differs = bits(reference).ne(bits(candidate));
  const at::Tensor distance = (b - a).abs();
  return {.values = reference.numel(),
          .differing_values = differs.sum().item<std::int64_t>(),
          .max_difference = distance.max().item<double>(),
          .relative_l2 = (distance.norm() / a.norm()).item<double>(),
          .axes = differing_axes(part, differs)};
}

std::string sentence(const records::DivergencePlace& found) {
  std::string text = fmt::format("stage {}", found.stage);
  text += label("step", found.step) + label("block", found.block) + label("tile", found.tile);
  if (!found.branch.empty()) text += fmt::format(", {}", found.branch);
  text += fmt::format(", {}", found.point);
  if (!found.ranks.empty())
    text += fmt::format(", rank{} {}", found.ranks.size() == 1 ? "" : "s", fmt::join(found.ranks, ", "));
  text += fmt::format(": {}", kind_in_words(found));
  if (!found.growth.empty()) {
    const records::DivergenceGrowth& last = found.growth.back();
    const std::string where = last.index ? fmt::format("{} {}", last.point, *last.index) : last.point;
    text += fmt::format("; {} in {}", scientific(last.relative_l2), where);
  }
  if (found.own_error) {
    text += fmt::format("; {}: {}{} with the baseline's inputs", found.own_error->origin,
                        found.own_error->is_exact ? "" : "about ", scientific(found.own_error->relative_l2));
  }
  return text;
}

records::OwnError own_error_of(double own, double whole, bool is_exact) {
  constexpr double kMost = 0.5, kLittle = 0.1;
  const char* origin = own < kLittle * whole ? "inherited"
                       : own < kMost * whole ? "inherited in part"
                                             : "its own";
  return {.relative_l2 = own, .is_exact = is_exact, .origin = origin};
}

}  // namespace isoframe::harness::locate
