"""A case's settings, checked when they are asked for."""

import math
import os

from isoframe_engine.protocol import InputError, Unsupported

DEGREES = ("ulysses", "ring", "cfg", "tensor", "vae_patch")
# isoframe's own ways to compute, with the values that ask for nothing.
OWN_WAYS = {"reduction": "fast", "reduction_parts": 1, "launcher": ""}
# What a `load` takes in, of every engine's case; the rest may change from one generation to the next.
LOADED_WITH = ("checkpoint", "variant", "task", "layout", "dtype", "device")
# HunyuanVideo 1.5's latents: their channels, and how many pixels and frames one position stands for.
CHANNELS, PIXELS, FRAMES = 32, 16, 4


def setting(case, name, kinds):
    value = case.get(name)
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise InputError(f"the case's '{name}' has a wrong type: {value!r}")
    return value


def layout_of(case):
    """{degree: ranks} of "ulysses=2,vae_patch=2"; every degree is there."""
    text = setting(case, "layout", str)
    degrees = dict.fromkeys(DEGREES, 1)
    for part in [] if text == "single" else text.split(","):
        name, _, number = part.partition("=")
        if not number.isdecimal() or int(number) < 1:
            raise InputError(f"the case's layout '{text}' is not of the form ulysses=2,ring=2")
        # What this package has never heard of it cannot honour either, unless it asks for nothing.
        degrees[name] = int(number)
    return degrees


def require_layout(engine, case, supported, *, together=True):
    """Raises Unsupported for a degree above 1 that the engine does not know, or for two unless they go together.
    Returns the layout."""
    degrees = layout_of(case)
    used = [name for name, number in degrees.items() if number > 1]
    for name in used:
        if name not in supported:
            raise Unsupported(f"{engine} has no {name} for this model; it has {', '.join(supported) or 'no layout'}")
    if len(used) > 1 and not together:
        raise Unsupported(f"{engine} takes {' or '.join(used)} here, not both at once")
    return degrees


def world_size_of(degrees):
    """Ranks of a layout: those of its VAE group are some of them, not more."""
    return math.prod(number for name, number in degrees.items() if name != "vae_patch")


def require_world(degrees):
    ranks = world_size_of(degrees)
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if ranks != world:
        raise InputError(f"the case's layout needs {ranks} ranks, and {world} are there")


def require_plain(engine, case, values):
    """Raises Unsupported where a setting of {name: the value that the engine's own way amounts to} is another."""
    for name, plain in values.items():
        if case.get(name, plain) != plain:
            raise Unsupported(f"{engine} cannot honour {name}: {case[name]!r}")


def require_able(engine, case):
    """Raises Unsupported for what the engine's own capabilities rule out, and for isoframe's own ways to compute.  Returns
    the layout."""
    can = engine.capabilities()
    for name in ("task", "dtype", "device"):
        require_known(engine.name, case, name, can[f"{name}s"])
    require_plain(engine.name, case, OWN_WAYS)
    return require_layout(engine.name, case, can["layouts"])


def latent_shape(case):
    """[1, channels, frames, rows, columns] of the case's latents.  Raises InputError for a size that has no such."""
    rows, columns, frames = (setting(case, name, int) for name in ("height", "width", "frames"))
    if rows < 1 or columns < 1 or frames < 1 or rows % PIXELS or columns % PIXELS or (frames - 1) % FRAMES:
        raise InputError(
            f"{frames} frames of {rows} x {columns} are no whole number of latents: sides are multiples of {PIXELS}, "
            f"frames 1 more than a multiple of {FRAMES}"
        )
    return [1, CHANNELS, (frames - 1) // FRAMES + 1, rows // PIXELS, columns // PIXELS]


def require_known(engine, case, name, known):
    """The setting, which is one of those that the engine has; raises Unsupported for another."""
    value = setting(case, name, str)
    if value not in known:
        raise Unsupported(f"{engine} cannot honour {name}: {value!r}; known are {', '.join(known)}")
    return value


def options_of(engine, case, known):
    """The case's engine_options, each of which is in {name: (types, default)}; those that it leaves out have the
    default."""
    given = case.get("engine_options", {})
    if not isinstance(given, dict):
        raise InputError(f"the case's 'engine_options' has a wrong type: {given!r}")
    for name, value in given.items():
        if name not in known:
            has = f"engine_options may hold {', '.join(known)}" if known else "it has none"
            raise InputError(f"{engine} has no option {name!r}; {has}")
        if not isinstance(value, known[name][0]):
            raise InputError(f"the engine option {name!r} has a wrong type: {value!r}")
    return {name: given.get(name, default) for name, (_, default) in known.items()}


def require_loaded(case, loaded, names=LOADED_WITH):
    """Raises InputError where a case differs from the loaded one in a setting that only loading takes in."""
    if loaded is None:
        raise InputError("nothing is loaded yet")
    for name in names:
        if case.get(name) != loaded.get(name):
            raise InputError(f"the case's {name} is {case.get(name)!r}, but {loaded.get(name)!r} is loaded")
