#!/usr/bin/env python3
"""Scenarios that run diffusers beside isoframe: sound, in half types, and with a fault that has to be located.

ISOFRAME_BIN names the program; needs the environment that ci/setup --reference installs.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from harness import ADAPTERS, reference_python

ISOFRAME = os.environ.get("ISOFRAME_BIN", "build/isoframe")
FAULTY = pathlib.Path(__file__).resolve().parent / "faulty_diffusers.py"
HEAD = """
version: 1
checkpoint: {checkpoint}
engines: {engines}
defaults: {{prompt: a lighthouse, height: 112, width: 176, frames: 5, steps: 2, seed: 7, warmup: 0,
  tiling: {{tile_size: 64, overlap: 0.25}}, baseline: ours, noise: shared}}
cases:
  - {{name: ours, noise: seed, baseline: ours}}
"""


class Scenarios(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        cls.checkpoint = cls.root / "tiny"
        subprocess.run([ISOFRAME, "weights", "init", "--preset", "tiny", "--seed", "0", cls.checkpoint], check=True, capture_output=True)

    def run_cases(self, name, cases, expected, *options, head=HEAD):
        python = str(reference_python())
        engines = {
            "diffusers": {"command": [python, str(ADAPTERS / "diffusers_engine.py")]},
            "faulty": {"command": [python, str(FAULTY)]},
            "faulty-twice": {"command": [python, str(FAULTY), "--twice"]},
            "faulty-layouts": {"command": [python, str(FAULTY), "--of-layouts"]},
            "absent": {"command": [sys.executable, "-S", str(ADAPTERS / "diffusers_engine.py")]},
        }
        file = self.root / f"{name}.yaml"
        head = head.format(checkpoint=json.dumps(str(self.checkpoint)), engines=json.dumps(engines))
        file.write_text(head + "".join(f"  - {json.dumps({'repeat': 1} | case)}\n" for case in cases))
        out = self.root / name
        done = subprocess.run([ISOFRAME, "run", file, "--out", out, "--allow-engines", *options], capture_output=True, text=True)
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        return {row["name"]: row for row in json.loads((out / "run.json").read_text())["cases"]}

    def test_sound_runs_pass_and_a_fault_is_located(self):
        cases = [
            {"name": "single", "engine": "diffusers"},
            {"name": "ulysses", "engine": "diffusers", "layout": "ulysses=2"},
            {"name": "own", "engine": "faulty-layouts"},
            {"name": "wrong-layout", "engine": "faulty-layouts", "layout": "ulysses=2"},
            {"name": "wrong", "engine": "faulty"},
            {"name": "absent", "engine": "absent"},
        ]
        rows = self.run_cases("float32", cases, 1)
        for name in ("single", "ulysses", "own"):
            self.assertEqual(rows[name]["verdict"], "passed", rows[name])
            self.assertLess(rows[name]["relative_l2"], 1e-5)
        self.assertRegex(rows["ulysses"]["engine_facts"]["torch"], r"^2\.")
        self.assertEqual(rows["wrong-layout"]["verdict"], "failed")
        alone = rows["wrong-layout"]["own_single"]["stands_alone"]
        self.assertRegex(alone, "^wrong-layout stands alone: own and ours agree .*; .*block 1")
        for name in ("wrong", "wrong-layout"):
            found = rows[name]["first_divergence"]
            self.assertTrue(found["reproduced"], found)
            self.assertEqual((found["step"], found["block"]), (0, 1), found)
            self.assertRegex(found["sentence"], r"block 1.*\d+ probe points compared, \d+ are the baseline's alone")
        self.assertEqual(rows["absent"]["verdict"], "skipped", rows["absent"])
        self.assertRegex(rows["absent"]["reason"], "the package diffusers is not installed in this Python")

    def test_grafting_tells_own_errors_and_the_next_fault(self):
        rows = self.run_cases("grafts", [{"name": "twice", "engine": "faulty-twice", "layout": "ulysses=2"}], 1)
        first = rows["twice"]["first_divergence"]
        self.assertEqual(first["not_grafted"], "")
        (behind,) = first["behind"]
        # What block 0 hands on, twice the MLP's, and in block 1 what attention adds.
        for found, block, point in ((first, 0, "transformer_blocks"), (behind, 1, "transformer_blocks.attn")):
            self.assertEqual((found["step"], found["branch"], found["block"], found["point"]), (0, "conditional", block, point))
            self.assertEqual((found["own_error"]["origin"], found["own_error"]["is_exact"]), ("its own", True), found)
            self.assertRegex(found["sentence"], "its own: .* with the baseline's inputs")
        # All that came before was within the tolerance, so nothing of it was inherited.
        self.assertAlmostEqual(first["own_error"]["relative_l2"], first["difference"]["relative_l2"], delta=1e-3)
        self.assertGreater(behind["own_error"]["relative_l2"], 0.1)

    def test_an_engines_runs_leave_traces_that_are_compared_with_anyones(self):
        def isoframe(*arguments, code=0):
            done = subprocess.run([ISOFRAME, *map(str, arguments)], capture_output=True, text=True)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            return done

        file = self.root / "traces.yaml"
        engines = {"theirs": {"command": [str(reference_python()), str(ADAPTERS / "diffusers_engine.py")]}}
        cases = [{"name": "single", "engine": "theirs"}, {"name": "ulysses", "engine": "theirs", "layout": "ulysses=2"}]
        head = HEAD.format(checkpoint=json.dumps(str(self.checkpoint)), engines=json.dumps(engines))
        file.write_text(head + "".join(f"  - {json.dumps(case)}\n" for case in cases))
        ours, single, ulysses, like = (self.root / f"trace of {name}" for name in ("ours", "single", "ulysses", "single like ulysses"))
        isoframe("trace", file, "--case", "ours", "--out", ours)
        refused = isoframe("trace", file, "--case", "single", "--out", single, code=2)
        self.assertIn("if it may run, add --allow-engine theirs", refused.stderr)
        self.assertFalse(single.exists())
        isoframe("trace", file, "--case", "single", "--allow-engine", "theirs", "--out", single)
        isoframe("trace", file, "--case", "ulysses", "--allow-engines", "--out", ulysses)
        isoframe("trace", file, "--case", "single", "--allow-engine", "theirs", "--like", ulysses, "--out", like)
        described = json.loads((single / "fingerprints.json").read_text())
        self.assertEqual((described["engine"]["name"], described["ranks"]), ("diffusers", 1))
        self.assertIn("diffusers_engine.py", described["facts"]["command"])
        for a, b, compared in ((ours, single, 177), (like, ulysses, 173)):
            found = json.loads(isoframe("locate", a, b, "--json").stdout)
            self.assertFalse(found["differs"])
            self.assertEqual(found["compared"], compared)
            self.assertLess(found["largest"]["relative_l2"], 1e-5)
        for arguments, part in ((("--case", "none"), "has no case 'none'; it has ours, single, ulysses"), ((), "--case names the case"),
                                (("--case", "ours", "--seed", 3), "--seed is an option of a case of its own")):
            refused = isoframe("trace", file, *arguments, "--out", self.root / "nothing", code=2)
            self.assertEqual(refused.stderr.count("\n"), 1, refused.stderr)
            self.assertIn(part, refused.stderr)
        self.assertFalse((self.root / "nothing").exists())

    def test_half_types_are_judged_step_by_step(self):
        head = HEAD.replace("warmup: 0,", "warmup: 0, dtype: bfloat16,")
        cases = [{"name": "theirs", "engine": "diffusers"}, {"name": "wrong", "engine": "faulty"}]
        rows = self.run_cases("bfloat16", cases, 1, "--no-locate", head=head)
        self.assertIsNotNone(rows["theirs"]["locked"])
        self.assertEqual(rows["theirs"]["verdict"], "passed", rows["theirs"]["reason"])
        self.assertEqual(rows["wrong"]["verdict"], "failed", rows["wrong"]["reason"])


if __name__ == "__main__":
    unittest.main()
