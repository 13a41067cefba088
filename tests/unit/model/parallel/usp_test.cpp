// Ring attention and Ulysses inside it, against attention on one rank and in float64.

#include "model/parallel/usp.h"

#include <cmath>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/parallel/in_process.h"
#include "model/parallel/partial_attention.h"
#include "model/parallel/sequence_parallel.h"
#include "model/parallel/split.h"

namespace isoframe::model::parallel {
namespace {

struct Size {
  int ulysses;
  int ring;
  std::int64_t heads;
  std::int64_t head_dim;
  std::int64_t video;
  std::int64_t condition;
};

Qkv random_qkv(std::uint64_t seed, std::int64_t length, const Size& size) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const auto draw = [&] { return at::randn({1, length, size.heads, size.head_dim}, generator); };
  at::Tensor query = draw(), key = draw(), value = draw();
  return {query, key, value};
}

Qkv to(const Qkv& qkv, at::ScalarType dtype) {
  return {qkv.query.to(dtype), qkv.key.to(dtype), qkv.value.to(dtype)};
}

struct Attended {
  at::Tensor video;      ///< of all ranks, gathered
  at::Tensor condition;  ///< of one rank
};

Attended attend_alone(const Qkv& video, const Qkv& condition) {
  const auto [video_out, condition_out] =
      make_ulysses(self_group("ulysses"))->attend(video, condition, video.query.size(1));
  return {video_out, condition_out};
}

/// Attends with one thread a rank; returns the results by rank.
std::vector<Attended> attend_parallel(const Qkv& video, const Qkv& condition, int ulysses, int ring) {
  std::vector<Attended> ranks(static_cast<std::size_t>(ulysses * ring));
  run_in_threads(ulysses * ring, [&](Rendezvous& rendezvous) {
    const Mesh mesh = make_mesh({.ulysses = ulysses, .ring = ring}, rendezvous);
    const std::unique_ptr<SequenceParallel> sequence = make_usp(mesh.ulysses, mesh.ring);
    const Qkv own = {sequence->shard(video.query, 1), sequence->shard(video.key, 1),
                     sequence->shard(video.value, 1)};
    const std::int64_t length = video.query.size(1);
    const auto [local, condition_out] = sequence->attend(own, condition, length);
    ranks.at(static_cast<std::size_t>(mesh.rank)) = {sequence->gather(local, 1, length), condition_out};
    mesh.world->barrier();
  });
  return ranks;
}

double relative_l2(const at::Tensor& value, const at::Tensor& reference) {
  const at::Tensor exact = reference.to(at::kDouble);
  return ((value.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

double error_of(const Attended& value, const Attended& exact) {
  return relative_l2(at::cat({value.video, value.condition}, 1), at::cat({exact.video, exact.condition}, 1));
}

class UspSizes : public ::testing::TestWithParam<Size> {
 protected:
  UspSizes() { at::set_num_threads(1); }
  const c10::InferenceMode inference_;
  const Qkv video_ = random_qkv(1, GetParam().video, GetParam());
  const Qkv condition_ = random_qkv(2, GetParam().condition, GetParam());
};

TEST_P(UspSizes, IsAsNearToFloat64AsOneRank) {
  const Size& size = GetParam();
  const Attended exact = attend_alone(to(video_, at::kDouble), to(condition_, at::kDouble));
  const double alone = error_of(attend_alone(video_, condition_), exact);
  const double parallel =
      error_of(attend_parallel(video_, condition_, size.ulysses, size.ring).front(), exact);
  // With few numbers a single rounding decides.
  constexpr double kOneRounding = 0x1p-24;
  EXPECT_LE(parallel, 1.25 * std::max(alone, kOneRounding)) << "one rank: " << alone;
}

TEST_P(UspSizes, EveryRankHasTheSameConditionTokens) {
  const std::vector<Attended> ranks =
      attend_parallel(video_, condition_, GetParam().ulysses, GetParam().ring);
  for (const Attended& rank : ranks) {
    EXPECT_TRUE(at::equal(rank.condition, ranks.front().condition));
    EXPECT_TRUE(at::equal(rank.video, ranks.front().video));
  }
}

TEST_P(UspSizes, UlyssesInsideTheRingChangesNoBit) {
  const Attended with = attend_parallel(video_, condition_, GetParam().ulysses, GetParam().ring).front();
  const Attended without = attend_parallel(video_, condition_, 1, GetParam().ring).front();
  EXPECT_TRUE(at::equal(with.video, without.video));
  EXPECT_TRUE(at::equal(with.condition, without.condition));
}

INSTANTIATE_TEST_SUITE_P(Ring, UspSizes,
                         ::testing::Values(Size{1, 2, 2, 128, 130, 40}, Size{1, 3, 1, 18, 200, 31},
                                           Size{1, 4, 2, 6, 61, 1}, Size{1, 5, 3, 2, 801, 12}));
INSTANTIATE_TEST_SUITE_P(UlyssesInsideRing, UspSizes,
                         ::testing::Values(Size{2, 2, 4, 16, 33, 7}, Size{3, 2, 3, 24, 50, 9},
                                           Size{2, 4, 2, 32, 301, 12}));
INSTANTIATE_TEST_SUITE_P(RanksWithoutTokens, UspSizes,
                         ::testing::Values(Size{1, 4, 2, 8, 3, 5}, Size{1, 5, 1, 8, 1, 1},
                                           Size{2, 3, 2, 8, 4, 3}, Size{2, 4, 4, 8, 2, 6}));

TEST(Usp, LargeScoresAreMergedWithoutOverflow) {
  const c10::InferenceMode inference;
  const Size size = {1, 3, 2, 16, 40, 5};
  Qkv video = random_qkv(1, size.video, size);
  const Qkv condition = random_qkv(2, size.condition, size);
  video.key.mul_(100.0);
  const Attended exact = attend_alone(to(video, at::kDouble), to(condition, at::kDouble));
  const Attended ring = attend_parallel(video, condition, 1, 3).front();
  EXPECT_TRUE(ring.video.isfinite().all().item<bool>());
  EXPECT_LT(error_of(ring, exact), 1e-4);
}

TEST(Usp, HalfTypesAreMergedInFloat32) {
  const c10::InferenceMode inference;
  const Size size = {1, 4, 2, 32, 120, 20};
  const Qkv video = to(random_qkv(1, size.video, size), at::kBFloat16);
  const Qkv condition = to(random_qkv(2, size.condition, size), at::kBFloat16);
  const Attended exact = attend_alone(to(video, at::kDouble), to(condition, at::kDouble));
  const Attended ring = attend_parallel(video, condition, 1, 4).front();
  EXPECT_EQ(ring.video.scalar_type(), at::kBFloat16);
  EXPECT_EQ(ring.condition.scalar_type(), at::kBFloat16);
  EXPECT_LE(error_of(ring, exact), 1.25 * error_of(attend_alone(video, condition), exact));
}

TEST(Usp, BlocksAreOfConsecutiveTokensSplitAgainOverUlysses) {
  run_in_threads(4, [](Rendezvous& rendezvous) {
    const Mesh mesh = make_mesh({.ulysses = 2, .ring = 2}, rendezvous);
    const std::unique_ptr<SequenceParallel> sequence = make_usp(mesh.ulysses, mesh.ring);
    const at::Tensor tokens = at::arange(7 * 3).reshape({7, 3});
    const std::vector<std::int64_t> offsets = {0, 2, 4, 6}, sizes = {2, 2, 2, 1};
    const at::Tensor local = sequence->shard(tokens, 0);
    EXPECT_TRUE(at::equal(local, tokens.narrow(0, offsets[mesh.rank], sizes[mesh.rank])));
    EXPECT_TRUE(at::equal(sequence->gather(local, 0, 7), tokens));
  });
}

TEST(Usp, EachBlockGoesOnceRoundTheRingAndConditionPartsAreGathered) {
  run_in_threads(3, [](Rendezvous& rendezvous) {
    const Size size = {1, 3, 2, 8, 7, 4};
    const Mesh mesh = make_mesh({.ring = 3}, rendezvous);
    const std::unique_ptr<SequenceParallel> sequence = make_usp(mesh.ulysses, mesh.ring);
    const std::vector<std::int64_t> blocks = split_evenly(size.video, 3).sizes;
    sequence->attend(random_qkv(1, blocks[mesh.rank], size), random_qkv(2, size.condition, size), size.video);
    const std::map<std::string, Traffic>& traffic = mesh.ring->traffic();
    EXPECT_EQ(traffic.size(), 2U);
    EXPECT_EQ(traffic.at("exchange").calls, 2U);
    // Each rank sends the keys and values of every block but the next rank's own, which would be the last to
    // come by.
    const std::int64_t sent = size.video - blocks[(mesh.rank + 1) % 3];
    EXPECT_EQ(traffic.at("exchange").bytes_sent, 4U * 2 * sent * 2 * 8);
    EXPECT_EQ(traffic.at("exchange").bytes_received, 4U * 2 * (size.video - blocks[mesh.rank]) * 2 * 8);
    // 4 tokens of 2 heads: 8 channels and a log-sum-exp, to two others.
    EXPECT_EQ(traffic.at("all_gather").bytes_sent, 4U * 2 * 4 * 2 * (8 + 1));
    mesh.world->barrier();
  });
}

/// Typical faults: the comparison with float64 must see each of them.
class PlantedRingFault : public ::testing::Test {
 protected:
  PlantedRingFault() : key_(at::randn({1, 2, 30, 8})), value_(at::randn({1, 2, 30, 8})) {}

  PartialAttention part(std::int64_t begin, std::int64_t length) const {
    return attend_part(query_, key_.narrow(2, begin, length), value_.narrow(2, begin, length));
  }
  double error_of(const at::Tensor& output) const {
    return relative_l2(output, at::scaled_dot_product_attention(query_.to(at::kDouble), key_.to(at::kDouble),
                                                                value_.to(at::kDouble)));
  }

  const at::Tensor query_ = at::randn({1, 2, 9, 8});
  const at::Tensor key_;
  const at::Tensor value_;
};

TEST_F(PlantedRingFault, SoundMergeShowsNone) {
  PartialAttention whole = part(0, 11);
  merge_part(whole, part(11, 1));
  merge_part(whole, part(12, 18));
  EXPECT_LT(error_of(whole.output), 1e-6);
}

TEST_F(PlantedRingFault, MergeWithoutRescalingIsSeen) {
  const at::Tensor averaged = (part(0, 15).output + part(15, 15).output) / 2;
  EXPECT_GT(error_of(averaged), 1e-3);
}

TEST_F(PlantedRingFault, LogSumExpThatIsNotCarriedOnIsSeen) {
  PartialAttention whole = part(0, 10);
  const at::Tensor forgotten = whole.lse.clone();
  merge_part(whole, part(10, 10));
  whole.lse = forgotten;
  merge_part(whole, part(20, 10));
  EXPECT_GT(error_of(whole.output), 1e-3);
}

TEST_F(PlantedRingFault, KeysCountedOnceARankAreSeen) {
  // The last ten keys are the condition's: with two ranks they would be counted twice.
  PartialAttention whole = part(0, 10);
  merge_part(whole, part(20, 10));
  merge_part(whole, part(10, 20));
  EXPECT_GT(error_of(whole.output), 1e-3);
}

}  // namespace
}  // namespace isoframe::model::parallel
