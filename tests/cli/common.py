"""What the command-line tests share: the program, its ranks, a tiny checkpoint."""

import os
import pathlib
import subprocess
import tempfile
import time
import unittest

ISOFRAME = os.environ.get("ISOFRAME_BIN", "build/isoframe")


def isoframe(*arguments, **options):
    return subprocess.run([ISOFRAME, *map(str, arguments)], capture_output=True, text=True, **options)


def ranks_of(parent):
    """{rank: pid} of the worker processes that `parent` started."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            status = (entry / "status").read_text()
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"PPid:\t{parent}\n" not in status:
            continue
        for variable in environment:
            if variable.startswith(b"RANK="):
                found[int(variable[5:])] = int(entry.name)
    return found


def is_alive(pid):
    try:
        return "State:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def wait_for(condition, what, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited for {what} in vain")


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
