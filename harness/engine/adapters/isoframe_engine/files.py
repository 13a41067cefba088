"""The files of a rank, each of which appears whole or not at all."""

import array
import ctypes
import itertools
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


def read_tensors(path, names, framework="pt"):
    """Returns the tensors of these names, as torch's or, for "np", numpy's; raises InputError naming what is missing."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework=framework) as file:
            for name in names:
                if name not in file.keys():
                    raise InputError(f"{path}: it holds no '{name}'")
            return [file.get_tensor(name) for name in names]
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: its tensors cannot be read: {error}") from None


def write_tensors(path, tensors):
    """Writes {name: tensor} as a safetensors file in float32, which loses nothing of a smaller type and which every reader
    knows.  A tensor is torch's, numpy's, or numbers in nested lists of equal lengths."""
    plain = {name: float32_of(tensor) for name, tensor in tensors.items()}
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, (shape, _) in plain.items():
        begin, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    # The numbers begin at a multiple of 8, so that readers can map them.
    text += b" " * (-len(text) % 8)

    def write(part):
        with open(part, "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for _, values in plain.values():
                file.write(values)

    rename_when_whole(path, write)


def float32_of(tensor):
    """(shape, the numbers as an object whose bytes can be written) of a tensor of any kind that write_tensors knows."""
    if hasattr(tensor, "data_ptr"):
        import torch

        values = tensor.detach().to("cpu", torch.float32).contiguous()
        view = (ctypes.c_float * values.numel()).from_address(values.data_ptr())
        view.tensor = values  # or its memory would be another's by the time it is written
        return list(values.shape), view
    if hasattr(tensor, "__array_interface__"):
        import numpy

        return list(tensor.shape), numpy.ascontiguousarray(tensor, dtype="<f4")
    shape, values = [], [tensor]
    while values and isinstance(values[0], (list, tuple)):
        lengths = {len(inner) if isinstance(inner, (list, tuple)) else None for inner in values}
        if len(lengths) > 1:
            raise ValueError("the nested lists are not of equal lengths")
        shape += lengths
        values = list(itertools.chain.from_iterable(values))
    return shape, array.array("f", values)


def write_video(directory, frames, noise, step_latents):
    """Writes rank 0's files.  frames: [F, H, W, 3] in [0, 1], before any rounding to 8 bits; latents: [1, C, T, h, w],
    `step_latents` those after each step.  Each as write_tensors takes it."""
    latents = {"noise": noise, "latents": step_latents[-1]}
    latents |= {f"step_{step}": tensor for step, tensor in enumerate(step_latents)}
    write_tensors(directory / "latents.safetensors", latents)
    write_tensors(directory / "frames.safetensors", {"frames": frames})


def write_record(directory, record, events):
    write_json(directory / f"events-{record['rank']}.json", events)
    write_json(directory / f"rank-{record['rank']}.json", record)
