// Latents to frames: tiles, their way to rank 0, their blending, and what is done with the picture.

#include <map>

#include <ATen/ATen.h>

#include "harness/selftest/faults/catalogue.h"
#include "harness/selftest/plants.h"
#include "model/vae/tile_merger.h"

namespace isoframe::harness::selftest::faults {

namespace {

using model::parallel::Mesh;

// 5 x 7 latents in tiles of 4 with a stride of 3: two rows of three tiles.  Of two ranks, rank 1 has 1, 4, 5.
const Setting kTiles = {.layout = "ulysses=2,vae_patch=2"};
const Setting kOutsider = {.layout = "ulysses=2,cfg=2,vae_patch=3"};
constexpr std::int64_t kColumns = 3;
constexpr std::int64_t kBlend = 16;
constexpr std::int64_t kRowLimit = 48;
constexpr double kScalingFactor = 1.03682;
constexpr std::int64_t kHeight = 1, kWidth = 2;

/// Exchange whose tensor nobody sends.
class NothingArrives : public model::parallel::Exchange {
 public:
  explicit NothingArrives(at::Tensor tensor) : tensor_(std::move(tensor)) {}
  at::Tensor wait() override { return tensor_; }

 private:
  at::Tensor tensor_;
};

/// Plans for one rank more than there is: that rank's tiles are run by nobody, and never arrive.
class OneRankMore : public ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;
  int size() const override { return sound_->size() + 1; }
  std::unique_ptr<model::parallel::Exchange> start_receive(const std::vector<std::int64_t>& shape,
                                                           const at::TensorOptions& options, int source,
                                                           int tag) override {
    if (source == sound_->size()) return std::make_unique<NothingArrives>(at::zeros(shape, options));
    return ForwardingGroup::start_receive(shape, options, source, tag);
  }
};

/// Spoils the tile of one number as it arrives.
class TileSpoilt : public ForwardingGroup {
 public:
  TileSpoilt(std::shared_ptr<Group> sound, int number, SpoiltExchange::Spoil spoil)
      : ForwardingGroup(std::move(sound)), number_(number), spoil_(std::move(spoil)) {}
  std::unique_ptr<model::parallel::Exchange> start_receive(const std::vector<std::int64_t>& shape,
                                                           const at::TensorOptions& options, int source,
                                                           int tag) override {
    auto sound = ForwardingGroup::start_receive(shape, options, source, tag);
    return tag == number_ ? std::make_unique<SpoiltExchange>(std::move(sound), spoil_) : std::move(sound);
  }

 private:
  int number_;
  SpoiltExchange::Spoil spoil_;
};

class TileBitFlipped : public TileSpoilt {
 public:
  explicit TileBitFlipped(std::shared_ptr<Group> sound)
      : TileSpoilt(std::move(sound), 1, [](const at::Tensor& tile) { flip_bit(tile, 12); }) {}
};

class TileReadBeforeArrival : public TileSpoilt {
 public:
  explicit TileReadBeforeArrival(std::shared_ptr<Group> sound)
      : TileSpoilt(std::move(sound), 4, [](const at::Tensor& tile) {
          const std::int64_t half = tile.size(kHeight) / 2;
          tile.narrow(kHeight, half, half).zero_();
        }) {}
};

/// Swaps the first two tiles, which have the same shape, so that nothing else tells them apart.
Watch merge_as_they_arrive() {
  return [first = at::Tensor()](const locate::Place& place, const at::Tensor& tile) mutable {
    if (place.name != "decode.communication") return;
    if (place.index == 0) first = tile;
    if (place.index != 1) return;
    const at::Tensor second = tile.clone();
    tile.copy_(first);
    first.copy_(second);
  };
}

/// Blends tiles in another way than the merger did, from what they were before.
using Blending = std::function<void(const at::Tensor& tile, const at::Tensor& above, const at::Tensor& left)>;
Watch blend_otherwise(bool from_unblended, const Blending& blending) {
  return [=, raw = std::map<std::int64_t, at::Tensor>(), blended = std::map<std::int64_t, at::Tensor>()](
             const locate::Place& place, const at::Tensor& tile) mutable {
    const std::int64_t number = place.index;
    if (place.name == "decode.communication") raw[number] = tile.clone();
    if (place.name != "decode.blend") return;
    const auto neighbour = [&](std::int64_t other, bool is_there) {
      return is_there ? (from_unblended ? raw : blended).at(other) : at::Tensor();
    };
    const at::Tensor again = raw.at(number).clone();
    blending(again, neighbour(number - kColumns, number >= kColumns),
             neighbour(number - 1, number % kColumns > 0));
    tile.copy_(again);
    blended[number] = again;
  };
}

void above_then_left(const at::Tensor& tile, const at::Tensor& above, const at::Tensor& left) {
  if (above.defined()) model::vae::blend(above, tile, kBlend, kHeight);
  if (left.defined()) model::vae::blend(left, tile, kBlend, kWidth);
}

void left_then_above(const at::Tensor& tile, const at::Tensor& above, const at::Tensor& left) {
  if (left.defined()) model::vae::blend(left, tile, kBlend, kWidth);
  if (above.defined()) model::vae::blend(above, tile, kBlend, kHeight);
}

/// Moves everything below the first row of tiles down by a pixel.
void paste_one_row_low(const at::Tensor& video) {
  const at::Tensor below = video.slice(3, kRowLimit);
  below.copy_(below.roll(1, 3));
}

}  // namespace

Faults decoding_faults() {
  return {
      {.name = "vae-scaling-omitted",
       .what = "latents are not divided by the VAE's scaling factor",
       .setting = kTiles,
       .plant = at_point({"decode.latents"}, kEveryRank, [](const at::Tensor& x) { x.mul_(kScalingFactor); }),
       .expected = {.stage = "decode", .point = "decode.latents", .ranks = {0, 1}}},
      {.name = "decoder-weight-bit",
       .what = "one bit of one rank's decoder weights is flipped",
       .setting = kTiles,
       .plant =
           in_weights("vae", "decoder.conv_in.conv.weight", 1, [](const at::Tensor& x) { flip_bit(x, 20); }),
       .expected = {.stage = "decode", .point = "decode.tile", .tile = 1, .ranks = {1}}},
      {.name = "tile-for-an-outsider",
       .what = "a rank outside the VAE group is given tiles",
       .setting = kOutsider,
       .plant = in_group<OneRankMore>(&Mesh::vae_patch, kEveryRank),
       .expected = {.stage = "decode", .point = "decode.tile", .tile = 4}},
      {.name = "tile-bit",
       .what = "one bit of a tile is flipped on its way to rank 0",
       .setting = kTiles,
       .plant = in_group<TileBitFlipped>(&Mesh::vae_patch, 0),
       .expected = {.stage = "decode", .point = "decode.communication", .tile = 1, .ranks = {0}}},
      {.name = "tile-read-before-arrival",
       .what = "a tile's lower half is read before it has arrived",
       .setting = kTiles,
       .plant = in_group<TileReadBeforeArrival>(&Mesh::vae_patch, 0),
       .expected = {.stage = "decode", .point = "decode.communication", .tile = 4, .ranks = {0}}},
      {.name = "tiles-as-they-arrive",
       .what = "tiles are merged in the order of their arrival",
       .setting = kTiles,
       .plant = watching(0, merge_as_they_arrive),
       .expected = {.stage = "decode", .point = "decode.communication", .tile = 1, .ranks = {0}}},
      {.name = "blend-left-first",
       .what = "tiles are blended with their left neighbour before the one above",
       .setting = kTiles,
       .plant = watching(0, [] { return blend_otherwise(false, left_then_above); }),
       .expected = {.stage = "decode", .point = "decode.blend", .tile = 4, .ranks = {0}}},
      {.name = "blend-unblended",
       .what = "tiles are blended with neighbours as they were before their own blending",
       .setting = kTiles,
       .plant = watching(0, [] { return blend_otherwise(true, above_then_left); }),
       .expected = {.stage = "decode", .point = "decode.blend", .tile = 4, .ranks = {0}}},
      {.name = "row-limit",
       .what = "a row of tiles is cropped a pixel late: all below lies too low",
       .setting = kTiles,
       .plant = at_point({"decode.video"}, 0, paste_one_row_low),
       .expected = {.stage = "decode", .point = "decode.video", .ranks = {0}}},
      {.name = "frames-reversed",
       .what = "frames come in the wrong order",
       .setting = kTiles,
       .plant = at_point({"frames"}, 0, [](const at::Tensor& x) { x.copy_(x.flip({0})); }),
       .expected = {.stage = "frames", .point = "frames", .ranks = {0}}},
      {.name = "channels-reversed",
       .what = "frames are BGR",
       .setting = kTiles,
       .plant = at_point({"frames"}, 0, [](const at::Tensor& x) { x.copy_(x.flip({3})); }),
       .expected = {.stage = "frames", .point = "frames", .ranks = {0}}},
      {.name = "clipped-before-scaling",
       .what = "values are clipped to [0, 1] before they are scaled from [-1, 1]",
       .setting = kTiles,
       .plant = at_point({"frames"}, 0, [](const at::Tensor& x) { x.clamp_min_(0.5); }),
       .expected = {.stage = "frames", .point = "frames", .ranks = {0}}},
  };
}

}  // namespace isoframe::harness::selftest::faults
