#include "model/transformer/block.h"

#include <array>

#include <ATen/ATen.h>

#include "model/kernels/gated_residual.h"
#include "model/kernels/layer_norm.h"

namespace isoframe::model::transformer {

namespace {

constexpr double kEps = 1e-6;

}  // namespace

struct BlockStream::Names {
  const char* norm1;
  const char* to_q;
  const char* to_k;
  const char* to_v;
  const char* norm_q;
  const char* norm_k;
  const char* to_out;
  const char* ff;
};

const BlockStream::Names BlockStream::kVideo = {"norm1",       "attn.to_q",   "attn.to_k",     "attn.to_v",
                                                "attn.norm_q", "attn.norm_k", "attn.to_out.0", "ff"};
const BlockStream::Names BlockStream::kCondition = {
    "norm1_context",     "attn.add_q_proj",   "attn.add_k_proj", "attn.add_v_proj",
    "attn.norm_added_q", "attn.norm_added_k", "attn.to_add_out", "ff_context"};

BlockStream::BlockStream(const checkpoint::Parameters& block, const Names& names, std::int64_t heads,
                         std::int64_t head_dim, double mlp_ratio, const parallel::TensorParallel& tensor)
    : head_dim_(head_dim),
      heads_({.dim = 2, .begin = tensor.share(heads).begin, .whole = heads}),
      norm1_linear_(block[names.norm1]["linear"], heads * head_dim, 6 * heads * head_dim),
      to_q_(block[names.to_q], heads * head_dim, heads * head_dim, tensor.share(heads, head_dim)),
      to_k_(block[names.to_k], heads * head_dim, heads * head_dim, tensor.share(heads, head_dim)),
      to_v_(block[names.to_v], heads * head_dim, heads * head_dim, tensor.share(heads, head_dim)),
      norm_q_(block[names.norm_q].get("weight", {head_dim})),
      norm_k_(block[names.norm_k].get("weight", {head_dim})),
      to_out_(block[names.to_out], heads, head_dim, heads * head_dim, tensor),
      ff_(block[names.ff], heads * head_dim, mlp_ratio, Activation::kGeluTanh, tensor) {}

Modulation BlockStream::modulation(const at::Tensor& activated) const {
  const std::vector<at::Tensor> parts = norm1_linear_(activated).squeeze(0).chunk(6);
  return {parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]};
}

parallel::Qkv BlockStream::qkv(const at::Tensor& hidden, const Modulation& modulation,
                               const kernels::Rotary* rotary) const {
  const at::Tensor normed =
      kernels::layer_norm_modulate(hidden, modulation.scale_msa, modulation.shift_msa, kEps);
  const auto by_head = [&](const parallel::ColumnParallelLinear& projection) {
    return projection(normed).unflatten(2, {-1, head_dim_});
  };
  const parallel::Qkv qkv = {by_head(to_q_), by_head(to_k_), by_head(to_v_)};
  if (rotary) {
    kernels::rms_norm_rotary_(qkv.query, norm_q_, kEps, *rotary);
    kernels::rms_norm_rotary_(qkv.key, norm_k_, kEps, *rotary);
  } else {
    kernels::rms_norm_(qkv.query, norm_q_, kEps);
    kernels::rms_norm_(qkv.key, norm_k_, kEps);
  }
  return qkv;
}

at::Tensor BlockStream::finish(const at::Tensor& hidden, const at::Tensor& attended,
                               const Modulation& modulation,
                               const std::function<void(const at::Tensor&)>& show) const {
  const at::Tensor result =
      kernels::gated_residual(hidden, to_out_(attended.flatten(2)), modulation.gate_msa);
  show(result);
  const at::Tensor normed =
      kernels::layer_norm_modulate(result, modulation.scale_mlp, modulation.shift_mlp, kEps);
  kernels::gated_residual_(result, ff_(normed), modulation.gate_mlp);
  return result;
}

TransformerBlock::TransformerBlock(const checkpoint::Parameters& parameters, std::int64_t heads,
                                   std::int64_t head_dim, double mlp_ratio,
                                   const parallel::TensorParallel& tensor)
    : video_(parameters, BlockStream::kVideo, heads, head_dim, mlp_ratio, tensor),
      condition_(parameters, BlockStream::kCondition, heads, head_dim, mlp_ratio, tensor) {}

std::pair<at::Tensor, at::Tensor> TransformerBlock::operator()(const at::Tensor& hidden,
                                                               const at::Tensor& condition,
                                                               const BlockInputs& inputs,
                                                               const parallel::SequenceParallel& sequence,
                                                               std::int64_t layer, Probe& probe) const {
  const Modulation video_modulation = video_.modulation(inputs.activated);
  const Modulation condition_modulation = condition_.modulation(inputs.activated);
  const parallel::Qkv video = video_.qkv(hidden, video_modulation, &inputs.rotary);
  const parallel::Qkv context = condition_.qkv(condition, condition_modulation, nullptr);
  const auto show = [&](const char* name, Axes names, const at::Tensor& x,
                        const std::array<Share, 2>& shares) {
    probe.tensor({name, layer, shares, names}, x);
  };
  const std::array<Share, 2> own = {inputs.rows, video_.heads()};
  show("transformer_blocks.attn.query", axes::kTokensOfHeads, video.query, own);
  show("transformer_blocks.attn.key", axes::kTokensOfHeads, video.key, own);
  show("transformer_blocks.attn.value", axes::kTokensOfHeads, video.value, own);
  show("transformer_blocks.attn.query.context", axes::kTokensOfHeads, context.query, {video_.heads()});
  show("transformer_blocks.attn.key.context", axes::kTokensOfHeads, context.key, {video_.heads()});
  show("transformer_blocks.attn.value.context", axes::kTokensOfHeads, context.value, {video_.heads()});

  const auto [video_attended, condition_attended] = sequence.attend(
      video, context, inputs.video_length,
      {.probe = probe, .block = layer, .first_head = own[1].begin, .whole_heads = own[1].whole});
  const auto video_out = video_.finish(hidden, video_attended, video_modulation, [&](const at::Tensor& x) {
    show("transformer_blocks.attn", axes::kTokens, x, {inputs.rows});
  });
  const auto condition_out = condition_.finish(
      condition, condition_attended, condition_modulation,
      [&](const at::Tensor& x) { show("transformer_blocks.attn.context", axes::kTokens, x, {}); });
  show("transformer_blocks", axes::kTokens, video_out, {inputs.rows});
  show("transformer_blocks.context", axes::kTokens, condition_out, {});
  return {video_out, condition_out};
}

}  // namespace isoframe::model::transformer
