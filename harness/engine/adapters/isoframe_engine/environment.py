"""What an engine needs of the machine and of its Python, and the one line that says what is missing."""

import importlib.metadata

from isoframe_engine.protocol import Unsupported


def version_of(distribution):
    """The installed version, which is told without importing anything."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def require_package(engine, distribution, install):
    if version_of(distribution) == "not installed":
        raise Unsupported(f"{engine}: the package {distribution} is not installed in this Python ({install})")


def require_gpus(engine, number):
    """Raises Unsupported where torch sees fewer GPUs than ranks; returns torch."""
    try:
        import torch
    except ImportError as error:
        raise Unsupported(f"{engine}: torch cannot be imported: {error}") from None
    seen = torch.cuda.device_count()
    if seen == 0:
        raise Unsupported(f"{engine} needs an accelerator: torch {torch.__version__} sees no GPU here")
    if seen < number:
        raise Unsupported(f"{engine} needs {number} GPUs: torch {torch.__version__} sees {seen}")
    return torch
