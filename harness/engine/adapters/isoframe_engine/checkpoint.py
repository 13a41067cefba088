"""What identifies a checkpoint without reading its weights."""

import hashlib
import json
import pathlib

from isoframe_engine.protocol import InputError


def fingerprint(folder):
    """Hash of all configs and of the headers of all weight files, with their names and sizes: ranks on machines with
    copies of their own must agree on it."""
    digest = hashlib.sha256()
    folder = pathlib.Path(folder)
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".json", ".safetensors", ".txt") or not path.is_file():
            continue
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        with open(path, "rb") as file:
            if path.suffix == ".safetensors":
                length = file.read(8)
                digest.update(length + file.read(int.from_bytes(length, "little")))
            else:
                digest.update(file.read())
    return digest.hexdigest()[:16]


def pipeline_of(folder):
    """The name of the pipeline that a checkpoint in diffusers' layout is for."""
    index = pathlib.Path(folder) / "model_index.json"
    try:
        return json.loads(index.read_text())["_class_name"]
    except OSError as error:
        raise InputError(f"{folder}: no checkpoint in diffusers' layout: {index.name}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{index}: it names no pipeline") from None
