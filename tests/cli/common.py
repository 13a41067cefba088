"""Shared by the command-line tests: the program and a tiny checkpoint."""

import functools
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

# tests/ holds the modules that both folders of tests share.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

ISOFRAME = os.path.abspath(os.environ.get("ISOFRAME_BIN", "build/isoframe"))


def isoframe(*arguments, **options):
    return subprocess.run([ISOFRAME, *map(str, arguments)], capture_output=True, text=True, **options)


def cases_of(out):
    """{name: row} of a run's cases."""
    return {case["name"]: case for case in json.loads((out / "run.json").read_text())["cases"]}


@functools.cache
def tiny_checkpoint():
    """A folder with a tiny checkpoint, made once for all classes of a process and removed at its end."""
    folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
    made = isoframe("weights", "init", "--preset", "tiny", "--seed", 3, folder.name)
    assert made.returncode == 0, made.stderr
    return folder


def safetensors_of(path):
    """{name: (dtype, shape, bytes)} of a file."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    return {name: (entry["dtype"], entry["shape"], data[8 + length + entry["data_offsets"][0]:8 + length + entry["data_offsets"][1]])
            for name, entry in header.items()}


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values()))


class CheckpointTest(unittest.TestCase):
    """Gives a test class its own folder with a tiny checkpoint, which it may change."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        cls.checkpoint = cls.root / "check point"
        shutil.copytree(tiny_checkpoint().name, cls.checkpoint)

    @classmethod
    def run_once(cls, scenario):
        """Runs a scenario, which names {checkpoint}, once for all tests of the class; keeps its folder and output."""
        cls.scenario = cls.root / "scenario.yaml"
        cls.scenario.write_text(scenario.format(checkpoint=json.dumps(str(cls.checkpoint))))
        cls.out = cls.root / "run"
        cls.ran = isoframe("run", cls.scenario, "--out", cls.out)
