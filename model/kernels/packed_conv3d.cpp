#include "model/kernels/packed_conv3d.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include "model/kernels/half.h"

namespace isoframe::model::kernels {

namespace {

using Scalars = at::List<std::optional<at::Scalar>>;
using Text = std::optional<std::string_view>;
using Convolution = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                               at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, std::int64_t,
                               std::string_view, Scalars, Text);
using ConvolutionInto = at::Tensor&(at::Tensor&, const at::Tensor&, const at::Tensor&,
                                    const std::optional<at::Tensor>&, at::IntArrayRef, at::IntArrayRef,
                                    at::IntArrayRef, std::int64_t, std::string_view,
                                    std::optional<at::Scalar>, Text, Scalars, Text);

constexpr std::int64_t kNoPadding[] = {0, 0, 0};
constexpr std::int64_t kOnes[] = {1, 1, 1};

// oneDNN's operators have no C++ interface; they take a packed weight with a plain input.
at::Tensor onednn_convolution(const at::Tensor& input, const at::Tensor& packed, const at::Tensor& bias) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("mkldnn::_convolution_pointwise", "")
                             .typed<Convolution>();
  return op.call(input, packed, bias, kNoPadding, kOnes, kOnes, 1, "none", Scalars(), Text());
}

void onednn_convolution_into(at::Tensor sum, const at::Tensor& input, const at::Tensor& packed,
                             const at::Tensor& bias) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("mkldnn::_convolution_pointwise_", "binary")
                             .typed<ConvolutionInto>();
  op.call(sum, input, packed, bias, kNoPadding, kOnes, kOnes, 1, "add", at::Scalar(1.0), Text(), Scalars(),
          Text());
}

// [F, H, W, C] seen as [1, C, F, H, W], and back.
at::Tensor as_batch(const at::Tensor& volume) { return volume.permute({3, 0, 1, 2}).unsqueeze(0); }
at::Tensor as_volume(const at::Tensor& batch) { return batch.squeeze(0).permute({1, 2, 3, 0}).contiguous(); }

/// True for inputs that oneDNN convolves as they are.
bool takes_onednn(const at::Tensor& input) {
  return input.is_cpu() && input.scalar_type() != at::kDouble &&
         arithmetic_type(input) == input.scalar_type();
}

at::Tensor pack(const at::Tensor& weight, at::IntArrayRef input_size) {
  return at::mkldnn_reorder_conv3d_weight(weight.to_mkldnn(), kNoPadding, kOnes, kOnes, 1, input_size);
}

}  // namespace

struct PackedConv3d::State {
  at::Tensor weight;
  at::Tensor bias;
  std::mutex mutex;  // of what follows
  at::Tensor packed;
  std::vector<std::int64_t> input_size;  // that it is packed for, in the input's type

  at::Tensor bias_for(const at::Tensor& input) const { return bias.to(input.scalar_type()); }
};

PackedConv3d::PackedConv3d(at::Tensor weight, at::Tensor bias) : state_(std::make_unique<State>()) {
  state_->weight = std::move(weight);
  state_->bias = std::move(bias);
}

PackedConv3d::~PackedConv3d() = default;
PackedConv3d::PackedConv3d(PackedConv3d&&) noexcept = default;

at::Tensor PackedConv3d::packed_for(const at::Tensor& batch) const {
  const std::lock_guard lock(state_->mutex);
  if (batch.sizes() != at::IntArrayRef(state_->input_size) ||
      batch.scalar_type() != state_->packed.scalar_type()) {
    // Frees it before the next is made: there is never memory for two.
    state_->packed.reset();
    state_->input_size.clear();
    state_->packed = pack(state_->weight.to(batch.scalar_type()), batch.sizes());
    state_->input_size = batch.sizes().vec();
  }
  return state_->packed;
}

at::Tensor PackedConv3d::operator()(const at::Tensor& input) const {
  if (arithmetic_type(input) != input.scalar_type())
    return (*this)(input.to(at::kFloat)).to(input.scalar_type());
  const at::Tensor batch = as_batch(input);
  if (!takes_onednn(input)) return as_volume(at::conv3d(batch, state_->weight, state_->bias));
  return as_volume(onednn_convolution(batch, packed_for(batch), state_->bias_for(input)))
      .to(state_->weight.scalar_type());
}

void PackedConv3d::add_to(const at::Tensor& sum, const at::Tensor& input) const {
  // A volume of one position has no channels-last strides of its own, and oneDNN would write elsewhere.
  const at::Tensor sum_batch = as_batch(sum);
  if (!takes_onednn(input) || sum_batch.is_contiguous() || sum.scalar_type() != input.scalar_type()) {
    sum.add_((*this)(input));
  } else {
    const at::Tensor batch = as_batch(input);
    onednn_convolution_into(sum_batch, batch, packed_for(batch), state_->bias_for(input));
  }
}

}  // namespace isoframe::model::kernels
