"""Times metrics of 33 frames of 480 x 832 against scikit-image and FFmpeg's filters; prints a table.

    REFERENCE_PYTHON tests/benchmark/versus_scikit_image.py     (the Python of ci/setup --reference)

Both videos are noise that differs everywhere, so that no shortcut for equal frames applies.  FFmpeg's times are user +
system seconds of raw yuv420p files with one thread, less the time of only reading them.
"""

import json
import os
import pathlib
import resource
import subprocess
import tempfile
import time

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

FRAMES, HEIGHT, WIDTH = 33, 480, 832
BENCHMARK = os.environ.get("ISOFRAME_BENCHMARK", "build/isoframe_benchmark")


def ours():
    filters = "compare_bytes/|ffmpeg_scores"
    output = subprocess.run([BENCHMARK, f"--benchmark_filter={filters}", "--benchmark_format=json",
                             "--benchmark_repetitions=3", "--benchmark_report_aggregates_only=true"],
                            capture_output=True, text=True, check=True).stdout
    rows = json.loads(output)["benchmarks"]
    return {row["run_name"]: row["cpu_time"] / 1e3 for row in rows if row["aggregate_name"] == "median"}


def scikit_image(metric, reference, candidate):
    start = time.process_time()
    for a, b in zip(reference, candidate):
        metric(a, b)
    return time.process_time() - start


def cpu_seconds(*command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ffmpeg(folder):
    inputs = []
    for name in ("a", "b"):
        file = folder / f"{name}.yuv"
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                        f"nullsrc=s={WIDTH}x{HEIGHT},geq=random({ord(name)})*255:128:128", "-frames:v", str(FRAMES),
                        "-pix_fmt", "yuv420p", str(file)], check=True)
        inputs += ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{WIDTH}x{HEIGHT}", "-i", str(file)]
    run = ["ffmpeg", "-v", "error", "-filter_threads", "1", "-filter_complex_threads", "1", *inputs]
    reading = min(cpu_seconds(*run, "-map", "0", "-map", "1", "-f", "null", "-") for _ in range(3))
    both = min(cpu_seconds(*run, "-lavfi", "[0:v][1:v]ssim,nullsink;[0:v][1:v]psnr", "-f", "null", "-") for _ in range(3))
    return both - reading


def main():
    random = np.random.default_rng(0)
    reference, candidate = (random.integers(0, 256, (FRAMES, HEIGHT, WIDTH, 3), dtype=np.uint8) for _ in range(2))
    theirs = {
        "compare_bytes/ssim": scikit_image(lambda a, b: structural_similarity(
            a, b, data_range=255, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False),
            reference, candidate),
        "compare_bytes/ssim_uniform": scikit_image(
            lambda a, b: structural_similarity(a, b, data_range=255, channel_axis=-1), reference, candidate),
        "compare_bytes/psnr": scikit_image(
            lambda a, b: peak_signal_noise_ratio(a, b, data_range=255), reference, candidate),
    }
    with tempfile.TemporaryDirectory() as folder:
        theirs["ffmpeg_scores"] = ffmpeg(pathlib.Path(folder))
    measured = ours()
    print(f"{'metric':<28}{'isoframe s':>12}{'theirs s':>12}{'ratio':>8}")
    for name, seconds in theirs.items():
        print(f"{name:<28}{measured[name]:>12.4f}{seconds:>12.4f}{seconds / measured[name]:>7.1f}x")


if __name__ == "__main__":
    main()
