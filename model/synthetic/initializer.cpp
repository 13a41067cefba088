#include "model/synthetic/initializer.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

namespace isoframe::model::synthetic {

using checkpoint::Shape;

namespace {

/// Elements drawn at a time: a large tensor needs its own memory and this much beside it.
constexpr std::int64_t kChunk = 1 << 24;

constexpr double kBiasDeviation = 0.05;
constexpr double kNormDeviation = 0.1;

/// A deviation of matrices other than 1 / sqrt(fan-in): the first row whose part and pattern fit.
struct Gain {
  std::string_view part;
  std::string_view pattern;  ///< anywhere in the tensor's name
  double gain;
};

constexpr Gain kGains[] = {
    // Modulations and the timestep's embedding follow a SiLU, which shrinks.
    {"transformer", "norm1.linear", 1.5},
    {"transformer", "norm1_context.linear", 1.5},
    {"transformer", "norm_out.linear", 1.5},
    {"transformer", "linear_2.weight", 1.5},
    // Two prompts must give two videos after two steps; see kTextKeyMean.
    {"transformer", "attn.add_v_proj", 1.5},
    // T5 does not divide its attention scores by sqrt(d_kv).
    {"text_encoder_2", "SelfAttention.q.", 0.2},
};

/// Tables that are looked up: each row stands for itself, whatever the number of rows.
constexpr Gain kTables[] = {
    {"text_encoder", "embed_tokens.weight", 1.0},   {"text_encoder_2", "shared.weight", 1.0},
    {"text_encoder_2", "embed_tokens.weight", 1.0}, {"text_encoder_2", "relative_attention_bias.weight", 0.5},
    {"transformer", "cond_type_embed.weight", 0.5}, {"image_encoder", "position_embedding.weight", 0.5},
};

/// Longer keys of the condition tokens: video tokens pick some of them out, not the mean of all.
constexpr std::string_view kTextKeyNorm = "norm_added_k.weight";
constexpr double kTextKeyMean = 1.6;

constexpr std::string_view kUpsampler = "upsamplers.0.conv.conv";
constexpr double kUpsamplerGain = 2.0;

constexpr std::string_view kPixelConvolution = "decoder.conv_out.conv.weight";
constexpr double kPixelGain = 1.0;

template <std::size_t N>
const Gain* find(const Gain (&rows)[N], std::string_view part, std::string_view name) {
  const auto found = std::find_if(std::begin(rows), std::end(rows), [&](const Gain& row) {
    return row.part == part && name.find(row.pattern) != std::string_view::npos;
  });
  return found == std::end(rows) ? nullptr : found;
}

/// FNV-1a, 64 bits: a stable hash, other than std::hash.
std::uint64_t fnv1a(std::string_view text, std::uint64_t hash = 0xcbf29ce484222325) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::uint64_t tensor_seed(std::uint64_t seed, const std::string& part, const std::string& name) {
  const std::string_view seed_bytes(reinterpret_cast<const char*>(&seed), sizeof seed);
  return fnv1a(name, fnv1a("/", fnv1a(part, fnv1a(seed_bytes))));
}

at::Tensor normal(const Shape& shape, at::ScalarType dtype, double mean, double deviation,
                  std::uint64_t seed) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  at::Tensor values = at::empty(shape, dtype);
  const at::Tensor flat = values.view({-1});
  for (std::int64_t begin = 0; begin < flat.numel(); begin += kChunk) {
    const std::int64_t count = std::min(kChunk, flat.numel() - begin);
    flat.narrow(0, begin, count).copy_(at::randn({count}, generator).mul_(deviation).add_(mean));
  }
  return values;
}

std::int64_t fan_in(const Shape& shape) {
  std::int64_t product = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) product *= shape[i];
  return product;
}

bool is_convolution_over_space(const Shape& shape) {
  return shape.size() == 5 && shape[3] == 3 && shape[4] == 3;
}

/// A trained kernel weighs its centre most.  With flat ones a tile's border would reach through the whole
/// tile, and tiled frames would have little in common with untiled ones.
void weigh_centre(at::Tensor& weight) {
  constexpr float kOffCentre = 0.3F;
  at::Tensor window = at::ones({3});
  window[0] = kOffCentre;
  window[2] = kOffCentre;
  window.mul_(std::sqrt(3.0 / window.square().sum().item<double>()));
  weight.mul_((window.unsqueeze(1) * window).to(weight.scalar_type()));
}

/// Output channels of an upsampler are [cell of 2 x 2 x 2, channels]: with one kernel for the whole cell it
/// repeats pixels, with eight it makes noise (Aitken et al. 2017).  Where time stays the cell has four
/// places, and pairs of channels share a kernel.
void share_within_cell(at::Tensor& rows) {
  constexpr std::int64_t kCell = 8;
  if (rows.size(0) % kCell != 0) return;
  at::Tensor cells = rows.view({kCell, -1});
  cells.copy_(cells.narrow(0, 0, 1).clone().expand_as(cells));
}

/// Red, green and blue share most of their weights, or every picture would be coloured noise without light
/// and dark; no row has a mean, because SiLU's positive one would become a tint.
void balance_pixels(at::Tensor& weight) {
  at::Tensor rows = weight.to(at::kFloat).flatten(1);
  rows = 0.8 * rows.narrow(0, 0, 1) + 0.6 * rows;
  rows = rows - rows.mean(1, /*keepdim=*/true);
  weight.copy_(rows.view(weight.sizes()));
}

}  // namespace

at::Tensor initial_value(const std::string& part, const std::string& name, const Shape& shape,
                         at::ScalarType dtype, std::uint64_t seed) {
  const std::uint64_t own_seed = tensor_seed(seed, part, name);
  const bool is_vae = part == "vae";
  const bool upsamples = is_vae && name.find(kUpsampler) != std::string::npos;
  if (name.ends_with("bias")) {
    at::Tensor bias = normal(shape, dtype, 0.0, kBiasDeviation, own_seed);
    if (upsamples) share_within_cell(bias);
    return bias;
  }
  if (shape.size() == 1 || name.ends_with("gamma")) {
    return normal(shape, dtype, name.ends_with(kTextKeyNorm) ? kTextKeyMean : 1.0, kNormDeviation, own_seed);
  }
  if (const Gain* table = find(kTables, part, name)) return normal(shape, dtype, 0.0, table->gain, own_seed);

  const bool makes_pixels = is_vae && name == kPixelConvolution;
  const Gain* known = find(kGains, part, name);
  const double gain = makes_pixels ? kPixelGain : upsamples ? kUpsamplerGain : known ? known->gain : 1.0;
  at::Tensor weight =
      normal(shape, dtype, 0.0, gain / std::sqrt(static_cast<double>(fan_in(shape))), own_seed);
  if (is_vae && is_convolution_over_space(shape)) weigh_centre(weight);
  if (upsamples) share_within_cell(weight);
  if (makes_pixels) balance_pixels(weight);
  return weight;
}

}  // namespace isoframe::model::synthetic
