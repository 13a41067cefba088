#include "model/transformer/token_refiner.h"

#include <ATen/ATen.h>
#include <ATen/OpMathType.h>

#include "model/kernels/activation.h"
#include "model/kernels/attention.h"
#include "model/kernels/gated_residual.h"

namespace isoframe::model::transformer {

namespace {

constexpr double kEps = 1e-6;
// The reference builds the refiner with this ratio whatever the config's mlp_ratio.
constexpr double kMlpRatio = 4.0;

}  // namespace

RefinerBlock::RefinerBlock(const checkpoint::Parameters& parameters, std::int64_t heads,
                           std::int64_t head_dim, const parallel::TensorParallel& tensor)
    : head_dim_(head_dim),
      norm1_(parameters["norm1"], heads * head_dim, kEps),
      to_q_(parameters["attn"]["to_q"], heads * head_dim, heads * head_dim, tensor.share(heads, head_dim)),
      to_k_(parameters["attn"]["to_k"], heads * head_dim, heads * head_dim, tensor.share(heads, head_dim)),
      to_v_(parameters["attn"]["to_v"], heads * head_dim, heads * head_dim, tensor.share(heads, head_dim)),
      to_out_(parameters["attn"]["to_out"][0], heads, head_dim, heads * head_dim, tensor),
      norm2_(parameters["norm2"], heads * head_dim, kEps),
      ff_(parameters["ff"], heads * head_dim, kMlpRatio, Activation::kSilu, tensor),
      norm_out_linear_(parameters["norm_out"]["linear"], heads * head_dim, 2 * heads * head_dim) {}

at::Tensor RefinerBlock::attention(const at::Tensor& normed) const {
  const auto by_head = [&](const parallel::ColumnParallelLinear& projection) {
    return projection(normed).unflatten(2, {-1, head_dim_}).transpose(1, 2);
  };
  const at::Tensor attended = kernels::attention(by_head(to_q_), by_head(to_k_), by_head(to_v_));
  return to_out_(attended.transpose(1, 2).flatten(2));
}

at::Tensor RefinerBlock::operator()(const at::Tensor& tokens, const at::Tensor& activated) const {
  const std::vector<at::Tensor> gates = norm_out_linear_(activated).squeeze(0).chunk(2);
  const at::Tensor hidden = kernels::gated_residual(tokens, attention(norm1_(tokens)), gates[0]);
  kernels::gated_residual_(hidden, ff_(norm2_(hidden)), gates[1]);
  return hidden;
}

TokenRefiner::TokenRefiner(const checkpoint::Parameters& parameters, std::int64_t text_embed_dim,
                           std::int64_t heads, std::int64_t head_dim, std::int64_t layers,
                           const parallel::TensorParallel& tensor)
    : timestep_embedder_(parameters["time_text_embed"]["timestep_embedder"], heads * head_dim),
      text_embedder_(parameters["time_text_embed"]["text_embedder"], text_embed_dim, heads * head_dim),
      proj_in_(parameters["proj_in"], text_embed_dim, heads * head_dim) {
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    refiner_blocks_.emplace_back(parameters["token_refiner"]["refiner_blocks"][layer], heads, head_dim,
                                 tensor);
  }
}

at::Tensor TokenRefiner::operator()(const at::Tensor& text, const at::Tensor& timestep) const {
  const at::Tensor pooled = text.to(at::toOpMathType(text.scalar_type())).mean(1).to(text.scalar_type());
  const at::Tensor activated = timestep_embedder_(timestep.to(text.scalar_type())) + text_embedder_(pooled);
  kernels::silu_in_place(activated);
  at::Tensor tokens = proj_in_(text);
  for (const RefinerBlock& block : refiner_blocks_) tokens = block(tokens, activated);
  return tokens;
}

}  // namespace isoframe::model::transformer
