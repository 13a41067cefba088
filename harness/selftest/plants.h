#pragma once
// The ways to plant a fault, so that most entries of the catalogue are one expression.

#include <functional>
#include <string>
#include <vector>

#include "harness/selftest/fault.h"
#include "harness/selftest/forwarding.h"

namespace isoframe::harness::selftest {

constexpr int kEveryRank = -1;

/// Probe points by name, index and step; an index or a step of -1 stands for any.
struct Spot {
  std::string name;
  std::int64_t index = -1;
  std::int64_t step = -1;
};

using Change = std::function<void(const at::Tensor&)>;
/// Sees every point of a rank; keeps what it needs between them.
using Watch = std::function<void(const locate::Place&, const at::Tensor&)>;

/// Changes the tensor at a point of one rank.
Plant at_point(const Spot& spot, int rank, const Change& change);
/// Lets a watch see every point of a rank; `make` makes one for each rank.
Plant watching(int rank, const std::function<Watch()>& make);
/// True if the place is one of the points.
bool is_at(const locate::Place& place, const Spot& spot);

/// Puts `make(sound group)` in place of a group of the mesh, on one rank.
Plant in_group(
    std::shared_ptr<model::parallel::Group> model::parallel::Mesh::*group, int rank,
    const std::function<std::shared_ptr<model::parallel::Group>(std::shared_ptr<model::parallel::Group>)>&
        make);
template <typename Decorator>
Plant in_group(std::shared_ptr<model::parallel::Group> model::parallel::Mesh::*group, int rank) {
  return in_group(group, rank, [](std::shared_ptr<model::parallel::Group> sound) {
    return std::make_shared<Decorator>(std::move(sound));
  });
}
/// Puts a decorator around sequence parallelism, on one rank.
template <typename Decorator>
Plant in_sequence(int rank) {
  return {.mesh = [rank](model::parallel::Mesh& mesh) {
    if (rank != kEveryRank && rank != mesh.rank) return;
    const int ranks = mesh.ulysses->size() * mesh.ring->size();
    mesh.wrap_sequence = [ranks](std::unique_ptr<model::parallel::SequenceParallel> sound) {
      return std::make_unique<Decorator>(std::move(sound), ranks);
    };
  }};
}
/// Changes one tensor of one rank's checkpoint.
Plant in_weights(const std::string& part, const std::string& tensor, int rank, const Change& change);
/// Changes the request that a rank is given.
Plant in_request(const std::function<void(model::pipeline::Request&, int rank)>& change);

/// Flips one bit of the float in the middle.
void flip_bit(const at::Tensor& tensor, int bit);
/// Flips the last mantissa bit of one value, which is the smallest change there is.
void flip_last_bit(const at::Tensor& tensor);

}  // namespace isoframe::harness::selftest
