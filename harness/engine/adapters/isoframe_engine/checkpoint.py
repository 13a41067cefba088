"""What identifies a checkpoint without reading its weights."""

import hashlib
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


def require_pipeline(folder):
    if not (pathlib.Path(folder) / "model_index.json").is_file():
        raise InputError(f"{folder}: no checkpoint in diffusers' layout; its model_index.json is not there")
