#!/usr/bin/env python3
"""Compares isoframe's tensor names and shapes at the published size with diffusers' modules, built without memory.

usage: full_size.py ISOFRAME JUNIT.xml

Each variant is the full preset with the changes that tell the published checkpoints apart.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

import torch
from diffusers import AutoencoderKLHunyuanVideo15, HunyuanVideo15Transformer3DModel
from transformers import Qwen2_5_VLTextConfig, Qwen2_5_VLTextModel, SiglipVisionConfig, SiglipVisionModel, T5Config
from transformers import T5EncoderModel

VARIANTS = {
    "480p_t2v": {},
    "480p_t2v_distilled": {"guider": {"guidance_scale": 1.0}},
    "720p_t2v": {"transformer": {"target_size": 960}, "scheduler": {"shift": 9.0}},
    "480p_i2v": {},
    "meanflow": {"transformer": {"use_meanflow": True}, "guider": {"guidance_scale": 1.0}},
}


def described(isoframe, task, changes):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(json.dumps(changes))
        file.flush()
        command = [isoframe, "weights", "init", "--preset", "full", "--task", task, "--seed", "0"]
        command += ["--config", file.name, "--dry-run"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def reference_modules(configuration):
    def plain(part, *without):
        return {k: v for k, v in configuration[part].items() if not k.startswith("_") and k not in without}

    with torch.device("meta"):
        yield "transformer", HunyuanVideo15Transformer3DModel(**plain("transformer"))
        yield "vae", AutoencoderKLHunyuanVideo15(**plain("vae"))
        yield "text_encoder", Qwen2_5_VLTextModel(Qwen2_5_VLTextConfig(**plain("text_encoder", "architectures")))
        yield "text_encoder_2", T5EncoderModel(T5Config(**plain("text_encoder_2", "architectures")))
        if "image_encoder" in configuration:
            yield "image_encoder", SiglipVisionModel(SiglipVisionConfig(**plain("image_encoder", "architectures")))


def differences(isoframe, task, changes):
    described_parts = described(isoframe, task, changes)
    for part, module in reference_modules(described_parts["configuration"]):
        theirs = {name: list(tensor.shape) for name, tensor in module.state_dict().items()}
        for name in getattr(module, "all_tied_weights_keys", None) or {}:
            theirs.pop(name, None)
        ours = {item["name"]: item["shape"] for item in described_parts["tensors"][part]}
        assert len(theirs) > 50, part
        for name in sorted(theirs.keys() | ours.keys()):
            if theirs.get(name) != ours.get(name):
                yield f"{part}: {name}: isoframe {ours.get(name)}, reference {theirs.get(name)}"


def main(isoframe, junit):
    suite = ET.Element("testsuite", name="full_size", tests=str(len(VARIANTS)))
    failures = 0
    for name, changes in VARIANTS.items():
        case = ET.SubElement(suite, "testcase", classname="full_size", name=name)
        found = list(differences(isoframe, "i2v" if name.endswith("i2v") else "t2v", changes))
        print(name, "ok" if not found else f"{len(found)} differences")
        if found:
            failures += 1
            ET.SubElement(case, "failure", message=found[0]).text = "\n".join(found)
            print("\n".join(found[:10]))
    suite.set("failures", str(failures))
    pathlib.Path(junit).write_bytes(ET.tostring(suite))
    return int(failures != 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
