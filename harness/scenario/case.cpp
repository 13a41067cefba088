#include "harness/scenario/case.h"

namespace isoframe::harness::scenario {

bool is_foreign(const Case& spec) { return spec.engine != kIsoframe; }

model::parallel::Arithmetic arithmetic_of(const Case& spec) {
  return {.layout = spec.layout,
          .reduction = spec.reduction,
          .reduction_parts = spec.reduction_parts,
          .depends_on_shapes = spec.device == "cuda"};
}

}  // namespace isoframe::harness::scenario
