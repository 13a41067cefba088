#include "model/parallel/group.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/parallel/in_process.h"

namespace isoframe::model::parallel {
namespace {

using ::testing::HasSubstr;

std::vector<int> everyone(int size) {
  std::vector<int> ranks;
  for (int rank = 0; rank < size; ++rank) ranks.push_back(rank);
  return ranks;
}

void with_group(int size, const std::function<void(Group&)>& body) {
  run_in_threads(size, [&](Rendezvous& rendezvous) {
    const std::shared_ptr<Group> group = rendezvous.group("test", everyone(size));
    body(*group);
    group->barrier();
  });
}

at::Tensor of_rank(int rank, std::vector<std::int64_t> shape) {
  const std::int64_t count = c10::multiply_integers(shape);
  return at::arange(count, at::kFloat).reshape(shape) + 1000 * rank;
}

TEST(SelfGroup, ReturnsItsInput) {
  const std::shared_ptr<Group> group = self_group("ulysses");
  const at::Tensor input = at::arange(6).reshape({2, 3});
  EXPECT_EQ(group->size(), 1);
  EXPECT_TRUE(group->all_gather(input, 1, {3}).is_same(input));
  EXPECT_TRUE(group->all_to_all({input}, {{2, 3}}).at(0).is_same(input));
  EXPECT_TRUE(group->traffic().empty());
}

TEST(GlooGroup, AllGatherJoinsUnevenAndEmptyPartsAlongAnyDimension) {
  with_group(3, [](Group& group) {
    const std::vector<std::int64_t> sizes = {3, 0, 2};
    for (const std::int64_t dim : {0, 1, -1}) {
      std::vector<at::Tensor> parts;
      for (int rank = 0; rank < 3; ++rank) {
        std::vector<std::int64_t> shape = {2, 4, 5};
        shape[dim < 0 ? dim + 3 : dim] = sizes[rank];
        parts.push_back(of_rank(rank, shape));
      }
      const at::Tensor whole = group.all_gather(parts[group.rank()], dim, sizes);
      EXPECT_TRUE(at::equal(whole, at::cat(parts, dim))) << dim;
    }
  });
}

TEST(GlooGroup, AllToAllCarriesBlocksOfDifferentShapes) {
  // From rank s to rank d: s + 1 rows, d columns; column count 0 is an empty block.
  with_group(3, [](Group& group) {
    const auto block = [](int source, int destination) {
      return of_rank(10 * source + destination, {source + 1, destination});
    };
    std::vector<at::Tensor> inputs;
    std::vector<std::vector<std::int64_t>> shapes;
    for (int peer = 0; peer < 3; ++peer) {
      inputs.push_back(block(group.rank(), peer));
      shapes.push_back({peer + 1, group.rank()});
    }
    const std::vector<at::Tensor> outputs = group.all_to_all(inputs, shapes);
    for (int peer = 0; peer < 3; ++peer) EXPECT_TRUE(at::equal(outputs[peer], block(peer, group.rank())));
  });
}

TEST(GlooGroup, AllReduceAddsInPlaceAndGivesEveryRankTheSameBits) {
  with_group(3, [](Group& group) {
    const auto part = [](int rank) { return at::arange(14, at::kFloat).reshape({2, 7}).add(rank).sin().t(); };
    at::Tensor sum = part(group.rank()).clone(at::MemoryFormat::Preserve);
    group.all_reduce(sum);
    EXPECT_TRUE(at::allclose(sum, part(0) + part(1) + part(2)));
    const at::Tensor all = group.all_gather(sum.unsqueeze(0), 0, {1, 1, 1});
    EXPECT_TRUE(at::equal(all[0], all[1]) && at::equal(all[0], all[2]));
    EXPECT_EQ(group.traffic().at("all_reduce").bytes_sent, 4U * 14 * 2 * 2 / 3);
  });
}

TEST(GlooGroup, ExchangesTravelRoundTheRingInTheOrderTheyWereStarted) {
  with_group(3, [](Group& group) {
    const int next = (group.rank() + 1) % 3, previous = (group.rank() + 2) % 3;
    const auto block = [](int rank, int turn) { return of_rank(10 * turn + rank, {rank, 2}); };
    const auto first = group.start_exchange(block(group.rank(), 0), next, {previous, 2}, previous);
    const auto second = group.start_exchange(block(group.rank(), 1), next, {previous, 2}, previous);
    EXPECT_TRUE(at::equal(second->wait(), block(previous, 1)));
    EXPECT_TRUE(at::equal(first->wait(), block(previous, 0)));
    const Traffic& traffic = group.traffic().at("exchange");
    EXPECT_EQ(traffic.calls, 2U);
    EXPECT_EQ(traffic.bytes_sent, 4U * 2 * 2 * group.rank());
    EXPECT_EQ(traffic.bytes_received, 4U * 2 * 2 * previous);
  });
}

TEST(GlooGroup, TensorsThatAreNotContiguousArriveAsTheyLook) {
  with_group(2, [](Group& group) {
    const at::Tensor square = of_rank(group.rank(), {3, 3});
    const at::Tensor other = of_rank(1 - group.rank(), {3, 3}).t();
    const at::Tensor both = group.all_gather(square.t(), 0, {3, 3});
    EXPECT_TRUE(at::equal(both.narrow(0, 3 * (1 - group.rank()), 3), other));
    EXPECT_TRUE(
        at::equal(group.all_to_all({square.t(), square.t()}, {{3, 3}, {3, 3}})[1 - group.rank()], other));

    at::Tensor shared = square.t();
    group.broadcast(shared, 1);
    EXPECT_TRUE(at::equal(shared, of_rank(1, {3, 3}).t()));

    at::Tensor received = at::zeros({3, 3}).t();
    if (group.rank() == 0) group.send(of_rank(0, {3, 3}).t(), 1, 7);
    if (group.rank() == 1) {
      group.receive(received, 0, 7);
      EXPECT_TRUE(at::equal(received, of_rank(0, {3, 3}).t()));
    }
  });
}

TEST(GlooGroup, EveryDtypeTravelsBitForBit) {
  with_group(2, [](Group& group) {
    for (const at::ScalarType dtype :
         {at::kFloat, at::kBFloat16, at::kHalf, at::kLong, at::kByte, at::kBool}) {
      at::Tensor value = at::arange(5).remainder(2).to(dtype);
      if (group.rank() == 1) value.zero_();
      group.broadcast(value, 0);
      EXPECT_TRUE(at::equal(value, at::arange(5).remainder(2).to(dtype))) << toString(dtype);
    }
  });
}

TEST(GlooGroup, MessageOfAnotherTagIsNotTaken) {
  int refused = 0;
  std::mutex mutex;
  run_in_threads(
      2,
      [&](Rendezvous& rendezvous) {
        const std::shared_ptr<Group> group = rendezvous.group("vae_patch", {0, 1});
        at::Tensor message = at::zeros({4});
        try {
          if (group->rank() == 0) group->send(message, 1, 1);
          if (group->rank() == 1) group->receive(message, 0, 2);
        } catch (const RunError&) {
          const std::lock_guard lock(mutex);
          ++refused;
        }
      },
      std::chrono::seconds(3));
  EXPECT_EQ(refused, 2);
}

TEST(GlooGroup, AnObserverHearsOfEachCallWithItsOwnBytes) {
  with_group(2, [](Group& group) {
    struct Heard {
      std::string what;
      std::uint64_t sent, received;
    };
    std::vector<Heard> heard;
    const auto begin = std::chrono::steady_clock::now();
    double seconds = 0.0;
    group.set_observer([&](const CollectiveCall& call) {
      EXPECT_EQ(call.group, "test");
      EXPECT_GE(call.start, begin);
      heard.push_back({std::string(call.collective), call.bytes_sent, call.bytes_received});
      seconds += call.seconds;
    });
    for (const std::int64_t length : {3, 5}) group.all_gather(at::zeros({length}), 0, {length, length});
    const int other = 1 - group.rank();
    const auto exchange = group.start_exchange(at::zeros({2}), other, {2}, other);
    exchange->wait();
    group.set_observer({});
    group.barrier();

    ASSERT_EQ(heard.size(), 4U);
    EXPECT_EQ(heard[0].what, "all_gather");
    EXPECT_EQ(heard[0].sent, 12U);
    EXPECT_EQ(heard[1].sent, 20U);
    EXPECT_EQ(heard[1].received, 20U);
    EXPECT_EQ(heard[2].what, "exchange");
    EXPECT_EQ(heard[2].sent, 8U);
    EXPECT_EQ(heard[3].what, "exchange");
    EXPECT_EQ(heard[3].sent + heard[3].received, 0U);
    EXPECT_DOUBLE_EQ(seconds,
                     group.traffic().at("all_gather").seconds + group.traffic().at("exchange").seconds);
  });
}

TEST(GlooGroup, TrafficIsWhatLeftForOthersAndCameFromThem) {
  with_group(3, [](Group& group) {
    const std::vector<std::int64_t> sizes = {4, 1, 0};
    group.all_gather(at::zeros({sizes[group.rank()]}), 0, sizes);
    const Traffic gathered = group.traffic().at("all_gather");
    EXPECT_EQ(gathered.calls, 1U);
    EXPECT_EQ(gathered.bytes_sent, 4U * 2 * sizes[group.rank()]);
    EXPECT_EQ(gathered.bytes_received, 4U * (5 - sizes[group.rank()]));
    EXPECT_GT(gathered.seconds, 0.0);

    std::vector<std::vector<std::int64_t>> shapes(3, {2});
    group.all_to_all(std::vector<at::Tensor>(3, at::zeros({2})), shapes);
    EXPECT_EQ(group.traffic().at("all_to_all").bytes_sent, 4U * 2 * 2);

    at::Tensor value = at::zeros({10});
    group.broadcast(value, 0);
    EXPECT_EQ(group.traffic().at("broadcast").bytes_sent, group.rank() == 0 ? 80U : 0U);
    EXPECT_EQ(group.traffic().at("broadcast").bytes_received, group.rank() == 0 ? 0U : 40U);

    group.reset_traffic();
    EXPECT_TRUE(group.traffic().empty());
  });
}

TEST(GlooGroup, GroupsOfOneNameButOtherRanksDoNotMix) {
  run_in_threads(4, [](Rendezvous& rendezvous) {
    const int first = rendezvous.rank() / 2 * 2;
    const std::shared_ptr<Group> pair = rendezvous.group("ulysses", {first, first + 1});
    const at::Tensor ranks = pair->all_gather(at::full({1}, rendezvous.rank()), 0, {1, 1});
    EXPECT_EQ(ranks[0].item<int>(), first);
    EXPECT_EQ(ranks[1].item<int>(), first + 1);
    pair->barrier();
  });
}

TEST(GlooGroup, LostPeerIsToldWithRankCollectiveAndGroupWellBeforeTheTimeout) {
  std::string told;
  const auto start = std::chrono::steady_clock::now();
  const auto timeout = std::chrono::minutes(5);
  run_in_threads(
      2,
      [&](Rendezvous& rendezvous) {
        const std::shared_ptr<Group> group = rendezvous.group("ulysses", {0, 1});
        group->barrier();
        if (rendezvous.rank() == 0) return;  // which closes its end of every connection
        try {
          at::Tensor never = at::empty({1 << 16});
          group->all_gather(never, 0, {1 << 16, 1 << 16});
        } catch (const RunError& error) {
          told = error.what();
        }
      },
      timeout);
  EXPECT_THAT(told, HasSubstr("rank 1: all_gather in group 'ulysses' failed: lost a peer"));
  EXPECT_EQ(told.find('\n'), std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - start, timeout);
}

TEST(GlooGroup, WritingToAPeerThatHasGoneIsAnErrorAndNoSignal) {
  ::signal(SIGPIPE, SIG_DFL);
  run_in_threads(2, [&](Rendezvous& rendezvous) { rendezvous.group("ulysses", {0, 1})->barrier(); });
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1);  // would end the process if SIGPIPE were left as it was
  EXPECT_EQ(errno, EPIPE);
  ::close(ends[1]);
}

TEST(GlooGroup, PeerThatNeverAnswersIsToldAfterTheTimeout) {
  std::string told;
  std::latch done(1);
  run_in_threads(
      2,
      [&](Rendezvous& rendezvous) {
        const std::shared_ptr<Group> group = rendezvous.group("cfg", {0, 1});
        if (rendezvous.rank() == 0) return done.wait();
        at::Tensor never = at::empty({1});
        try {
          group->receive(never, 0, 0);
        } catch (const RunError& error) {
          told = error.what();
        }
        done.count_down();
      },
      std::chrono::seconds(3));
  EXPECT_EQ(told, "rank 1: receive in group 'cfg' failed: no answer within 3 s");
}

TEST(RunInThreads, FirstExceptionOfARankReachesTheCaller) {
  EXPECT_THROW(run_in_threads(3,
                              [](Rendezvous& rendezvous) {
                                const std::shared_ptr<Group> group = rendezvous.group("world", {0, 1, 2});
                                group->barrier();
                                if (rendezvous.rank() == 1) throw std::out_of_range("planted");
                                group->all_gather(at::zeros({1}), 0, {1, 1, 1});
                              }),
               std::out_of_range);
}

}  // namespace
}  // namespace isoframe::model::parallel
