"""Records scikit-image's scores and NumPy's rounding for metrics tests: prints recorded_scores.h.

    python3 tests/unit/metrics/record.py > tests/unit/metrics/recorded_scores.h

needs NumPy and scikit-image (recorded with 0.26).  The frames come from a generator in integers that
pattern.h repeats, so that no pixel has to be stored.
"""
import numpy as np
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
};

inline const std::vector<Video> kVideos = {""")
for frames, height, width, noise in VIDEOS:
    reference = pattern(frames, height, width)
    candidate = disturbed(reference, noise)
    ssims = [ssim(a, b) for a, b in zip(reference, candidate)]
    psnrs = [psnr(a, b) for a, b in zip(reference, candidate)]
    print(f"    {{{frames}, {height}, {width}, {{{', '.join(map(str, noise))}}}, {braces(ssims)},")
    print(f"     {braces(psnrs)}, {psnr(reference, candidate)!r}}},".replace("np.float64(", "").replace(")", ""))
halves = ((np.arange(255) + 0.5) / 255).astype(np.float32)
rounded = (halves * 255).round().astype(np.uint8)
print("};\n\n// 8-bit value of (i + 0.5) / 255: half to even, as far as float32 hits the half.")
print("inline const std::vector<std::uint8_t> kRoundedHalves = {" + ", ".join(map(str, rounded)) + "};")
print("\n}  // namespace isoframe::metrics::recorded")
