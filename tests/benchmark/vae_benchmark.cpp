// VAE decode against the machine's convolution rate: both print GFLOP/s.  Count the convolutions only.

#include <cstdint>

#include <ATen/ATen.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include "model/checkpoint/parameters.h"
#include "model/kernels/caching_allocator.h"
#include "model/kernels/packed_conv3d.h"
#include "model/vae/vae.h"

namespace isoframe::model {
namespace {

class RandomParameters : public checkpoint::ParameterSource {
 public:
  at::Tensor parameter(const std::string&, const checkpoint::Shape& shape) override {
    return at::randn(shape).mul_(0.05);
  }
};

vae::VaeConfig decode_config() {
  vae::VaeConfig config;
  config.block_out_channels = {32, 64, 128, 128, 128};
  return config;
}

// Operations of the 3 x 3 x 3 convolutions that decode [frames, height, width] latents, two a multiply-add.
double decode_operations(const vae::VaeConfig& config, std::int64_t frames, std::int64_t height,
                         std::int64_t width) {
  double total = 0.0;
  const auto add = [&](std::int64_t in, std::int64_t out) {
    total += 2.0 * 27.0 * static_cast<double>(in * out) * static_cast<double>(frames * height * width);
  };
  std::int64_t channels = config.block_out_channels.back();
  add(config.latent_channels, channels);
  for (int i = 0; i < 4; ++i) add(channels, channels);
  for (const vae::Stage& stage : vae::decoder_stages(config)) {
    for (std::int64_t i = 0; i <= config.layers_per_block; ++i) {
      add(channels, stage.channels);
      add(stage.channels, stage.channels);
      channels = stage.channels;
    }
    if (!stage.resamples) continue;
    add(channels, stage.resampled_channels * (stage.temporal ? 8 : 4));
    channels = stage.resampled_channels;
    if (stage.temporal) frames = 2 * frames - 1;
    height *= 2;
    width *= 2;
  }
  add(channels, config.out_channels);
  return total;
}

void count_operations(benchmark::State& state, double operations) {
  state.counters["GFLOP/s"] =
      benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void decode(benchmark::State& state) {
  const c10::InferenceMode inference;
  const vae::VaeConfig config = decode_config();
  RandomParameters source;
  const vae::Vae model(config, checkpoint::Parameters(source), parallel::self_group("vae_patch"));
  const std::int64_t frames = 3, height = 9, width = 13;
  const vae::TilingOptions tiling{.enabled = state.range(0) > 0, .tile_size = state.range(0)};
  const at::Tensor latents = at::randn({1, config.latent_channels, frames, height, width});
  double operations = 0.0;
  for (const vae::TileAssignment& tile : model.decode_plan(frames, height, width, tiling, 1))
    operations += decode_operations(config, frames, tile.height, tile.width);
  if (operations == 0.0) operations = decode_operations(config, frames, height, width);
  for (auto _ : state) benchmark::DoNotOptimize(model.decode(latents, tiling, no_probe()));
  count_operations(state, operations);
}
BENCHMARK(decode)->ArgName("tile")->Arg(0)->Arg(128)->Unit(benchmark::kMillisecond)->UseRealTime();

void convolution(benchmark::State& state) {
  const c10::InferenceMode inference;
  const std::int64_t channels = state.range(0), frames = 5, size = 64;
  const kernels::PackedConv3d conv(at::randn({channels, channels, 3, 3, 3}), at::randn({channels}));
  const at::Tensor input = at::randn({frames + 2, size + 2, size + 2, channels});
  for (auto _ : state) benchmark::DoNotOptimize(conv(input));
  count_operations(state, 54.0 * static_cast<double>(channels * channels * frames * size * size));
}
BENCHMARK(convolution)
    ->ArgName("channels")
    ->Arg(32)
    ->Arg(64)
    ->Arg(128)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// Installed before any tensor of the program exists.
[[maybe_unused]] const bool kAllocatorInstalled = (kernels::install_caching_allocator(), true);

}  // namespace
}  // namespace isoframe::model
