#include "model/parallel/gloo_rendezvous.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>

#include "model/parallel/nccl_group.h"
#include "model/parallel/rank_of_world.h"

namespace isoframe::model::parallel {

GlooRendezvous::GlooRendezvous(c10::intrusive_ptr<c10d::Store> store, int rank, int world_size,
                               GlooOptions options, const c10::Device& device)
    : store_(std::move(store)),
      meeting_(store_),
      rank_(rank),
      world_size_(world_size),
      options_(std::move(options)),
      device_(device) {}

GlooRendezvous::~GlooRendezvous() = default;

std::unique_ptr<GlooRendezvous> GlooRendezvous::again(const std::string& name, const Meeting& meeting) const {
  auto next = std::make_unique<GlooRendezvous>(
      store_, rank_, world_size_,
      GlooOptions{.timeout = meeting.timeout, .patience = meeting.patience, .interface = options_.interface},
      meeting.device);
  next->meeting_ = c10::make_intrusive<c10d::PrefixStore>("meeting " + name, store_);
  return next;
}

std::shared_ptr<Group> GlooRendezvous::make_for_device(const Member& member,
                                                       const c10::intrusive_ptr<c10d::Store>& store) const {
  return device_.is_cuda() ? make_nccl_group(member, store, options_, device_) : make_for_cpu(member, store);
}

std::shared_ptr<Group> GlooRendezvous::make_for_cpu(const Member& member,
                                                    const c10::intrusive_ptr<c10d::Store>& store) const {
  return make_gloo_group(member, store, options_, device_);
}

std::shared_ptr<Group> GlooRendezvous::group(const std::string& name, const std::vector<int>& world_ranks) {
  return kept(name, world_ranks, &GlooRendezvous::make_for_device);
}

std::shared_ptr<Group> GlooRendezvous::cpu_group(const std::string& name,
                                                 const std::vector<int>& world_ranks) {
  return kept(name, world_ranks, &GlooRendezvous::make_for_cpu);
}

std::shared_ptr<Group> GlooRendezvous::kept(const std::string& name, const std::vector<int>& world_ranks,
                                            Make make) {
  const auto self = std::find(world_ranks.begin(), world_ranks.end(), rank_);
  if (self == world_ranks.end()) {
    throw std::invalid_argument(
        fmt::format("rank {} is not in group '{}' of ranks {}", rank_, name, fmt::join(world_ranks, ",")));
  }
  if (world_ranks.size() == 1) return self_group(name);
  const std::string prefix = fmt::format("{}/{}", name, fmt::join(world_ranks, ","));
  std::shared_ptr<Group>& group = groups_[prefix];
  if (group != nullptr) return group;
  const Member member{.name = name,
                      .rank = static_cast<int>(self - world_ranks.begin()),
                      .size = static_cast<int>(world_ranks.size()),
                      .world_rank = rank_};
  const auto store = c10::make_intrusive<c10d::PrefixStore>(prefix, meeting_);
  group = (this->*make)(member, store);
  return group;
}

void GlooRendezvous::agree(const std::string& name, const Facts& facts, const std::string& device) {
  c10d::PrefixStore store("agreement " + name, meeting_);
  parallel::agree(store, rank_, world_size_, facts, device, options_.patience);
}

std::string GlooRendezvous::hand_on(const std::string& name, const std::function<std::string()>& ask) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kSlice = std::chrono::seconds(20);
  const std::string key = "handed on " + name;
  if (rank_ == 0) {
    std::string text = ask();
    store_->set(key, text);
    return text;
  }
  for (;;) {
    const auto start = Clock::now();
    try {
      store_->wait({key}, kSlice);
      return store_->get_to_str(key);
    } catch (const std::exception&) {
      // A wait that ends before its time has lost rank 0, which serves the store.
      if (Clock::now() - start < kSlice / 2) return {};
    }
  }
}

std::unique_ptr<GlooRendezvous> rendezvous_from_environment(const Meeting& meeting) {
  const RankOfWorld self = rank_from_environment();
  MeetingPlace place = open_meeting_place(self, meeting);
  return std::make_unique<GlooRendezvous>(
      std::move(place.store), self.rank, self.world_size,
      GlooOptions{.timeout = meeting.timeout, .patience = meeting.patience, .interface = place.interface},
      meeting.device);
}

}  // namespace isoframe::model::parallel
