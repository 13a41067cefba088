"""What identifies a checkpoint without reading its weights."""

import hashlib
import json
import pathlib

from isoframe_engine.protocol import InputError, Unsupported

# diffusers' pipelines of HunyuanVideo 1.5, with their tasks.
PIPELINES = {"HunyuanVideo15Pipeline": "t2v", "HunyuanVideo15ImageToVideoPipeline": "i2v"}


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


def require_pipeline(folder, task):
    """Raises Unsupported for a checkpoint of another model, InputError for one of another task."""
    kind = pipeline_of(folder)
    if kind not in PIPELINES:
        raise Unsupported(f"{folder}: its {kind} is no pipeline of HunyuanVideo 1.5")
    if PIPELINES[kind] != task:
        raise InputError(f"{folder}: its {kind} is for {PIPELINES[kind]}, but the case's task is {task}")


def config_of(folder, *parts):
    """The JSON of one of the checkpoint's files."""
    path = pathlib.Path(folder).joinpath(*parts)
    try:
        document = json.loads(path.read_text())
    except OSError as error:
        raise InputError(f"{path}: the checkpoint lacks it: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path}: it is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise InputError(f"{path}: it is no object")
    return document


def guidance_scale_of(folder):
    """The scale of the checkpoint's guider.  Raises Unsupported where that does more than n + scale * (p - n)."""
    names = ("guider_config.json", "config.json")
    name = next((name for name in names if (pathlib.Path(folder) / "guider" / name).exists()), names[0])
    guider = config_of(folder, "guider", name)
    plain = {
        "_class_name": "ClassifierFreeGuidance", "enabled": True, "guidance_rescale": 0.0, "start": 0.0, "stop": 1.0,
        "use_original_formulation": False,
    }
    for setting, value in plain.items():
        if guider.get(setting, value) != value:
            raise Unsupported(f"{folder}: its guider's {setting} is {guider[setting]!r}; this engine knows {value!r} only")
    scale = guider.get("guidance_scale")
    if not isinstance(scale, (int, float)) or isinstance(scale, bool):
        raise InputError(f"{folder}: its guider has no guidance_scale")
    return float(scale)
