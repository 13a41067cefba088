#include "model/parallel/numerics.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::model::parallel {

namespace {

/// Unit roundoff of the float32 in which sums are accumulated.
constexpr double kAccumulation = 0x1p-24;

/// Partial products that are added in an order of their own; 1 where nothing is split.
int parts(const Arithmetic& arithmetic) {
  return arithmetic.layout.tensor > 1 ? arithmetic.layout.tensor : arithmetic.reduction_parts;
}

bool has_fixed_order(const Arithmetic& arithmetic) {
  return arithmetic.layout.tensor == 1 || arithmetic.reduction == Reduction::kDeterministic;
}

/// Sums of a block: the query, the key, the value, both products of the attention, its output and the MLP's
/// two.
constexpr double kSumsOfABlock = 8.0;

/// True where each rank multiplies matrices of the same shapes.
bool has_shapes_of(const Layout& one, const Layout& another) {
  return one.ulysses == another.ulysses && one.ring == another.ring && one.tensor == another.tensor;
}

/// The bound where that many sums of each block are reordered, each rounded to the dtype so many times.
double bound_of(double sums, int rounded, const Depth& depth) {
  const double reordered = sums * static_cast<double>(depth.steps * depth.blocks);
  const double guidance = std::abs(depth.guidance_scale) + std::abs(1.0 - depth.guidance_scale);
  // Half types accumulate in float32 and are rounded once a part.
  const double per_sum = static_cast<double>(depth.terms) * kAccumulation * kAccumulation +
                         rounded * depth.unit_roundoff * depth.unit_roundoff;
  return 2.0 * guidance * std::sqrt(reordered * per_sum);
}

}  // namespace

std::string to_string(Reduction reduction) {
  return reduction == Reduction::kFast ? "fast" : "deterministic";
}

Reduction parse_reduction(const std::string& text) {
  if (text == "fast") return Reduction::kFast;
  if (text == "deterministic") return Reduction::kDeterministic;
  throw InputError(fmt::format("unknown reduction '{}'; use fast or deterministic", text));
}

std::string to_string(Numerics numerics) {
  return numerics == Numerics::kIdentical ? "identical" : "bounded";
}

Numerics numerics(const Arithmetic& run, const Arithmetic& reference) {
  const bool adds_alike =
      parts(run) == parts(reference) && has_fixed_order(run) && has_fixed_order(reference);
  const bool depends_on_shapes = run.depends_on_shapes || reference.depends_on_shapes;
  const bool multiplies_alike = depends_on_shapes ? has_shapes_of(run.layout, reference.layout)
                                                  : run.layout.ring == reference.layout.ring;
  return adds_alike && multiplies_alike ? Numerics::kIdentical : Numerics::kBounded;
}

double relative_l2_bound(const Arithmetic& run, const Depth& depth) {
  if (numerics(run) == Numerics::kIdentical) return 0.0;
  // Reordered sums in each block: the attention if a ring merges it; the output projection and the MLP's if
  // they are split.
  const double sums = run.depends_on_shapes
                          ? kSumsOfABlock
                          : (run.layout.ring > 1 ? 1.0 : 0.0) + (parts(run) > 1 ? 2.0 : 0.0);
  return bound_of(sums, std::max(parts(run), run.layout.ring), depth);
}

double reordered_l2_bound(const Depth& depth) { return bound_of(kSumsOfABlock, /*rounded=*/1, depth); }

ImageBound image_bound(double relative_l2) {
  constexpr double kStep = 1.0 / 255.0;
  constexpr double kC2 = 0.03 * 0.03;
  const double mean_square = 2.0 * (relative_l2 * relative_l2 + relative_l2 * kStep);
  return {.psnr_min = -10.0 * std::log10(mean_square), .ssim_min = 1.0 - mean_square / kC2};
}

}  // namespace isoframe::model::parallel
