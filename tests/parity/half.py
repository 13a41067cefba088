#!/usr/bin/env python3
"""How far half types are from float32 in the reference: what isoframe's own distance is measured with.

usage: half.py CHECKPOINT CASES.json OUT_DIR

For each case and dtype OUT_DIR/<name>.<dtype>.safetensors gets text, byt5, step_<k> and frames twice, in float32: as
"truth.<what>" of the float32 pipeline, and as "half.<what>" of the pipeline in that dtype.  Both start from the noise that
the seed gives in that dtype.
"""

import json
import pathlib
import sys

import torch
from diffusers import HunyuanVideo15Pipeline
from reference import run
from safetensors.torch import save_file


def load(checkpoint, dtype):
    pipe = HunyuanVideo15Pipeline.from_pretrained(checkpoint, torch_dtype=dtype)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def main():
    checkpoint, cases, out = sys.argv[1:]
    torch.set_num_threads(2)
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    wide = load(checkpoint, torch.float32)
    own_scale = wide.guider.guidance_scale
    with torch.no_grad():
        for dtype in ("bfloat16", "float16"):
            half = load(checkpoint, getattr(torch, dtype))
            for case in json.loads(pathlib.Path(cases).read_text()):
                shape = (1, wide.transformer.config.out_channels, (case["frames"] - 1) // 4 + 1)
                shape += (case["height"] // 16, case["width"] // 16)
                generator = torch.Generator().manual_seed(case["seed"])
                noise = torch.randn(shape, generator=generator, dtype=getattr(torch, dtype))
                tensors = {}
                for kind, pipe in (("truth", wide), ("half", half)):
                    pipe.guider.guidance_scale = own_scale
                    for name, tensor in run(pipe, case, latents=noise).items():
                        if name in ("text", "byt5", "frames") or name.startswith("step_"):
                            tensors[f"{kind}.{name}"] = tensor.float().contiguous()
                save_file(tensors, str(out / f"{case['name']}.{dtype}.safetensors"))
                print(case["name"], dtype, "recorded")


if __name__ == "__main__":
    main()
