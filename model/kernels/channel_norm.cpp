#include "model/kernels/channel_norm.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <ATen/ATen.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>

#include "model/kernels/half.h"
#include "model/kernels/row_launcher.h"
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

// The places of a volume's row in the padded one: its own, and every border that repeats it.
template <typename T>
class PaddedRows {
 public:
  PaddedRows(const at::Tensor& volume, const at::Tensor& padded)
      : height_(volume.size(1)),
        channels_(volume.size(3)),
        row_size_(volume.size(2) * channels_),
        target_(static_cast<T*>(padded.mutable_data_ptr())) {}

  /// Where row r of the volume lies, counted over all frames.
  T* own(std::int64_t r) const { return padded_row(r / height_ + 2, r % height_ + 1) + channels_; }

  /// Repeats row r, which is in its place, in the borders.
  void repeat(std::int64_t r) const {
    const std::int64_t frame = r / height_;
    const std::int64_t row = r % height_;
    T* const whole = padded_row(frame + 2, row + 1);
    std::copy_n(whole + channels_, channels_, whole);
    std::copy_n(whole + row_size_, channels_, whole + row_size_ + channels_);

    const std::int64_t first_row = row == 0 ? 0 : row + 1;
    const std::int64_t last_row = row == height_ - 1 ? height_ + 1 : row + 1;
    for (std::int64_t f = frame == 0 ? 0 : frame + 2; f <= frame + 2; ++f) {
      for (std::int64_t h = first_row; h <= last_row; ++h) {
        T* const copy = padded_row(f, h);
        if (copy != whole) std::copy_n(whole, padded_row_size(), copy);
      }
    }
  }

 private:
  std::int64_t padded_row_size() const { return row_size_ + 2 * channels_; }
  T* padded_row(std::int64_t frame, std::int64_t row) const {
    return target_ + (frame * (height_ + 2) + row) * padded_row_size();
  }

  std::int64_t height_;
  std::int64_t channels_;
  std::int64_t row_size_;
  T* target_;
};

// In the type in which the convolution that reads it multiplies.
at::Tensor padded_volume(const at::Tensor& x) {
  return at::empty({x.size(0) + 2, x.size(1) + 2, x.size(2) + 2, x.size(3)},
                   x.options().dtype(arithmetic_type(x.scalar_type())));
}

bool is_padded_wide(const at::Tensor& x) { return arithmetic_type(x.scalar_type()) == at::kFloat; }

/// Calls body(begin, end) for ranges of the rows of a volume's frames.
template <typename Body>
void for_rows(const at::Tensor& x, const Body& body) {
  const std::int64_t rows_per_task = std::max<std::int64_t>(1, kElementsPerTask / (x.size(2) * x.size(3)));
  at::parallel_for(0, x.size(0) * x.size(1), rows_per_task, body);
}

// T: the elements' type in the padded volume, or one of its size.
template <typename T>
at::Tensor copy_padded(const at::Tensor& x) {
  const std::int64_t row_size = x.size(2) * x.size(3);
  const at::Tensor padded = padded_volume(x);
  const PaddedRows<T> rows(x, padded);
  for_rows(x, [&](std::int64_t begin, std::int64_t end) {
    [[maybe_unused]] RowReader reader(x);
    for (std::int64_t r = begin; r < end; ++r) {
      if constexpr (std::is_same_v<T, float>) {
        std::copy_n(reader.read(r * row_size, row_size), row_size, rows.own(r));
      } else {
        std::copy_n(static_cast<const T*>(x.const_data_ptr()) + r * row_size, row_size, rows.own(r));
      }
      rows.repeat(r);
    }
  });
  return padded;
}

template <typename T>
at::Tensor norm_padded(const at::Tensor& x, const at::Tensor& gamma) {
  const std::int64_t channels = x.size(3);
  const std::int64_t row_size = x.size(2) * channels;
  const at::Tensor padded = padded_volume(x);
  const PaddedRows<T> rows(x, padded);
  const T* const start = static_cast<const T*>(padded.const_data_ptr());
  const at::Tensor gains = wide_vector(gamma);
  for_rows(x, [&](std::int64_t begin, std::int64_t end) {
    RowReader reader(x);
    RowWriter writer(padded);
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t place = rows.own(r) - start;
      float* const out = writer.place(place, row_size);
      norm_silu_row(reader.read(r * row_size, row_size), gains.const_data_ptr<float>(), out, x.size(2),
                    channels);
      if (padded.scalar_type() != x.scalar_type()) round_to(x.scalar_type(), out, row_size);
      writer.store(place, row_size);
      rows.repeat(r);
    }
  });
  return padded;
}

/// Starts the kernel for `out`, which may be padded.
void launch_for(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& out, bool is_padded) {
  const at::Tensor volume = x.dim() == 4 ? x : x.view({1, 1, -1, x.size(-1)});
  launch(ChannelNorm{.x = x.const_data_ptr(),
                     .gamma = gamma.const_data_ptr(),
                     .out = out.mutable_data_ptr(),
                     .rows = out.numel() / out.size(-1),
                     .frames = volume.size(0),
                     .height = volume.size(1),
                     .width = volume.size(2),
                     .channels = volume.size(3),
                     .is_padded = is_padded},
         x);
}

}  // namespace

at::Tensor channel_rms_norm(const at::Tensor& x, const at::Tensor& gamma) {
  const std::int64_t channels = x.size(-1);
  if (has_row_kernels({x, gamma})) {
    at::Tensor out = at::empty_like(x);
    launch_for(x, gamma, out, /*is_padded=*/false);
    return out;
  }
  if (!has_rows(x)) {
    const at::Tensor wide = x.to(at::toOpMathType(x.scalar_type()));
    const at::Tensor norm = wide.norm(2, {-1}, /*keepdim=*/true).clamp_min(kSmallestNorm);
    return (wide / norm).to(x.scalar_type()) * std::sqrt(static_cast<double>(channels)) * gamma;
  }
  at::Tensor out = at::empty_like(x);
  const at::Tensor gains = wide_vector(gamma);
  at::parallel_for(0, x.numel() / channels, std::max<std::int64_t>(1, kElementsPerTask / channels),
                   [&](std::int64_t begin, std::int64_t end) {
                     each_rows(x, out, channels, begin, end,
                               [&](const float* from, float* to, std::int64_t, std::int64_t rows) {
                                 norm_row(from, gains.const_data_ptr<float>(), to, rows, channels);
                               });
                   });
  return out;
}

at::Tensor causal_pad(const at::Tensor& x) {
  if (!has_rows(x)) {
    const at::Tensor batch = x.permute({3, 0, 1, 2}).unsqueeze(0);
    return at::replication_pad3d(batch, {1, 1, 1, 1, 2, 0}).squeeze(0).permute({1, 2, 3, 0}).contiguous();
  }
  return is_padded_wide(x) ? copy_padded<float>(x) : copy_padded<std::uint16_t>(x);
}

at::Tensor channel_rms_norm_silu_causal_pad(const at::Tensor& x, const at::Tensor& gamma) {
  if (has_row_kernels({x, gamma})) {
    at::Tensor padded = at::empty({x.size(0) + 2, x.size(1) + 2, x.size(2) + 2, x.size(3)}, x.options());
    launch_for(x, gamma, padded, /*is_padded=*/true);
    return padded;
  }
  if (!has_rows(x)) return causal_pad(at::silu(channel_rms_norm(x, gamma)));
  return is_padded_wide(x) ? norm_padded<float>(x, gamma) : norm_padded<std::uint16_t>(x, gamma);
}

}  // namespace isoframe::model::kernels
