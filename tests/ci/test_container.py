#!/usr/bin/env python3
"""ci/container: what is copied exists, and what is installed is what the program needs."""

import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ISOFRAME = os.environ.get("ISOFRAME_BIN", str(ROOT / "build/isoframe"))
FILES = sorted((ROOT / "ci/container").glob("*.Dockerfile"))


def instructions(file):
    """[(word, rest)], continued lines joined, comments left out."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", file.read_text(), flags=re.MULTILINE))
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


class Container(unittest.TestCase):
    def test_there_are_some(self):
        self.assertTrue(FILES)

    def test_what_is_copied_exists(self):
        for file in FILES:
            stages = re.findall(r"^FROM \S+ AS (\w+)$", file.read_text(), re.MULTILINE)
            for word, rest in instructions(file):
                if word != "COPY":
                    continue
                stage = re.match(r"--from=(\w+) ", rest)
                if stage:
                    self.assertIn(stage[1], stages)
                    continue
                for source in rest.split()[:-1]:
                    self.assertTrue((ROOT / source).exists(), f"{file.name}: {source}")

    def test_every_library_of_the_program_is_installed(self):
        linked = re.findall(r"\[(lib\S+\.so\S*)\]", subprocess.run(["readelf", "-d", ISOFRAME], capture_output=True, text=True).stdout)
        paths = subprocess.run(["ldd", ISOFRAME], capture_output=True, text=True).stdout
        base = {"libc6", "libgcc-s1", "libstdc++6"}  # of debian:12-slim
        needed = set()
        for library in linked:
            path = re.search(rf"{re.escape(library)} => (\S+)", paths)[1]
            for place in (path, "/usr" + path):
                owner = subprocess.run(["dpkg-query", "-S", place], capture_output=True, text=True)
                if owner.returncode == 0:
                    needed.add(owner.stdout.split(":")[0])
        self.assertTrue(needed - base)
        for file in FILES:
            installed = {name for word, rest in instructions(file) if word == "RUN" and "apt-get install" in rest
                         for name in rest.split("&&")[1].split()}
            self.assertLessEqual(needed - base, installed, file.name)

    def test_nothing_runs_as_root(self):
        for file in FILES:
            self.assertEqual([rest for word, rest in instructions(file) if word == "USER"], ["isoframe"], file.name)


if __name__ == "__main__":
    unittest.main()
