#pragma once
// Locked runs for people: how far each step of a case and of its baseline is from float32.

#include <string>
#include <vector>

#include "reports/records/run_record.h"

namespace isoframe::reports {

/// One tensor in a row: "transformer at step 3", the relative distances, their ratio, the limit if broken.
struct LockedLine {
  std::string place, baseline, candidate, ratio, too_far;
};

/// The tensors of a locked run in the order of the pipeline.  Latents, which hardly move in one step, are
/// left out unless they are too far.
std::vector<LockedLine> locked_lines(const records::LockedRecord& record);

/// The whole video in a sentence: "Whole video: relative L2 1.1e-02 from the baseline's, at most 2.4e-02."
std::string video_sentence(const records::LockedRecord& record);

}  // namespace isoframe::reports
