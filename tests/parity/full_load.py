#!/usr/bin/env python3
"""Loads a checkpoint of the published size that isoframe wrote into diffusers: accounts for every key, makes a frame.

usage: full_load.py ISOFRAME FOLDER

Not part of ci/test: it writes 32 GB into FOLDER and takes minutes.  Weights stay mapped on both sides, so 24 GiB of
memory are enough.
"""

import logging
import pathlib
import subprocess
import sys

import torch
from diffusers import HunyuanVideo15Pipeline
from safetensors import safe_open


class Complaints(logging.Handler):
    """Collects the messages of diffusers and transformers about keys that are missing, unexpected or newly initialized."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        message = record.getMessage()
        if any(word in message for word in ("MISSING", "UNEXPECTED", "not used when", "newly initialized", "missing keys")):
            self.lines.append(message)


def names_of(folder):
    names = set()
    for file in folder.glob("*.safetensors"):
        with safe_open(file, "pt") as shard:
            names.update(shard.keys())
    return names


def main():
    isoframe, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    checkpoint = folder / "full"
    subprocess.run([isoframe, "weights", "init", "--preset", "full", "--seed", "0", checkpoint], check=True)

    complaints = Complaints()
    for library in ("diffusers", "transformers"):
        logging.getLogger(library).addHandler(complaints)
    pipe = HunyuanVideo15Pipeline.from_pretrained(checkpoint, torch_dtype=torch.bfloat16)
    for part in ("transformer", "vae", "text_encoder", "text_encoder_2"):
        module = getattr(pipe, part)
        tied = set(getattr(module, "all_tied_weights_keys", None) or {})
        expected, found = set(module.state_dict()) - tied, names_of(checkpoint / part)
        if expected != found:
            complaints.lines.append(f"{part}: differ in {sorted(expected ^ found)[:5]}")
        parameters = list(module.parameters())
        if any(p.is_meta for p in parameters):
            complaints.lines.append(f"{part}: parameters without memory")
        print(f"{part}: {len(found)} tensors, {sum(p.numel() for p in parameters) / 1e6:.1f} million parameters")
    print("\n".join(complaints.lines) or "no key is missing or unexpected")
    del pipe

    request = ["--task", "t2v", "--prompt", "A lighthouse", "--height", "64", "--width", "96", "--frames", "1"]
    request += ["--steps", "1", "--seed", "1", "--dtype", "bfloat16", "--threads-per-rank", "2"]
    subprocess.run([isoframe, "generate", "--checkpoint", checkpoint, *request, "--out", folder / "video"], check=True)
    sys.exit(bool(complaints.lines))


if __name__ == "__main__":
    main()
