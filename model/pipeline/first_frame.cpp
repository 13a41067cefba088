#include "model/pipeline/first_frame.h"

#include <ATen/ATen.h>

namespace isoframe::model::pipeline {

at::Tensor encode_on_all_ranks(const vae::Vae& vae, const parallel::Mesh& mesh, const at::Tensor& frame,
                               const vae::TilingOptions& tiling, Probe& probe) {
  const vae::VaeConfig& config = vae.config();
  const std::int64_t channels = config.latent_channels, compression = config.spatial_compression_ratio;
  const at::Tensor moments = vae.encode(frame, tiling, probe);
  at::Tensor latents =
      at::empty({1, channels, 1, frame.size(3) / compression, frame.size(4) / compression}, frame.options());
  if (moments.defined()) latents.copy_(moments.narrow(1, 0, channels) * config.scaling_factor);
  const ProbeScope scope(probe, {"encode.broadcast"});
  // Too little, and too seldom, for a communicator of all ranks on their devices.
  at::Tensor here = latents.cpu();
  mesh.world->broadcast(here, /*root=*/0);
  return here.to(latents.device());
}

at::Tensor first_frame_condition(const at::Tensor& image_latents, std::int64_t frames) {
  const at::Tensor first = at::cat({image_latents, at::ones_like(image_latents.narrow(1, 0, 1))}, 1);
  std::vector<std::int64_t> rest = first.sizes().vec();
  rest[2] = frames - 1;
  return at::cat({first, at::zeros(rest, first.options())}, 2);
}

}  // namespace isoframe::model::pipeline
