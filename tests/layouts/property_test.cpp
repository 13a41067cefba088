// The promise of layouts: with the same threads a rank, a parallel one gives the bits of a single rank, or
// stays within the bound of its order of addition.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "drawn_case.h"
#include "generation.h"
#include "model/parallel/forwarding_group.h"
#include "model/parallel/usp.h"
#include "model/vae/tile_plan.h"
#include "seeded_parameters.h"

namespace isoframe::layouts {
namespace {

/// Cases that exist: the seeds below it.
constexpr std::uint64_t kCases = 520;

/// Numbers of cases that a run computes.
struct Draws {
  std::uint64_t cases;
  int identical;  ///< further cases whose bits are promised, each on several ranks
};
constexpr Draws kOrdinary = {.cases = 100, .identical = 40};
constexpr Draws kThorough = {.cases = kCases, .identical = 200};

/// Every case where ISOFRAME_LAYOUTS_DRAWS is `thorough`, as ci/test --thorough sets it.
Draws draws() {
  const char* wanted = std::getenv("ISOFRAME_LAYOUTS_DRAWS");
  return wanted != nullptr && std::string_view(wanted) == "thorough" ? kThorough : kOrdinary;
}
/// One in this many bounded cases is also held against a layout that adds in the same order.
constexpr std::uint64_t kEvery = 8;

SeededParameters& parameters() {
  static SeededParameters source;
  return source;
}

/// Expects frames that a comparison can tell apart: constants or infinities would pass whatever the layouts
/// did.
void expect_telling(const Generation& generation) {
  const at::Tensor& frames = generation.frames;
  EXPECT_TRUE(frames.isfinite().all().item<bool>()) << "frames are not finite";
  EXPECT_GT(frames.std().item<float>(), 1e-3F) << "frames are flat";
}

/// The drawn case with only those dimensions of its layout that decide the order of addition.
DrawnCase that_adds_alike(const DrawnCase& drawn) {
  DrawnCase other = drawn;
  other.layout = {.ring = drawn.layout.ring, .tensor = drawn.layout.tensor};
  return other;
}

using model::parallel::numerics;
using model::parallel::Numerics;
bool is_identical(const DrawnCase& drawn) { return numerics(drawn.arithmetic()) == Numerics::kIdentical; }

std::string problem_of(const DrawnCase& drawn, model::checkpoint::ParameterSource& source,
                       const Generation& alone) {
  const std::vector<Generation> ranks = generate_parallel(drawn, source);
  if (is_identical(drawn)) return difference(alone, ranks);
  const DrawnCase alike = that_adds_alike(drawn);
  const bool has_twin = numerics(drawn.arithmetic(), alike.arithmetic()) == Numerics::kIdentical;
  if (has_twin && drawn.seed % kEvery == 0) {
    const std::string found = difference(generate_parallel(alike, source).front(), ranks);
    if (!found.empty()) return fmt::format("against {}: {}", model::parallel::to_string(alike.layout), found);
  }
  return excess(drawn, alone, ranks);
}

/// The seed in ISOFRAME_LAYOUTS_SEED, if it is set: only its case is run then.
std::optional<std::uint64_t> only_seed() {
  const char* only = std::getenv("ISOFRAME_LAYOUTS_SEED");
  return only == nullptr ? std::nullopt : std::optional(std::strtoull(only, nullptr, 10));
}

void expect_promise(const DrawnCase& drawn) {
  SCOPED_TRACE(to_string(drawn));
  try {
    const c10::InferenceMode inference;
    ConvertedParameters source(parameters(), drawn.dtype);
    const Generation alone = generate_alone(drawn, source);
    expect_telling(alone);
    const std::string found = problem_of(drawn, source, alone);
    EXPECT_TRUE(found.empty()) << found;
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

/// A kind of case that must be drawn at least so often: the draw would be worthless without it.
struct Kind {
  const char* name;
  int least;
  bool (*is)(const DrawnCase&);
};

int shards_of(const DrawnCase& drawn) { return drawn.layout.ulysses * drawn.layout.ring; }
std::int64_t tokens_of(const DrawnCase& drawn) { return drawn.frames * drawn.height * drawn.width; }
/// Number of tiles; 1 if the picture is not cut.
std::int64_t tiles_of(const DrawnCase& drawn) {
  const auto geometry = model::vae::decode_geometry(drawn.tiling, drawn.vae.spatial_compression_ratio);
  if (drawn.height <= geometry.tile && drawn.width <= geometry.tile) return 1;
  return static_cast<std::int64_t>(
      model::vae::plan_tiles(geometry, drawn.frames, drawn.height, drawn.width, 1).tiles.size());
}
bool is_tiled(const DrawnCase& drawn) { return tiles_of(drawn) > 1; }

const Kind kKinds[] = {
    {"class identical", 60, is_identical},
    {"class bounded", 300, [](const DrawnCase& d) { return !is_identical(d); }},
    {"one rank", 3, [](const DrawnCase& d) { return d.layout.world_size() == 1; }},
    {"eight ranks", 20, [](const DrawnCase& d) { return d.layout.world_size() == 8; }},
    {"ulysses", 150, [](const DrawnCase& d) { return d.layout.ulysses > 1; }},
    {"ring", 150, [](const DrawnCase& d) { return d.layout.ring > 1; }},
    {"cfg", 100, [](const DrawnCase& d) { return d.layout.cfg > 1; }},
    {"tensor", 150, [](const DrawnCase& d) { return d.layout.tensor > 1; }},
    {"tensor, added in order", 60,
     [](const DrawnCase& d) {
       return d.layout.tensor > 1 && d.reduction == model::parallel::Reduction::kDeterministic;
     }},
    {"vae_patch", 200, [](const DrawnCase& d) { return d.layout.vae_patch > 1; }},
    {"tokens that the ranks do not divide", 100,
     [](const DrawnCase& d) { return tokens_of(d) % shards_of(d) != 0; }},
    {"tokens that no group divides", 10,
     [](const DrawnCase& d) {
       return d.layout.ulysses > 1 && d.layout.ring > 1 && tokens_of(d) % d.layout.ulysses != 0 &&
              tokens_of(d) % d.layout.ring != 0;
     }},
    {"ranks without video tokens", 5, [](const DrawnCase& d) { return tokens_of(d) < shards_of(d); }},
    {"one head a rank", 30,
     [](const DrawnCase& d) {
       const int shares = d.layout.ulysses * d.layout.tensor;
       return shares > 1 && d.transformer.num_attention_heads == shares;
     }},
    {"one tile for several ranks", 15,
     [](const DrawnCase& d) { return d.layout.vae_patch > 1 && !is_tiled(d); }},
    {"more ranks than tiles", 10,
     [](const DrawnCase& d) { return is_tiled(d) && tiles_of(d) < d.layout.vae_patch; }},
    {"more tiles than ranks", 60,
     [](const DrawnCase& d) { return d.layout.vae_patch > 1 && tiles_of(d) > d.layout.vae_patch; }},
    {"ranks outside the VAE group", 100,
     [](const DrawnCase& d) { return d.layout.vae_patch < d.layout.world_size(); }},
    {"tiles without overlap", 30, [](const DrawnCase& d) { return is_tiled(d) && d.tiling.overlap == 0.0; }},
    {"an image, encoded tile by tile", 30,
     [](const DrawnCase& d) { return is_tiled(d) && d.layout.vae_patch > 1 && d.image_tokens > 0; }},
    {"glyphs in the prompt", 60, [](const DrawnCase& d) { return d.glyph_tokens > 0; }},
    {"a single text token", 5, [](const DrawnCase& d) { return d.prompt_tokens == 1; }},
    {"one latent frame", 60, [](const DrawnCase& d) { return d.frames == 1; }},
};

/// Seeds that a run computes: with the first ones the first of each kind, however rare.
std::set<std::uint64_t> seeds_to_compute() {
  if (const auto only = only_seed()) return {*only};
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < draws().cases; ++seed) seeds.insert(seed);
  for (const Kind& kind : kKinds) {
    std::uint64_t seed = 0;
    while (seed < kCases && !kind.is(draw_case(seed))) ++seed;
    if (seed < kCases) seeds.insert(seed);
  }
  return seeds;
}

TEST(Layouts, EqualASingleRankOrStayWithinTheirBound) {
  const std::set<std::uint64_t> seeds = seeds_to_compute();
  fmt::print("{} seeds, {} to {}; ISOFRAME_LAYOUTS_SEED=N computes that of N alone\n", seeds.size(),
             *seeds.begin(), *seeds.rbegin());
  for (const std::uint64_t seed : seeds) expect_promise(draw_case(seed));
}

/// The drawn case without the dimensions that add in another order.
DrawnCase that_is_identical(DrawnCase drawn) {
  drawn.layout.ring = drawn.layout.tensor = 1;
  drawn.layout.vae_patch = std::min(drawn.layout.vae_patch, drawn.layout.world_size());
  return drawn;
}

TEST(Layouts, WithoutRingAndTensorEqualASingleRankBitForBit) {
  std::uint64_t seed = only_seed().value_or(kCases);
  const int wanted = only_seed() ? 1 : draws().identical;
  const std::uint64_t first = seed;
  for (int found = 0; found < wanted; ++seed) {
    const DrawnCase drawn = that_is_identical(draw_case(seed));
    if (drawn.layout.world_size() == 1 && !only_seed()) continue;
    ASSERT_TRUE(is_identical(drawn));
    expect_promise(drawn);
    ++found;
  }
  fmt::print("{} cases of seeds {} to {}\n", wanted, first, seed - 1);
}

TEST(Layouts, WithoutRingAndTensorEqualASingleRankInHalfTypesToo) {
  struct Half {
    at::ScalarType dtype;
    const char* arithmetic;  ///< kernels::arithmetic_type
  };
  constexpr Half kHalves[] = {
      {at::kBFloat16, "float32"}, {at::kBFloat16, "native"}, {at::kHalf, "float32"}, {at::kHalf, "native"}};
  const int wanted = draws().identical / 4;
  std::uint64_t seed = 2 * kCases;
  if (only_seed()) GTEST_SKIP() << "of other seeds";
  for (const Half& half : kHalves) {
    ::setenv("ISOFRAME_HALF", half.arithmetic, 1);
    for (int found = 0; found < wanted; ++seed) {
      DrawnCase drawn = that_is_identical(draw_case(seed));
      drawn.dtype = half.dtype;
      if (drawn.layout.world_size() == 1) continue;
      SCOPED_TRACE(fmt::format("{}, multiplied as {}", at::toString(half.dtype), half.arithmetic));
      expect_promise(drawn);
      ++found;
    }
  }
  ::unsetenv("ISOFRAME_HALF");
}

double squared_error(const Generation& generation, const Generation& exact) {
  const at::Tensor truth = exact.step_latents.back();
  const double relative =
      ((generation.step_latents.back().to(at::kDouble) - truth).norm() / truth.norm()).item<double>();
  return relative * relative;
}

/// Shows that another order of addition is as exact as a single rank's, over many cases, because one case's
/// errors are a matter of luck.
TEST(Layouts, AreAsNearToFloat64AsASingleRank) {
  constexpr int kExactCases = 60;
  const c10::InferenceMode inference;
  ConvertedParameters doubles(parameters(), at::kDouble);
  double alone = 0.0, ranks = 0.0;
  std::uint64_t seed = 0;
  for (int found = 0; found < kExactCases; ++seed) {
    const DrawnCase drawn = draw_case(seed);
    if (is_identical(drawn)) continue;
    ++found;
    DrawnCase in_double = drawn;
    in_double.dtype = at::kDouble;
    const Generation exact = generate_alone(in_double, doubles);
    alone += squared_error(generate_alone(drawn, parameters()), exact);
    ranks += squared_error(generate_parallel(drawn, parameters()).front(), exact);
  }
  fmt::print("relative L2 of the latents against float64: one rank {:.2e}, several {:.2e}\n",
             std::sqrt(alone / kExactCases), std::sqrt(ranks / kExactCases));
  EXPECT_GT(alone, 0.0);
  EXPECT_LT(std::sqrt(alone / kExactCases), 1e-5) << "what is exact is another computation";
  EXPECT_LE(std::sqrt(ranks), 1.25 * std::sqrt(alone));
}

TEST(DrawnCases, CoverWhatLayoutsFindHard) {
  std::set<std::string> layouts;
  std::set<std::string> tuples;
  std::map<const char*, int> counts;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const DrawnCase drawn = draw_case(seed);
    layouts.insert(model::parallel::to_string(drawn.layout));
    tuples.insert(fmt::format("{} {} {}x{}x{} {} {} {}+{}", model::parallel::to_string(drawn.layout),
                              model::parallel::to_string(drawn.reduction), drawn.frames, drawn.height,
                              drawn.width, drawn.tiling.tile_size, drawn.transformer.num_attention_heads,
                              drawn.prompt_tokens, drawn.glyph_tokens));
    for (const Kind& kind : kKinds) counts[kind.name] += kind.is(drawn);
  }
  fmt::print("{} draws, {} different (layout, frames, size, tile, heads, prompt) tuples, {} layouts\n",
             kCases, tuples.size(), layouts.size());
  for (const Kind& kind : kKinds) {
    fmt::print("{:5} {}\n", counts[kind.name], kind.name);
    EXPECT_GE(counts[kind.name], kind.least) << kind.name;
  }
  EXPECT_GE(tuples.size(), 500U);
  EXPECT_GE(layouts.size(), 60U);
}

/// Typical faults of layouts: the comparison above must see each of them.
class PlantedFault : public ::testing::Test {
 protected:
  static DrawnCase case_of(const model::parallel::Layout& layout) {
    DrawnCase drawn = draw_case(3);
    drawn.layout = layout;
    drawn.reduction = model::parallel::Reduction::kFast;
    drawn.transformer.num_attention_heads = 4;
    drawn.frames = 2;
    drawn.height = 5;
    drawn.width = 7;
    drawn.guidance_scale = 6.0;
    drawn.image_tokens = 0;
    drawn.tiling = {.tile_size = 4 * drawn.vae.spatial_compression_ratio, .overlap = 0.25};
    return drawn;
  }

  static std::string found(const DrawnCase& drawn, const MakeSequence& make_sequence,
                           const std::function<void(model::parallel::Mesh&)>& change_mesh) {
    const c10::InferenceMode inference;
    return difference(generate_alone(drawn, parameters()),
                      generate_parallel(drawn, parameters(), make_sequence, change_mesh));
  }

  static std::string found_beyond_the_bound(const DrawnCase& drawn, const MakeSequence& make_sequence,
                                            const std::function<void(model::parallel::Mesh&)>& change_mesh) {
    const c10::InferenceMode inference;
    return excess(drawn, generate_alone(drawn, parameters()),
                  generate_parallel(drawn, parameters(), make_sequence, change_mesh));
  }
};

void leave_mesh(model::parallel::Mesh&) {}

using model::parallel::ForwardingGroup;

class HeadsSwapped : public ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;
  std::vector<at::Tensor> all_to_all(const std::vector<at::Tensor>& inputs,
                                     const std::vector<std::vector<std::int64_t>>& output_shapes) override {
    std::vector<at::Tensor> blocks = ForwardingGroup::all_to_all(inputs, output_shapes);
    const bool is_way_back = output_shapes.front().size() == 4;
    if (is_way_back) std::swap(blocks.front(), blocks.back());
    return blocks;
  }
};

/// Changes the last bit of one value in the middle of each tile that is sent: at its edges blending may hide
/// it.
class TileNudged : public ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;
  std::unique_ptr<model::parallel::Exchange> start_send(const at::Tensor& tensor, int destination,
                                                        int tag) override {
    at::Tensor spoilt = tensor.clone();
    at::Tensor value = spoilt[0][spoilt.size(1) / 2][spoilt.size(2) / 2][0];
    value.copy_(at::nextafter(value, value + 1));
    return ForwardingGroup::start_send(spoilt, destination, tag);
  }
};

class ForwardingSequence : public model::parallel::SequenceParallel {
 public:
  explicit ForwardingSequence(const model::parallel::Mesh& mesh)
      : ranks_(mesh.ulysses->size() * mesh.ring->size()), sound_(make_sound_sequence(mesh)) {}
  model::parallel::Range rows(std::int64_t length) const override { return sound_->rows(length); }
  at::Tensor shard(const at::Tensor& tokens, std::int64_t dim) const override {
    return sound_->shard(tokens, dim);
  }
  at::Tensor gather(const at::Tensor& local, std::int64_t dim, std::int64_t length) const override {
    return sound_->gather(local, dim, length);
  }
  std::pair<at::Tensor, at::Tensor> attend(const model::parallel::Qkv& video,
                                           const model::parallel::Qkv& condition, std::int64_t video_length,
                                           const model::parallel::AttentionSite& site) const override {
    return sound_->attend(video, condition, video_length, site);
  }

 protected:
  int ranks_;
  std::unique_ptr<SequenceParallel> sound_;
};

/// Lets each rank add its own copy of the condition tokens to the keys and values.
class ConditionOnceARank : public ForwardingSequence {
 public:
  using ForwardingSequence::ForwardingSequence;
  std::pair<at::Tensor, at::Tensor> attend(const model::parallel::Qkv& video,
                                           const model::parallel::Qkv& condition, std::int64_t video_length,
                                           const model::parallel::AttentionSite&) const override {
    const auto repeat = [this](const at::Tensor& x) { return x.repeat({1, ranks_, 1, 1}); };
    auto [video_out, condition_out] = sound_->attend(
        video, {repeat(condition.query), repeat(condition.key), repeat(condition.value)}, video_length);
    return {video_out, condition_out.narrow(1, 0, condition.query.size(1)).contiguous()};
  }
};

/// Lets each rank attend to its own video tokens only.
class AttentionWithinTheShard : public ForwardingSequence {
 public:
  using ForwardingSequence::ForwardingSequence;
  std::pair<at::Tensor, at::Tensor> attend(const model::parallel::Qkv& video,
                                           const model::parallel::Qkv& condition, std::int64_t,
                                           const model::parallel::AttentionSite&) const override {
    return model::parallel::make_ulysses(model::parallel::self_group("ulysses"))
        ->attend(video, condition, video.query.size(1));
  }
};

template <typename Sequence>
std::unique_ptr<model::parallel::SequenceParallel> make(const model::parallel::Mesh& mesh) {
  return std::make_unique<Sequence>(mesh);
}

TEST_F(PlantedFault, SoundLayoutShowsNone) {
  const DrawnCase drawn = case_of({.ulysses = 2, .cfg = 2, .vae_patch = 3});
  EXPECT_EQ(found(drawn, make<ForwardingSequence>, leave_mesh), "");
}

TEST_F(PlantedFault, HeadsInTheWrongOrderAreSeen) {
  const DrawnCase drawn = case_of({.ulysses = 2});
  EXPECT_NE(
      found(drawn, make_sound_sequence,
            [](model::parallel::Mesh& mesh) { mesh.ulysses = std::make_shared<HeadsSwapped>(mesh.ulysses); }),
      "");
}

TEST_F(PlantedFault, ConditionTokensCountedOnceARankAreSeen) {
  EXPECT_NE(found(case_of({.ulysses = 2}), make<ConditionOnceARank>, leave_mesh), "");
}

TEST_F(PlantedFault, AttentionWithinTheShardIsSeen) {
  EXPECT_NE(found(case_of({.ulysses = 4}), make<AttentionWithinTheShard>, leave_mesh), "");
}

TEST_F(PlantedFault, SoundRingAndTensorLayoutsStayWithinTheirBound) {
  EXPECT_EQ(found_beyond_the_bound(case_of({.ring = 2}), make<ForwardingSequence>, leave_mesh), "");
  EXPECT_EQ(found_beyond_the_bound(case_of({.tensor = 2}), make<ForwardingSequence>, leave_mesh), "");
}

TEST_F(PlantedFault, ConditionTokensCountedOnceARingRankExceedTheBound) {
  EXPECT_NE(found_beyond_the_bound(case_of({.ring = 2}), make<ConditionOnceARank>, leave_mesh), "");
}

TEST_F(PlantedFault, AttentionWithinTheRingBlockExceedsTheBound) {
  EXPECT_NE(found_beyond_the_bound(case_of({.ring = 2}), make<AttentionWithinTheShard>, leave_mesh), "");
}

/// Weighs rank 0's product a hundredth more than the others'.
class SumTooLarge : public ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;
  void all_reduce(at::Tensor& tensor) override {
    const at::Tensor own = rank() == 0 ? tensor.clone() : at::zeros_like(tensor);
    ForwardingGroup::all_reduce(tensor);
    at::Tensor again = own.mul(0.01F);
    ForwardingGroup::all_reduce(again);
    tensor.add_(again);
  }
};

TEST_F(PlantedFault, APartialProductAddedInAHundredthTooMuchExceedsTheBound) {
  EXPECT_NE(found_beyond_the_bound(case_of({.tensor = 2}), make_sound_sequence,
                                   [](model::parallel::Mesh& mesh) {
                                     mesh.tensor = std::make_shared<SumTooLarge>(mesh.tensor);
                                   }),
            "");
}

TEST_F(PlantedFault, LastBitOfATileIsSeen) {
  const DrawnCase drawn = case_of({.ulysses = 2, .vae_patch = 2});
  const std::string what = found(drawn, make_sound_sequence, [](model::parallel::Mesh& mesh) {
    mesh.vae_patch = std::make_shared<TileNudged>(mesh.vae_patch);
  });
  EXPECT_EQ(what.rfind("frames are different", 0), 0U) << what;
}

TEST_F(PlantedFault, LastBitOfAnEncodedTileIsSeenFromTheFirstStepOn) {
  DrawnCase drawn = case_of({.ulysses = 2, .vae_patch = 2});
  drawn.image_tokens = 3;
  const std::string what = found(drawn, make_sound_sequence, [](model::parallel::Mesh& mesh) {
    mesh.vae_patch = std::make_shared<TileNudged>(mesh.vae_patch);
  });
  EXPECT_EQ(what.rfind("rank 0: latents after step 0 are different", 0), 0U) << what;
}

TEST_F(PlantedFault, BranchesOfGuidanceSwappedAreSeen) {
  class BranchesSwapped : public ForwardingGroup {
   public:
    using ForwardingGroup::ForwardingGroup;
    at::Tensor all_gather(const at::Tensor& input, std::int64_t dim,
                          const std::vector<std::int64_t>& sizes) override {
      return ForwardingGroup::all_gather(input, dim, sizes).flip({dim});
    }
  };
  EXPECT_NE(
      found(case_of({.cfg = 2}), make_sound_sequence,
            [](model::parallel::Mesh& mesh) { mesh.cfg = std::make_shared<BranchesSwapped>(mesh.cfg); }),
      "");
}

}  // namespace
}  // namespace isoframe::layouts
