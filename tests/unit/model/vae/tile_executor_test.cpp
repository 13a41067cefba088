#include "model/vae/tile_executor.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "base/error.h"
#include "model/parallel/forwarding_group.h"
#include "model/parallel/in_process.h"

namespace isoframe::model::vae {
namespace {

using ::testing::Not;

constexpr std::int64_t kHeight = 8, kWidth = 14;

/// 2 x 3 tiles for two ranks; tiles 0 and 1 lie in the first row, and rank 1 has tile 1 and two later ones.
TilePlan two_ranks_plan() {
  return plan_tiles({.tile = 6, .stride = 5, .blend = 1, .limit = 5}, 1, kHeight, kWidth, 2);
}

TileOperation operation_of(std::function<at::Tensor(const at::Tensor&)> run) {
  return {std::move(run), 1, 1, "decode.tile", "decode.communication", "decode.blend"};
}

/// A flag that one rank sets and another waits for.
class Signal {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    is_set_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [this] { return is_set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_set_ = false;
};

/// Tells, on the merging rank, when the first tile of another rank has arrived.
class ArrivalProbe : public Probe {
 public:
  ArrivalProbe(Signal& arrival, std::int64_t number) : arrival_(arrival), number_(number) {}
  void tensor(ProbePoint point, const at::Tensor&) override {
    if (point.name == "decode.communication" && point.index == number_) arrival_.set();
  }

 private:
  Signal& arrival_;
  std::int64_t number_;
};

TEST(TileExecutor, ATileArrivesWhileItsRankComputesLaterOnes) {
  const TilePlan plan = two_ranks_plan();
  std::vector<std::int64_t> of_rank_1;
  for (const TileAssignment& tile : plan.tiles)
    if (tile.rank == 1) of_rank_1.push_back(plan.number(tile));
  ASSERT_GE(of_rank_1.size(), 2U);
  ASSERT_LT(of_rank_1.front(), plan.columns) << "rank 0 must ask for it before any later one";

  Signal arrival;
  bool arrived_in_time = false;
  parallel::run_in_threads(2, [&](parallel::Rendezvous& rendezvous) {
    const auto group = rendezvous.group("vae_patch", {0, 1});
    std::size_t computed = 0;
    const TileOperation operation = operation_of([&](const at::Tensor& tile) {
      const bool is_last = group->rank() == 1 && ++computed == of_rank_1.size();
      if (is_last) arrived_in_time = arrival.wait();
      return tile.clone();
    });
    ArrivalProbe probe(arrival, of_rank_1.front());
    execute_tiles(plan, at::ones({1, kHeight, kWidth, 1}), operation, *group, probe);
    group->barrier();
  });
  EXPECT_TRUE(arrived_in_time) << "nothing arrived before rank 1 began its last tile";
}

/// Notes what is started when, on a device that an exchange occupies.
class OccupiedGroup : public parallel::ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;
  bool exchange_occupies_device() const override { return true; }
  std::unique_ptr<parallel::Exchange> start_send(const at::Tensor& tensor, int destination,
                                                 int tag) override {
    started.push_back("send");
    return ForwardingGroup::start_send(tensor, destination, tag);
  }
  std::unique_ptr<parallel::Exchange> start_receive(const std::vector<std::int64_t>& shape,
                                                    const at::TensorOptions& options, int source,
                                                    int tag) override {
    started.push_back("receive");
    return ForwardingGroup::start_receive(shape, options, source, tag);
  }
  std::vector<std::string> started;
};

TEST(TileExecutor, ADeviceThatAnExchangeOccupiesComputesItsTilesFirst) {
  const TilePlan plan = two_ranks_plan();
  at::Tensor merged;
  parallel::run_in_threads(2, [&](parallel::Rendezvous& rendezvous) {
    OccupiedGroup group(rendezvous.group("vae_patch", {0, 1}));
    const at::Tensor volume = at::arange(kHeight * kWidth, at::kFloat).view({1, kHeight, kWidth, 1});
    const at::Tensor picture = execute_tiles(plan, volume, operation_of([&](const at::Tensor& tile) {
                                               group.started.push_back("tile");
                                               return tile.clone();
                                             }),
                                             group, no_probe());
    if (group.rank() == 0) merged = picture;
    const auto first_exchange = std::find_if(group.started.begin(), group.started.end(),
                                             [](const std::string& what) { return what != "tile"; });
    EXPECT_NE(first_exchange, group.started.end());
    EXPECT_EQ(std::find(first_exchange, group.started.end(), "tile"), group.started.end());
    group.barrier();
  });
  EXPECT_TRUE(at::equal(merged, at::arange(kHeight * kWidth, at::kFloat).view({1, kHeight, kWidth, 1})));
}

TEST(TileExecutor, SendsEachTileOnceAndUnpadded) {
  const TilePlan plan = two_ranks_plan();
  std::uint64_t tiles = 0, bytes = 0;
  for (const TileAssignment& tile : plan.tiles) {
    if (tile.rank != 1) continue;
    ++tiles;
    bytes += static_cast<std::uint64_t>(tile.height * tile.width) * sizeof(float);
  }
  parallel::run_in_threads(2, [&](parallel::Rendezvous& rendezvous) {
    const auto group = rendezvous.group("vae_patch", {0, 1});
    execute_tiles(plan, at::ones({1, kHeight, kWidth, 1}),
                  operation_of([](const at::Tensor& tile) { return tile.clone(); }), *group, no_probe());
    const auto& traffic = group->traffic();
    ASSERT_EQ(traffic.size(), 1U) << "nothing but tiles travels";
    const bool receives = group->rank() == 0;
    const parallel::Traffic& moved = traffic.at(receives ? "receive" : "send");
    EXPECT_EQ(moved.calls, tiles);
    EXPECT_EQ(receives ? moved.bytes_received : moved.bytes_sent, bytes);
    group->barrier();
  });
}

TEST(TileExecutor, AFailingTileNamesTileRankAndShape) {
  const TilePlan plan = two_ranks_plan();
  const TileAssignment& fails = plan.tiles.back();
  const TileOperation operation = operation_of([&](const at::Tensor& tile) -> at::Tensor {
    if (tile.size(1) == fails.height && tile.size(2) == fails.width)
      throw std::runtime_error("no memory for 7 GiB\nbacktrace");
    return tile.clone();
  });
  std::string message;
  try {
    parallel::run_in_threads(
        2,
        [&](parallel::Rendezvous& rendezvous) {
          const auto group = rendezvous.group("vae_patch", {0, 1});
          if (group->rank() == fails.rank) {
            try {
              execute_tiles(plan, at::ones({1, kHeight, kWidth, 1}), operation, *group, no_probe());
            } catch (const RunError& error) {
              message = error.what();
            }
          }
        },
        std::chrono::seconds(20));
  } catch (const RunError&) {
  }
  EXPECT_EQ(message,
            fmt::format("rank {}: decode.tile {} (row {}, column {}, {} x {} of 1 frames) failed: no "
                        "memory for 7 GiB",
                        fails.rank, plan.number(fails), fails.row, fails.column, fails.height, fails.width));
}

}  // namespace
}  // namespace isoframe::model::vae
