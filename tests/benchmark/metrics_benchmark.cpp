// Metrics at the published size: 33 frames of 480 x 832.

#include <benchmark/benchmark.h>

#include "metrics/comparison.h"
#include "metrics/float_difference.h"
#include "metrics/frames.h"
#include "metrics/psnr.h"
#include "metrics/ssim.h"
#include "metrics/trust.h"

namespace isoframe::metrics {
namespace {

constexpr std::int64_t kFrames = 33, kHeight = 480, kWidth = 832;

/// Noise around mid-grey; two seeds differ everywhere, which is the slowest case.
std::vector<float> noise(std::uint32_t seed) {
  std::vector<float> values(static_cast<std::size_t>(kFrames * kHeight * kWidth * 3));
  for (float& value : values) {
    seed = seed * 1664525U + 1013904223U;
    value = static_cast<float>(seed >> 8) / 16777216.0F;
  }
  return values;
}

const std::vector<float>& float_frames(std::uint32_t seed) {
  static const std::vector<float> first = noise(1), second = noise(2);
  return seed == 1 ? first : second;
}

FloatFrames view(std::uint32_t seed) { return {float_frames(seed).data(), kFrames, kHeight, kWidth}; }

void report_frames(benchmark::State& state) {
  state.counters["frames/s"] =
      benchmark::Counter(static_cast<double>(state.iterations() * kFrames), benchmark::Counter::kIsRate);
}

void compare_bytes(benchmark::State& state, FrameScores (*metric)(const ByteFrames&, const ByteFrames&)) {
  const ByteVideo reference = quantize(view(1)), candidate = quantize(view(2));
  for (auto _ : state) benchmark::DoNotOptimize(metric(reference.view(), candidate.view()));
  report_frames(state);
}
BENCHMARK_CAPTURE(compare_bytes, ssim, ssim)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compare_bytes, ssim_uniform, ssim_uniform)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(compare_bytes, psnr, psnr)->Unit(benchmark::kMillisecond);

/// FFmpeg's ssim and psnr of planes that differ everywhere.
void ffmpeg_scores(benchmark::State& state) {
  const ByteVideo reference = quantize(view(1)), candidate = quantize(view(2));
  RgbToYuv420 to_yuv(kHeight, kWidth);
  YuvFrame x, y;
  to_yuv(reference.data.data(), x);
  to_yuv(candidate.data.data(), y);
  for (auto _ : state) {
    FfmpegScoresSum sum;
    for (std::int64_t i = 0; i < kFrames; ++i) sum.add(x, y);
    benchmark::DoNotOptimize(sum.result());
  }
  report_frames(state);
}
BENCHMARK(ffmpeg_scores)->Unit(benchmark::kMillisecond);

/// Everything that `isoframe compare` does, except reading.
void all_metrics(benchmark::State& state) {
  Frame reference, candidate;
  for (auto _ : state) {
    ComparisonSum sum(kHeight, kWidth);
    for (std::int64_t i = 0; i < kFrames; ++i) {
      reference.floats.assign(view(1).frame(i), view(1).frame(i) + view(1).frame_values());
      candidate.floats.assign(view(2).frame(i), view(2).frame(i) + view(2).frame_values());
      reference.rgb.resize(reference.floats.size());
      candidate.rgb.resize(candidate.floats.size());
      quantize(view(1).frame(i), view(1).frame_values(), reference.rgb.data());
      quantize(view(2).frame(i), view(2).frame_values(), candidate.rgb.data());
      sum.add(reference, candidate);
    }
    benchmark::DoNotOptimize(sum.result());
  }
  report_frames(state);
}
BENCHMARK(all_metrics)->Unit(benchmark::kMillisecond);

void quantize_frames(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(quantize(view(1)).data.data());
  report_frames(state);
}
BENCHMARK(quantize_frames)->Unit(benchmark::kMillisecond);

void compare_floats(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(float_difference(view(1), view(2)));
  report_frames(state);
}
BENCHMARK(compare_floats)->Unit(benchmark::kMillisecond);

void judge_trust(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(reason_for_distrust(view(1)));
  report_frames(state);
}
BENCHMARK(judge_trust)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace isoframe::metrics
