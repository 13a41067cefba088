#include <cmath>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/parallel/in_process.h"
#include "model/parallel/sequence_parallel.h"
#include "model/parallel/usp.h"

namespace isoframe::model::parallel {
namespace {

struct AttentionCase {
  int ranks;
  std::int64_t heads;
  std::int64_t head_dim;
  std::int64_t video;
  std::int64_t condition;
};

Qkv random_qkv(std::uint64_t seed, std::int64_t length, const AttentionCase& size) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const auto draw = [&] { return at::randn({1, length, size.heads, size.head_dim}, generator); };
  at::Tensor query = draw(), key = draw(), value = draw();
  return {query, key, value};
}

void expect_equal_to_one_rank(const AttentionCase& size) {
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  SCOPED_TRACE(fmt::format("{} ranks, {} heads x {}, {} + {} tokens", size.ranks, size.heads, size.head_dim,
                           size.video, size.condition));
  const Qkv video = random_qkv(1, size.video, size);
  const Qkv condition = random_qkv(2, size.condition, size);
  const auto [video_alone, condition_alone] =
      make_ulysses(self_group("ulysses"))->attend(video, condition, size.video);

  run_in_threads(size.ranks, [&](Rendezvous& rendezvous) {
    std::vector<int> everyone;
    for (int rank = 0; rank < size.ranks; ++rank) everyone.push_back(rank);
    const std::shared_ptr<Group> group = rendezvous.group("ulysses", everyone);
    const std::unique_ptr<SequenceParallel> ulysses = make_ulysses(group);
    const Qkv own = {ulysses->shard(video.query, 1), ulysses->shard(video.key, 1),
                     ulysses->shard(video.value, 1)};
    const auto [local, condition_out] = ulysses->attend(own, condition, size.video);
    EXPECT_TRUE(at::equal(local, ulysses->shard(video_alone, 1)));
    EXPECT_TRUE(at::equal(ulysses->gather(local, 1, size.video), video_alone));
    EXPECT_TRUE(at::equal(condition_out, condition_alone));
    group->barrier();
  });
}

TEST(Ulysses, AttentionOfAGroupOfOneIsPlainAttention) {
  const c10::InferenceMode inference;
  const AttentionCase size = {1, 3, 8, 11, 5};
  const Qkv video = random_qkv(1, size.video, size);
  const Qkv condition = random_qkv(2, size.condition, size);
  const auto joined = [](const at::Tensor& a, const at::Tensor& b) {
    return at::cat({a, b}, 1).transpose(1, 2).to(at::kDouble);
  };
  const at::Tensor query = joined(video.query, condition.query);
  const at::Tensor scores =
      at::softmax(at::matmul(query, joined(video.key, condition.key).transpose(2, 3)) / std::sqrt(8.0), -1);
  const at::Tensor expected = at::matmul(scores, joined(video.value, condition.value)).transpose(1, 2);

  const auto [video_out, condition_out] =
      make_ulysses(self_group("ulysses"))->attend(video, condition, size.video);
  EXPECT_TRUE(at::allclose(at::cat({video_out, condition_out}, 1).to(at::kDouble), expected, 1e-5, 1e-6));
}

TEST(Ulysses, EqualsOneRankBitForBit) {
  expect_equal_to_one_rank({2, 2, 128, 130, 40});
  expect_equal_to_one_rank({2, 4, 16, 33, 7});
  expect_equal_to_one_rank({3, 3, 24, 50, 9});
  expect_equal_to_one_rank({3, 6, 18, 200, 31});
  expect_equal_to_one_rank({4, 4, 32, 801, 12});
  expect_equal_to_one_rank({4, 8, 6, 61, 1});
}

TEST(Ulysses, RanksWithoutTokensTakeTheirPart) {
  expect_equal_to_one_rank({4, 4, 8, 3, 5});
  expect_equal_to_one_rank({4, 4, 8, 1, 1});
  expect_equal_to_one_rank({3, 3, 8, 2, 0});
}

TEST(Ulysses, ShardsAreContiguousRowsAndTheFirstRanksHoldOneMore) {
  run_in_threads(3, [](Rendezvous& rendezvous) {
    const std::unique_ptr<SequenceParallel> ulysses = make_ulysses(rendezvous.group("ulysses", {0, 1, 2}));
    const at::Tensor tokens = at::arange(2 * 7 * 3).reshape({2, 7, 3});
    const std::vector<std::int64_t> offsets = {0, 3, 5}, sizes = {3, 2, 2};
    const at::Tensor local = ulysses->shard(tokens, 1);
    EXPECT_TRUE(at::equal(local, tokens.narrow(1, offsets[rendezvous.rank()], sizes[rendezvous.rank()])));
    EXPECT_TRUE(at::equal(ulysses->gather(local, 1, 7), tokens));
    EXPECT_EQ(ulysses->shard(tokens.narrow(1, 0, 2), 1).size(1), rendezvous.rank() == 2 ? 0 : 1);
  });
}

TEST(Ulysses, AttentionTakesTwoAllToAllsAndOneAllGather) {
  run_in_threads(2, [](Rendezvous& rendezvous) {
    const AttentionCase size = {2, 4, 8, 10, 6};
    const std::shared_ptr<Group> group = rendezvous.group("ulysses", {0, 1});
    const std::unique_ptr<SequenceParallel> ulysses = make_ulysses(group);
    const Qkv local = random_qkv(1, 5, size);
    ulysses->attend(local, random_qkv(2, size.condition, size), size.video);
    const std::map<std::string, Traffic>& traffic = group->traffic();
    EXPECT_EQ(traffic.size(), 2U);
    EXPECT_EQ(traffic.at("all_to_all").calls, 2U);
    EXPECT_EQ(traffic.at("all_gather").calls, 1U);
    // Half of q, k, v and of the output of 5 rows x 4 heads x 8; 2 heads of 6 condition tokens.
    EXPECT_EQ(traffic.at("all_to_all").bytes_sent, 4U * (3 + 1) * 5 * 2 * 8);
    EXPECT_EQ(traffic.at("all_gather").bytes_sent, 4U * 6 * 2 * 8);
    group->barrier();
  });
}

TEST(Ulysses, HeadsThatTheGroupDoesNotDivideAreRefused) {
  EXPECT_THROW(run_in_threads(2,
                              [](Rendezvous& rendezvous) {
                                const AttentionCase size = {2, 3, 8, 4, 2};
                                make_ulysses(rendezvous.group("ulysses", {0, 1}))
                                    ->attend(random_qkv(1, 2, size), random_qkv(2, 2, size), 4);
                              }),
               InputError);
}

}  // namespace
}  // namespace isoframe::model::parallel
