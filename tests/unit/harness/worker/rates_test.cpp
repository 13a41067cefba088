#include "harness/worker/rates.h"

#include <mutex>
#include <numeric>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "model/parallel/forwarding_group.h"
#include "model/parallel/in_process.h"

namespace isoframe::harness::worker {
namespace {

using model::parallel::Group;
using reports::records::LinkRate;
using reports::records::MachineRates;

constexpr int kRanks = 3;

/// Returns the rates of every rank; `wrap` may put a fault into a rank's group.
std::vector<MachineRates> rates(const std::function<std::shared_ptr<Group>(std::shared_ptr<Group>)>& wrap) {
  std::vector<MachineRates> all(kRanks);
  model::parallel::run_in_threads(kRanks, [&](model::parallel::Rendezvous& rendezvous) {
    std::vector<int> ranks(kRanks);
    std::iota(ranks.begin(), ranks.end(), 0);
    const auto world = wrap(rendezvous.group("world", ranks));
    all[rendezvous.rank()] = rates_of(*world, c10::Device(c10::kCPU));
    world->barrier();
  });
  return all;
}

/// Flips one bit of every large tensor on its way to one rank.
class Corrupting : public model::parallel::ForwardingGroup {
 public:
  Corrupting(std::shared_ptr<Group> sound, int victim) : ForwardingGroup(std::move(sound)), victim_(victim) {}
  std::unique_ptr<model::parallel::Exchange> start_send(const at::Tensor& tensor, int destination,
                                                        int tag) override {
    if (destination != victim_ || tensor.numel() == 1) return sound_->start_send(tensor, destination, tag);
    at::Tensor wrong = tensor.clone();
    wrong.view(at::kInt)[-1].bitwise_xor_(1);
    return sound_->start_send(wrong, destination, tag);
  }

 private:
  int victim_;
};

TEST(Rates, EveryRankTriesEveryOther) {
  const auto all = rates([](std::shared_ptr<Group> sound) { return sound; });
  for (int rank = 0; rank < kRanks; ++rank) {
    EXPECT_EQ(all[rank].rank, rank);
    EXPECT_GT(all[rank].memory.bytes_per_second, 0.0);
    EXPECT_TRUE(all[rank].memory.intact);
    EXPECT_GT(all[rank].compute.flops_per_second, 0.0);
    EXPECT_EQ(all[rank].compute.result, all[0].compute.result);
    ASSERT_TRUE(all[rank].load);
    EXPECT_EQ(all[rank].load->host, all[rank].host);
    EXPECT_GT(all[rank].load->processor_count, 0);
    EXPECT_GT(all[rank].load->own_seconds, 0.0);
    ASSERT_EQ(all[rank].links.size(), kRanks - 1U);
    int peer = 0;
    for (const LinkRate& link : all[rank].links) {
      peer += peer == rank ? 1 : 0;
      EXPECT_EQ(link.peer, peer++);
      EXPECT_GT(link.bytes_per_second, 0.0);
      EXPECT_GT(link.latency_seconds, 0.0);
      EXPECT_TRUE(link.intact);
    }
  }
}

TEST(Rates, AFlippedBitOnTheWayIsSeenByBothEndsOfThatLinkAlone) {
  const auto all = rates([](std::shared_ptr<Group> sound) -> std::shared_ptr<Group> {
    if (sound->rank() != 0) return sound;
    return std::make_shared<Corrupting>(std::move(sound), /*victim=*/2);
  });
  const auto intact = [&](int rank, int link) { return all[rank].links[link].intact; };
  EXPECT_TRUE(intact(0, 0));
  EXPECT_FALSE(intact(0, 1));
  EXPECT_TRUE(intact(1, 0));
  EXPECT_TRUE(intact(1, 1));
  EXPECT_FALSE(intact(2, 0));
  EXPECT_TRUE(intact(2, 1));
}

}  // namespace
}  // namespace isoframe::harness::worker
