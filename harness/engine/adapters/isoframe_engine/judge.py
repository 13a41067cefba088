"""Two videos, or two traces, judged by the program isoframe."""

import ctypes
import functools
import itertools
import os
import pathlib
import re
import shlex
import shutil
import struct
import subprocess
import zlib

from isoframe_engine import files

# How far floats may lie outside of 0 to 1: rounding goes there, another scale goes further.
SLACK = 1e-3


class NotComparable(ValueError):
    """Two sides of which nothing can be said, or a question that the program does not know: no verdict."""


class Judge:
    """Asks `program`, and leaves frames that are given as arrays in `folder`."""

    def __init__(self, program, folder):
        self.program = str(program)
        self._folder = pathlib.Path(folder)
        self._numbers = itertools.count()

    def assert_same_frames(self, reference, candidate, **gates):
        """Raises AssertionError with the sentence of `isoframe compare` unless the frames are equal after 8 bits, or within
        the gates, which have the names that they have in a scenario: psnr_min=40.  A side is a path as the command takes
        it, or frames x height x width x 3 of numpy or torch: floats from 0 to 1, or uint8."""
        __tracebackhide__ = True
        known = gates_of(self.program) if gates else ()
        for name in gates:
            if name not in known:
                raise NotComparable(f"isoframe compare has no gate '{name}'; it has {', '.join(known)}")
        bounds = [text for name, bound in gates.items() for text in (option_of(name), str(bound))]
        sides = [self._path_of(reference, "reference"), self._path_of(candidate, "candidate")]
        self._ask(last_line, "compare", *bounds, "--", *sides)

    def assert_same_trace(self, a, b, tolerance=None):
        """Raises AssertionError with the sentence of `isoframe locate` where the traces part, and what it says beside.  A
        side is a path as the command takes it."""
        __tracebackhide__ = True
        bounds = [] if tolerance is None else ["--tolerance", str(tolerance)]
        self._ask(str.strip, "locate", *bounds, "--", os.fspath(a), os.fspath(b))

    def _ask(self, verdict_in, *arguments):
        """`verdict_in`: takes the verdict out of what the command prints."""
        __tracebackhide__ = True
        command = [self.program, *map(str, arguments)]
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        if ended.returncode == 0:
            return
        again = f"\nagain: {shlex.join(command)}"
        if ended.returncode == 1 and verdict_in(ended.stdout):
            raise AssertionError(verdict_in(ended.stdout) + again)
        said = last_line(ended.stderr) or f"isoframe {arguments[0]} ended with {ended.returncode} and said nothing"
        raise NotComparable(said + again)

    def _path_of(self, side, called):
        if isinstance(side, (str, os.PathLike)):
            return os.fspath(side)
        kind, shape = str(getattr(side, "dtype", type(side).__name__)).removeprefix("torch."), getattr(side, "shape", ())
        if kind != "uint8" and "float" not in kind:
            raise NotComparable(f"the {called} is neither a path nor frames as uint8 or floats from 0 to 1: {kind}")
        if len(shape) != 4 or shape[3] != 3 or 0 in shape:
            found = " x ".join(map(str, shape))
            raise NotComparable(f"the {called} is {found}, not frames x height x width x 3")
        folder = self._folder / f"{called}-{next(self._numbers)}"
        folder.mkdir(parents=True)
        if kind == "uint8":
            write_pictures(folder, side)
            return folder
        require_scale(side, called)
        files.write_tensors(folder / "frames.safetensors", {"frames": side})
        return folder


def find_program(asked=None):
    """The program's path: the one that is asked for, else $ISOFRAME_BIN, else isoframe in PATH.  Raises FileNotFoundError
    with one line where it is not."""
    named = asked or os.environ.get("ISOFRAME_BIN")
    found = shutil.which(named or "isoframe")
    if found:
        return os.path.abspath(found)
    if named:
        source = "--isoframe" if asked else "ISOFRAME_BIN"
        raise FileNotFoundError(f"{source} names {named}, which is no program")
    raise FileNotFoundError("isoframe is not found: name it by --isoframe PROGRAM or ISOFRAME_BIN, or put it into PATH")


@functools.cache
def gates_of(program):
    """The gates of `isoframe compare`, as its help lists them: options that take a number."""
    text = subprocess.run([program, "compare", "--help"], capture_output=True, text=True).stdout
    names = re.findall(r"^\s+--([a-z0-9-]+)\S* FLOAT\b", text, re.MULTILINE)
    if not names:
        raise NotComparable(f"{program} compare --help lists no gates: it is not isoframe")
    return tuple(name.replace("-", "_") for name in names)


def option_of(gate):
    return "--" + gate.replace("_", "-")


def last_line(text):
    """The last line that is not empty: below its table `compare` says a sentence."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def require_scale(frames, called):
    """Frames of another scale would be cut off at 0 and 1, on both sides alike, and look equal."""
    least, most = float(frames.min()), float(frames.max())
    if least < -SLACK or most > 1.0 + SLACK:
        raise NotComparable(f"the {called}'s floats go from {least:g} to {most:g}; frames go from 0 to 1, or are uint8")


def write_pictures(folder, frames):
    """A PNG a frame of uint8 values."""
    _, height, width, _ = frames.shape
    for number, frame in enumerate(frames):
        data, row = bytes_of(frame), 3 * width
        # Each row begins with the filter that it was packed by: none.
        rows = b"".join(b"\0" + data[first : first + row] for first in range(0, height * row, row))
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")
        picture = b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
        )
        (folder / f"{number:06}.png").write_bytes(picture)


def bytes_of(values):
    """The bytes of a uint8 array of torch or numpy, row by row."""
    if hasattr(values, "data_ptr"):
        values = values.detach().cpu().contiguous()
        return ctypes.string_at(values.data_ptr(), values.numel())
    return values.tobytes()
