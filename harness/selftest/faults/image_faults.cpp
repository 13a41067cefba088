// Image-to-video: from the picture to what the transformer sees of it.

#include <ATen/ATen.h>

#include "harness/selftest/faults/catalogue.h"
#include "harness/selftest/plants.h"

namespace isoframe::harness::selftest::faults {

namespace {

using model::parallel::Mesh;

// Under Ulysses the image's tokens are all on rank 0; here the other rank has them too.
const Setting kGuidedImage = {.layout = "cfg=2", .task = "i2v"};
const Setting kImage = {.layout = "ulysses=2,vae_patch=2", .task = "i2v"};
constexpr double kScalingFactor = 1.03682;

/// Replaces each pixel by the mean of itself and its neighbours.
void soften(const at::Tensor& image) {
  const at::Tensor planes = image.to(at::kFloat).permute({2, 0, 1}).unsqueeze(0);
  const at::Tensor softened = at::avg_pool2d(planes, {3, 3}, {1, 1}, {1, 1}, false, false);
  image.copy_(softened.squeeze(0).permute({1, 2, 0}).round());
}

/// Inverts the mask, the last channel of [1, C + 1, F, h, w].
void invert_mask(const at::Tensor& first_frame) {
  const at::Tensor mask = first_frame.select(1, first_frame.size(1) - 1);
  mask.copy_(1.0 - mask);
}
/// Repeats the image, the first frame of [1, C + 1, F, h, w], in all frames.
void hold_first_frame(const at::Tensor& first_frame) {
  first_frame.copy_(first_frame.narrow(2, 0, 1).expand_as(first_frame).clone());
}

/// Flips a bit of the mean, the first half of [F, h, w, 2 C]; nobody reads the second, the variance.
void flip_bit_of_mean(const at::Tensor& moments) { flip_bit(moments.narrow(3, 0, moments.size(3) / 2), 20); }

class NotReceived : public ForwardingGroup {
 public:
  using ForwardingGroup::ForwardingGroup;
  void broadcast(at::Tensor& tensor, int root) override {
    ForwardingGroup::broadcast(tensor, root);
    tensor.zero_();
  }
};

}  // namespace

Faults image_faults() {
  return {
      {.name = "image-crop",
       .what = "the image is cropped a pixel further left",
       .setting = kImage,
       .plant = at_point({"image"}, kEveryRank, [](const at::Tensor& x) { x.copy_(x.roll(1, 1)); }),
       .expected = {.stage = "image", .point = "image", .ranks = {0, 1}}},
      {.name = "image-filter",
       .what = "the image is resized with a softer filter",
       .setting = kImage,
       .plant = at_point({"image"}, kEveryRank, soften),
       .expected = {.stage = "image", .point = "image", .ranks = {0, 1}}},
      {.name = "image-not-normalized",
       .what = "one rank's vision encoder is given pixels in [0, 1] instead of [-1, 1]",
       .setting = kImage,
       .plant =
           at_point({"image_encoder.pixel_values"}, 1, [](const at::Tensor& x) { x.add_(1.0).mul_(0.5); }),
       .expected = {.stage = "image", .point = "image_encoder.pixel_values", .ranks = {1}}},
      {.name = "image-tokens-lost",
       .what = "the vision encoder's states do not reach the transformer",
       .setting = kImage,
       .plant = at_point({"image_embeds"}, kEveryRank, [](const at::Tensor& x) { x.zero_(); }),
       .expected = {.stage = "image", .point = "image_embeds", .ranks = {0, 1}}},
      {.name = "encode-tile-bit",
       .what = "one bit of a rank's encoded tile is flipped",
       .setting = kImage,
       .plant = at_point({"encode.tile", 1}, 1, flip_bit_of_mean),
       .expected = {.stage = "encode", .point = "encode.tile", .tile = 1, .ranks = {1}}},
      {.name = "image-latents-not-received",
       .what = "one rank goes on before the encoded image has arrived",
       .setting = kGuidedImage,
       .plant = in_group<NotReceived>(&Mesh::world, 1),
       .expected = {.stage = "image_latents", .point = "image_latents", .ranks = {1}}},
      {.name = "image-scaling-omitted",
       .what = "the image's latents are not multiplied by the VAE's scaling factor",
       .setting = kImage,
       .plant = at_point({"image_latents"}, kEveryRank, [](const at::Tensor& x) { x.div_(kScalingFactor); }),
       .expected = {.stage = "image_latents", .point = "image_latents", .ranks = {0, 1}}},
      {.name = "mask-inverted",
       .what = "the mask marks every frame but the image's",
       .setting = kImage,
       .plant = at_point({"first_frame"}, kEveryRank, invert_mask),
       .expected = {.stage = "denoise", .point = "first_frame", .ranks = {0, 1}}},
      {.name = "first-frame-held",
       .what = "the image conditions every frame, not the first alone",
       .setting = kImage,
       .plant = at_point({"first_frame"}, kEveryRank, hold_first_frame),
       .expected = {.stage = "denoise", .point = "first_frame", .ranks = {0, 1}}},
  };
}

}  // namespace isoframe::harness::selftest::faults
