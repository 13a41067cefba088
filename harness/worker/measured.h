#pragma once
// One measured generation on this rank, and what measures it.

#include <nlohmann/json.hpp>

#include "harness/measure/timing_probe.h"
#include "model/pipeline/pipeline.h"

namespace isoframe::harness::worker {

struct Measured {
  model::pipeline::Video video;
  double total_seconds = 0.0;
  nlohmann::json record;  ///< of rank-<N>.json: stages, memory, collectives
};

/// Every rank calls it at once.  `probe` forgets what it saw before; `beside` sees the run too, and its time
/// counts.
Measured measure_one(const model::pipeline::Pipeline& model, const model::pipeline::Request& request,
                     measure::TimingProbe& probe, const c10::Device& device,
                     model::Probe& beside = model::no_probe());

/// All that this rank has moved since its groups' traffic was last reset.
measure::Moved moved_by(const model::parallel::Mesh& mesh);
/// From now on `probe`, which must outlive the groups' last collective, is told of each.
void record_collectives(const model::parallel::Mesh& mesh, measure::TimingProbe& probe);

/// What a rank says of its GPU; null on a CPU.
nlohmann::json device_of(const c10::Device& device);

}  // namespace isoframe::harness::worker
