#include "model/transformer/embeddings.h"

#include <cmath>
#include <stdexcept>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "model/kernels/elementary.h"
#include "model/kernels/linear.h"

namespace isoframe::model::transformer {

namespace {

constexpr std::int64_t kTimeChannels = 256;
constexpr double kMaxPeriod = 10000.0;
// The epsilon of torch.nn.LayerNorm, for layers for which the reference names none.
constexpr double kDefaultEps = 1e-5;
// The reference's own constant: no config names the width between ByT5's projections.
constexpr std::int64_t kByT5HiddenSize = 2048;

}  // namespace

PatchEmbed::PatchEmbed(const checkpoint::Parameters& parameters, std::int64_t in_channels,
                       std::int64_t patch_size_t, std::int64_t patch_size, std::int64_t inner_dim)
    : patch_size_t_(patch_size_t),
      patch_size_(patch_size),
      weight_(
          parameters["proj"].get("weight", {inner_dim, in_channels, patch_size_t, patch_size, patch_size})),
      bias_(parameters["proj"].get("bias", {inner_dim})) {}

TokenGrid PatchEmbed::grid(const at::Tensor& sample) const {
  if (sample.dim() != 5 || sample.size(0) != 1 || sample.size(1) != weight_.size(1)) {
    throw InputError(
        fmt::format("the transformer takes one sample of {} channels, frames, height and width, but got {}",
                    weight_.size(1), fmt::join(sample.sizes(), " x ")));
  }
  if (sample.size(2) % patch_size_t_ != 0 || sample.size(3) % patch_size_ != 0 ||
      sample.size(4) % patch_size_ != 0) {
    throw InputError(fmt::format("latents of {} are not a whole number of patches of {} x {} x {}",
                                 fmt::join(sample.sizes().slice(2), " x "), patch_size_t_, patch_size_,
                                 patch_size_));
  }
  return {sample.size(2) / patch_size_t_, sample.size(3) / patch_size_, sample.size(4) / patch_size_};
}

at::Tensor PatchEmbed::operator()(const at::Tensor& sample) const {
  const TokenGrid grid = this->grid(sample);
  const at::Tensor patches = sample
                                 .reshape({sample.size(1), grid.frames, patch_size_t_, grid.height,
                                           patch_size_, grid.width, patch_size_})
                                 .permute({1, 3, 5, 0, 2, 4, 6})
                                 .reshape({1, grid.tokens(), -1});
  return kernels::linear(patches, weight_.flatten(1), bias_);
}

at::Tensor PatchEmbed::unpatchify(const at::Tensor& tokens, const TokenGrid& grid) const {
  return tokens.reshape({grid.frames, grid.height, grid.width, -1, patch_size_t_, patch_size_, patch_size_})
      .permute({3, 0, 4, 1, 5, 2, 6})
      .reshape({1, -1, grid.frames * patch_size_t_, grid.height * patch_size_, grid.width * patch_size_});
}

TimestepEmbedder::TimestepEmbedder(const checkpoint::Parameters& parameters, std::int64_t inner_dim)
    : mlp_(parameters, kTimeChannels, inner_dim) {}

at::Tensor TimestepEmbedder::operator()(const at::Tensor& timestep) const {
  constexpr std::int64_t half = kTimeChannels / 2;
  // A thousand radians: one ulp of a frequency is visible in the sinusoid, so these are the reference's
  // operations.
  const at::Tensor exponent = -std::log(kMaxPeriod) * at::arange(half, at::kFloat) / half;
  const at::Tensor frequencies = kernels::exp(exponent).to(timestep.device());
  const at::Tensor angles = timestep.to(at::kFloat).unsqueeze(1) * frequencies.unsqueeze(0);
  return mlp_(at::cat({kernels::cos(angles), kernels::sin(angles)}, 1).to(timestep.scalar_type()));
}

TimeEmbed::TimeEmbed(const checkpoint::Parameters& parameters, std::int64_t inner_dim, bool use_meanflow)
    : timestep_embedder_(parameters["timestep_embedder"], inner_dim) {
  if (use_meanflow) timestep_embedder_r_.emplace(parameters["timestep_embedder_r"], inner_dim);
}

at::Tensor TimeEmbed::operator()(const at::Tensor& timestep, const at::Tensor& end) const {
  const at::Tensor embedding = timestep_embedder_(timestep);
  if (!end.defined()) return embedding;
  if (!timestep_embedder_r_) throw std::logic_error("a step's end is only for a model with use_meanflow");
  return embedding + (*timestep_embedder_r_)(end);
}

ImageProjection::ImageProjection(const checkpoint::Parameters& parameters, std::int64_t in,
                                 std::int64_t inner_dim)
    : norm_in_(parameters["norm_in"], in, kDefaultEps),
      linear_1_(parameters["linear_1"], in, in),
      linear_2_(parameters["linear_2"], in, inner_dim),
      norm_out_(parameters["norm_out"], inner_dim, kDefaultEps) {}

// ATen's GELU depends on an element's position; condition tokens are never sharded, so every rank sees the
// same.
at::Tensor ImageProjection::operator()(const at::Tensor& image) const {
  return norm_out_(linear_2_(at::gelu(linear_1_(norm_in_(image)))));
}

ByT5TextProjection::ByT5TextProjection(const checkpoint::Parameters& parameters, std::int64_t in,
                                       std::int64_t inner_dim)
    : norm_(parameters["norm"], in, kDefaultEps),
      linear_1_(parameters["linear_1"], in, kByT5HiddenSize),
      linear_2_(parameters["linear_2"], kByT5HiddenSize, kByT5HiddenSize),
      linear_3_(parameters["linear_3"], kByT5HiddenSize, inner_dim) {}

at::Tensor ByT5TextProjection::operator()(const at::Tensor& byt5) const {
  return linear_3_(at::gelu(linear_2_(at::gelu(linear_1_(norm_(byt5))))));
}

}  // namespace isoframe::model::transformer
