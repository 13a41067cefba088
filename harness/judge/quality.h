#pragma once
// Two frames.safetensors in, the `quality` of result.json out.

#include <filesystem>
#include <string>
#include <vector>

#include "reports/records/metrics.h"

namespace isoframe::harness::judge {

/// Every field of the record: metrics of the frames and of what lies beside them, and whether the numbers can
/// be trusted at all.  `reference` is the reference's name in the result.  Throws InputError if a file of
/// frames is missing or the two have different sizes.
reports::records::Quality compare_frames(const std::filesystem::path& reference_file,
                                         const std::filesystem::path& candidate_file,
                                         const std::string& reference);

/// The worst of comparisons of several repetitions with one reference, metric by metric: no repetition is
/// further from the reference than it says.  `repetitions` is not empty.
reports::records::Quality worst_of(const std::vector<reports::records::Quality>& repetitions);

}  // namespace isoframe::harness::judge
