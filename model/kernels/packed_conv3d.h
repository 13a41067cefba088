#pragma once
// A 3-D convolution on channels-last data by oneDNN, its weight packed for the inputs at hand.

#include <memory>

#include <ATen/core/Tensor.h>

namespace isoframe::model::kernels {

/// Convolution without padding, stride 1.  Volumes are [F, H, W, C], contiguous; the caller pads.
///
/// ATen's own choice skips oneDNN for small inputs, where it is 4 to 6 times faster, and reorders the weight
/// in every call.  Here it is packed anew only for an input of another size than the last: with AVX2, oneDNN
/// chooses the weight's layout by that, and goes from one such layout to another an element at a time, which
/// takes several times as long as a small tile's convolution.  Weights of a half type serve inputs of that
/// type and of float32, for which they are widened as they are packed, and give results of their own type;
/// inputs of a half type that the CPU does not multiply in (arithmetic_type) are widened too.  Tensors
/// elsewhere, and float64, take at::conv3d.
class PackedConv3d {
 public:
  /// weight: [O, C, kF, kH, kW]; bias: [O].  Computes nothing: the tensors may be on the meta device.
  PackedConv3d(at::Tensor weight, at::Tensor bias);
  ~PackedConv3d();
  PackedConv3d(PackedConv3d&&) noexcept;

  /// input: [F + kF - 1, H + kH - 1, W + kW - 1, C] -> [F, H, W, O].
  at::Tensor operator()(const at::Tensor& input) const;

  /// Adds the convolution of `input` to `sum` ([F, H, W, O], contiguous) in place.
  void add_to(const at::Tensor& sum, const at::Tensor& input) const;

 private:
  struct State;
  /// The weight, packed for inputs of the size of `batch`.
  at::Tensor packed_for(const at::Tensor& batch) const;

  std::unique_ptr<State> state_;
};

}  // namespace isoframe::model::kernels
