#pragma once
// Turns a layout into named groups for one rank.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/parallel/group.h"
#include "model/parallel/layout.h"
#include "model/parallel/sequence_parallel.h"
#include "model/parallel/tensor_parallel.h"

namespace isoframe::model::parallel {

/// The world ranks of every group of one name, e.g. ulysses=2,cfg=2: "ulysses" -> {{0,1},{2,3}}.
std::vector<std::vector<int>> group_ranks(const Layout& layout, const std::string& name);

/// Makes a group of the given world ranks; only its members call it, in the same order on each.
class Rendezvous {
 public:
  virtual ~Rendezvous() = default;
  virtual int rank() const = 0;
  virtual int world_size() const = 0;
  virtual std::shared_ptr<Group> group(const std::string& name, const std::vector<int>& world_ranks) = 0;
  /// A group for tensors on the CPU, wherever the ranks compute.  On a GPU it has no communicator, which
  /// would hold memory there; its barrier waits for the device.
  virtual std::shared_ptr<Group> cpu_group(const std::string& name, const std::vector<int>& world_ranks) {
    return group(name, world_ranks);
  }
};

/// One rank's place in a layout.
struct Mesh {
  Layout layout;
  int rank = 0;
  std::shared_ptr<Group> world;  ///< for tensors on the CPU
  std::shared_ptr<Group> tensor;
  std::shared_ptr<Group> ulysses;
  std::shared_ptr<Group> ring;
  std::shared_ptr<Group> cfg;
  std::shared_ptr<Group> vae_patch;  ///< null on ranks outside the VAEPP group: they get no tiles

  Reduction reduction = Reduction::kFast;
  int reduction_parts = 1;  ///< of a tensor group of one

  /// Decorates what sequence_parallel() makes; empty for nothing.  Tests put faults there.
  std::function<std::unique_ptr<SequenceParallel>(std::unique_ptr<SequenceParallel>)> wrap_sequence = {};

  std::unique_ptr<SequenceParallel> sequence_parallel() const;
  TensorParallel tensor_parallel() const { return {tensor, reduction, reduction_parts}; }
  /// Lists the distinct groups of more than one rank that this rank is in, for their traffic.
  std::vector<std::shared_ptr<Group>> groups() const;
};

/// Throws InputError when the layout needs another number of ranks.
void check_world_size(const Layout& layout, int world_size);

/// Throws InputError when the rendezvous' world size is not the layout's.
Mesh make_mesh(const Layout& layout, Rendezvous& rendezvous);
/// The mesh of a single process.
Mesh single_mesh();

}  // namespace isoframe::model::parallel
