#pragma once
// What can be settled or refused before a rank is started: read from the checkpoint's configs and the image
// alone.

#include "harness/scenario/case.h"

namespace isoframe::harness::run {

/// Fills in height and width where the case leaves them open, as the reference chooses them at the target
/// size of the case's checkpoint: 16:9 for text-to-video, the image's proportions for image-to-video. Throws
/// InputError (a ScenarioError where the case comes from a file) for a checkpoint that is not there or is for
/// the other task, an image that cannot be read, a layout that its heads do not allow, a size, frame count or
/// tile that the model cannot do.
void settle_case(scenario::Case& spec);

}  // namespace isoframe::harness::run
