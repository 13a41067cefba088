#pragma once
// Where a layout's run first leaves its baseline.

#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include "harness/locate/trace.h"

namespace isoframe::harness::locate {

enum class Kind {
  kValues,   ///< the same shape, other values
  kShape,    ///< not a part of the baseline's tensor: another shape, or a share that does not fit
  kMissing,  ///< the baseline comes by here, no rank does
  kGap,      ///< a part of the baseline's tensor is on no rank
};
std::string to_string(Kind kind);

/// The size of the difference at a later point.
struct Growth {
  Place place;
  double relative_l2 = 0.0;
};

struct Divergence {
  Place place;
  Kind kind = Kind::kValues;
  std::vector<int> ranks = {};  ///< that differ at this place; empty for kMissing and kGap
  Part part = {};               ///< of the first of them; for kGap what is held by some rank is all there is
  Shape whole = {};             ///< the baseline's
  double relative_l2 = 0.0;     ///< estimated; the largest of the ranks'
  std::vector<Growth> growth = {};  ///< at the latents after each step, the decoded video and the frames
};

/// The first place, in the order of the baseline's one rank, where the ranks' traces do not give the same
/// bits; with a tolerance above 0, where they are further apart than that in relative L2.  What a rank does
/// before what it depends on is compared first, so the first difference is where the fault acts.
std::optional<Divergence> first_divergence(const Reference& reference, const std::vector<Trace>& ranks,
                                           double tolerance = 0.0);

/// "denoise", "decode", ...: the outermost stage, or the point itself where it lies in none.
std::string stage_of(const Place& place);
/// "conditional", "unconditional" or an empty string.
std::string branch_of(const Place& place);
/// The block that a point of a block belongs to, -1 for all others; the same of a tile.
std::int64_t block_of(const Place& place);
std::int64_t tile_of(const Place& place);

/// Exactly how two tensors of one shape differ, and where along each of their axes.
nlohmann::json difference_of(const Part& part, const at::Tensor& reference, const at::Tensor& candidate);

/// The `first_divergence` object of result.json, without `difference`.
nlohmann::json to_json(const Divergence& divergence);
/// The object in one sentence.
std::string sentence(const nlohmann::json& first_divergence);

}  // namespace isoframe::harness::locate
