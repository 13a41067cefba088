"""What an observed run leaves of the tensors at isoframe's probe points, as harness/locate writes it."""

import itertools
import json
import pathlib

from isoframe_engine import files, fingerprint
from isoframe_engine.protocol import InputError, Unsupported

# The names of the axes of all tensors that are shown (model/probe.h).
VECTOR = ("batch", "channels")
ROTARY = ("tokens", "channels")
TOKENS = ("batch", "tokens", "channels")
TOKENS_OF_HEADS = ("batch", "tokens", "heads", "channels")
HEADS_OF_TOKENS = ("batch", "heads", "tokens", "channels")
PICTURE = ("rows", "columns", "channels")
PICTURES = ("batch", "channels", "rows", "columns")
FRAMES = ("frames", "rows", "columns", "channels")
VIDEO = ("batch", "channels", "frames", "rows", "columns")

PLACE = ("stages", "name", "index", "occurrence")


def key_of(place):
    return tuple(place[name] for name in PLACE)


def fits(whole, part):
    """True if a tensor of this shape has the part."""
    shares = {dim: (begin, of) for dim, begin, of in part["shares"]}
    if len(whole) != len(part["shape"]):
        return False
    for dim, (size, length) in enumerate(zip(whole, part["shape"])):
        begin, of = shares.get(dim, (0, size))
        if of != size or begin + length > size or (dim not in shares and length != size):
            return False
    return True


def part_of(tensor, part):
    for dim, begin, _ in part["shares"]:
        tensor = tensor.narrow(dim, begin, part["shape"][dim])
    return tensor


class Observer:
    """Base of what is done with every tensor that is shown."""

    # A latents.safetensors whose noise the run begins with, and whose latents each later step begins with.
    trajectory = None

    def __init__(self):
        self._seen = {}

    def show(self, stages, name, tensor, axes, index=-1, shares=()):
        """stages: "denoise 2/denoise.step 0", each with its index if it has one; shares: [dim, begin, whole] of each
        dimension in which the tensor is a part of what a single rank would hold."""
        point = (stages, name, index)
        occurrence = self._seen[point] = self._seen.get(point, -1) + 1
        place = {"stages": stages, "name": name, "index": index, "occurrence": occurrence}
        part = {"shares": [list(share) for share in shares], "shape": list(tensor.shape), "axes": list(axes)}
        self.at_place(place, part, tensor)


class Recording(Observer):
    """Every rank's fingerprints: fingerprints-RANK.json."""

    def __init__(self, observation):
        super().__init__()
        self._points = []

    def at_place(self, place, part, tensor):
        self._points.append(place | {"part": part | fingerprint.fingerprint(tensor)})

    def write(self, directory, rank):
        files.write_json(directory / f"fingerprints-{rank}.json", {"points": self._points})


class Following(Observer):
    """A single rank's fingerprints of the parts that the ranks of another run held: reference.json."""

    def __init__(self, observation):
        super().__init__()
        self._points = []
        self._parts = {}
        for point in recorded_points(observation.get("recordings")):
            parts = self._parts.setdefault(key_of(point), [])
            if not any(part["shape"] == point["part"]["shape"] and part["shares"] == point["part"]["shares"] for part in parts):
                parts.append(point["part"])

    def at_place(self, place, part, tensor):
        asked = [part for part in self._parts.get(key_of(place), []) if fits(tensor.shape, part)]
        parts = [part | fingerprint.fingerprint(part_of(tensor, part)) for part in asked]
        self._points.append(place | {"whole": list(tensor.shape), "parts": parts})

    def write(self, directory, rank):
        files.write_json(directory / "reference.json", {"points": self._points})


class Keeping(Observer):
    """The tensor at one place, or a part of it: kept-RANK.safetensors of each rank that comes by."""

    def __init__(self, observation):
        super().__init__()
        place = observation.get("place")
        if not isinstance(place, dict) or not all(name in place for name in PLACE):
            raise InputError("the observation's 'place' is no place of a recording")
        self._place = key_of(place)
        self._part = observation.get("part") or {"shares": [], "shape": []}
        self._kept = None

    def at_place(self, place, part, tensor):
        if key_of(place) == self._place:
            self._kept = (part_of(tensor, self._part) if fits(tensor.shape, self._part) else tensor).clone()

    def write(self, directory, rank):
        if self._kept is not None:
            files.write_tensors(directory / f"kept-{rank}.safetensors", {"kept": self._kept})


class Locked(Observer):
    """What each part and each step gives where the latents before it are given: locked-RANK.safetensors, under the names
    of harness/locate/locked_results.cpp."""

    def __init__(self, observation):
        super().__init__()
        self.trajectory = observation.get("trajectory")
        if not isinstance(self.trajectory, str):
            raise InputError("the observation's 'trajectory' is no file")
        self._results = {}

    def at_place(self, place, part, tensor):
        stages, name = place["stages"], place["name"]
        if name in ("prompt_embeds", "prompt_embeds_2"):
            self._results[f"text -1 {stages.rpartition('.')[2]} {name}"] = tensor.clone()
        elif name in ("guidance", "latents"):
            step = stages.rpartition(" ")[2]
            self._results[f"transformer {step} {'prediction' if name == 'guidance' else name}"] = tensor.clone()
        elif name == "frames":
            self._results["decode -1 frames"] = tensor

    def write(self, directory, rank):
        # Every rank of an engine may have frames, but rank 0's are the video.
        results = {name: value for name, value in self._results.items() if rank == 0 or not name.startswith("decode")}
        files.write_tensors(directory / f"locked-{rank}.safetensors", results)


def recorded_points(folder):
    """The points of all fingerprints-RANK.json of a folder."""
    if not isinstance(folder, str):
        raise InputError("the observation's 'recordings' is no folder")
    points = []
    for rank in itertools.count():
        file = pathlib.Path(folder) / f"fingerprints-{rank}.json"
        try:
            points += json.loads(file.read_text())["points"]
        except FileNotFoundError:
            break
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{file}: it cannot be read as a recording: {error}") from None
    if not points:
        raise InputError(f"{folder}: it holds no recording")
    return points


KINDS = {"record": Recording, "follow": Following, "keep": Keeping, "locked": Locked}


def kinds():
    """The observations that this machine has the library for."""
    return list(KINDS) if fingerprint.is_available() else []


def observer_of(observation):
    kind = observation.get("kind")
    if kind not in kinds():
        raise Unsupported(f"no observation of kind {kind!r} can be left here; known are {', '.join(kinds()) or 'none'}")
    return KINDS[kind](observation)
