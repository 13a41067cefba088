"""The files of a rank, each of which appears whole or not at all."""

import json
import math
import os

from isoframe_engine.protocol import InputError


def rename_when_whole(path, write):
    """Lets `write` fill a file beside `path` that takes its name when it is whole."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(part)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_json(path, document):
    rename_when_whole(path, lambda part: part.write_text(json.dumps(without_nan(document), allow_nan=False) + "\n"))


def without_nan(document):
    """The document with null for NaN and infinity, which JSON has no words for."""
    if isinstance(document, dict):
        return {name: without_nan(value) for name, value in document.items()}
    if isinstance(document, (list, tuple)):
        return [without_nan(value) for value in document]
    return None if isinstance(document, float) and not math.isfinite(document) else document


def read_tensors(path, names):
    """Returns the tensors of these names; raises InputError naming what is missing."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            for name in names:
                if name not in file.keys():
                    raise InputError(f"{path}: it holds no '{name}'")
            return [file.get_tensor(name) for name in names]
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: the latents cannot be read: {error}") from None


def write_tensors(path, tensors):
    """Writes {name: tensor} in float32 on the CPU: that loses nothing of a smaller type and every reader knows it."""
    import torch
    from safetensors.torch import save_file

    ready = {name: tensor.detach().to("cpu", torch.float32).contiguous() for name, tensor in tensors.items()}
    rename_when_whole(path, lambda part: save_file(ready, str(part), metadata={"format": "pt"}))


def write_video(directory, frames, noise, step_latents):
    """Writes rank 0's files.  frames: [F, H, W, 3] in [0, 1], before any rounding to 8 bits; latents: [1, C, T, h, w],
    `step_latents` those after each step."""
    # safetensors refuses one tensor under two names.
    latents = {"noise": noise, "latents": step_latents[-1].clone()}
    latents |= {f"step_{step}": tensor for step, tensor in enumerate(step_latents)}
    write_tensors(directory / "latents.safetensors", latents)
    write_tensors(directory / "frames.safetensors", {"frames": frames})


def write_record(directory, record, events):
    write_json(directory / f"events-{record['rank']}.json", events)
    write_json(directory / f"rank-{record['rank']}.json", record)
