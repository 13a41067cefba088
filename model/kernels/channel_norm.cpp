#include "model/kernels/channel_norm.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <ATen/ATen.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>

#include "model/kernels/row_sum.h"
#include "model/kernels/vector_math.h"
#include "model/kernels/vectorize.h"

namespace isoframe::model::kernels {

namespace {

constexpr float kSmallestNorm = 1e-12F;
constexpr std::int64_t kElementsPerTask = 32768;

[[gnu::always_inline]] inline void norm_position(const float* __restrict x, const float* __restrict gamma,
                                                 float* __restrict out, std::int64_t channels) {
  const float norm = std::sqrt(row_sum(channels, [x](std::int64_t c) { return x[c] * x[c]; }));
  const float scale = std::sqrt(static_cast<float>(channels)) / std::max(norm, kSmallestNorm);
  for (std::int64_t c = 0; c < channels; ++c) out[c] = x[c] * scale * gamma[c];
}

ISOFRAME_VECTORIZED void norm_row(const float* x, const float* gamma, float* out, std::int64_t positions,
                                  std::int64_t channels) {
  for (std::int64_t p = 0; p < positions; ++p)
    norm_position(x + p * channels, gamma, out + p * channels, channels);
}

ISOFRAME_VECTORIZED void norm_silu_row(const float* x, const float* gamma, float* out, std::int64_t positions,
                                       std::int64_t channels) {
  for (std::int64_t p = 0; p < positions; ++p, x += channels, out += channels) {
    norm_position(x, gamma, out, channels);
    for (std::int64_t c = 0; c < channels; ++c) out[c] = out[c] / (1.0F + exp(-out[c]));
  }
}

bool has_kernel(const at::Tensor& x) {
  return x.device().is_cpu() && x.scalar_type() == at::kFloat && x.is_contiguous();
}

// The places of a volume's row in the padded one: its own, and every border that repeats it.
template <typename FillRow>
at::Tensor pad_rows(const at::Tensor& x, const FillRow& fill_row) {
  const std::int64_t frames = x.size(0);
  const std::int64_t height = x.size(1);
  const std::int64_t width = x.size(2);
  const std::int64_t channels = x.size(3);
  const at::Tensor padded = at::empty({frames + 2, height + 2, width + 2, channels}, x.options());
  const float* const source = x.const_data_ptr<float>();
  float* const target = padded.mutable_data_ptr<float>();
  const std::int64_t row_size = width * channels;
  const std::int64_t padded_row_size = (width + 2) * channels;
  const auto padded_row = [=](std::int64_t frame, std::int64_t row) {
    return target + (frame * (height + 2) + row) * padded_row_size;
  };
  const std::int64_t rows_per_task = std::max<std::int64_t>(1, kElementsPerTask / row_size);
  at::parallel_for(0, frames * height, rows_per_task, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t frame = r / height;
      const std::int64_t row = r % height;
      float* const own = padded_row(frame + 2, row + 1);
      fill_row(source + r * row_size, own + channels);
      std::copy_n(own + channels, channels, own);
      std::copy_n(own + row_size, channels, own + row_size + channels);

      const std::int64_t first_row = row == 0 ? 0 : row + 1;
      const std::int64_t last_row = row == height - 1 ? height + 1 : row + 1;
      for (std::int64_t f = frame == 0 ? 0 : frame + 2; f <= frame + 2; ++f) {
        for (std::int64_t h = first_row; h <= last_row; ++h) {
          float* const copy = padded_row(f, h);
          if (copy != own) std::copy_n(own, padded_row_size, copy);
        }
      }
    }
  });
  return padded;
}

}  // namespace

at::Tensor channel_rms_norm(const at::Tensor& x, const at::Tensor& gamma) {
  const std::int64_t channels = x.size(-1);
  if (!has_kernel(x)) {
    const at::Tensor wide = x.to(at::toOpMathType(x.scalar_type()));
    const at::Tensor norm = wide.norm(2, {-1}, /*keepdim=*/true).clamp_min(kSmallestNorm);
    return (wide / norm).to(x.scalar_type()) * std::sqrt(static_cast<double>(channels)) * gamma;
  }
  at::Tensor out = at::empty_like(x);
  const float* const source = x.const_data_ptr<float>();
  const float* const gains = gamma.const_data_ptr<float>();
  float* const target = out.mutable_data_ptr<float>();
  at::parallel_for(0, x.numel() / channels, std::max<std::int64_t>(1, kElementsPerTask / channels),
                   [&](std::int64_t begin, std::int64_t end) {
                     norm_row(source + begin * channels, gains, target + begin * channels, end - begin,
                              channels);
                   });
  return out;
}

at::Tensor causal_pad(const at::Tensor& x) {
  if (!has_kernel(x)) {
    const at::Tensor batch = x.permute({3, 0, 1, 2}).unsqueeze(0);
    return at::replication_pad3d(batch, {1, 1, 1, 1, 2, 0}).squeeze(0).permute({1, 2, 3, 0}).contiguous();
  }
  const std::int64_t row_size = x.size(2) * x.size(3);
  return pad_rows(x, [row_size](const float* row, float* out) { std::copy_n(row, row_size, out); });
}

at::Tensor channel_rms_norm_silu_causal_pad(const at::Tensor& x, const at::Tensor& gamma) {
  if (!has_kernel(x)) return causal_pad(at::silu(channel_rms_norm(x, gamma)));
  const float* const gains = gamma.const_data_ptr<float>();
  return pad_rows(x, [gains, width = x.size(2), channels = x.size(3)](const float* row, float* out) {
    norm_silu_row(row, gains, out, width, channels);
  });
}

}  // namespace isoframe::model::kernels
