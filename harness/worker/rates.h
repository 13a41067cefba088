#pragma once
// Tests of how fast and how faithfully a rank computes, moves memory and exchanges tensors with every other
// rank.

#include <c10/core/Device.h>

#include "model/parallel/group.h"
#include "reports/records/rank.h"

namespace isoframe::harness::worker {

/// Tries this rank's machine and links.  Measures this rank's rates.  All ranks of `world` call it at the
/// same time, so that they share cores and memory as in a run.
///
/// Links are tried one pair at a time, there and back: half of a round trip of 8 MiB, and of 4 bytes.  A link
/// is intact when every received byte is what was sent.  The host is read meanwhile: what its processors did
/// beside this rank.
reports::records::MachineRates rates_of(model::parallel::Group& world, const c10::Device& device);

}  // namespace isoframe::harness::worker
