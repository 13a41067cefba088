#include "model/transformer/transformer.h"

#include <tuple>

#include <ATen/ATen.h>

#include "base/error.h"
#include "model/kernels/layer_norm.h"
#include "model/transformer/block.h"
#include "model/transformer/embeddings.h"
#include "model/transformer/layers.h"
#include "model/transformer/rotary.h"
#include "model/transformer/token_refiner.h"

namespace isoframe::model::transformer {

namespace {

constexpr double kEps = 1e-6;

/// Rows of cond_type_embed.
enum ConditionType : std::int64_t { kText = 0, kByT5 = 1, kImage = 2, kConditionTypes = 3 };

}  // namespace

struct Transformer::Impl {
  Impl(const TransformerConfig& config, const checkpoint::Parameters& parameters,
       const parallel::SequenceParallel& sequence, const parallel::TensorParallel& tensor)
      : sequence(sequence),
        x_embedder(parameters["x_embedder"], config.in_channels, config.patch_size_t, config.patch_size,
                   config.inner_dim()),
        image_embedder(parameters["image_embedder"], config.image_embed_dim, config.inner_dim()),
        context_embedder(parameters["context_embedder"], config.text_embed_dim, config.num_attention_heads,
                         config.attention_head_dim, config.num_refiner_layers, tensor),
        context_embedder_2(parameters["context_embedder_2"], config.text_embed_2_dim, config.inner_dim()),
        time_embed(parameters["time_embed"], config.inner_dim(), config.use_meanflow),
        cond_type_embed(parameters["cond_type_embed"].get("weight", {kConditionTypes, config.inner_dim()})),
        norm_out_linear(parameters["norm_out"]["linear"], config.inner_dim(), 2 * config.inner_dim()),
        proj_out(parameters["proj_out"], config.inner_dim(),
                 config.patch_size_t * config.patch_size * config.patch_size * config.out_channels) {
    transformer_blocks.reserve(config.num_layers);
    for (std::int64_t layer = 0; layer < config.num_layers; ++layer) {
      transformer_blocks.emplace_back(parameters["transformer_blocks"][layer], config.num_attention_heads,
                                      config.attention_head_dim, config.mlp_ratio, tensor);
    }
  }

  /// [image | ByT5 | text] tokens, each with the embedding of its type: [1, I + G + T, D].
  at::Tensor embed(const Condition& condition, const at::Tensor& timestep, Probe& probe) const {
    if (condition.text.size(1) < 1) throw InputError("the transformer needs at least one text token");
    std::vector<at::Tensor> tokens;
    const auto append = [&](const char* name, ConditionType type, const at::Tensor& embedded) {
      probe.tensor({.name = name, .axes = axes::kTokens}, embedded);
      tokens.push_back(embedded + cond_type_embed[type]);
    };
    if (condition.image.size(1) > 0) append("image_embedder", kImage, image_embedder(condition.image));
    if (condition.byt5.size(1) > 0) append("context_embedder_2", kByT5, context_embedder_2(condition.byt5));
    append("context_embedder", kText, context_embedder(condition.text, timestep));
    const at::Tensor condition_tokens = at::cat(tokens, 1);
    probe.tensor({.name = "condition_tokens", .axes = axes::kTokens}, condition_tokens);
    return condition_tokens;
  }

  /// Reference: AdaLayerNormContinuous (diffusers 0.42): unlike in the blocks, the scale comes first.
  at::Tensor norm_out(const at::Tensor& hidden, const at::Tensor& activated) const {
    const std::vector<at::Tensor> parts = norm_out_linear(activated).squeeze(0).chunk(2);
    return kernels::layer_norm_modulate(hidden, parts[0], parts[1], kEps);
  }

  const parallel::SequenceParallel& sequence;
  PatchEmbed x_embedder;
  ImageProjection image_embedder;
  TokenRefiner context_embedder;
  ByT5TextProjection context_embedder_2;
  TimeEmbed time_embed;
  at::Tensor cond_type_embed;
  std::vector<TransformerBlock> transformer_blocks;
  Linear norm_out_linear;
  Linear proj_out;
};

Transformer::Transformer(const TransformerConfig& config, const checkpoint::Parameters& parameters,
                         const parallel::SequenceParallel& sequence, const parallel::TensorParallel& tensor)
    : config_(config), impl_(std::make_unique<Impl>(config, parameters, sequence, tensor)) {}

Transformer::~Transformer() = default;
Transformer::Transformer(Transformer&&) noexcept = default;

kernels::Rotary Transformer::angles(const at::Tensor& sample) const {
  const kernels::Rotary whole =
      rotary_embedding(impl_->x_embedder.grid(sample), config_.rope_axes_dim, config_.rope_theta);
  const auto own_rows = [&](const at::Tensor& table) {
    return impl_->sequence.shard(table, 0).to(sample.device());
  };
  return {own_rows(whole.cos), own_rows(whole.sin)};
}

at::Tensor Transformer::forward(const at::Tensor& sample, const StepTimes& times, const Condition& condition,
                                const kernels::Rotary& angles, Probe& probe) const {
  const Impl& m = *impl_;
  const ProbeScope scope(probe, {"transformer"});
  const TokenGrid grid = m.x_embedder.grid(sample);

  // The reference hands both times on in the latents' dtype.
  const at::Tensor time = at::full({1}, times.timestep, sample.options());
  const at::Tensor end = times.end ? at::full({1}, *times.end, sample.options()) : at::Tensor();
  const at::Tensor time_embedding = m.time_embed(time, end);
  probe.tensor({.name = "time_embed", .axes = axes::kVector}, time_embedding);
  const at::Tensor activated = at::silu(time_embedding);

  const auto rows = [&](std::int64_t dim) {
    return Share{.dim = dim, .begin = m.sequence.rows(grid.tokens()).begin, .whole = grid.tokens()};
  };
  at::Tensor hidden = m.sequence.shard(m.x_embedder(sample), 1);
  probe.tensor({"x_embedder", -1, {rows(1)}, axes::kTokens}, hidden);
  at::Tensor tokens = m.embed(condition, time, probe);

  const BlockInputs inputs = {activated, angles, grid.tokens(), rows(1)};
  probe.tensor({"rotary.cos", -1, {rows(0)}, axes::kRotary}, inputs.rotary.cos);
  probe.tensor({"rotary.sin", -1, {rows(0)}, axes::kRotary}, inputs.rotary.sin);
  for (std::int64_t layer = 0; layer < config_.num_layers; ++layer) {
    std::tie(hidden, tokens) = m.transformer_blocks[layer](hidden, tokens, inputs, m.sequence, layer, probe);
  }

  const at::Tensor projected = m.proj_out(m.norm_out(hidden, activated));
  probe.tensor({"proj_out", -1, {rows(1)}, axes::kTokens}, projected);
  const at::Tensor gathered = m.sequence.gather(projected, 1, grid.tokens());
  probe.tensor({.name = "proj_out.gathered", .axes = axes::kTokens}, gathered);
  return m.x_embedder.unpatchify(gathered, grid);
}

}  // namespace isoframe::model::transformer
