#pragma once
// What can be refused before a rank is started: read from the checkpoint's configs alone.

#include "harness/scenario/case.h"

namespace isoframe::harness::run {

/// Throws InputError (a ScenarioError where the case comes from a file) for a checkpoint
/// that is not there, a layout that its heads do not allow, a size, frame count or tile that the model cannot
/// do.
void check_case(const scenario::Case& value);

}  // namespace isoframe::harness::run
