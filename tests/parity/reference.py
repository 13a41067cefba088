#!/usr/bin/env python3
"""Runs the reference, diffusers' HunyuanVideo15Pipeline or HunyuanVideo15ImageToVideoPipeline, and records tensors
along its way.

usage: reference.py CHECKPOINT CASES.json OUT_DIR

The checkpoint decides which pipeline; a case's `image` is a path relative to CASES.json.

For each case OUT_DIR/<name>.safetensors gets, in float32 and with padding tokens removed:
  token_ids, glyph_token_ids            the prompt's (int64)
  text, byt5                            prompt embeddings, valid rows only
  block.<call>.<i>, context.<call>.<i>  each transformer block's two streams in the first step; call 0 is the
                                        conditional pass, call 1 the unconditional one
  step_<k>                              latents after each scheduler step
  frames                                [F, H, W, 3] in [0, 1], before 8-bit rounding
and with an image
  image                                 [H, W, 3] uint8, resized and cut
  image_embeds, image_latents           SigLIP's last hidden state; the scaled mode of the VAE's posterior
"""

import json
import pathlib
import sys

import numpy
import torch
from diffusers import DiffusionPipeline
from diffusers.utils import load_image
from safetensors.torch import save_file


def settle_vector_math():
    """Calls MKL's vector functions once on one thread: if several threads make a function's first call, one may get
    half the digits (https://github.com/pytorch/pytorch/issues/188792), and the reference would be off."""
    for function in (torch.cos, torch.erf, torch.exp, torch.log, torch.sin, torch.sqrt, torch.tanh):
        for dtype in (torch.float32, torch.float64):
            function(torch.ones(1, dtype=dtype))


def prompt_tensors(pipe, prompt):
    """Returns token ids and embeddings of one prompt, valid rows only."""
    out = {}
    text, text_mask, byt5, byt5_mask = pipe.encode_prompt(prompt=prompt, device="cpu", dtype=torch.float32)
    out["text"] = text[0, text_mask[0].bool()]
    out["byt5"] = byt5[0, byt5_mask[0].bool()]

    ids = {}
    hooks = [
        pipe.text_encoder.register_forward_pre_hook(lambda m, a, k: ids.__setitem__("token_ids", k), with_kwargs=True),
        pipe.text_encoder_2.register_forward_pre_hook(
            lambda m, a, k: ids.__setitem__("glyph_token_ids", k), with_kwargs=True
        ),
    ]
    pipe.encode_prompt(prompt=prompt, device="cpu", dtype=torch.float32)
    for hook in hooks:
        hook.remove()
    for name in ("token_ids", "glyph_token_ids"):
        if name in ids:
            out[name] = ids[name]["input_ids"][0][ids[name]["attention_mask"][0].bool()].to(torch.int64)
        else:
            out[name] = torch.zeros(0, dtype=torch.int64)
    return out


def valid_rows(pipe, prompt):
    _, text_mask, _, byt5_mask = pipe.encode_prompt(prompt=prompt, device="cpu", dtype=torch.float32)
    return int(text_mask.sum() + byt5_mask.sum())


def forget_size(pipe):
    """Lets sizes follow the image again, whatever an earlier case fixed them to."""
    vars(pipe.video_processor).pop("calculate_default_height_width", None)


def first_frame(pipe, case, folder):
    """Returns the pipeline's arguments for size or image; fixes the image's size if the case names one."""
    if "image" not in case:
        return {"height": case["height"], "width": case["width"]}
    forget_size(pipe)
    if "height" in case:
        size = (case["height"], case["width"])
        pipe.video_processor.calculate_default_height_width = lambda **_: size
    return {"image": load_image(str(folder / case["image"]))}


def record_image(pipe, out):
    """Wraps functions of the pipeline so that their results are recorded."""
    undo = []

    def keep(owner, function, name, convert):
        original = getattr(owner, function)

        def recording(*args, **kwargs):
            result = original(*args, **kwargs)
            out[name] = convert(result)
            return result

        setattr(owner, function, recording)
        undo.append(lambda: setattr(owner, function, original))

    keep(pipe.video_processor, "resize", "image", lambda image: torch.from_numpy(numpy.array(image)))
    keep(pipe, "_get_image_embeds", "image_embeds", torch.clone)
    keep(pipe, "_get_image_latents", "image_latents", torch.clone)
    return undo


def run(pipe, case, folder=None, latents=None):
    out = prompt_tensors(pipe, case["prompt"])
    scale = case.get("guidance_scale")
    if scale is not None:
        pipe.guider.guidance_scale = scale
    rows = [valid_rows(pipe, case["prompt"]), valid_rows(pipe, case.get("negative_prompt", ""))]

    tiling = case.get("tiling")
    pipe.vae.use_tiling = tiling is not None
    if tiling is not None:
        size, overlap = tiling["tile_size"], tiling["overlap"]
        pipe.vae.tile_sample_min_height = pipe.vae.tile_sample_min_width = size
        pipe.vae.tile_latent_min_height = size // pipe.vae.spatial_compression_ratio
        pipe.vae.tile_latent_min_width = size // pipe.vae.spatial_compression_ratio
        pipe.vae.tile_overlap_factor = overlap

    passes = 1 if pipe.guider.guidance_scale == 1.0 else 2
    calls = {}

    def record(index):
        def hook(module, args, result):
            call = calls[index] = calls.get(index, -1) + 1
            if call < passes:
                hidden, context = result
                out[f"block.{call}.{index}"] = hidden[0].clone()
                out[f"context.{call}.{index}"] = context[0, : rows[call]].clone()

        return hook

    image_tokens = 0
    undo = []
    if "image" in case:
        config = pipe.image_encoder.config
        image_tokens = (config.image_size // config.patch_size) ** 2
        undo = record_image(pipe, out)
    rows = [row + image_tokens for row in rows]
    hooks = [b.register_forward_hook(record(i)) for i, b in enumerate(pipe.transformer.transformer_blocks)]
    step, steps = pipe.scheduler.step, []

    def recording_step(*args, **kwargs):
        result = step(*args, **kwargs)
        steps.append(result[0].clone())
        return result

    pipe.scheduler.step = recording_step
    video = pipe(
        prompt=case["prompt"],
        negative_prompt=case.get("negative_prompt", ""),
        **first_frame(pipe, case, folder),
        num_frames=case["frames"],
        num_inference_steps=case["steps"],
        generator=torch.Generator().manual_seed(case["seed"]),
        latents=latents,
        output_type="pt",
    ).frames
    pipe.scheduler.step = step
    for hook in hooks:
        hook.remove()
    for restore in undo:
        restore()
    for k, latents in enumerate(steps):
        out[f"step_{k}"] = latents
    out["frames"] = video[0].permute(0, 2, 3, 1)
    return {name: tensor.contiguous() for name, tensor in out.items()}


def main(checkpoint, cases, out):
    # Small tensors gain nothing from a second thread, which other tests have a use for.
    torch.set_num_threads(1)
    settle_vector_math()
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    pipe = DiffusionPipeline.from_pretrained(checkpoint, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    own_scale = pipe.guider.guidance_scale
    with torch.no_grad():
        for case in json.loads(pathlib.Path(cases).read_text()):
            pipe.guider.guidance_scale = own_scale
            tensors = run(pipe, case, pathlib.Path(cases).parent)
            save_file(tensors, str(out / (case["name"] + ".safetensors.part")))
            (out / (case["name"] + ".safetensors.part")).rename(out / (case["name"] + ".safetensors"))
            print(case["name"], "recorded")


if __name__ == "__main__":
    main(*sys.argv[1:])
