#pragma once
// How fast, and how faithfully, a rank computes, moves memory and exchanges tensors with every other rank.

#include <c10/core/Device.h>
#include <nlohmann/json_fwd.hpp>

#include "model/parallel/group.h"

namespace isoframe::harness::worker {

/// All ranks of `world` call it at once: what they share, cores or memory, they share in it as in a run.
///
///   {"host",
///    "memory": {"bytes_per_second", "intact"},            copies of 64 MiB, read and written bytes counted
///    "compute": {"flops_per_second", "result"},           one fixed float32 product; a hash of what it gave
///    "links": [{"peer", "bytes_per_second", "latency_seconds", "intact"}]}
///
/// Links are tried one pair at a time, there and back: half of a round trip of 8 MiB, and of 4 bytes.  A link
/// is intact when every received byte is what was sent.
nlohmann::json rates_of(model::parallel::Group& world, const c10::Device& device);

}  // namespace isoframe::harness::worker
