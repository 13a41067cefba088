#pragma once
// Bugs that layouts, schedules and decoders have had or could have.  `isoframe selftest` plants them one by
// one; a fault is one entry in the file of its subject.

#include <string>
#include <vector>

#include "harness/selftest/fault.h"

namespace isoframe::harness::selftest::faults {

using Faults = std::vector<Fault>;

/// Makes the stage take a tenth more of its thread's time on one rank.
Plant slow_stage(const std::string& stage, int rank);

/// Lets attention see padded condition tokens, on every rank.
Plant padding_not_masked();

Faults image_faults();
Faults text_faults();
Faults attention_faults();
Faults ring_and_tensor_faults();
/// Faults of bounded layouts in a half type, where a bound of the orders of addition would prove nothing.
Faults half_faults();
Faults denoising_faults();
Faults decoding_faults();
/// Faults that leave frames sound, but not time or memory.
Faults resource_faults();
/// All faults, in the order of the pipeline.
Faults catalogue();

}  // namespace isoframe::harness::selftest::faults
