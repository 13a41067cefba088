"""Starts engines and speaks harness/engine's protocol with them, as isoframe does."""

import array
import json
import math
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADAPTERS = ROOT / "harness/engine/adapters"


def environment(name):
    """The folder of a Python environment that ci/setup installs under this option, whether it is there or not."""
    found = subprocess.run(
        ["bash", "-c", f'. ci/common.sh; echo "${name}"'], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return pathlib.Path(found.stdout.strip())


def reference_python():
    """The interpreter of the environment that ci/setup --reference installs."""
    reference = environment("reference")
    if not (reference / "complete").exists():
        raise SystemExit("the reference is not installed; run ci/setup --reference")
    return reference / "bin/python"


def xdit_python():
    """The interpreter of the environment that ci/setup --xdit installs; without it tests are skipped."""
    xdit = environment("xdit")
    if not (xdit / "complete").exists():
        raise unittest.SkipTest("xDiT is not installed; run ci/setup --xdit")
    return xdit / "bin/python"


def header_of(data):
    """(description of all tensors, where their bytes begin) of a safetensors file."""
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), 8 + length


def names_of(path):
    return [name for name in header_of(pathlib.Path(path).read_bytes())[0] if name != "__metadata__"]


def tensor(path, name):
    """(shape, values) of a float32 tensor in a safetensors file."""
    data = pathlib.Path(path).read_bytes()
    header, first = header_of(data)
    entry = header[name]
    assert entry["dtype"] == "F32", entry
    begin, end = (first + offset for offset in entry["data_offsets"])
    return entry["shape"], array.array("f", data[begin:end])


def largest_difference(a, b):
    """Of two tensors of one shape; NaN counts as infinitely far."""
    assert a[0] == b[0], f"{a[0]} is not {b[0]}"
    return max((abs(x - y) if x == x and y == y else math.inf) for x, y in zip(a[1], b[1]))


class Rank:
    """One process of an engine, and the socket to it."""

    def __init__(self, command, rank, world_size, log, environment):
        self.log = log
        ours, theirs = socket.socketpair()
        variables = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world_size, "OMP_NUM_THREADS": 1, "MKL_NUM_THREADS": 1}
        variables |= {"ISOFRAME_ENGINE_FD": theirs.fileno()} | environment
        with theirs, open(log, "wb") as output:
            self.process = subprocess.Popen(
                list(map(str, command)), env=os.environ | {name: str(value) for name, value in variables.items()},
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )
        self.connection = ours
        self._lines = ours.makefile("rb")

    def send(self, request):
        line = request if isinstance(request, bytes) else json.dumps(request).encode()
        self.connection.sendall(line + b"\n")

    def read(self):
        line = self._lines.readline()
        if not line:
            raise AssertionError(f"the engine ended with {self.process.wait()}:\n{self.log.read_text()[-4000:]}")
        return json.loads(line)

    def answer(self):
        """(the answer that ends a request, the progress before it)"""
        progress = []
        while (answer := self.read())["answer"] == "progress":
            progress.append(answer)
        return answer, progress

    def hang_up(self):
        """Closes the socket, which the lines' reader holds open, too."""
        self._lines.close()
        self.connection.close()

    def close(self):
        self.hang_up()
        return self.process.wait(timeout=60)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.hang_up()


class Engine:
    """The ranks of an engine."""

    def __init__(self, command, ranks, folder, environment=None, timeout=120):
        self.folder = folder
        self._number = 0
        self._ranks = []
        try:
            for rank in range(ranks):
                self._ranks.append(Rank(command, rank, ranks, folder / f"log-{rank}", environment or {}))
                self._ranks[-1].connection.settimeout(timeout)
            self.began = time.monotonic()
            self.hello = [rank.read() for rank in self._ranks]
            self.seconds_to_hello = time.monotonic() - self.began
        except BaseException:
            self.kill()
            raise

    def ask(self, request, **fields):
        """Sends a request to all ranks; [(answer, progress)] of each."""
        self._number += 1
        for rank in self._ranks:
            rank.send({"id": self._number, "request": request, **fields})
        return [rank.answer() for rank in self._ranks]

    def ask_one(self, rank, request, **fields):
        self._number += 1
        self._ranks[rank].send({"id": self._number, "request": request, **fields})
        return self._ranks[rank].answer()

    def ask_raw(self, line):
        for rank in self._ranks:
            rank.send(line)
        return [rank.answer()[0] for rank in self._ranks]

    def load(self, case):
        store = pathlib.Path(tempfile.mkdtemp(dir=self.folder)) / "store"
        return self.ask("load", case=case, store=str(store))

    def generate(self, case, noise=None):
        """The folder in which the ranks left their files."""
        directory = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        for answer, _ in self.ask("generate", case=case, directory=str(directory), noise=noise):
            if answer["answer"] != "done":
                raise AssertionError(answer)
        return directory

    @property
    def processes(self):
        return [rank.process for rank in self._ranks]

    def exit(self):
        for rank in self._ranks:
            rank.send({"id": 0, "request": "exit"})
        codes = [rank.process.wait(timeout=60) for rank in self._ranks]
        for rank in self._ranks:
            rank.hang_up()
        return codes

    def close(self):
        """Ends what still runs; exit codes of all ranks, after the end of their input."""
        return [rank.close() for rank in self._ranks]

    def kill(self):
        for rank in self._ranks:
            rank.kill()
