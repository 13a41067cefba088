#pragma once
// Kernels for devices on which each pass over memory is a launch: what the blocks and the VAE do between
// their products and convolutions, each in one pass.
//
// A kernel is a body that a team of kLanes lanes runs for each row: team.each(count, body) shares indices
// among them, team.sum(count, term) adds, team.once(body) runs when all are done.  CUDA's team is a warp
// (row_kernels_cuda.cu).  The unit tests' plays its lanes one after the other on the host and adds in the
// same order, so that a GPU's arithmetic is tested without one.  Numbers are read in packs of up to 16 bytes,
// computed in float32 and rounded once.  No LibTorch but its types of numbers: nvcc reads this.

#include <cmath>
#include <cstdint>
#include <tuple>
#include <variant>

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#ifdef __CUDACC__
#define ISOFRAME_ROW_BODY __device__ inline
#else
#define ISOFRAME_ROW_BODY inline
#endif

namespace isoframe::model::kernels {

/// The numbers of a kernel's tensors.
enum class Numbers { kFloat, kHalf, kBFloat16 };

/// Lanes of a team.
inline constexpr int kLanes = 32;

// What the kernels take: addresses of contiguous tensors of one type, on the device, and sizes.
// operands() lists the addresses, multiples of kAlignment; inner() is the size of the dimension that is read
// in packs.
inline constexpr std::uintptr_t kAlignment = 8;

/// out = layer_norm(x) * (1 + scale) + shift.  x, out: [rows, features]; scale, shift: [features].
struct LayerNormModulate {
  const void *x, *scale, *shift;
  void* out;
  std::int64_t rows, features;
  float eps;
  auto operands() { return std::tie(x, scale, shift, out); }
  std::int64_t inner() const { return features; }
};

/// out = x + branch * gate.  x, branch, out: [rows, features], out may be x; gate: [features].
struct GatedResidual {
  const void *x, *branch, *gate;
  void* out;
  std::int64_t rows, features;
  auto operands() { return std::tie(x, branch, gate, out); }
  std::int64_t inner() const { return features; }
};

/// rms_norm(x) * weight, in place, then turned by the angles of the head's token unless they are null.
/// x: [rows = tokens * heads, head_dim]; cos, sin: [positions, head_dim / 2] float32, for token %
/// positions.
struct RmsNorm {
  void* x;
  const void* weight;
  const void *cos, *sin;
  std::int64_t rows, heads, positions, head_dim;
  float eps;
  auto operands() { return std::tie(x, weight, cos, sin); }
  std::int64_t inner() const { return head_dim; }
};

/// x / max(||x||, 1e-12) * sqrt(channels) * gamma over the channels of a volume [F, H, W, channels].  With
/// `is_padded` SiLU of it, and out is [F + 2, H + 2, W + 2, channels] with repeated borders
/// (channel_norm.h).
struct ChannelNorm {
  const void *x, *gamma;
  void* out;
  std::int64_t rows;  ///< positions of out
  std::int64_t frames, height, width, channels;
  bool is_padded;
  auto operands() { return std::tie(x, gamma, out); }
  std::int64_t inner() const { return channels; }
};

/// pixel_shuffle.h's upsample_add: expanded [F, H, W, k * out_channels] and input [F, H, W, in_channels] to
/// out [F', 2H, 2W, out_channels].
struct UpsampleAdd {
  const void *expanded, *input;
  void* out;
  std::int64_t rows;  ///< positions of out
  std::int64_t height, width, in_channels, out_channels;
  bool is_temporal;
  auto operands() { return std::tie(expanded, input, out); }
  std::int64_t inner() const { return out_channels; }
};

/// merge_softmax.h's merge of a part into an output and its log-sum-exps.  output, part: [rows, head_dim];
/// lse, part_lse: [rows] float32.
struct MergeSoftmax {
  void *output, *lse;
  const void *part, *part_lse;
  std::int64_t rows, head_dim;
  auto operands() { return std::tie(output, lse, part, part_lse); }
  std::int64_t inner() const { return head_dim; }
};

using RowKernel =
    std::variant<LayerNormModulate, GatedResidual, RmsNorm, ChannelNorm, UpsampleAdd, MergeSoftmax>;

namespace rows {

template <typename T, int kSize>
struct alignas(sizeof(T) * kSize) Pack {
  T numbers[kSize];
};

/// Reads the pack with that index of a row.
template <int kSize, typename T>
ISOFRAME_ROW_BODY void load(const T* row, std::int64_t index, float (&to)[kSize]) {
  const Pack<T, kSize> pack = reinterpret_cast<const Pack<T, kSize>*>(row)[index];
  for (int i = 0; i < kSize; ++i) to[i] = static_cast<float>(pack.numbers[i]);
}

template <int kSize, typename T>
ISOFRAME_ROW_BODY void store(T* row, std::int64_t index, const float (&from)[kSize]) {
  Pack<T, kSize> pack;
  for (int i = 0; i < kSize; ++i) pack.numbers[i] = static_cast<T>(from[i]);
  reinterpret_cast<Pack<T, kSize>*>(row)[index] = pack;
}

/// The sum of term(number) along a row.
template <int kSize, typename T, typename Team, typename Term>
ISOFRAME_ROW_BODY float sum(const Team& team, const T* row, std::int64_t count, const Term& term) {
  return team.sum(count / kSize, [&](std::int64_t pack) {
    float numbers[kSize];
    load(row, pack, numbers);
    float total = 0.0F;
    for (int i = 0; i < kSize; ++i) total += term(numbers[i]);
    return total;
  });
}

// Bodies: T is the type of the tensors' numbers, kSize how many of them a pack holds.

template <typename T, int kSize>
struct LayerNormModulateBody : LayerNormModulate {
  template <typename Team>
  ISOFRAME_ROW_BODY void operator()(const Team& team, std::int64_t row) const {
    const T* const from = static_cast<const T*>(x) + row * features;
    T* const to = static_cast<T*>(out) + row * features;
    const float n = static_cast<float>(features);
    const float mean = sum<kSize>(team, from, features, [](float v) { return v; }) / n;
    const float variance =
        sum<kSize>(team, from, features, [mean](float v) { return (v - mean) * (v - mean); }) / n;
    const float inverse = 1.0F / sqrtf(variance + eps);
    team.each(features / kSize, [&](std::int64_t pack) {
      float v[kSize], scales[kSize], shifts[kSize];
      load(from, pack, v);
      load(static_cast<const T*>(scale), pack, scales);
      load(static_cast<const T*>(shift), pack, shifts);
      for (int i = 0; i < kSize; ++i) v[i] = (v[i] - mean) * inverse * (1.0F + scales[i]) + shifts[i];
      store(to, pack, v);
    });
  }
};

template <typename T, int kSize>
struct GatedResidualBody : GatedResidual {
  template <typename Team>
  ISOFRAME_ROW_BODY void operator()(const Team& team, std::int64_t row) const {
    const std::int64_t begin = row * features;
    team.each(features / kSize, [&](std::int64_t pack) {
      float v[kSize], added[kSize], gates[kSize];
      load(static_cast<const T*>(x) + begin, pack, v);
      load(static_cast<const T*>(branch) + begin, pack, added);
      load(static_cast<const T*>(gate), pack, gates);
      for (int i = 0; i < kSize; ++i) v[i] += added[i] * gates[i];
      store(static_cast<T*>(out) + begin, pack, v);
    });
  }
};

template <typename T, int kSize>
struct RmsNormBody : RmsNorm {
  template <typename Team>
  ISOFRAME_ROW_BODY void operator()(const Team& team, std::int64_t row) const {
    T* const head = static_cast<T*>(x) + row * head_dim;
    const float squares = sum<kSize>(team, head, head_dim, [](float v) { return v * v; });
    const float inverse = 1.0F / sqrtf(squares / static_cast<float>(head_dim) + eps);
    const std::int64_t angle = row / heads % positions * (head_dim / 2);
    team.each(head_dim / kSize, [&](std::int64_t pack) {
      float v[kSize], gains[kSize];
      load(head, pack, v);
      load(static_cast<const T*>(weight), pack, gains);
      for (int i = 0; i < kSize; ++i) v[i] = v[i] * inverse * gains[i];
      if (cos != nullptr) turn(v, angle + pack * (kSize / 2));
      store(head, pack, v);
    });
  }

 private:
  /// Turns the pairs of a pack by the angles from `first` on.
  ISOFRAME_ROW_BODY void turn(float (&v)[kSize], std::int64_t first) const {
    for (int pair = 0; pair < kSize / 2; ++pair) {
      const float c = static_cast<const float*>(cos)[first + pair];
      const float s = static_cast<const float*>(sin)[first + pair];
      const float a = v[2 * pair];
      const float b = v[2 * pair + 1];
      v[2 * pair] = a * c - b * s;
      v[2 * pair + 1] = b * c + a * s;
    }
  }
};

template <typename T, int kSize>
struct ChannelNormBody : ChannelNorm {
  template <typename Team>
  ISOFRAME_ROW_BODY void operator()(const Team& team, std::int64_t row) const {
    const T* const from = static_cast<const T*>(x) + (is_padded ? source(row) : row) * channels;
    T* const to = static_cast<T*>(out) + row * channels;
    const float norm = sqrtf(sum<kSize>(team, from, channels, [](float v) { return v * v; }));
    const float factor = sqrtf(static_cast<float>(channels)) / fmaxf(norm, kSmallestNorm);
    team.each(channels / kSize, [&](std::int64_t pack) {
      float v[kSize], gains[kSize];
      load(from, pack, v);
      load(static_cast<const T*>(gamma), pack, gains);
      for (int i = 0; i < kSize; ++i) {
        v[i] = v[i] * factor * gains[i];
        if (is_padded) v[i] = v[i] / (1.0F + expf(-v[i]));
      }
      store(to, pack, v);
    });
  }

 private:
  static constexpr float kSmallestNorm = 1e-12F;

  /// The position of x that a position of the padded volume repeats.
  ISOFRAME_ROW_BODY std::int64_t source(std::int64_t position) const {
    const std::int64_t column = position % (width + 2);
    const std::int64_t row = position / (width + 2) % (height + 2);
    const std::int64_t frame = position / (width + 2) / (height + 2);
    return (within(frame - 2, frames) * height + within(row - 1, height)) * width + within(column - 1, width);
  }
  ISOFRAME_ROW_BODY static std::int64_t within(std::int64_t index, std::int64_t count) {
    return index < 0 ? 0 : index < count ? index : count - 1;
  }
};

template <typename T, int kSize>
struct UpsampleAddBody : UpsampleAdd {
  template <typename Team>
  ISOFRAME_ROW_BODY void operator()(const Team& team, std::int64_t position) const {
    const std::int64_t column = position % (2 * width);
    const std::int64_t row = position / (2 * width) % (2 * height);
    const std::int64_t frame = position / (2 * width) / (2 * height);
    // The first frame of a temporal one has half as many positions to fill: it takes every other share.
    const bool is_first = is_temporal && frame == 0;
    const std::int64_t shares = is_temporal ? 8 : 4;
    const std::int64_t source_frame = is_temporal ? (frame + 1) / 2 : frame;
    const std::int64_t half = is_temporal && !is_first ? (frame - 1) % 2 : 0;
    const std::int64_t share = (half * 2 + row % 2) * 2 + column % 2;
    const std::int64_t repeats = shares * out_channels / in_channels / (is_first ? 2 : 1);
    const std::int64_t source = (source_frame * height + row / 2) * width + column / 2;
    const T* const wide =
        static_cast<const T*>(expanded) + (source * shares + share * (is_first ? 2 : 1)) * out_channels;
    const T* const shortcut =
        static_cast<const T*>(input) + source * in_channels + share * (out_channels / repeats);
    T* const to = static_cast<T*>(out) + position * out_channels;
    team.each(out_channels / kSize, [&](std::int64_t pack) {
      float v[kSize];
      load(wide, pack, v);
      for (int i = 0; i < kSize; ++i) v[i] += static_cast<float>(shortcut[(pack * kSize + i) / repeats]);
      store(to, pack, v);
    });
  }
};

template <typename T, int kSize>
struct MergeSoftmaxBody : MergeSoftmax {
  template <typename Team>
  ISOFRAME_ROW_BODY void operator()(const Team& team, std::int64_t row) const {
    T* const whole = static_cast<T*>(output) + row * head_dim;
    const T* const other = static_cast<const T*>(part) + row * head_dim;
    float* const own_lse = static_cast<float*>(lse) + row;
    const float other_lse = static_cast<const float*>(part_lse)[row];
    // The difference is taken first, so that large log-sum-exps lose nothing.
    const float ahead = *own_lse - other_lse;
    const float share = 1.0F / (1.0F + expf(ahead));
    const float merged = fmaxf(*own_lse, other_lse) + log1pf(expf(-fabsf(ahead)));
    team.each(head_dim / kSize, [&](std::int64_t pack) {
      float v[kSize], added[kSize];
      load(whole, pack, v);
      load(other, pack, added);
      for (int i = 0; i < kSize; ++i) v[i] += share * (added[i] - v[i]);
      store(whole, pack, v);
    });
    team.once([&] { *own_lse = merged; });
  }
};

template <typename T, int kSize>
LayerNormModulateBody<T, kSize> body_of(const LayerNormModulate& kernel) {
  return {kernel};
}
template <typename T, int kSize>
GatedResidualBody<T, kSize> body_of(const GatedResidual& kernel) {
  return {kernel};
}
template <typename T, int kSize>
RmsNormBody<T, kSize> body_of(const RmsNorm& kernel) {
  return {kernel};
}
template <typename T, int kSize>
ChannelNormBody<T, kSize> body_of(const ChannelNorm& kernel) {
  return {kernel};
}
template <typename T, int kSize>
UpsampleAddBody<T, kSize> body_of(const UpsampleAdd& kernel) {
  return {kernel};
}
template <typename T, int kSize>
MergeSoftmaxBody<T, kSize> body_of(const MergeSoftmax& kernel) {
  return {kernel};
}

/// True if the kernel's rows can be read in packs of `size` numbers at addresses that are multiples of
/// `bytes`.
template <typename Kernel>
bool fits(Kernel kernel, std::int64_t size, std::uintptr_t bytes) {
  const auto is_aligned = [&](const void* address) {
    return reinterpret_cast<std::uintptr_t>(address) % bytes == 0;
  };
  return kernel.inner() % size == 0 &&
         std::apply([&](const auto*... addresses) { return (is_aligned(addresses) && ...); },
                    kernel.operands());
}

/// Calls run(rows, body) with the body for numbers of type T and the widest packs that fit.
template <typename T, typename Kernel, typename Run>
void with_packs(const Kernel& kernel, const Run& run) {
  constexpr int kPackBytes = 16;
  if (fits(kernel, kPackBytes / sizeof(T), kPackBytes)) {
    run(kernel.rows, body_of<T, kPackBytes / sizeof(T)>(kernel));
  } else if (fits(kernel, 2, kAlignment)) {
    run(kernel.rows, body_of<T, 2>(kernel));
  } else {
    run(kernel.rows, body_of<T, 1>(kernel));
  }
}

/// Calls run(rows, body) with the body of a kernel for tensors of those numbers.
template <typename Run>
void with_body(const RowKernel& kernel, Numbers numbers, const Run& run) {
  std::visit(
      [&](const auto& typed) {
        switch (numbers) {
          case Numbers::kFloat:
            return with_packs<float>(typed, run);
          case Numbers::kHalf:
            return with_packs<c10::Half>(typed, run);
          case Numbers::kBFloat16:
            return with_packs<c10::BFloat16>(typed, run);
        }
      },
      kernel);
}

}  // namespace rows

}  // namespace isoframe::model::kernels
