#pragma once

#include "harness/scenario/case.h"

namespace isoframe::harness::run {

/// 16:9 at the target size of the case's checkpoint, as the reference chooses without a height and width.
void set_default_size(scenario::Case& value);

}  // namespace isoframe::harness::run
