#pragma once
// One measured generation on this rank, and the probes that measure it.

#include <memory>
#include <optional>
#include <vector>

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
/// Has a probe record the collectives of the mesh's groups as long as this lives: ranks that stay use the
/// same groups again, for what is not measured.
class CollectiveRecorder {
 public:
  CollectiveRecorder(const model::parallel::Mesh& mesh, measure::TimingProbe& probe);
  ~CollectiveRecorder();
  CollectiveRecorder(const CollectiveRecorder&) = delete;
  CollectiveRecorder& operator=(const CollectiveRecorder&) = delete;

 private:
  std::vector<std::shared_ptr<model::parallel::Group>> groups_;
};

/// Describes a rank's GPU; nothing on a CPU.
std::optional<reports::records::Device> device_of(const c10::Device& device);

}  // namespace isoframe::harness::worker
