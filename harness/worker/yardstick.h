#pragma once
// The machine's speed at the moment, independent of isoframe's code.
//
// From one run to the next, minutes or days later, a machine with neighbours, another clock or a warm
// processor is some per cent faster or slower.  A fixed piece of work that is LibTorch's alone is timed
// beside each generation of a baseline, whose times then have a unit that no change of isoframe moves.

#include <c10/core/Device.h>

#include "reports/records/rank.h"

namespace isoframe::harness::worker {

/// Times the kinds of work that generations are made of: matrix products, a convolution, passes over memory
/// and many small operators, about a tenth of a second on one core.
reports::records::Yardstick time_yardstick(const c10::Device& device);

}  // namespace isoframe::harness::worker
