#include "model/kernels/gated_residual.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "model/kernels/half.h"
#include "model/kernels/row_launcher.h"

namespace isoframe::model::kernels {

namespace {

constexpr std::int64_t kElementsPerTask = 32768;

// This kernel has no clones for wider vectors: the baseline has no fused multiply-add, so that body and tail
// of the loop round alike, and memory is the limit.
void rows_kernel(const float* x, const float* branch, const float* gate, float* out, std::int64_t rows,
                 std::int64_t features) {
  for (std::int64_t row = 0; row < rows; ++row, x += features, branch += features, out += features) {
    for (std::int64_t i = 0; i < features; ++i) out[i] = x[i] + branch[i] * gate[i];
  }
}

void run(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& gate, const at::Tensor& out) {
  const std::int64_t features = x.size(-1);
  const at::Tensor gates = wide_vector(gate);
  at::parallel_for(0, x.numel() / features, std::max<std::int64_t>(1, kElementsPerTask / features),
                   [&](std::int64_t begin, std::int64_t end) {
                     RowReader added(branch);
                     each_rows(x, out, features, begin, end,
                               [&](const float* from, float* to, std::int64_t row, std::int64_t rows) {
                                 rows_kernel(from, added.read(row * features, rows * features),
                                             gates.const_data_ptr<float>(), to, rows, features);
                               });
                   });
}

void launch_for(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& gate,
                const at::Tensor& out) {
  launch(GatedResidual{.x = x.const_data_ptr(),
                       .branch = branch.const_data_ptr(),
                       .gate = gate.const_data_ptr(),
                       .out = out.mutable_data_ptr(),
                       .rows = x.numel() / x.size(-1),
                       .features = x.size(-1)},
         x);
}

bool has_kernel(const at::Tensor& x, const at::Tensor& branch) { return has_rows(x) && has_rows(branch); }

}  // namespace

at::Tensor gated_residual(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& gate) {
  const bool is_launched = has_row_kernels({x, branch, gate});
  if (!is_launched && !has_kernel(x, branch)) return x + branch * gate.reshape({x.size(-1)});
  at::Tensor out = at::empty_like(x);
  (is_launched ? launch_for : run)(x, branch, gate, out);
  return out;
}

void gated_residual_(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& gate) {
  if (has_row_kernels({x, branch, gate})) {
    launch_for(x, branch, gate, x);
  } else if (has_kernel(x, branch)) {
    run(x, branch, gate, x);
  } else {
    x.add_(branch * gate.reshape({x.size(-1)}));
  }
}

}  // namespace isoframe::model::kernels
