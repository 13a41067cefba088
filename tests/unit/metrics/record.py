"""Records scikit-image's scores and NumPy's rounding for metrics tests: prints recorded_scores.h.

    python3 tests/unit/metrics/record.py > tests/unit/metrics/recorded_scores.h

needs NumPy, scikit-image (recorded with 0.26), PyTorch and pytorch-msssim (1.0).  The frames come from a generator in integers that
pattern.h repeats, so that no pixel has to be stored.
"""
import numpy as np
import torch
from pytorch_msssim import ms_ssim
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

# frames, height, width, noise of each candidate frame (0: equal to the reference)
VIDEOS = [(3, 24, 40, (4, 0, 90)), (2, 11, 11, (1, 30)), (4, 37, 29, (8, 2, 200, 16))]


def pattern(frames, height, width):
    t, y, x, c = np.indices((frames, height, width, 3))
    return ((7 * x + 5 * y * (c + 1) + 11 * t + x * y // 3 + 60 * c) % 256).astype(np.uint8)


def disturbed(reference, noise):
    state, result = 12345, reference.astype(np.int64)
    for frame, amplitude in zip(result, noise):
        flat = frame.reshape(-1)
        for i in range(flat.size):
            state = (state * 1664525 + 1013904223) % 2**32
            flat[i] += (state >> 16) % (2 * amplitude + 1) - amplitude
    return result.clip(0, 255).astype(np.uint8)


def braces(values):
    return "{" + ", ".join("kInfinity" if np.isinf(v) else repr(float(v)) for v in values) + "}"


def ssim(a, b):
    return structural_similarity(
        a, b, data_range=255, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)


def psnr(a, b):
    return np.inf if np.array_equal(a, b) else peak_signal_noise_ratio(a, b, data_range=255)


def ssim_uniform(a, b):
    return structural_similarity(a, b, data_range=255, channel_axis=-1)


def luma(a):
    return a.astype(np.float64) @ [0.299, 0.587, 0.114]


def change_errors(a, b):
    difference = np.diff(b.astype(np.int64), axis=0) - np.diff(a.astype(np.int64), axis=0)
    return np.sqrt((difference**2).mean(axis=(1, 2, 3)))


def pixel_differences(a, b):
    return np.abs(b.astype(np.int64) - a.astype(np.int64)).max(axis=-1)


def mean_change(a):
    return float(np.abs(np.diff(a.astype(np.int64), axis=0)).mean())


def multi_scale(a, b):
    planes = [torch.from_numpy(x.astype(np.float64)).permute(2, 0, 1)[None] for x in (a, b)]
    # The package's own window is rounded to single precision, which costs five digits.
    window = torch.exp(-torch.arange(-5, 6, dtype=torch.float64) ** 2 / (2 * 1.5**2))
    window = (window / window.sum()).expand(3, 1, 1, 11)
    return ms_ssim(*planes, data_range=255, size_average=True, win=window).item()


print("""#pragma once
// Written by record.py: change that, not this.

#include <cstdint>
#include <limits>
#include <vector>

namespace isoframe::metrics::recorded {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Video {
  int frames, height, width;
  std::vector<int> noise;
  std::vector<double> ssim, psnr;  // of each frame
  double psnr_of_all;
  std::vector<double> ssim_uniform, psnr_luma;
  double psnr_luma_of_all;
  std::vector<double> change_errors;  // of each change from a frame to the next
  double reference_change, candidate_change;
};

inline const std::vector<Video> kVideos = {""")
for frames, height, width, noise in VIDEOS:
    reference = pattern(frames, height, width)
    candidate = disturbed(reference, noise)
    ssims = [ssim(a, b) for a, b in zip(reference, candidate)]
    psnrs = [psnr(a, b) for a, b in zip(reference, candidate)]
    print(f"    {{{frames}, {height}, {width}, {{{', '.join(map(str, noise))}}}, {braces(ssims)},")
    print(f"     {braces(psnrs)}, {psnr(reference, candidate)!r},".replace("np.float64(", "").replace(")", ""))
    lumas = [psnr(luma(a), luma(b)) for a, b in zip(reference, candidate)]
    uniform = [ssim_uniform(a, b) for a, b in zip(reference, candidate)]
    print(f"     {braces(uniform)}, {braces(lumas)}, {float(psnr(luma(reference), luma(candidate)))!r},")
    print(f"     {braces(change_errors(reference, candidate))}, {mean_change(reference)!r}, {mean_change(candidate)!r}}},")
print("};\n\n// Sides that halve four times without a rest, where every implementation agrees.")
print("struct MultiScale {\n  int height, width, noise;\n  double ms_ssim;\n};")
print("inline const std::vector<MultiScale> kMultiScale = {")
for height, width, noise in [(176, 192, 6), (176, 208, 60)]:
    reference = pattern(1, height, width)
    score = multi_scale(reference[0], disturbed(reference, [noise])[0])
    print(f"    {{{height}, {width}, {noise}, {score!r}}},")
print("};\n\n// NumPy's percentiles of the pixels of kVideos; a pixel's difference is the largest of its channels'.")
print("struct PixelScores {\n  double mean, percentile_99, percentile_99_9;\n  std::vector<double> share_beyond;\n};")
print("inline const std::vector<PixelScores> kPixelScores = {")
for frames, height, width, noise in VIDEOS:
    pixels = pixel_differences(pattern(frames, height, width), disturbed(pattern(frames, height, width), noise))
    shares = [(pixels > step).mean() for step in (1, 2, 4, 8, 16)]
    print(f"    {{{', '.join(repr(float(v)) for v in (pixels.mean(), *np.percentile(pixels, [99, 99.9])))}, {braces(shares)}}},")
halves = ((np.arange(255) + 0.5) / 255).astype(np.float32)
rounded = (halves * 255).round().astype(np.uint8)
print("};\n\n// 8-bit value of (i + 0.5) / 255: half to even, as far as float32 hits the half.")
print("inline const std::vector<std::uint8_t> kRoundedHalves = {" + ", ".join(map(str, rounded)) + "};")
print("\n}  // namespace isoframe::metrics::recorded")
