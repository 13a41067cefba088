#pragma once
// How ranks find each other: a store that all of them reach, and who they are.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <c10/util/intrusive_ptr.h>

#include "model/parallel/gloo_group.h"
#include "model/parallel/mesh.h"

namespace isoframe::model::parallel {

class GlooRendezvous : public Rendezvous {
 public:
  GlooRendezvous(c10::intrusive_ptr<c10d::Store> store, int rank, int world_size, GlooOptions options);
  ~GlooRendezvous() override;

  int rank() const override { return rank_; }
  int world_size() const override { return world_size_; }
  /// Throws std::invalid_argument when this rank is not one of `world_ranks`.
  std::shared_ptr<Group> group(const std::string& name, const std::vector<int>& world_ranks) override;

 private:
  c10::intrusive_ptr<c10d::Store> store_;
  int rank_;
  int world_size_;
  GlooOptions options_;
};

/// Who this process is, from what its launcher has set: RANK and WORLD_SIZE (isoframe, torchrun), else
/// SLURM_PROCID and SLURM_NTASKS (srun), else OMPI_COMM_WORLD_RANK and OMPI_COMM_WORLD_SIZE (mpirun).
struct RankOfWorld {
  int rank = 0;
  int world_size = 1;
};
/// Throws InputError when none of the pairs is set, half of one is missing, or the values make no sense.
RankOfWorld rank_from_environment();

/// Ranks of one machine meet through the file `store_path` and the loopback interface.  Without a path they
/// meet at MASTER_ADDR:MASTER_PORT over the interface GLOO_SOCKET_IFNAME, or the host name's.
/// Throws InputError for variables that are missing or malformed.
std::unique_ptr<Rendezvous> rendezvous_from_environment(
    const std::optional<std::filesystem::path>& store_path, std::chrono::milliseconds timeout);

}  // namespace isoframe::model::parallel
