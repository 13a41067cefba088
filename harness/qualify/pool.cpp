#include "harness/qualify/pool.h"

namespace isoframe::harness::qualify {

std::string pool_of(const scenario::Case& spec) {
  return spec.gates.identical && !spec.baseline.empty() ? spec.baseline : spec.name;
}

}  // namespace isoframe::harness::qualify
