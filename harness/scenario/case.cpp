#include "harness/scenario/case.h"

namespace isoframe::harness::scenario {

model::parallel::Arithmetic arithmetic_of(const Case& spec) {
  return {.layout = spec.layout, .reduction = spec.reduction, .reduction_parts = spec.reduction_parts};
}

}  // namespace isoframe::harness::scenario
