#include "harness/worker/numerics.h"

#include <algorithm>
#include <string>

#include "model/parallel/numerics.h"

namespace isoframe::harness::worker {

namespace records = reports::records;

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

namespace {

model::parallel::Depth depth_of(const scenario::Case& spec, const model::pipeline::Request& request,
                                const model::pipeline::Limits& limits) {
  return {.steps = request.steps,
          .blocks = limits.blocks,
          .terms = std::max(limits.mlp_width, model::pipeline::video_tokens(request, limits)),
          .guidance_scale = spec.guidance_scale.value_or(limits.guidance_scale),
          .unit_roundoff = unit_roundoff_of(spec)};
}

}  // namespace

records::Numerics numerics_of(const scenario::Case& spec, const model::pipeline::Request& request,
                              const model::pipeline::Limits& limits) {
  // Nobody knows in which order another engine adds.
  if (scenario::is_foreign(spec))
    return {.kind = numerics_class_of(spec), .relative_l2 = reordered_l2_of(spec, request, limits)};
  return {.kind = numerics_class_of(spec),
          .relative_l2 = model::parallel::relative_l2_bound(scenario::arithmetic_of(spec),
                                                            depth_of(spec, request, limits))};
}

double reordered_l2_of(const scenario::Case& spec, const model::pipeline::Request& request,
                       const model::pipeline::Limits& limits) {
  return model::parallel::reordered_l2_bound(depth_of(spec, request, limits));
}

}  // namespace isoframe::harness::worker
