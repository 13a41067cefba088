#!/usr/bin/env python3
"""An engine without a model and without a library, sound or broken in one way: what the tests of isoframe's side start.

    fake_engine.py [--becomes MODE] [--on-rank RANK]

What is broken before any case is known is said on the command line, everything else there or by a case:

    engine_options: {becomes: leaves-nan, on_rank: 1, offset: 0.01}

`on_rank` leaves the other ranks sound; `offset` is added to every frame, `offset_of_layouts` to those of several ranks.  --list prints the modes.  Its frames follow from
the noise, and this from the case's seed or from a file: equal on every machine.  Started without RANK (`ranks: engine`)
it answers for all ranks of the layout.
"""

import argparse
import array
import contextlib
import math
import os
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "harness/engine/adapters"))

from isoframe_engine import Engine, InputError, Unsupported, files, group, measure, protocol, serve
from isoframe_engine.case import LOADED_WITH, latent_shape, require_able, require_loaded, require_world, setting, world_size_of

from harness import tensor

MODES_OF_THE_PROGRAM = {
    "dies-before-hello": "it ends with 7 before it has said a word",
    "never-says-hello": "it waits and says nothing",
    "prints-garbage-for-hello": "its first line is no answer",
    "says-hello-of-wrong-rank": "it says that it is the rank after it",
    "speaks-protocol-2": "it speaks another protocol",
}
MODES_OF_A_CASE = {
    "hangs-at-load": "it never answers load",
    "dies-at-load": "it ends with 7 while it loads",
    "claims-too-much": "it says what it can do, and is unable to when it is asked",
    "hangs-at-generate": "it tells that it denoises, and then nothing",
    "never-done": "it tells for ever that it denoises",
    "dies-at-generate": "it ends with 7 while it denoises",
    "is-killed-at-generate": "SIGKILL ends it while it denoises",
    "prints-garbage": "a line on the socket is no answer",
    "answers-twice": "it says twice that it is done",
    "answers-another-id": "it says that another request is done",
    "answers-another-request": "it says that it has loaded, and was asked to generate",
    "leaves-other-size": "frames are 16 pixels narrower than the case's, or wider where there would be none",
    "leaves-other-number-of-frames": "there is a frame more than the case has",
    "leaves-nan": "one number of the frames is NaN",
    "leaves-other-latents": "latents are of another size than the case's",
    "leaves-no-frames": "frames.safetensors is not there",
    "leaves-no-latents": "latents.safetensors is not there",
    "leaves-no-record": "rank-RANK.json is not there",
    "leaves-negative-time": "total_seconds of its record is below 0",
}
OPTIONS = ("becomes", "on_rank", "offset", "offset_of_layouts")
NEVER = 1e9
EXIT_CODE_OF_DEATH = 7


class FakeEngine(Engine):
    name = "fake"

    def __init__(self, becomes, on_rank):
        self._becomes_always, self._always_on_rank = becomes, on_rank
        self._becomes, self._offset = "", 0.0
        self._loaded = None
        self._load_seconds = 0.0
        if self._becomes_always in MODES_OF_THE_PROGRAM:
            self._become({})

    def version(self):
        return "1"

    def capabilities(self):
        return {
            "tasks": ["t2v", "i2v"],
            "dtypes": ["float32", "bfloat16", "float16"],
            "devices": ["cpu"],
            "layouts": ["ulysses", "ring", "cfg", "tensor", "vae_patch"],
            "takes_noise": True,
            "observations": [],
            "fingerprint": None,
        }

    def becomes(self, *modes):
        return self._becomes in modes

    def _become(self, options):
        """Takes a case's options, or what the program was told."""
        for name in options:
            if name not in OPTIONS:
                raise InputError(f"the fake engine has no option '{name}'; it has {', '.join(OPTIONS)}")
        becomes = options.get("becomes", self._becomes_always)
        if becomes and becomes not in MODES_OF_A_CASE and becomes != self._becomes_always:
            known = "is an option of the program" if becomes in MODES_OF_THE_PROGRAM else "is unknown"
            raise InputError(f"'becomes: {becomes}' {known}; a case may say {', '.join(MODES_OF_A_CASE)}")
        on_rank = options.get("on_rank", self._always_on_rank)
        self._becomes = becomes if on_rank in (None, group.RANK) else ""
        self._offset = float(options.get("offset", 0.0))
        self._offset_of_layouts = float(options.get("offset_of_layouts", 0.0))

    def load(self, case, store, progress):
        began = time.perf_counter()
        self._loaded = None
        self._become(case.get("engine_options") or {})
        if self.becomes("claims-too-much"):
            raise Unsupported(f"the fake engine has no {case.get('task')} after all")
        degrees = require_able(self, case)
        if "WORLD_SIZE" in os.environ:
            require_world(degrees)
        progress("load")
        if self.becomes("hangs-at-load"):
            time.sleep(NEVER)
        if self.becomes("dies-at-load"):
            die()
        self._loaded = case
        self._ranks = [group.RANK] if "RANK" in os.environ else range(world_size_of(degrees))
        self._load_seconds = time.perf_counter() - began
        return self._load_seconds, {"fake": "1"}

    def generate(self, case, directory, noise, progress):
        require_loaded(case, self._loaded, LOADED_WITH)
        self._become(case.get("engine_options") or {})
        shape, steps = latent_shape(case), setting(case, "steps", int)
        with measure.Measurement(progress) as measured:
            with measured.stage("text"):
                latents = drawn(shape, setting(case, "seed", int)) if noise is None else read_noise(noise, shape)
            initial, of_steps = latents, []
            for step in measured.steps(steps):
                self._break_while_denoising(progress, step, steps)
                latents = [0.5 * value for value in latents]
                of_steps.append(latents)
            with measured.stage("decode"):
                frames = self._frames(case, shape, latents)
        if directory is not None:
            progress("write")
            self._write(directory, shape, frames, initial, of_steps, measured)

    def _break_while_denoising(self, progress, step, steps):
        if self.becomes("hangs-at-generate"):
            time.sleep(NEVER)
        if self.becomes("dies-at-generate"):
            die()
        if self.becomes("is-killed-at-generate"):
            os.kill(os.getpid(), signal.SIGKILL)
        while self.becomes("never-done"):
            progress("denoise", step, steps)
            time.sleep(0.05)

    def _frames(self, case, shape, latents):
        """A pixel is the first three channels' value above it, squeezed between 0 and 1."""
        _, channels, times, rows, columns = shape
        scale = 2.0 ** case["steps"]
        offset = self._offset + (self._offset_of_layouts if case["layout"] != "single" else 0.0)
        width, count = case["width"], case["frames"]
        if self.becomes("leaves-other-size"):
            width += 16 if width == 16 else -16
        if self.becomes("leaves-other-number-of-frames"):
            count += 1

        def pixel(frame, row, column):
            time_of_latents, column = min((frame + 3) // 4, times - 1), min(column, columns - 1)
            place = (time_of_latents * rows + row) * columns + column
            of_channel = (latents[channel * times * rows * columns + place] for channel in range(3))
            return [0.5 + 0.4 * math.tanh(scale * value) + offset for value in of_channel]

        def row_of(frame, row):
            return [value for column in range(width // 16) for value in [pixel(frame, row, column)] * 16]

        frames = [[line for row in range(rows) for line in [row_of(frame, row)] * 16] for frame in range(count)]
        if self.becomes("leaves-nan"):
            frames[0][0] = [[math.nan, 0.5, 0.5], *frames[0][0][1:]]
        return frames

    def _write(self, directory, shape, frames, initial, of_steps, measured):
        if 0 in self._ranks:
            if self.becomes("leaves-other-latents"):
                shape = [*shape[:4], 2 * shape[4]]
                initial, *of_steps = (2 * values for values in (initial, *of_steps))
            files.write_video(directory, frames, in_shape(initial, shape), [in_shape(step, shape) for step in of_steps])
            for name in ("frames", "latents"):
                if self.becomes(f"leaves-no-{name}"):
                    (directory / f"{name}.safetensors").unlink()
        for rank in () if self.becomes("leaves-no-record") else self._ranks:
            record = measured.record(self._load_seconds, rank=rank)
            if self.becomes("leaves-negative-time"):
                record["total_seconds"] = -record["total_seconds"]
            files.write_record(directory, record, measured.events)


class FakeChannel(protocol.Channel):
    """Says what a sound channel never would."""

    engine = None

    def send(self, answer, **fields):
        becomes = self.engine.becomes
        if answer == "hello":
            fields["rank"] += becomes("says-hello-of-wrong-rank")
            fields["protocol"] += becomes("speaks-protocol-2")
            if becomes("prints-garbage-for-hello"):
                return self._connection.sendall(b"\x1b[31mLoading pipeline components...\n")
        if answer == "done":
            if becomes("prints-garbage"):
                self._connection.sendall(b"Fetching 12 files: 100%|##########| \xff\xfe\n")
            if becomes("answers-another-id"):
                fields["id"] += 1000
            if becomes("answers-another-request"):
                answer, fields = "loaded", fields | {"seconds": 0.1, "facts": {}}
            if becomes("answers-twice"):
                super().send(answer, **fields)
        super().send(answer, **fields)


def die():
    os._exit(EXIT_CODE_OF_DEATH)


def drawn(shape, seed):
    """Noise as a file gives it back: in float32."""
    source = random.Random(seed)
    return array.array("f", (source.gauss(0.0, 1.0) for _ in range(math.prod(shape)))).tolist()


def read_noise(path, shape):
    try:
        found, values = tensor(path, "noise")
    except (OSError, ValueError, KeyError, AssertionError) as error:
        raise InputError(f"{path}: the noise cannot be read: {error}") from None
    if found != shape:
        raise InputError(f"{path}: the given latents are {found}, the case's are {shape}")
    return values.tolist()


def in_shape(values, shape):
    """Nested lists of the shape, of as many values."""
    for size in reversed(shape[1:]):
        values = [values[first : first + size] for first in range(0, len(values), size)]
    return values


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--becomes", default="", choices=[*MODES_OF_THE_PROGRAM, *MODES_OF_A_CASE], metavar="MODE")
    parser.add_argument("--on-rank", type=int)
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        for mode, meaning in (MODES_OF_THE_PROGRAM | MODES_OF_A_CASE).items():
            print(f"{mode:<32}{meaning}")
        return 0
    engine = FakeEngine(arguments.becomes, arguments.on_rank)
    if engine.becomes("dies-before-hello"):
        die()
    if engine.becomes("never-says-hello"):
        time.sleep(NEVER)
    if protocol.DESCRIPTOR not in os.environ:
        return serve(engine)
    channel = FakeChannel.from_environment()
    channel.engine = engine
    return serve(engine, channel)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
