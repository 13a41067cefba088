#include "harness/worker/numerics.h"

#include <algorithm>
#include <string>

#include "model/parallel/numerics.h"

namespace isoframe::harness::worker {

namespace records = reports::records;

namespace {

/// Sums of a block that another implementation may add in an order of its own: the projections to queries,
/// keys and values, the attention's two products, the projection after it, and the MLP's two.
constexpr double kSumsOfABlock = 8.0;

}  // namespace

double unit_roundoff_of(const scenario::Case& spec) {
  const std::string& dtype = spec.dtype;
  if (spec.tf32) return 0x1p-11;
  return dtype == "bfloat16" ? 0x1p-8 : dtype == "float16" ? 0x1p-11 : 0x1p-24;
}

records::NumericsClass numerics_class_of(const scenario::Case& spec) {
  const bool is_identical =
      !scenario::is_foreign(spec) &&
      model::parallel::numerics(scenario::arithmetic_of(spec)) == model::parallel::Numerics::kIdentical;
  return is_identical ? records::NumericsClass::kIdentical : records::NumericsClass::kBounded;
}

records::Numerics numerics_of(const scenario::Case& spec, const model::pipeline::Request& request,
                              const model::pipeline::Limits& limits) {
  const model::parallel::Depth depth = {
      .steps = request.steps,
      .blocks = limits.blocks,
      .terms = std::max(limits.mlp_width, model::pipeline::video_tokens(request, limits)),
      .guidance_scale = spec.guidance_scale.value_or(limits.guidance_scale),
      .unit_roundoff = unit_roundoff_of(spec)};
  const double bound =
      scenario::is_foreign(spec)
          ? model::parallel::relative_l2_bound(kSumsOfABlock, spec.layout.world_size(), depth)
          : model::parallel::relative_l2_bound(scenario::arithmetic_of(spec), depth);
  return {.kind = numerics_class_of(spec), .relative_l2 = bound};
}

}  // namespace isoframe::harness::worker
