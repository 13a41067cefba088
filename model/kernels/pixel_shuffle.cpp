#include "model/kernels/pixel_shuffle.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "model/kernels/half.h"
#include "model/kernels/row_launcher.h"
#include "model/kernels/vectorize.h"

namespace isoframe::model::kernels {

namespace {

constexpr std::int64_t kElementsPerTask = 32768;

// [F, H, W, t*2*2*C] -> [t*F, 2H, 2W, C]
at::Tensor unfold_channels(const at::Tensor& x, std::int64_t t) {
  return x.unflatten(-1, {t, 2, 2, -1})
      .permute({0, 3, 1, 4, 2, 5, 6})
      .flatten(4, 5)
      .flatten(2, 3)
      .flatten(0, 1);
}

// [t*F, 2H, 2W, C] -> [F, H, W, t*2*2*C]
at::Tensor fold_positions(const at::Tensor& x, std::int64_t t) {
  return x.unflatten(2, {-1, 2})
      .unflatten(1, {-1, 2})
      .unflatten(0, {-1, t})
      .permute({0, 2, 4, 1, 3, 5, 6})
      .flatten(3);
}

at::Tensor first_frame(const at::Tensor& x) { return x.narrow(0, 0, 1); }
at::Tensor later_frames(const at::Tensor& x) { return x.narrow(0, 1, x.size(0) - 1); }

at::Tensor upsample_add_by_parts(const at::Tensor& expanded, const at::Tensor& input, bool temporal) {
  const std::int64_t repeats = expanded.size(-1) / input.size(-1);
  const auto both = [&](const at::Tensor& e, const at::Tensor& i, std::int64_t times, std::int64_t t) {
    return unfold_channels(e, t).add_(unfold_channels(i.repeat_interleave(times, -1), t));
  };
  if (!temporal) return both(expanded, input, repeats, 1);
  const at::Tensor kept = first_frame(expanded).unflatten(-1, {4, 2, -1}).select(-2, 0).flatten(-2);
  return at::cat({both(kept, first_frame(input), repeats / 2, 1),
                  both(later_frames(expanded), later_frames(input), repeats, 2)});
}

template <std::int64_t kRepeats>
[[gnu::always_inline]] inline void add_repeated(const float* __restrict expanded,
                                                const float* __restrict input, float* __restrict out,
                                                std::int64_t channels) {
  for (std::int64_t g = 0; g < channels / kRepeats; ++g) {
    for (std::int64_t i = 0; i < kRepeats; ++i) out[g * kRepeats + i] = expanded[g * kRepeats + i] + input[g];
  }
}

// One position: the usual repetitions have loops of a fixed length.
ISOFRAME_VECTORIZED void add_position(const float* expanded, const float* input, float* out,
                                      std::int64_t channels, std::int64_t repeats) {
  switch (repeats) {
    case 1:
      return add_repeated<1>(expanded, input, out, channels);
    case 2:
      return add_repeated<2>(expanded, input, out, channels);
    case 4:
      return add_repeated<4>(expanded, input, out, channels);
    case 8:
      return add_repeated<8>(expanded, input, out, channels);
    default:
      for (std::int64_t c = 0; c < channels; ++c) out[c] = expanded[c] + input[c / repeats];
  }
}

// The source of a frame of the output: the frame, its half in time, how many channels of `expanded` each
// of the 2 x 2 positions has, and how often the shortcut repeats.
struct FrameSource {
  std::int64_t frame, half, stride, repeats;
};

}  // namespace

at::Tensor upsample_add(const at::Tensor& expanded, const at::Tensor& input, bool temporal) {
  const bool is_launched = has_row_kernels({expanded, input});
  if (!is_launched && (!has_rows(expanded) || !has_rows(input)))
    return upsample_add_by_parts(expanded, input, temporal);
  const std::int64_t height = input.size(1);
  const std::int64_t width = input.size(2);
  const std::int64_t in_channels = input.size(3);
  const std::int64_t expanded_channels = expanded.size(3);
  const std::int64_t out_channels = expanded_channels / (temporal ? 8 : 4);
  const std::int64_t repeats = expanded_channels / in_channels;
  const std::int64_t frames = temporal ? 2 * input.size(0) - 1 : input.size(0);
  const at::Tensor result = at::empty({frames, 2 * height, 2 * width, out_channels}, input.options());
  if (is_launched) {
    launch(UpsampleAdd{.expanded = expanded.const_data_ptr(),
                       .input = input.const_data_ptr(),
                       .out = result.mutable_data_ptr(),
                       .rows = frames * 2 * height * 2 * width,
                       .height = height,
                       .width = width,
                       .in_channels = in_channels,
                       .out_channels = out_channels,
                       .is_temporal = temporal},
           input);
    return result;
  }

  const auto source_of = [=](std::int64_t frame) -> FrameSource {
    if (!temporal) return {frame, 0, out_channels, repeats};
    if (frame == 0) return {0, 0, 2 * out_channels, repeats / 2};
    return {(frame + 1) / 2, (frame - 1) % 2, out_channels, repeats};
  };
  const std::int64_t row_size = 2 * width * out_channels;
  const std::int64_t rows_per_task = std::max<std::int64_t>(1, kElementsPerTask / row_size);
  at::parallel_for(0, frames * 2 * height, rows_per_task, [&](std::int64_t begin, std::int64_t end) {
    RowReader expanded_rows(expanded);
    RowReader input_rows(input);
    RowWriter result_rows(result);
    for (std::int64_t r = begin; r < end; ++r) {
      const FrameSource source = source_of(r / (2 * height));
      const std::int64_t row = r % (2 * height);
      const std::int64_t first_position = (source.frame * height + row / 2) * width;
      const float* const expanded_row =
          expanded_rows.read(first_position * expanded_channels, width * expanded_channels);
      const float* const input_row = input_rows.read(first_position * in_channels, width * in_channels);
      float* out = result_rows.place(r * row_size, row_size);
      for (std::int64_t w = 0; w < 2 * width; ++w, out += out_channels) {
        const std::int64_t part = (source.half * 2 + row % 2) * 2 + w % 2;
        add_position(expanded_row + w / 2 * expanded_channels + part * source.stride,
                     input_row + w / 2 * in_channels + part * (out_channels / source.repeats), out,
                     out_channels, source.repeats);
      }
      result_rows.store(r * row_size, row_size);
    }
  });
  return result;
}

at::Tensor downsample_add(const at::Tensor& reduced, const at::Tensor& input, bool temporal) {
  const auto averaged = [](const at::Tensor& folded, std::int64_t channels) {
    return folded.unflatten(-1, {channels, -1}).mean(-1);
  };
  const std::int64_t channels = reduced.size(-1) * (temporal ? 8 : 4);
  if (!temporal) return fold_positions(reduced, 1).add_(averaged(fold_positions(input, 1), channels));
  const at::Tensor half = fold_positions(first_frame(reduced), 1);
  const at::Tensor first =
      at::cat({half, half}, -1).add_(averaged(fold_positions(first_frame(input), 1), channels));
  if (input.size(0) == 1) return first;
  const at::Tensor later = fold_positions(later_frames(reduced), 2)
                               .add_(averaged(fold_positions(later_frames(input), 2), channels));
  return at::cat({first, later});
}

}  // namespace isoframe::model::kernels
