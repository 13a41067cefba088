#!/usr/bin/env python3
"""Which weights reach the reference's frames, by their gradients, against the list that isoframe's own test holds.

usage: reached.py CHECKPOINT CASES.json LEFT_OUT.json JUNIT.xml

The first case is generated, in one step.
"""

import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

import torch
from diffusers import DiffusionPipeline

from reference import first_frame, settle_vector_math

PARTS = ("transformer", "vae", "text_encoder", "text_encoder_2", "image_encoder")
# Between rounding, 3e-6 at most, and the least that a weight does, 0.5.
LEAST = 1e-3


def effects(pipe, case, folder):
    """{part: name}: how strongly a weight's gradient pulls at the frames, times the weight."""
    call = type(pipe).__call__.__wrapped__  # without its torch.no_grad()
    with torch.enable_grad():
        video = call(
            pipe, prompt=case["prompt"], **first_frame(pipe, case, folder), num_frames=case["frames"],
            num_inference_steps=case["steps"], generator=torch.Generator().manual_seed(case["seed"]), output_type="latent",
        ).frames
        video = pipe.vae.decode(video / pipe.vae.config.scaling_factor, return_dict=False)[0]
        (video * torch.randn(video.shape, generator=torch.Generator().manual_seed(1))).sum().backward()
    found = {}
    for part in PARTS:
        module = getattr(pipe, part, None)
        for name, weight in module.named_parameters() if module is not None else ():
            size = 0.0 if weight.grad is None else float((weight.grad.norm() * weight.norm().clamp_min(1.0)).detach())
            found[f"{part}: {name}"] = size
    return found


def main(checkpoint, cases, left_out, junit):
    torch.set_num_threads(1)
    settle_vector_math()
    pipe = DiffusionPipeline.from_pretrained(checkpoint, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    case = json.loads(pathlib.Path(cases).read_text())[0] | {"steps": 1}
    task = "i2v" if "image" in case else "t2v"
    rows = [row["tensors"] for row in json.loads(pathlib.Path(left_out).read_text()) if task in row["tasks"]]
    wrong = []
    for tensor, size in effects(pipe, case, pathlib.Path(cases).parent).items():
        is_left_out = any(re.fullmatch(row, tensor) for row in rows)
        if is_left_out != (size < LEAST):
            wrong.append(f"{tensor}: {size:.3g}, but it is {'' if is_left_out else 'not '}in {pathlib.Path(left_out).name}")
    suite = ET.Element("testsuite", name="reached", tests="1", failures=str(min(1, len(wrong))))
    test = ET.SubElement(suite, "testcase", classname="reached", name=task)
    if wrong:
        ET.SubElement(test, "failure", message=wrong[0]).text = "\n".join(wrong)
        print("\n".join(wrong))
    ET.ElementTree(suite).write(junit)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
