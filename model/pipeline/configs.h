#pragma once
// A checkpoint's configuration as a whole.

#include "model/checkpoint/checkpoint.h"

namespace isoframe::model::pipeline {

/// Reads every config that a pipeline needs.  Throws InputError for the first that cannot be read or asks for
/// what is not computed, and for parts that do not fit together.
void check_configs(const checkpoint::Checkpoint& checkpoint);

}  // namespace isoframe::model::pipeline
