// Rates of the kernels beside the roofs of this machine, which are measured first: arithmetic beside oneDNN's
// and MKL's own products and convolutions in that dtype, the rest beside a copy in memory.  "of_roof" is the
// share. One thread, as a rank of the scenarios has; nothing else must run.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include "harness/plan/measured_device.h"
#include "harness/scenario/dtype.h"
#include "model/checkpoint/parameters.h"
#include "model/kernels/activation.h"
#include "model/kernels/attention.h"
#include "model/kernels/caching_allocator.h"
#include "model/kernels/channel_norm.h"
#include "model/kernels/gated_residual.h"
#include "model/kernels/layer_norm.h"
#include "model/kernels/linear.h"
#include "model/kernels/packed_conv3d.h"
#include "model/kernels/pixel_shuffle.h"
#include "model/kernels/rms_norm.h"
#include "model/vae/vae.h"

namespace isoframe::model {
namespace {

using harness::plan::MeasuredRates;

// Installed before any tensor of the program exists.
[[maybe_unused]] const bool kAllocatorInstalled = (kernels::install_caching_allocator(), true);

constexpr const char* kDtypes[] = {"float32", "bfloat16", "float16"};

const MeasuredRates& roofs() {
  static const MeasuredRates rates = harness::plan::measure_rates("cpu", /*threads=*/1);
  return rates;
}

struct Setting {
  std::string dtype;
  at::TensorOptions options() const {
    return at::TensorOptions().dtype(harness::scenario::scalar_type_of(dtype));
  }
  at::Tensor randn(at::IntArrayRef shape) const { return at::randn(shape, options()); }
};

/// Times `work`, which does `amount` operations or moves so many bytes, beside `roof` of them a second.
void time(benchmark::State& state, const char* unit, double amount, double roof,
          const std::function<void()>& work) {
  work();
  for (auto _ : state) work();
  using benchmark::Counter;
  state.counters[unit] = Counter(amount * 1e-9, Counter::kIsIterationInvariantRate);
  state.counters["roof"] = roof * 1e-9;
  state.counters["of_roof"] = Counter(amount / roof, Counter::kIsIterationInvariantRate);
}

void time_product(benchmark::State& state, const Setting& setting, double operations,
                  const std::function<void()>& work) {
  time(state, "GFLOP/s", operations, roofs().arithmetic.at(setting.dtype).product, work);
}
void time_convolution(benchmark::State& state, const Setting& setting, double operations,
                      const std::function<void()>& work) {
  time(state, "GFLOP/s", operations, roofs().arithmetic.at(setting.dtype).convolution, work);
}
void time_memory(benchmark::State& state, double bytes, const std::function<void()>& work) {
  time(state, "GB/s", bytes, roofs().memory_bandwidth, work);
}

double bytes_of(std::initializer_list<at::Tensor> tensors) {
  double sum = 0.0;
  for (const at::Tensor& tensor : tensors) sum += static_cast<double>(tensor.nbytes());
  return sum;
}

/// The layers of a medium block and of a full one: rows, inputs, outputs.
void linear(benchmark::State& state, const Setting& setting) {
  const std::int64_t rows = state.range(0), in = state.range(1), out = state.range(2);
  const at::Tensor x = setting.randn({rows, in}), weight = setting.randn({out, in}),
                   bias = setting.randn({out});
  time_product(state, setting, 2.0 * static_cast<double>(rows * in * out),
               [&] { benchmark::DoNotOptimize(kernels::linear(x, weight, bias)); });
}

void attention(benchmark::State& state, const Setting& setting) {
  const std::int64_t heads = state.range(0), tokens = state.range(1), size = 128;
  const at::Tensor q = setting.randn({1, heads, tokens, size}), k = setting.randn({1, heads, tokens, size}),
                   v = setting.randn({1, heads, tokens, size});
  time_product(state, setting, 4.0 * static_cast<double>(heads * tokens * tokens * size),
               [&] { benchmark::DoNotOptimize(kernels::attention(q, k, v)); });
}

void convolution(benchmark::State& state, const Setting& setting) {
  const std::int64_t channels = state.range(0), frames = 5, size = 64;
  const kernels::PackedConv3d conv(setting.randn({channels, channels, 3, 3, 3}), setting.randn({channels}));
  const at::Tensor input = kernels::causal_pad(setting.randn({frames, size, size, channels}));
  time_convolution(state, setting, 54.0 * static_cast<double>(channels * channels * frames * size * size),
                   [&] { benchmark::DoNotOptimize(conv(input)); });
}

void norm_silu_pad(benchmark::State& state, const Setting& setting) {
  const at::Tensor x = setting.randn({5, 128, 128, 128}), gamma = setting.randn({128});
  const at::Tensor padded = kernels::channel_rms_norm_silu_causal_pad(x, gamma);
  time_memory(state, bytes_of({x, padded}),
              [&] { benchmark::DoNotOptimize(kernels::channel_rms_norm_silu_causal_pad(x, gamma)); });
}

void layer_norm_modulate(benchmark::State& state, const Setting& setting) {
  const at::Tensor x = setting.randn({8192, 2048}), scale = setting.randn({2048}),
                   shift = setting.randn({2048});
  time_memory(state, bytes_of({x, x}),
              [&] { benchmark::DoNotOptimize(kernels::layer_norm_modulate(x, scale, shift, 1e-6)); });
}

void rms_norm(benchmark::State& state, const Setting& setting) {
  const at::Tensor x = setting.randn({1, 8192, 16, 128}), weight = at::ones({128}, setting.options());
  time_memory(state, bytes_of({x, x}), [&] { kernels::rms_norm_(x, weight, 1e-6); });
}

void gated_residual(benchmark::State& state, const Setting& setting) {
  const at::Tensor x = setting.randn({8192, 2048}), branch = setting.randn({8192, 2048}),
                   gate = setting.randn({2048});
  time_memory(state, bytes_of({x, x, branch}), [&] { kernels::gated_residual_(x, branch, gate); });
}

void gelu(benchmark::State& state, const Setting& setting) {
  const at::Tensor from = setting.randn({4096, 8192}), x = at::empty_like(from);
  // Applied to its own results it would soon compute with nothing but zeros.
  time_memory(state, bytes_of({from, x, x, x}), [&] {
    x.copy_(from);
    kernels::gelu_tanh_in_place(x);
  });
}

void upsample_add(benchmark::State& state, const Setting& setting) {
  const at::Tensor expanded = setting.randn({5, 64, 64, 512}), input = setting.randn({5, 64, 64, 128});
  const at::Tensor sum = kernels::upsample_add(expanded, input, /*temporal=*/false);
  time_memory(state, bytes_of({expanded, input, sum}),
              [&] { benchmark::DoNotOptimize(kernels::upsample_add(expanded, input, /*temporal=*/false)); });
}

class RandomParameters : public checkpoint::ParameterSource {
 public:
  explicit RandomParameters(Setting setting) : setting_(std::move(setting)) {}
  at::Tensor parameter(const std::string&, const checkpoint::Shape& shape) override {
    return setting_.randn(shape).mul_(0.05);
  }

 private:
  Setting setting_;
};

vae::VaeConfig decode_config() {
  vae::VaeConfig config;
  config.block_out_channels = {32, 64, 128, 128, 128};
  return config;
}

/// Operations of the 3 x 3 x 3 convolutions that decode [frames, height, width] latents, two a multiply-add.
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

/// A whole decode, beside the convolutions' roof though not all of it is convolutions.
void decode(benchmark::State& state, const Setting& setting) {
  const vae::VaeConfig config = decode_config();
  RandomParameters source(setting);
  const vae::Vae model(config, checkpoint::Parameters(source), parallel::self_group("vae_patch"));
  const std::int64_t frames = 3, height = 9, width = 13;
  const vae::TilingOptions tiling{.enabled = state.range(0) > 0, .tile_size = state.range(0)};
  const at::Tensor latents = setting.randn({1, config.latent_channels, frames, height, width});
  double operations = 0.0;
  for (const vae::TileAssignment& tile : model.decode_plan(frames, height, width, tiling, 1))
    operations += decode_operations(config, frames, tile.height, tile.width);
  if (operations == 0.0) operations = decode_operations(config, frames, height, width);
  time_convolution(state, setting, operations,
                   [&] { benchmark::DoNotOptimize(model.decode(latents, tiling, no_probe())); });
}

using Kernel = void (*)(benchmark::State&, const Setting&);

/// Registers a kernel in each dtype.
void add(const char* name, Kernel kernel, std::initializer_list<std::vector<std::int64_t>> arguments) {
  for (const char* dtype : kDtypes) {
    auto* registered = benchmark::RegisterBenchmark(fmt::format("{}/{}", name, dtype).c_str(),
                                                    [kernel, dtype](benchmark::State& state) {
                                                      const c10::InferenceMode inference;
                                                      at::set_num_threads(1);
                                                      kernel(state, {dtype});
                                                    });
    registered->Unit(benchmark::kMillisecond)->UseRealTime();
    for (const std::vector<std::int64_t>& one : arguments) registered->Args(one);
  }
}

[[maybe_unused]] const bool kRegistered = [] {
  add("linear", linear,
      {{344, 1024, 1024}, {344, 1024, 4096}, {344, 4096, 1024}, {2048, 2048, 2048}, {2048, 2048, 8192}});
  add("attention", attention, {{8, 344}, {16, 2048}});
  add("convolution", convolution, {{32}, {64}, {128}});
  add("decode", decode, {{0}, {128}});
  add("norm_silu_pad", norm_silu_pad, {});
  add("layer_norm_modulate", layer_norm_modulate, {});
  add("rms_norm", rms_norm, {});
  add("gated_residual", gated_residual, {});
  add("gelu", gelu, {});
  add("upsample_add", upsample_add, {});
  return true;
}();

}  // namespace
}  // namespace isoframe::model
