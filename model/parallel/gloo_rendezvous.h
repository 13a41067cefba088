#pragma once
// Ranks as processes, found through a store that all of them reach.

#include <functional>
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
  /// The next meeting of the same ranks at the same place, as by `meeting`'s limits and device.  Made by all
  /// of them, each time with a name that no other has.
  std::unique_ptr<GlooRendezvous> again(const std::string& name, const Meeting& meeting) const;

  int rank() const override { return rank_; }
  int world_size() const override { return world_size_; }
  /// Throws std::invalid_argument when this rank is not one of `world_ranks`.
  std::shared_ptr<Group> group(const std::string& name, const std::vector<int>& world_ranks) override;
  std::shared_ptr<Group> cpu_group(const std::string& name, const std::vector<int>& world_ranks) override;

  /// See agreement.h.  Called by every rank, each time about facts of another name.
  void agree(const std::string& name, const Facts& facts, const std::string& device = "");

  /// Gives all ranks the text that rank 0 gets from `ask`, each time under another name.  The others wait for
  /// it as long as it takes: nothing, where rank 0 has ended meanwhile.
  std::string hand_on(const std::string& name, const std::function<std::string()>& ask);

 private:
  /// The group of that name and these ranks, made by `make` if there is none yet.
  using Make = std::shared_ptr<Group> (GlooRendezvous::*)(const Member&,
                                                          const c10::intrusive_ptr<c10d::Store>&) const;
  std::shared_ptr<Group> kept(const std::string& name, const std::vector<int>& world_ranks, Make make);
  std::shared_ptr<Group> make_for_device(const Member& member,
                                         const c10::intrusive_ptr<c10d::Store>& store) const;
  std::shared_ptr<Group> make_for_cpu(const Member& member,
                                      const c10::intrusive_ptr<c10d::Store>& store) const;

  c10::intrusive_ptr<c10d::Store> store_;    ///< what is kept there, each under its own prefix
  c10::intrusive_ptr<c10d::Store> meeting_;  ///< the part of it that is this meeting's alone
  int rank_;
  int world_size_;
  GlooOptions options_;
  c10::Device device_;
  std::map<std::string, std::shared_ptr<Group>> groups_;  ///< by name and ranks
};

/// The ranks of rank_from_environment() at the place of open_meeting_place(), and their errors.
std::unique_ptr<GlooRendezvous> rendezvous_from_environment(const Meeting& meeting);

}  // namespace isoframe::model::parallel
