#pragma once
// A rank: what it has loaded, and what it does with it.

#include <functional>
#include <memory>
#include <string>

#include <c10/core/Device.h>
#include <c10/core/InferenceMode.h>
#include <nlohmann/json.hpp>

#include "harness/launch/progress_writer.h"
#include "harness/worker/job.h"
#include "model/checkpoint/checkpoint.h"
#include "model/parallel/mesh.h"
#include "model/parallel/rank_of_world.h"
#include "model/pipeline/pipeline.h"

namespace isoframe::model::parallel {
class GlooRendezvous;
}

namespace isoframe::harness::worker {

/// Everything that a rank holds once it has loaded.
struct Loaded {
  model::parallel::Mesh mesh;
  std::unique_ptr<model::checkpoint::Checkpoint> checkpoint;
  std::unique_ptr<model::pipeline::Pipeline> model;  ///< null for ranks that only try their machine
  nlohmann::json settings;  ///< of its case, those that it depends on; null: nothing is loaded
  double seconds = 0.0;
};

/// The one rank of this process.
class Rank {
 public:
  explicit Rank(const model::parallel::RankOfWorld& self);
  ~Rank();

  /// Meets the others unless it has met them already, and loads the model that the job's case needs in place
  /// of the one before.  A job that observes rates needs none.
  void load(const Job& job, const launch::ProgressWriter& progress);
  /// Makes sure that all ranks, which have met, were given the same job.
  void agree(const Job& job);
  double load_seconds() const { return loaded_.seconds; }

  /// Does what the job asks for with what is loaded.  Throws InputError if that is not what it needs.
  void run(const Job& job, const launch::ProgressWriter& progress);

  /// Gives all ranks, which have met, what rank 0 gets from `ask`: nothing, if rank 0 has ended.
  std::string hand_on(const std::function<std::string()>& ask);

 private:
  void meet(const Job& job);

  model::parallel::RankOfWorld self_;
  const c10::InferenceMode inference_;
  c10::Device device_ = c10::Device(c10::kCPU);
  std::unique_ptr<model::parallel::GlooRendezvous> rendezvous_;
  nlohmann::json met_for_;  ///< the settings that the meeting depends on
  int talks_ = 0;           ///< names meetings, agreements and what is handed on: alike on all ranks
  Loaded loaded_;
};

}  // namespace isoframe::harness::worker
