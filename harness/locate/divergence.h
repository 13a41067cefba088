#pragma once
// The first place where a layout's run leaves its baseline.

#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "harness/locate/recording.h"
#include "reports/records/divergence.h"

namespace isoframe::harness::locate {

using reports::records::DivergenceKind;

/// Size of the difference at a later place.
struct Growth {
  Place place;
  double relative_l2 = 0.0;
};

struct Divergence {
  Place place;
  DivergenceKind kind = DivergenceKind::kValues;
  std::vector<int> ranks = {};      ///< that differ at this place; empty for kMissing, kSurplus and kGap
  bool is_of_reference = false;     ///< these are the reference's ranks: it has several, the candidate one
  Part part = {};                   ///< held by the first of them; empty where there is none
  Fingerprint like = {};            ///< of kValues: the other side's, of the same part
  Shape whole = {};                 ///< shape of the baseline's tensor
  double relative_l2 = 0.0;         ///< estimated; the largest of the ranks'
  double tolerance = 0.0;           ///< up to which values at this place count as equal
  std::vector<Growth> growth = {};  ///< at the latents after each step, the decoded video and the frames
};

/// Distance from the reference that values may have, in units of its twin's: the distances are estimates,
/// with a standard error of a sixth each.
inline constexpr double kTwinTolerance = 3.0;

/// Differences that are none.
struct Tolerance {
  double relative_l2 = 0.0;  ///< at every place; 0: bits must be equal
  const Reference* twin =
      nullptr;  ///< the same run in float32: at each place kTwinTolerance times as far as it
};

/// The outermost stage ("denoise", "decode", ...), or the point itself if it lies in none.
std::string stage_of(const Place& place);
/// "conditional", "unconditional", or an empty string for a place in neither branch.
std::string branch_of(const Place& place);
/// The block whose point this is, -1 for any other point.
std::int64_t block_of(const Place& place);
/// The tile whose point this is, -1 for any other point.
std::int64_t tile_of(const Place& place);

/// Compares two tensors of one shape, of which `part` says where they lie in the whole: how much they differ,
/// exactly, and where along each axis.
reports::records::TensorDifference difference_of(const Part& part, const at::Tensor& reference,
                                                 const at::Tensor& candidate);

/// The record of a divergence, without its exact `difference`.
reports::records::DivergencePlace record_of(const Divergence& divergence);
/// The record of what is left of a difference, `own`, where its place is given the baseline's inputs; `whole`
/// is the relative L2 without them.
reports::records::OwnError own_error_of(double own, double whole, bool is_exact);
/// The record in one sentence.
std::string sentence(const reports::records::DivergencePlace& found);

}  // namespace isoframe::harness::locate
