#!/usr/bin/env python3
"""harness/engine/adapters as a package: installed into a fresh environment, without a network, and used from there.

ISOFRAME_BIN names the program.  Needs a Python with venv, setuptools, wheel and pytest, as Debian's has them.
"""

import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

from harness import ADAPTERS, ROOT

sys.path[:0] = [str(ADAPTERS), str(pathlib.Path(__file__).resolve().parents[1] / "cli")]

from common import ISOFRAME, isoframe, tiny_checkpoint
from isoframe_engine import files

NO_VERDICT = r"isoframe_engine\.judge\.NotComparable: "
NEEDED = ("venv", "ensurepip", "setuptools", "wheel", "pytest")


def find_python():
    """A Python that has what is needed, None where there is none."""
    for python in (sys.executable, "/usr/bin/python3"):
        look = f"import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, {NEEDED})))"
        if os.access(python, os.X_OK) and subprocess.run([python, "-c", look]).returncode == 0:
            return python
    return None


def setUpModule():
    global ENVIRONMENT, FOLDER
    python = find_python()
    if python is None:
        raise unittest.SkipTest(f"no Python here has all of {', '.join(NEEDED)}; ci/setup --tests installs Debian's")
    folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
    unittest.addModuleCleanup(folder.cleanup)
    FOLDER = pathlib.Path(folder.name)
    ENVIRONMENT = FOLDER / "environment"
    subprocess.run([python, "-m", "venv", "--system-site-packages", ENVIRONMENT], check=True, capture_output=True)
    # A copy: setuptools builds beside the sources.
    shutil.copytree(ADAPTERS, FOLDER / "adapters", ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    # --no-index: whatever it depended on could not be had.
    command = [ENVIRONMENT / "bin/python", "-m", "pip", "install", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    installed = subprocess.run([*command, FOLDER / "adapters"], capture_output=True, text=True)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    shutil.rmtree(FOLDER / "adapters")


def environment(**variables):
    """Without what this process was told of a program, and of where modules are."""
    kept = {name: value for name, value in os.environ.items() if name not in ("ISOFRAME_BIN", "PYTHONPATH", "PYTEST_ADDOPTS")}
    return kept | {name: str(value) for name, value in variables.items()}


def run(*command, **variables):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=FOLDER, env=environment(**variables))


class Package(unittest.TestCase):
    def ask(self, expression):
        ended = run(ENVIRONMENT / "bin/python", "-c", f"from importlib import metadata\nprint({expression})")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return ended.stdout.strip()

    def test_its_version_is_the_programs(self):
        (version,) = re.findall(r"^project\(isoframe VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)
        self.assertEqual(self.ask("metadata.version('isoframe-engine')"), version)
        self.assertEqual(isoframe("--version").stdout.split("\n")[0], f"isoframe {version}")

    def test_it_needs_nothing(self):
        self.assertEqual(self.ask("metadata.requires('isoframe-engine')"), "None")
        modules = sorted(path.stem for path in (ADAPTERS / "isoframe_engine").glob("*.py") if path.stem not in ("pytest_plugin", "__init__"))
        self.assertGreater(len(modules), 8)
        imports = "; ".join(f"import isoframe_engine.{module}" for module in modules)
        # -S: not even what is installed; the modules come from the source tree.
        ended = run(sys.executable, "-S", "-c", imports, PYTHONPATH=ADAPTERS)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))

    def test_each_adapter_starts_installed_and_as_a_file(self):
        adapters = sorted(path.stem for path in ADAPTERS.glob("*_engine.py"))
        self.assertIn("diffusers_engine", adapters)
        for adapter in adapters:
            for command in ((ENVIRONMENT / "bin/python", "-m", adapter), (sys.executable, ADAPTERS / f"{adapter}.py")):
                with self.subTest(adapter, command=command[1]):
                    ended = run(*command)
                    self.assertEqual((ended.returncode, ended.stderr.count("\n")), (2, 1), ended.stderr)
                    self.assertIn("is started by isoframe, which passes a socket", ended.stderr)

    def test_every_module_beside_an_adapter_is_installed(self):
        folder = pathlib.Path(self.ask("__import__('isoframe_engine').__path__[0]")).parent
        self.assertIn(ENVIRONMENT, folder.parents)
        expected = {path.name for path in ADAPTERS.glob("*.py")} - {"setup.py"}
        self.assertLessEqual(expected, {path.name for path in folder.glob("*.py")})
        self.assertFalse((folder / "setup.py").exists())
        for source in (ADAPTERS / "isoframe_engine").glob("*.py"):
            self.assertEqual((folder / "isoframe_engine" / source.name).read_text(), source.read_text())


class Fixture(unittest.TestCase):
    """The fixture `isoframe` of the installed package, in a pytest of its own."""

    @classmethod
    def setUpClass(cls):
        cls.frames = {}
        for name, offset, width in (("first", 0.0, 48), ("second", 0.1, 48), ("wide", 0.0, 64)):
            cls.frames[name] = FOLDER / f"{name} frames"
            cls.frames[name].mkdir()
            frames = [[[[0.5 + 0.4 * math.sin(f + 0.3 * r + 0.2 * c + k) + offset * ((f, r, c) == (1, 3, 4)) for k in range(3)]
                        for c in range(width)] for r in range(32)] for f in range(2)]
            files.write_tensors(cls.frames[name] / "frames.safetensors", {"frames": frames})

    def pytest(self, bodies, *arguments, **variables):
        """What became of tests of these bodies, which find the folders of frames by name: "passed", or why not."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=FOLDER))
        named = "".join(f"{name} = {str(path)!r}\n" for name, path in self.frames.items())
        tests = [f"def test_{number}(isoframe, monkeypatch):\n    {body}\n" for number, body in enumerate(bodies)]
        (folder / "test_it.py").write_text("\n\n".join(["import pathlib", named, *tests]))
        results = folder / "results.xml"
        command = (ENVIRONMENT / "bin/python", "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", folder, "--junitxml", results, *arguments, folder)
        ended = run(*command, **{"PATH": "/usr/bin:/bin"} | variables)
        outcomes = []
        for case in ElementTree.parse(results).iter("testcase"):
            bad = case.find("*[@message]")
            outcomes.append("passed" if bad is None else f"{bad.tag}: {bad.get('message')}")
        self.assertEqual((len(outcomes), ended.returncode), (len(bodies), int(set(outcomes) != {"passed"})), ended.stdout + ended.stderr)
        return outcomes

    def judge(self, expected, *arguments, **variables):
        """Compares what became of tests with {body: words at the beginning}."""
        outcomes = self.pytest(list(expected), *arguments, **variables)
        for (body, words), found in zip(expected.items(), outcomes):
            with self.subTest(body):
                self.assertRegex(found, f"^{words}")
        return outcomes

    def program(self, script):
        """A program in a folder of its own that does what the script says."""
        path = pathlib.Path(tempfile.mkdtemp(dir=FOLDER)) / "isoframe"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def test_frames_are_judged_by_compare(self):
        ask = "isoframe.assert_same_frames"
        outcomes = self.judge(
            {
                f"{ask}(first, second)": r"failure: AssertionError: different: PSNR \S+ dB, SSIM \S+, first different frame 1,",
                f"{ask}(first, first)": "passed",
                f"{ask}(first, pathlib.Path(second), psnr_min=20, ssim_min=0.9)": "passed",
                f"{ask}(first, second, psnr_min=70)": r"failure: AssertionError: outside the gates: PSNR \S+ dB \(needs 70.00 dB\)",
                f"{ask}(first, second, psnr=20)": f"failure: {NO_VERDICT}isoframe compare has no gate 'psnr'; it has psnr_min, ssim_min, ",
                f"{ask}(first, wide)": f"failure: {NO_VERDICT}isoframe compare: not comparable: the reference is 32 x 48 pixels",
                f"{ask}(first, '-nowhere')": f"failure: {NO_VERDICT}isoframe compare: -nowhere: no such file or folder",
            },
            ISOFRAME_BIN=ISOFRAME,
        )
        # The command that a failure names says the same.
        sentence, again = outcomes[0].removeprefix("failure: AssertionError: ").split("\nagain: ")
        ended = subprocess.run(["bash", "-c", again], capture_output=True, text=True)
        self.assertEqual((ended.returncode, ended.stdout.splitlines()[-1]), (1, sentence))

    def test_traces_are_judged_by_locate(self):
        # Says what it was asked, and ends as the first side is called.
        program = self.program("""
            echo "asked: $*"
            case "$*" in
              *same*) exit 0;;
              *apart*) echo "beside"; exit 1;;
              *killed*) kill -9 $$;;
              *ill*) echo "rank 1 is ill" >&2; exit 3;;
            esac
            echo "no trace" >&2
            exit 2""")
        mute = self.program("exit 1")
        ask = "isoframe.assert_same_trace"
        self.judge(
            {
                f"{ask}('same', pathlib.Path('b'))": "passed",
                f"{ask}('apart', 'b')": "failure: AssertionError: asked: locate -- apart b\nbeside\nagain: ",
                f"{ask}('apart', 'b', tolerance=1e-5)": "failure: AssertionError: asked: locate --tolerance 1e-05 -- apart b\nbeside\nagain: ",
                f"{ask}('apart', 'b', tolerance=0)": "failure: AssertionError: asked: locate --tolerance 0 -- apart b\nbeside\nagain: ",
                f"{ask}('neither', 'b')": f"failure: {NO_VERDICT}no trace\nagain: ",
                f"{ask}('ill', 'b')": f"failure: {NO_VERDICT}rank 1 is ill\nagain: ",
                f"{ask}('killed', 'b')": f"failure: {NO_VERDICT}isoframe locate ended with -9 and said nothing\nagain: ",
            },
            ISOFRAME_BIN=program,
        )
        self.judge({f"{ask}('a', 'b')": f"failure: {NO_VERDICT}isoframe locate ended with 1 and said nothing\n"}, ISOFRAME_BIN=mute)

    def test_traces_of_isoframes_own(self):
        if not {"trace", "locate"} <= set(re.findall(r"(?m)^  (\w+) ", isoframe("--help").stdout)):
            self.skipTest("this isoframe has no trace and locate")
        folders = {}
        for name, options in (("single", ("--seed", 7)), ("tensor", ("--seed", 7, "--layout", "tensor=2")), ("eight", ("--seed", 8))):
            folders[name] = str(FOLDER / f"trace {name}")
            made = isoframe("trace", "--checkpoint", tiny_checkpoint().name, "--task", "t2v", "--prompt", "a sign", "--height", 16, "--width", 16,
                            "--frames", 1, "--steps", 1, "--no-tiling", "--out", folders[name], *options)
            self.assertEqual(made.returncode, 0, made.stderr)
        of = f"traces = {folders}; isoframe.assert_same_trace"
        self.judge(
            {
                f"{of}(traces['single'], traces['single'], tolerance=0)": "passed",
                # It adds in another order.
                f"{of}(traces['single'], traces['tensor'])": "passed",
                f"{of}(traces['single'], traces['tensor'], tolerance=0)": "failure: AssertionError: first difference: stage ",
                f"{of}(traces['single'], traces['eight'])": f"failure: {NO_VERDICT}.* are different videos: seed: 7 in A, 8 in B\n",
                f"{of}(traces['single'], '/nowhere')": f"failure: {NO_VERDICT}.*nowhere",
            },
            ISOFRAME_BIN=ISOFRAME,
        )

    def test_the_program_is_the_one_that_is_named_first(self):
        asked, told, found = (self.program(f"echo 'the {name} one'; exit 1") for name in ("asked", "told", "found"))
        path = f"{found.parent}:/usr/bin:/bin"

        def judge(name, *arguments, **variables):
            # From where pytest was started, wherever a test has gone since.
            body = "monkeypatch.chdir('/'); isoframe.assert_same_frames(first, second)"
            self.judge({body: f"failure: AssertionError: the {name} one\n"}, *arguments, PATH=path, **variables)

        judge("asked", "--isoframe", asked.relative_to(FOLDER), ISOFRAME_BIN=told)
        judge("told", ISOFRAME_BIN=told)
        judge("found")

    def test_without_the_program_a_test_is_an_error_of_one_line(self):
        for words, arguments, variables in (
            ("isoframe is not found: name it by --isoframe PROGRAM or ISOFRAME_BIN, or put it into PATH", (), {}),
            ("ISOFRAME_BIN names /no/where, which is no program", (), {"ISOFRAME_BIN": "/no/where"}),
            ("--isoframe names /no/where, which is no program", ("--isoframe", "/no/where"), {"ISOFRAME_BIN": ISOFRAME}),
        ):
            self.judge({"pass": f'error: failed on setup with "{words}"$'}, *arguments, **variables)


if __name__ == "__main__":
    unittest.main()
