"""What the command-line tests share: the program and a tiny checkpoint."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

# For what both folders of tests share.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

ISOFRAME = os.environ.get("ISOFRAME_BIN", "build/isoframe")


def isoframe(*arguments, **options):
    return subprocess.run([ISOFRAME, *map(str, arguments)], capture_output=True, text=True, **options)


class CheckpointTest(unittest.TestCase):
    """Has a folder of its own, with a tiny checkpoint in it."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        cls.checkpoint = cls.root / "check point"
        made = isoframe("weights", "init", "--preset", "tiny", "--seed", 3, cls.checkpoint)
        assert made.returncode == 0, made.stderr
