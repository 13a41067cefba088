"""Shared by the command-line tests: the program and a tiny checkpoint."""

import json
import os
import pathlib
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


class CheckpointTest(unittest.TestCase):
    """Gives a test class its own folder with a tiny checkpoint."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        cls.checkpoint = cls.root / "check point"
        made = isoframe("weights", "init", "--preset", "tiny", "--seed", 3, cls.checkpoint)
        assert made.returncode == 0, made.stderr

    @classmethod
    def run_once(cls, scenario):
        """Runs a scenario, which names {checkpoint}, once for all tests of the class; keeps its folder and output."""
        cls.scenario = cls.root / "scenario.yaml"
        cls.scenario.write_text(scenario.format(checkpoint=json.dumps(str(cls.checkpoint))))
        cls.out = cls.root / "run"
        cls.ran = isoframe("run", cls.scenario, "--out", cls.out)
