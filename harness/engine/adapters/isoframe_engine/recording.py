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

    def show(self, stages, name, tensor, axes, index=-1, shares=(), is_copy=False):
        """stages: "denoise 2/denoise.step 0", each with its index if it has one; shares: [dim, begin, whole] of each
        dimension in which the tensor is a part of what a single rank would hold; is_copy: nobody computes with these very
        numbers, so that writing into them changes nothing."""
        self._is_copy = is_copy
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


def place_in(value):
    if not isinstance(value, dict) or not all(name in value for name in PLACE):
        raise InputError(f"{value!r} is no place of a recording")
    return key_of(value)


def text_of(place):
    """The place as isoframe writes it, the name of its tensor in a file."""
    stages, name, index, occurrence = place
    return "".join(
        (f"{stages}/" if stages else "", name, f" {index}" if index >= 0 else "", f" #{occurrence}" if occurrence else "")
    )


class Keeping(Observer):
    """The tensor at one place, or a part of it, and those at further places, whole: kept-RANK.safetensors of each rank
    that comes by."""

    def __init__(self, observation):
        super().__init__()
        self._place = place_in(observation["place"]) if observation.get("place") else None
        self._part = observation.get("part") or {"shares": [], "shape": []}
        self._places = {place_in(place) for place in observation.get("places") or ()}
        if self._place is None and not self._places:
            raise InputError("the observation names no place")
        self._kept = {}

    def at_place(self, place, part, tensor):
        key = key_of(place)
        if key == self._place:
            self._kept["kept"] = (part_of(tensor, self._part) if fits(tensor.shape, self._part) else tensor).clone()
        if key in self._places:
            self._kept[text_of(key)] = tensor.clone()

    def write(self, directory, rank):
        if self._kept:
            files.write_tensors(directory / f"kept-{rank}.safetensors", self._kept)


class Grafting(Recording):
    """A recording of a run in which given tensors stand for what this rank computes at some places, of each its own part;
    beside it missed-RANK.json, the places at which they could not, and what one more place then has: kept-RANK.safetensors."""

    def __init__(self, observation):
        super().__init__(observation)
        places = [place_in(place) for place in observation.get("places") or ()]
        if not places or not isinstance(observation.get("grafts"), str):
            raise InputError("the observation names no 'places', or no file of 'grafts'")
        self._grafts = dict(zip(places, files.read_tensors(observation["grafts"], [text_of(place) for place in places])))
        self._place = place_in(observation["place"]) if observation.get("place") else None
        self._kept = {}
        self._missed = []

    def at_place(self, place, part, tensor):
        key = key_of(place)
        if key in self._grafts:
            graft = self._grafts[key]
            if self._is_copy or not fits(graft.shape, part):
                self._missed.append(place)
            else:
                tensor.copy_(part_of(graft, part))
        if key == self._place:
            self._kept["kept"] = tensor.clone()
        super().at_place(place, part, tensor)

    def write(self, directory, rank):
        super().write(directory, rank)
        files.write_json(directory / f"missed-{rank}.json", self._missed)
        if self._kept:
            files.write_tensors(directory / f"kept-{rank}.safetensors", self._kept)


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


KINDS = {"record": Recording, "follow": Following, "keep": Keeping, "graft": Grafting, "locked": Locked}


def kinds():
    """The observations that this machine has the library for."""
    return list(KINDS) if fingerprint.is_available() else []


def observer_of(observation):
    kind = observation.get("kind")
    if kind not in kinds():
        raise Unsupported(f"no observation of kind {kind!r} can be left here; known are {', '.join(kinds()) or 'none'}")
    return KINDS[kind](observation)
