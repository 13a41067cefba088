#!/usr/bin/env python3
"""Records how far half types are from float32 in the reference, as a scale for isoframe's own distance.

usage: half.py CHECKPOINT CASES.json OUT_DIR

For each case and dtype, OUT_DIR/<name>.<dtype>.safetensors gets text, byt5, step_<k>, frames, and for image-to-video
image_embeds and image_latents. Each is there twice, in float32: as "truth.<name>" from the float32 pipeline and as
"half.<name>" from the pipeline in that dtype.  Both start from the noise that the seed gives in that dtype.
"""

import json
import pathlib
import sys

import torch
from diffusers import DiffusionPipeline
from diffusers.utils import load_image
from reference import forget_size, run, settle_vector_math
from safetensors.torch import save_file


KEPT = ("text", "byt5", "frames", "image_embeds", "image_latents")


def size(pipe, case, folder):
    """Returns the case's height and width, or those that the pipeline gives to its image."""
    if "height" in case:
        return case["height"], case["width"]
    forget_size(pipe)
    image = load_image(str(folder / case["image"]))
    return pipe.video_processor.calculate_default_height_width(
        height=image.size[1], width=image.size[0], target_size=pipe.target_size
    )


def load(checkpoint, dtype):
    pipe = DiffusionPipeline.from_pretrained(checkpoint, torch_dtype=dtype)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def main(checkpoint, cases, out):
    # Small tensors gain nothing from a second thread, which other tests have a use for.
    torch.set_num_threads(1)
    settle_vector_math()
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    wide = load(checkpoint, torch.float32)
    folder = pathlib.Path(cases).parent
    own_scale = wide.guider.guidance_scale
    with torch.no_grad():
        for dtype in ("bfloat16", "float16"):
            half = load(checkpoint, getattr(torch, dtype))
            for case in json.loads(pathlib.Path(cases).read_text()):
                height, width = size(wide, case, folder)
                shape = (1, wide.transformer.config.out_channels, (case["frames"] - 1) // 4 + 1)
                shape += (height // 16, width // 16)
                generator = torch.Generator().manual_seed(case["seed"])
                noise = torch.randn(shape, generator=generator, dtype=getattr(torch, dtype))
                tensors = {}
                for kind, pipe in (("truth", wide), ("half", half)):
                    pipe.guider.guidance_scale = own_scale
                    for name, tensor in run(pipe, case, folder, latents=noise).items():
                        if name in KEPT or name.startswith("step_"):
                            tensors[f"{kind}.{name}"] = tensor.float().contiguous()
                save_file(tensors, str(out / f"{case['name']}.{dtype}.safetensors"))
                print(case["name"], dtype, "recorded")


if __name__ == "__main__":
    main(*sys.argv[1:])
