#!/usr/bin/env python3
"""Tests of what is installed and packed: it works from any place, and other programs can link it.

ISOFRAME_BIN names the program; what is installed is of its build folder.
"""

import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from common import ISOFRAME, isoframe

BUILD = pathlib.Path(ISOFRAME).parent
HERE = pathlib.Path(__file__).resolve().parent
SCENARIO = """
version: 1
checkpoint: {checkpoint}
defaults: {{prompt: a lighthouse, height: 64, width: 64, frames: 1, steps: 1, seed: 5, repeat: 1, warmup: 0,
  tiling: {{tile_size: 64, overlap: 0.25}}}}
cases:
  - {{name: alone}}
"""


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)


def cached(name):
    """A variable of the build's cache."""
    return re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)[1]


def long_names(line, text):
    """The names in the lines' first group, as "-o,--out,--to"."""
    return {name for names in re.findall(line, text, re.MULTILINE) for name in re.findall(r"--[a-z][\w-]*", names)}


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        made = run("cmake", "--install", BUILD, "--prefix", cls.root / "installed here")
        assert made.returncode == 0, made.stdout + made.stderr
        cls.tree = (cls.root / "installed here").rename(cls.root / "moved there")
        cls.program = cls.tree / "bin/isoframe"
        cls.torch = pathlib.Path(cached("LIBTORCH_INCLUDE_DIR")).parent
        cls.environment = os.environ | {"ISOFRAME_TORCH": str(cls.torch)}
        cls.checkpoint = cls.root / "check point"
        cls.succeed("weights", "init", "--preset", "tiny", "--seed", 3, cls.checkpoint)
        cls.scenario = cls.root / "alone.yaml"
        cls.scenario.write_text(SCENARIO.format(checkpoint=json.dumps(str(cls.checkpoint))))
        cls.succeed("run", cls.scenario, "--out", cls.root / "run")

    @classmethod
    def succeed(cls, *arguments):
        ended = run(cls.program, *arguments, cwd="/", env=cls.environment)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def test_it_says_what_the_built_program_says(self):
        self.assertEqual(self.succeed("--version"), isoframe("--version").stdout)

    def test_a_run_leaves_its_report(self):
        self.assertIn("Chart.js v", (self.root / "run/report.html").read_text())

    def test_scenarios_find_their_adapters(self):
        scenarios = self.tree / "share/isoframe/scenarios"
        shown = self.succeed("validate", scenarios / "engines.yaml", "--checkpoint", self.checkpoint)
        self.assertIn("diffusers", shown)
        adapters = set(re.findall(r"\S+/adapters/\w+\.py", (scenarios / "engines.yaml").read_text()))
        self.assertTrue(adapters)
        for adapter in adapters:
            self.assertTrue((scenarios / adapter).is_file(), adapter)

    def test_libtorch_is_found_by_a_link_of_the_tree(self):
        link = self.tree / "lib/isoframe/torch"
        link.symlink_to(self.torch)
        self.addCleanup(link.unlink)
        ended = run(self.program, "--version", env={"PATH": "/usr/bin:/bin"})
        self.assertEqual(ended.returncode, 0, ended.stderr)

    def test_no_libtorch_is_one_line(self):
        nowhere = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONNOUSERSITE": "1"}
        for variables, words in (({"ISOFRAME_TORCH": "/nowhere"}, r"ISOFRAME_TORCH: /nowhere holds no lib/libtorch_cpu\.so"),
                                 ({}, r"LibTorch \d+\.\d+\.\d+ was not found; pip install torch==\d+\.\d+\.\d+, or point ")):
            ended = run(self.program, "--version", env=nowhere | variables)
            self.assertEqual((ended.returncode, ended.stdout), (2, ""))
            self.assertRegex(ended.stderr, rf"^isoframe: {words}[^\n]*\n$")

    def test_no_path_of_the_build_is_searched_for_libraries(self):
        shown = run("readelf", "-d", self.tree / "lib/isoframe/isoframe").stdout
        self.assertEqual(re.findall(r"\[(\S*torch\S*/lib)\]", shown), ["$ORIGIN/torch/lib"])

    def test_another_program_can_link_metrics_and_records(self):
        build = self.root / "example"
        for step in (["-S", HERE / "package", "-B", build, f"-DCMAKE_PREFIX_PATH={self.tree}", "-G", "Ninja"], ["--build", build]):
            made = run("cmake", *step)
            self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
        ended = run(build / "example", self.root / "run/run.json")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        ssim, psnr, *cases = ended.stdout.splitlines()
        self.assertLess(float(ssim.removeprefix("SSIM ")), 1)
        self.assertAlmostEqual(float(psnr.removeprefix("PSNR ")), 10 * math.log10(255**2 / (16**2 / 768)), places=3)
        self.assertEqual(cases, ["alone"])


class SelfDescription(unittest.TestCase):
    """Completion and the manual page name what --help names."""

    @classmethod
    def setUpClass(cls):
        cls.options = {}
        cls.ask([])
        cls.manual = isoframe("man").stdout.replace("\\-", "-")

    @classmethod
    def ask(cls, command):
        text = isoframe(*command, "--help").stdout
        cls.options[tuple(command)] = long_names(r"^  (-\S+)", text)
        _, _, commands = text.partition("Subcommands:\n")
        for name in re.findall(r"^  (\w[\w-]*)", commands, re.MULTILINE):
            cls.ask([*command, name])

    def complete(self, *words):
        line = " ".join(f"'{word}'" for word in ("isoframe", *words))
        ended = run("bash", "-c", f"source <('{ISOFRAME}' completion bash); COMP_WORDS=({line}); COMP_CWORD={len(words)};"
                    " _isoframe; printf '%s\\n' \"${COMPREPLY[@]}\"")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return set(ended.stdout.split())

    def test_every_option_is_completed(self):
        self.assertGreater(len(self.options), 15)
        for command, options in self.options.items():
            self.assertEqual(self.complete(*command, "--"), options, command)

    def test_every_command_and_value_is_completed(self):
        self.assertGreaterEqual(self.complete(""), {command[0] for command in self.options if command})
        self.assertEqual(self.complete("weights", "in"), {"init", "inspect"})
        self.assertEqual(self.complete("rates", "--device", ""), {"cpu", "cuda", "auto"})

    def test_the_manual_names_every_command_and_option(self):
        sections = {}
        for section in self.manual.split("\n.SS ")[1:]:
            name, _, text = section.partition("\n")
            sections[tuple(name.split()[1:])] = long_names(r"^\.B (-.*)", text)
        self.assertEqual(sections, self.options)

    def test_groff_has_nothing_to_say(self):
        try:
            ended = run("groff", "-man", "-Tutf8", "-ww", input=isoframe("man").stdout)
        except FileNotFoundError:
            self.skipTest("groff is missing; apt-get install groff-base")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))


class Packed(unittest.TestCase):
    def test_the_package_names_what_it_needs(self):
        with tempfile.TemporaryDirectory(prefix="isoframe-test-") as folder:
            made = run("cpack", "-G", "DEB", "-B", folder, cwd=BUILD)
            self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
            (package,) = pathlib.Path(folder).glob("*.deb")
            version = isoframe("--version").stdout.split()[1]
            self.assertEqual(run("dpkg-deb", "-f", package, "Version").stdout.strip(), version)
            needed = re.findall(r"(?:^|, )([a-z0-9.+-]+)", run("dpkg-deb", "-f", package, "Depends").stdout)
            self.assertIn("libsqlite3-0", needed)
            known = run("dpkg-query", "-W", "-f", "${Package}\n", *needed)
            self.assertEqual((known.returncode, known.stderr), (0, ""))
            self.assertRegex(run("dpkg-deb", "-c", package).stdout, r" \./usr/bin/isoframe\n")


if __name__ == "__main__":
    unittest.main()
