#include <algorithm>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/json_file.h"
#include "harness/locate/divergence.h"
#include "reports/records/stages.h"

namespace isoframe::harness::locate {

using nlohmann::json;
using reports::records::is_stage;
using reports::records::kStages;
using reports::records::StageKind;

namespace {

bool has_prefix(const std::string& name, const char* prefix) { return name.starts_with(prefix); }

std::int64_t begin_of(const Part& part, std::int64_t dim) {
  for (const model::Share& share : part.shares)
    if (share.whole > 0 && share.dim == dim) return share.begin;
  return 0;
}

std::string axis_of(const Part& part, std::size_t dim) {
  return dim < part.axes.size() ? part.axes[dim] : fmt::format("dimension {}", dim);
}

/// Which positions along each axis hold a difference, counted in the whole tensor.
json differing_axes(const Part& part, const at::Tensor& differs) {
  json axes = json::array();
  for (std::int64_t dim = 0; dim < differs.dim(); ++dim) {
    const at::Tensor along = differs.movedim(dim, 0).flatten(1).any(1);
    const at::Tensor positions = along.nonzero().flatten();
    if (positions.numel() == 0) continue;
    axes.push_back({{"axis", axis_of(part, static_cast<std::size_t>(dim))},
                    {"of", differs.size(dim)},
                    {"count", positions.numel()},
                    {"first", positions[0].item<std::int64_t>() + begin_of(part, dim)},
                    {"last", positions[-1].item<std::int64_t>() + begin_of(part, dim)}});
  }
  return axes;
}

std::string label(const json& record, const char* key) {
  const json& value = record.at(key);
  return value.is_null() ? std::string() : fmt::format(", {} {}", key, value.dump());
}

std::string with_index(const json& later) {
  return later.at("index").is_null() ? later.at("point").get<std::string>()
                                     : fmt::format("{} {}", later.at("point").get<std::string>(),
                                                   later.at("index").get<std::int64_t>());
}

std::string scientific(const json& value) {
  return value.is_number() ? fmt::format("{:.1e}", value.get<double>()) : "inf";
}

/// "heads 2-3 of 4, tokens 17": axes that do not differ everywhere.
std::string where(const json& difference) {
  std::vector<std::string> parts;
  for (const json& axis : difference.at("axes")) {
    const auto first = axis.at("first").get<std::int64_t>(), last = axis.at("last").get<std::int64_t>();
    if (axis.at("count") == axis.at("of")) continue;
    parts.push_back(first == last ? fmt::format("{} {}", axis.at("axis").get<std::string>(), first)
                                  : fmt::format("{} {}-{}", axis.at("axis").get<std::string>(), first, last));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::string to_string(Kind kind) {
  switch (kind) {
    case Kind::kValues:
      return "values";
    case Kind::kShape:
      return "shape";
    case Kind::kMissing:
      return "missing";
    case Kind::kGap:
      return "gap";
  }
  return "values";
}

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

json difference_of(const Part& part, const at::Tensor& reference, const at::Tensor& candidate) {
  const at::Tensor a = reference.to(at::kDouble), b = candidate.to(at::kDouble);
  // By bits, as fingerprints compare: -0 is not +0, and a NaN equals itself.
  const auto bits = [](const at::Tensor& x) {
    const bool is_half = x.element_size() == 2;
    return x.contiguous().view(is_half ? at::kShort : at::kInt);
  };
  const at::Tensor differs = bits(reference).ne(bits(candidate));
  const at::Tensor distance = (b - a).abs();
  return {{"values", reference.numel()},
          {"differing_values", differs.sum().item<std::int64_t>()},
          {"max_difference", base::number(distance.max().item<double>())},
          {"relative_l2", base::number((distance.norm() / a.norm()).item<double>())},
          {"axes", differing_axes(part, differs)}};
}

std::string sentence(const json& found) {
  std::string text = fmt::format("stage {}", found.at("stage").get<std::string>());
  for (const char* key : {"step", "block", "tile"}) text += label(found, key);
  if (!found.at("branch").is_null()) text += fmt::format(", {}", found.at("branch").get<std::string>());
  text += fmt::format(", {}", found.at("point").get<std::string>());
  const std::vector<int> ranks = found.at("ranks").get<std::vector<int>>();
  if (!ranks.empty())
    text += fmt::format(", rank{} {}", ranks.size() == 1 ? "" : "s", fmt::join(ranks, ", "));

  const std::string kind = found.at("kind").get<std::string>();
  if (kind == "missing") text += ": no rank computes it";
  if (kind == "gap") text += ": a part of it is on no rank";
  if (kind == "shape")
    text += fmt::format(": shape [{}] is no part of the baseline's [{}]",
                        fmt::join(found.at("shape").get<Shape>(), ", "),
                        fmt::join(found.at("whole_shape").get<Shape>(), ", "));
  if (kind == "values") {
    const bool is_exact = found.contains("difference");
    const json& size = is_exact ? found.at("difference").at("relative_l2") : found.at("relative_l2");
    text += fmt::format(": relative L2 {}{}", is_exact ? "" : "about ", scientific(size));
    const std::string places = is_exact ? where(found.at("difference")) : std::string();
    if (!places.empty()) text += fmt::format(" in {}", places);
  }
  const json& growth = found.at("growth");
  if (!growth.empty())
    text += fmt::format("; {} in {}", scientific(growth.back().at("relative_l2")), with_index(growth.back()));
  return text;
}

}  // namespace isoframe::harness::locate
