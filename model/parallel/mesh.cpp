#include "model/parallel/mesh.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "model/parallel/usp.h"

namespace isoframe::model::parallel {

namespace {

/// One dimension of the rank mesh: ranks of one group are `stride` apart.
struct Axis {
  int size;
  int stride;
};

Axis axis(const Layout& layout, const std::string& name) {
  const int ulysses = layout.tensor;
  const int ring = ulysses * layout.ulysses;
  const int cfg = ring * layout.ring;
  if (name == "tensor") return {layout.tensor, 1};
  if (name == "ulysses") return {layout.ulysses, ulysses};
  if (name == "ring") return {layout.ring, ring};
  if (name == "cfg") return {layout.cfg, cfg};
  throw std::invalid_argument(fmt::format("a mesh has no dimension '{}'", name));
}

std::vector<int> first_ranks(int count) {
  std::vector<int> ranks(count);
  std::iota(ranks.begin(), ranks.end(), 0);
  return ranks;
}

/// The group of `name` that this rank is in; null where it is in none.
std::shared_ptr<Group> join(const std::string& name, const Layout& layout, Rendezvous& rendezvous) {
  for (const std::vector<int>& ranks : group_ranks(layout, name)) {
    if (std::find(ranks.begin(), ranks.end(), rendezvous.rank()) != ranks.end()) {
      if (ranks.size() == 1) return self_group(name);
      return name == "world" ? rendezvous.cpu_group(name, ranks) : rendezvous.group(name, ranks);
    }
  }
  return nullptr;
}

}  // namespace

std::vector<std::vector<int>> group_ranks(const Layout& layout, const std::string& name) {
  const int world = layout.world_size();
  if (name == "world") return {first_ranks(world)};
  if (name == "vae_patch") return {first_ranks(layout.vae_patch)};
  const auto [size, stride] = axis(layout, name);
  std::vector<std::vector<int>> groups;
  for (int first = 0; first < world; ++first) {
    if (first / stride % size != 0) continue;
    std::vector<int>& group = groups.emplace_back();
    for (int member = 0; member < size; ++member) group.push_back(first + member * stride);
  }
  return groups;
}

std::unique_ptr<SequenceParallel> Mesh::sequence_parallel() const {
  std::unique_ptr<SequenceParallel> sequence = make_usp(ulysses, ring);
  return wrap_sequence ? wrap_sequence(std::move(sequence)) : std::move(sequence);
}

std::vector<std::shared_ptr<Group>> Mesh::groups() const {
  std::vector<std::shared_ptr<Group>> distinct;
  for (const std::shared_ptr<Group>& group : {world, tensor, ulysses, ring, cfg, vae_patch}) {
    if (group && group->size() > 1 && std::find(distinct.begin(), distinct.end(), group) == distinct.end()) {
      distinct.push_back(group);
    }
  }
  return distinct;
}

void check_world_size(const Layout& layout, int world_size) {
  if (world_size == layout.world_size()) return;
  throw InputError(fmt::format("layout '{}' needs {} {}, {} {} started; start {}", to_string(layout),
                               layout.world_size(), layout.world_size() == 1 ? "rank" : "ranks", world_size,
                               world_size == 1 ? "was" : "were", layout.world_size()));
}

Mesh make_mesh(const Layout& layout, Rendezvous& rendezvous) {
  check_world_size(layout, rendezvous.world_size());
  Mesh mesh;
  mesh.layout = layout;
  mesh.rank = rendezvous.rank();
  mesh.world = join("world", layout, rendezvous);
  mesh.tensor = join("tensor", layout, rendezvous);
  mesh.ulysses = join("ulysses", layout, rendezvous);
  mesh.ring = join("ring", layout, rendezvous);
  mesh.cfg = join("cfg", layout, rendezvous);
  mesh.vae_patch = join("vae_patch", layout, rendezvous);
  return mesh;
}

Mesh single_mesh() {
  return {.layout = {},
          .rank = 0,
          .world = self_group("world"),
          .tensor = self_group("tensor"),
          .ulysses = self_group("ulysses"),
          .ring = self_group("ring"),
          .cfg = self_group("cfg"),
          .vae_patch = self_group("vae_patch")};
}

}  // namespace isoframe::model::parallel
