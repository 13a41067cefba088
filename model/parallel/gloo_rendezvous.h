#pragma once
// Ranks as processes, found through a store that all of them reach.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <c10/util/intrusive_ptr.h>

#include "model/parallel/agreement.h"
#include "model/parallel/gloo_group.h"
#include "model/parallel/meeting_place.h"
#include "model/parallel/mesh.h"

namespace isoframe::model::parallel {

/// Its groups are Gloo's, or NCCL's on a GPU.  It keeps those it has made: who asks for one again gets that
/// one, whose ranks have met, as all of them do.
class GlooRendezvous : public Rendezvous {
 public:
  GlooRendezvous(c10::intrusive_ptr<c10d::Store> store, int rank, int world_size, GlooOptions options,
                 const c10::Device& device = c10::Device(c10::kCPU));
  ~GlooRendezvous() override;

  int rank() const override { return rank_; }
  int world_size() const override { return world_size_; }
  /// Throws std::invalid_argument when this rank is not one of `world_ranks`.
  std::shared_ptr<Group> group(const std::string& name, const std::vector<int>& world_ranks) override;

  /// See agreement.h.  Called once by every rank, before the first group.
  void agree(const Facts& facts);

 private:
  c10::intrusive_ptr<c10d::Store> store_;
  int rank_;
  int world_size_;
  GlooOptions options_;
  c10::Device device_;
  std::map<std::string, std::shared_ptr<Group>> groups_;  ///< by name and ranks
};

/// The ranks of rank_from_environment() at the place of open_meeting_place(), and their errors.
std::unique_ptr<GlooRendezvous> rendezvous_from_environment(const Meeting& meeting);

}  // namespace isoframe::model::parallel
