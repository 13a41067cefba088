#!/usr/bin/env python3
"""Times isoframe and diffusers on the same checkpoint, alternating in one run, stage by stage.

Run with the reference environment's Python (ci/setup --reference):
  versus_diffusers.py --isoframe build/isoframe --checkpoint build/checkpoints/tiny [--pairs 5] [--threads 2] ...

Each pair measures one generation of each; they take turns at going first, and both have warmed up.  Ratios are taken within a
pair, so a machine that gets slower during the run slows both sides.  This is a benchmark: nothing passes or fails.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import torch
from diffusers import HunyuanVideo15Pipeline

STAGES = ("text", "denoise", "decode", "total")


class Diffusers:
    def __init__(self, args):
        self.args = args
        torch.set_num_threads(args.threads)
        self.pipe = HunyuanVideo15Pipeline.from_pretrained(args.checkpoint, torch_dtype=torch.float32)
        self.pipe.set_progress_bar_config(disable=True)
        vae = self.pipe.vae
        vae.enable_tiling(
            tile_sample_min_height=args.tile_size,
            tile_sample_min_width=args.tile_size,
            tile_latent_min_height=args.tile_size // vae.spatial_compression_ratio,
            tile_latent_min_width=args.tile_size // vae.spatial_compression_ratio,
        )
        self.spent = {}
        self.time(self.pipe, "encode_prompt", "text")
        self.time(vae, "decode", "decode")
        self.generate()

    def time(self, owner, name, stage):
        function = getattr(owner, name)

        def timed(*args, **kwargs):
            start = time.perf_counter()
            result = function(*args, **kwargs)
            self.spent[stage] = self.spent.get(stage, 0.0) + time.perf_counter() - start
            return result

        setattr(owner, name, timed)

    def generate(self):
        args = self.args
        self.spent = {}
        start = time.perf_counter()
        with torch.no_grad():
            self.pipe(
                prompt=args.prompt,
                height=args.height,
                width=args.width,
                num_frames=args.frames,
                num_inference_steps=args.steps,
                generator=torch.Generator().manual_seed(42),
                output_type="pt",
            )
        self.spent["total"] = time.perf_counter() - start
        self.spent["denoise"] = self.spent["total"] - self.spent["text"] - self.spent["decode"]
        return self.spent


class Isoframe:
    def __init__(self, args):
        self.args = args

    def generate(self):
        args = self.args
        with tempfile.TemporaryDirectory() as folder:
            command = [args.isoframe, "generate", "--checkpoint", args.checkpoint, "--task", "t2v"]
            command += ["--prompt", args.prompt, "--seed", "42", "--warmup", "1", "--out", folder]
            for name in ("height", "width", "frames", "steps", "tile_size"):
                command += ["--" + name.replace("_", "-"), str(getattr(args, name))]
            command += ["--threads-per-rank", str(args.threads)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            latency = json.loads((pathlib.Path(folder) / "result.json").read_text())["latency"]
        spent = {stage: latency["stages"][stage][0] for stage in ("text", "denoise", "decode")}
        return spent | {"total": latency["total_seconds"][0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--isoframe", required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--prompt", default="A cat walks on the grass, realistic")
    for name, value in (("height", 128), ("width", 192), ("frames", 9), ("steps", 4), ("tile-size", 64)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    sides = {"isoframe": Isoframe(args), "diffusers": Diffusers(args)}
    samples = {name: [] for name in sides}
    for pair in range(args.pairs):
        for name in sorted(sides, reverse=pair % 2 == 1):
            samples[name].append(sides[name].generate())

    print(
        f"{args.checkpoint}: {args.frames} frames {args.height} x {args.width}, {args.steps} steps, "
        f"tile {args.tile_size}, {args.threads} threads, {args.pairs} pairs"
    )
    print(f"| {'stage':8} | isoframe s | diffusers s | faster by | range over pairs |")
    print("| :------- | ---------: | ----------: | --------: | ---------------: |")
    for stage in STAGES:
        mine = [s[stage] for s in samples["isoframe"]]
        theirs = [s[stage] for s in samples["diffusers"]]
        ratios = sorted(b / a for a, b in zip(mine, theirs))
        print(
            f"| {stage:8} | {statistics.median(mine):10.3f} | {statistics.median(theirs):11.3f} |"
            f" {statistics.median(ratios):8.2f}x | {ratios[0]:6.2f} .. {ratios[-1]:5.2f} |"
        )


if __name__ == "__main__":
    main()
