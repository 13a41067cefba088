"""Shared by the launcher tests: the program, a tiny checkpoint, one request, processes that are ended."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

# tests/ holds the modules that both folders of tests share.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

ISOFRAME = str(pathlib.Path(os.environ.get("ISOFRAME_BIN", "build/isoframe")).resolve())
LAYOUT = "ulysses=2,cfg=2,vae_patch=4"
RANKS = 4
LIMIT = 15.0  # seconds from a start that cannot succeed to the end of all ranks
# Variables of a launcher that may have started the tests themselves.
FOREIGN = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "GLOO_SOCKET_IFNAME")


def plain_environment(**more):
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN and not name.startswith(("SLURM", "OMPI", "PMI", "MPI_LOCAL"))}
    return {**kept, **{name: str(value) for name, value in more.items()}}


def need(program, package):
    """Returns the program's path; skips the test if it is not installed."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise unittest.SkipTest(f"{program} is not installed (Debian: {package}; ci/setup --launchers)")
    return path


def need_root():
    if os.geteuid() != 0:
        raise unittest.SkipTest("needs root")


def torchrun():
    """Returns a command line for torchrun: the wheel's module, in the environment of `ci/setup --reference`."""
    cache = os.environ.get("ISOFRAME_CACHE") or os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")) + "/isoframe"
    for python in sorted(pathlib.Path(cache).glob("reference-*/bin/python")):
        if (python.parents[1] / "complete").exists():
            return f"{python} -m torch.distributed.run"
    raise unittest.SkipTest("torchrun is not installed (ci/setup --reference)")


class LauncherTest(unittest.TestCase):
    """Makes one video on a single rank, and the same one in a layout under a launcher."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="isoframe-launchers-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.root = pathlib.Path(cls.folder.name)
        cls.checkpoint = cls.root / "checkpoint"
        made = subprocess.run([ISOFRAME, "weights", "init", "--preset", "tiny", "--seed", "3", cls.checkpoint], capture_output=True, text=True)
        assert made.returncode == 0, made.stderr

    def request(self, out, *options, layout=LAYOUT, steps=2):
        return [
            ISOFRAME, "generate", "--checkpoint", self.checkpoint, "--task", "t2v", "--prompt", 'a pier, "OPEN"',
            "--height", "96", "--width", "112", "--frames", "5", "--steps", steps, "--seed", "5",
            "--tile-size", "64", "--layout", layout, "--out", out, *options,
        ]  # fmt: skip

    def generate(self, name, *options, environment=None, timeout=240, **request):
        out = self.root / name
        command = [str(word) for word in self.request(out, *options, **request)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment or plain_environment())
        return done, out

    def single(self):
        """Returns the bytes of a single rank's frames.safetensors, made once."""
        cls = type(self)
        if not hasattr(cls, "reference"):
            done, out = self.generate("single", layout="single")
            self.assertEqual(done.returncode, 0, done.stderr)
            cls.reference = (out / "frames.safetensors").read_bytes()
        return cls.reference

    def assert_equals_single(self, launcher, environment=None, timeout=240):
        """Asserts that the layout under `launcher` (None: our own) leaves the single rank's file, byte for byte."""
        options = [] if launcher is None else ["--launcher", launcher]
        done, out = self.generate("layout", *options, "--json", environment=environment, timeout=timeout)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((out / "frames.safetensors").read_bytes(), self.single())
        result = json.loads(done.stdout)
        self.assertEqual([rank["rank"] for rank in result["ranks"]], list(range(RANKS)))
        shutil.rmtree(out)
        return result


def kill_quietly(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
