#!/usr/bin/env python3
"""Records small runs of the reference's transformer for transformer_test.cpp.

usage: record.py [FOLDER]   (the environment needs diffusers 0.42 and safetensors; FOLDER is data/ beside this file)

Each case is one file, NAME.safetensors: the model's weights, its inputs without padding, and the outputs of every block
and of the whole, for which the reference was given inputs padded as its pipeline pads them.  The configuration is JSON in
the tensor "config".
"""
import json
import pathlib
import sys

import numpy as np
import torch
from diffusers import HunyuanVideo15Transformer3DModel
from safetensors.torch import save_file

BASE = dict(
    in_channels=5, out_channels=3, num_attention_heads=3, attention_head_dim=8, num_layers=2, num_refiner_layers=1,
    mlp_ratio=1.75, patch_size=1, patch_size_t=1, text_embed_dim=10, text_embed_2_dim=6, image_embed_dim=7,
    rope_theta=256.0, rope_axes_dim=(2, 2, 4), target_size=640,
)
# name: changes to BASE; latent frames, height, width; valid text, ByT5 and image tokens; timestep
CASES = {
    "patch_1": (dict(), (3, 5, 7), (5, 3, 0), 731.25),
    "patch_2": (dict(patch_size=2, patch_size_t=2, use_meanflow=True, num_layers=1, mlp_ratio=3.0), (4, 6, 10),
                (1, 0, 6), 1000.0),
}
TEXT_LENGTH, BYT5_LENGTH, IMAGE_LENGTH = 9, 6, 6  # with padding
BYT5_HIDDEN = 4  # the reference's 2048 would be 16 MB of weights


def shrink_byt5(model):
    """ByT5's hidden width is a constant in the reference; a test cannot store its weights, so all but a few hidden units
    are zero, and only those are kept."""
    e = model.context_embedder_2
    with torch.no_grad():
        for linear, inputs in ((e.linear_1, False), (e.linear_2, True), (e.linear_3, True)):
            if linear is not e.linear_3:
                linear.weight[BYT5_HIDDEN:] = 0
                linear.bias[BYT5_HIDDEN:] = 0
            if inputs:
                linear.weight[:, BYT5_HIDDEN:] = 0


def kept(name, tensor):
    if name.startswith("context_embedder_2.linear_"):
        cut = tensor[:BYT5_HIDDEN] if "linear_3" not in name else tensor
        if name.endswith("weight") and "linear_1" not in name:
            cut = cut[:, :BYT5_HIDDEN]
        return cut.contiguous()
    return tensor.contiguous()


def record(changes, latent, valid, timestep, seed):
    torch.manual_seed(seed)
    config = {**BASE, **changes}
    model = HunyuanVideo15Transformer3DModel(**config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.randn_like(parameter) * (0.4 if parameter.dim() == 1 else parameter[0].numel() ** -0.5))
            if "norm" in name and name.endswith("weight") and parameter.dim() == 1:
                parameter.add_(1.0)
    shrink_byt5(model)
    model.load_state_dict({k: v.to(torch.bfloat16).float() for k, v in model.state_dict().items()})

    text_tokens, byt5_tokens, image_tokens = valid
    sample = torch.randn(1, config["in_channels"], *latent)
    text = torch.randn(1, TEXT_LENGTH, config["text_embed_dim"])
    byt5 = torch.randn(1, BYT5_LENGTH, config["text_embed_2_dim"])
    image = torch.randn(1, IMAGE_LENGTH, config["image_embed_dim"]) * (image_tokens > 0)

    def mask(length, count):
        return (torch.arange(length) < count).long()[None]

    out = {}

    def keep(index):
        def hook(_module, _inputs, outputs):
            out[f"block.{index}"] = outputs[0].clone()
            out[f"context.{index}"] = outputs[1][:, : sum(valid)].clone()

        return hook

    for index, block in enumerate(model.transformer_blocks):
        block.register_forward_hook(keep(index))
    with torch.no_grad():
        velocity = model(
            sample, torch.tensor([timestep]), text, mask(TEXT_LENGTH, text_tokens), None, byt5,
            mask(BYT5_LENGTH, byt5_tokens), image, return_dict=False,
        )[0]

    config["_class_name"] = "HunyuanVideo15Transformer3DModel"
    out |= {
        "sample": sample, "text": text[:, :text_tokens], "byt5": byt5[:, :byt5_tokens],
        "image": image[:, :image_tokens], "timestep": torch.tensor([timestep]), "velocity": velocity,
        "config": torch.from_numpy(np.frombuffer(json.dumps(config).encode(), dtype=np.uint8).copy()),
    }
    weights = {"weights." + k: kept(k, v).to(torch.bfloat16) for k, v in model.state_dict().items()}
    return {k: v.clone().contiguous() for k, v in (out | weights).items()}


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "data")
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, case) in enumerate(CASES.items()):
        save_file(record(*case, seed), folder / f"{name}.safetensors")


main()
