#pragma once
// One measured generation on this rank, and the probes that measure it.

#include <optional>

#include "harness/measure/timing_probe.h"
#include "model/pipeline/pipeline.h"
#include "reports/records/rank.h"

namespace isoframe::harness::worker {

struct Measured {
  model::pipeline::Video video;
  reports::records::RankRecord record;  ///< stages, memory and collectives
};

/// Generates once and measures it; every rank calls it at once.  `probe` forgets what it saw before;
/// `beside` sees the run too, and its time counts.
Measured measure_one(const model::pipeline::Pipeline& model, const model::pipeline::Request& request,
                     measure::TimingProbe& probe, const c10::Device& device,
                     model::Probe& beside = model::no_probe());

/// Adds up what this rank has moved since its groups' traffic was last reset.
measure::Moved moved_by(const model::parallel::Mesh& mesh);
/// Tells `probe`, which must outlive the groups' last collective, of each from now on.
void record_collectives(const model::parallel::Mesh& mesh, measure::TimingProbe& probe);

/// Describes a rank's GPU; nothing on a CPU.
std::optional<reports::records::Device> device_of(const c10::Device& device);

}  // namespace isoframe::harness::worker
