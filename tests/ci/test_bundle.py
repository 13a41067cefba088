#!/usr/bin/env python3
"""ci/bundle: its archive runs in a tree that holds nothing but a shell, the C library and torch.

ISOFRAME_BIN names the program, beside which the unit tests lie.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ISOFRAME = pathlib.Path(os.environ.get("ISOFRAME_BIN", ROOT / "build/isoframe")).resolve()
C_LIBRARY = ("ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libresolv.so.2",
             "libutil.so.1")
SCENARIO = """
version: 1
checkpoint: /checkpoint
defaults: {prompt: a lighthouse, height: 64, width: 96, frames: 5, steps: 1, seed: 5, warmup: 0, repeat: 1, tiling: {tile_size: 64}}
cases:
  - {name: base}
  - {name: u2, layout: ulysses=2, baseline: base}
"""


def torch_folder():
    linked = subprocess.run(["ldd", ISOFRAME], capture_output=True, text=True, check=True).stdout
    return pathlib.Path(re.search(r"libtorch_cpu\.so => (\S+)", linked)[1]).parents[1]


class Bundle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if ISOFRAME.parent != ROOT / "build":
            raise unittest.SkipTest("the program is not that of build/, which ci/bundle packs")
        folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        cls.archive = cls.root / "bundle.tar.xz"
        made = subprocess.run([ROOT / "ci/bundle", "--cpu", "--built", "--out", cls.archive], capture_output=True, text=True)
        assert made.returncode == 0, made.stdout + made.stderr
        cls.tree = cls.root / "tree"
        cls.tree.mkdir()
        with tarfile.open(cls.archive) as archive:
            archive.extractall(cls.tree)
        (cls.bundle,) = cls.tree.iterdir()

    def test_it_is_small_and_holds_neither_torch_nor_the_c_library(self):
        self.assertLess(self.archive.stat().st_size, 48 << 20)
        names = {file.name for file in (self.bundle / "lib").iterdir()}
        self.assertLessEqual({"libavcodec.so.59", "libx264.so.164", "libstdc++.so.6"}, names)
        self.assertFalse([name for name in names if re.match(r"lib(c|m|torch\w*|c10|cud\w+)\.so", name)])
        self.assertIn("glibc", (self.bundle / "README").read_text())

    def run_with(self, torch, *command):
        return subprocess.run([*command], env=os.environ | {"ISOFRAME_TORCH": str(torch)}, capture_output=True, text=True)

    def test_another_torch_is_refused_in_a_line(self):
        other = self.root / "other"
        other.mkdir()
        refused = self.run_with(other, self.bundle / "isoframe", "--version")
        self.assertEqual((refused.returncode, refused.stderr.count("\n")), (2, 1))
        self.assertIn(f"{other} is no folder of torch", refused.stderr)
        (other / "version.py").write_text("__version__ = '2.9.1+cu128'\n")
        refused = self.run_with(other, self.bundle / "isoframe", "--version")
        self.assertEqual((refused.returncode, refused.stderr), (2, f"isoframe: {other} is torch 2.9.1; this bundle is for 2.11.0\n"))

    def test_a_bare_tree_is_enough(self):
        for name in C_LIBRARY:
            (found,) = subprocess.run(f"ls -L /lib64/{name} /lib/x86_64-linux-gnu/{name} 2>/dev/null | head -1", shell=True,
                                      capture_output=True, text=True, check=True).stdout.split() or [None]
            for folder in ("lib64", "lib/x86_64-linux-gnu"):
                (self.tree / folder).mkdir(parents=True, exist_ok=True)
                shutil.copy(os.path.realpath(found), self.tree / folder / name)
        for folder in ("bin", "proc", "dev", "tmp", "torch"):
            (self.tree / folder).mkdir()
        shutil.copy(os.path.realpath("/bin/sh"), self.tree / "bin/sh")
        (self.tree / "scenario.yaml").write_text(SCENARIO)
        # torch without CUDA: what of it the CPU's library names lies beside it.
        site = torch_folder().parent
        (self.tree / "nvidia").mkdir()
        mounts = " && ".join(
            f'mount --rbind "{source}" "{self.tree / target}"'
            for source, target in ((torch_folder(), "torch"), (site / "nvidia", "nvidia"), ("/proc", "proc"), ("/dev", "dev"))
        )
        inside = [f"/{self.bundle.name}/isoframe"]
        shell = ["unshare", "-rm", "sh", "-c", f'{mounts} && exec chroot "{self.tree}" /bin/sh -c "$0"']
        if subprocess.run([*shell, "exit 0"], capture_output=True).returncode:
            self.skipTest("no tree can be entered here")

        def run(*words, program=inside):
            line = " ".join([*program, *words])
            done = subprocess.run([*shell, f"export ISOFRAME_TORCH=/torch PATH=/bin; unset LD_LIBRARY_PATH; {line}"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return done.stdout

        self.assertRegex(run("--version"), r"^isoframe \d+\.\d+\.\d+\n")
        run("weights", "init", "--preset", "tiny", "--seed", "0", "/checkpoint")
        self.assertIn("2 of 2 cases passed", run("run", "/scenario.yaml", "--out", "/run"))
        self.assertGreater((self.tree / "run/base/video.mp4").stat().st_size, 0)
        self.assertIn("PSNR", run("compare", "/run/base/video.mp4", "/run/u2/video.mp4"))
        tests = run("--gtest_brief=1", program=[f"/{self.bundle.name}/with-torch", f"/{self.bundle.name}/bin/unit_model_kernels"])
        self.assertIn("PASSED", tests)


if __name__ == "__main__":
    unittest.main()
