#pragma once
// Checks before a rank is started, which read only the checkpoint's configs and the image.

#include "harness/scenario/case.h"

namespace isoframe::harness::run {

/// Fills in the height and width that the case leaves open, as the reference chooses them at the target size
/// of the case's checkpoint: 16:9 for text-to-video, the image's proportions for image-to-video.  Throws
/// InputError (ScenarioError if the case comes from a file) for a checkpoint that is missing or for the other
/// task, an image that cannot be read, a layout that the heads do not allow, or a size, frame count or tile
/// that the model cannot do.
void settle_case(scenario::Case& spec);

}  // namespace isoframe::harness::run
