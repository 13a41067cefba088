#include "model/transformer/layers.h"

#include <ATen/ATen.h>

#include "model/kernels/activation.h"
#include "model/kernels/linear.h"

namespace isoframe::model::transformer {

namespace {

std::int64_t mlp_width(std::int64_t features, double mlp_ratio) {
  return static_cast<std::int64_t>(static_cast<double>(features) * mlp_ratio);
}

}  // namespace

Linear::Linear(const checkpoint::Parameters& parameters, std::int64_t in, std::int64_t out)
    : weight(parameters.get("weight", {out, in})), bias(parameters.get("bias", {out})) {}

at::Tensor Linear::operator()(const at::Tensor& input) const { return kernels::linear(input, weight, bias); }

LayerNorm::LayerNorm(const checkpoint::Parameters& parameters, std::int64_t features, double eps)
    : weight(parameters.get("weight", {features})), bias(parameters.get("bias", {features})), eps(eps) {}

at::Tensor LayerNorm::operator()(const at::Tensor& input) const {
  return at::layer_norm(input, weight.sizes(), weight, bias, eps);
}

FeedForward::FeedForward(const checkpoint::Parameters& parameters, std::int64_t features, double mlp_ratio,
                         Activation activation, const parallel::TensorParallel& tensor)
    : net_0_proj(parameters["net"][0]["proj"], features, mlp_width(features, mlp_ratio),
                 tensor.share(mlp_width(features, mlp_ratio))),
      net_2(parameters["net"][2], mlp_width(features, mlp_ratio), 1, features, tensor),
      activation(activation) {}

at::Tensor FeedForward::operator()(const at::Tensor& input) const {
  const at::Tensor hidden = net_0_proj(input);
  if (activation == Activation::kSilu) {
    kernels::silu_in_place(hidden);
  } else {
    kernels::gelu_tanh_in_place(hidden);
  }
  return net_2(hidden);
}

SiluMlp::SiluMlp(const checkpoint::Parameters& parameters, std::int64_t in, std::int64_t features)
    : linear_1(parameters["linear_1"], in, features), linear_2(parameters["linear_2"], features, features) {}

at::Tensor SiluMlp::operator()(const at::Tensor& input) const {
  const at::Tensor hidden = linear_1(input);
  kernels::silu_in_place(hidden);
  return linear_2(hidden);
}

}  // namespace isoframe::model::transformer
