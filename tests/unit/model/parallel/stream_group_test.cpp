// Checks, on a backend that stands in for NCCL's, that collectives of a device with streams neither poll nor
// wait, and that their times are those of the stream.

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "model/parallel/backend_group.h"

namespace isoframe::model::parallel {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

class StreamWork : public c10d::Work {
 public:
  explicit StreamWork(std::vector<milliseconds>& limits) : limits_(limits) {}
  bool wait(milliseconds limit) override {
    limits_.push_back(limit);
    return true;
  }

 private:
  std::vector<milliseconds>& limits_;
};

/// Notes the limits of its works' waits; moves nothing.
class StreamBackend : public c10d::Backend {
 public:
  StreamBackend() : Backend(/*rank=*/0, /*size=*/2) {}
  const std::string getBackendName() const override { return "stream"; }
  c10::intrusive_ptr<c10d::Work> send(std::vector<at::Tensor>&, int, int) override { return work(); }
  c10::intrusive_ptr<c10d::Work> recv(std::vector<at::Tensor>&, int, int) override { return work(); }
  c10::intrusive_ptr<c10d::Work> allreduce(std::vector<at::Tensor>&, const c10d::AllreduceOptions&) override {
    return work();
  }
  void startCoalescing() override {}
  c10::intrusive_ptr<c10d::Work> endCoalescing() override { return work(); }

  std::vector<milliseconds> limits;

 private:
  c10::intrusive_ptr<c10d::Work> work() { return c10::make_intrusive<StreamWork>(limits); }
};

class StreamGroup : public testing::Test {
 protected:
  StreamGroup()
      : backend_(c10::make_intrusive<StreamBackend>()),
        group_(make_backend_group({.name = "test", .rank = 0, .size = 2},
                                  {.tensors = backend_,
                                   .control = backend_,
                                   .coalesces = true,
                                   .is_stream_ordered = true,
                                   .clock = [this] { return mark(); }},
                                  milliseconds(700))) {}

  /// Marks a second later each time; counts how often a mark is waited for.
  std::function<Clock::time_point()> mark() {
    const Clock::time_point time = Clock::time_point() + std::chrono::seconds(++marks_);
    return [this, time] {
      ++waits_;
      return time;
    };
  }

  void use_every_collective() {
    const at::Tensor block = at::ones({4});
    group_->all_gather(block, 0, {4, 4});
    group_->all_to_all({block, block}, {{4}, {4}});
    at::Tensor sum = block.clone();
    group_->all_reduce(sum);
    group_->broadcast(sum, 0);
    group_->start_exchange(block, 1, {4}, 1)->wait();
    group_->start_send(block, 1, 0)->wait();
    group_->start_receive({4}, block.options(), 1, 0)->wait();
  }

  int marks_ = 0, waits_ = 0;
  c10::intrusive_ptr<StreamBackend> backend_;
  std::shared_ptr<Group> group_;
};

TEST_F(StreamGroup, WaitsHaveNoLimitThatWouldMakeThemPoll) {
  use_every_collective();
  ASSERT_FALSE(backend_->limits.empty());
  for (const milliseconds limit : backend_->limits) EXPECT_EQ(limit, kNoTimeout);
}

TEST_F(StreamGroup, ItsExchangesOccupyTheDevice) {
  EXPECT_TRUE(group_->exchange_occupies_device());
  const auto gloo = make_backend_group({.name = "test", .rank = 0, .size = 2},
                                       {.tensors = backend_, .control = backend_}, milliseconds(700));
  EXPECT_FALSE(gloo->exchange_occupies_device());
}

TEST_F(StreamGroup, NothingIsWaitedForUntilTheTrafficIsRead) {
  int heard = 0;
  group_->set_observer([&](const CollectiveCall& call) {
    ++heard;
    EXPECT_DOUBLE_EQ(call.seconds, 1.0) << call.collective;
  });
  use_every_collective();
  EXPECT_EQ(waits_, 0);
  EXPECT_EQ(heard, 0);

  // Each call marks its start and, a second later, its end; those that are started and waited for do so
  // twice.
  const std::map<std::string, double> seconds = {{"all_gather", 1}, {"all_to_all", 1}, {"all_reduce", 1},
                                                 {"broadcast", 1},  {"exchange", 2},   {"send", 2},
                                                 {"receive", 2}};
  const std::map<std::string, Traffic>& traffic = group_->traffic();
  ASSERT_EQ(traffic.size(), seconds.size());
  for (const auto& [collective, expected] : seconds)
    EXPECT_DOUBLE_EQ(traffic.at(collective).seconds, expected) << collective;
  EXPECT_EQ(traffic.at("exchange").bytes_sent, 16U);
  EXPECT_EQ(heard, 10);
  EXPECT_EQ(waits_, 20);
  group_->traffic();
  EXPECT_EQ(waits_, 20) << "what is settled is not waited for again";
}

TEST_F(StreamGroup, CallsThatNobodyReadsDoNotPileUp) {
  const at::Tensor block = at::ones({4});
  for (int call = 0; call < 10'000; ++call) group_->all_to_all({block, block}, {{4}, {4}});
  EXPECT_GE(waits_, 2 * 5'000);
  EXPECT_DOUBLE_EQ(group_->traffic().at("all_to_all").seconds, 10'000);
}

}  // namespace
}  // namespace isoframe::model::parallel
