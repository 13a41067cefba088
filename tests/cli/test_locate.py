#!/usr/bin/env python3
"""Tests of the first difference of a failed case, and of `isoframe selftest`, from the command line.

ISOFRAME_BIN names the program.  A tiny checkpoint is made once.
"""

import json
import unittest

from common import CheckpointTest, isoframe

# A ring adds in another order, so it cannot keep the promise of equal bits that `strict` makes.
SCENARIO = """
version: 1
checkpoint: {checkpoint}
defaults:
  prompt: a lighthouse in a storm, "HOPE"
  height: 80
  width: 112
  frames: 5
  steps: 2
  seed: 5
  repeat: 1
  warmup: 0
  tiling: {{tile_size: 64, overlap: 0.25}}
cases:
  - name: base
  - name: strict
    layout: ring=2
    baseline: base
    gates: {{identical: true, latents_relative_l2_max: 1.0e-12}}
  - name: untiled
    tiling: false
    baseline: base
    expected_different: true
    gates: {{latents_relative_l2_max: 0}}
  - name: sound
    layout: ulysses=2
    baseline: base
"""


class Located(CheckpointTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_once(SCENARIO)

    def result(self, case, out=None):
        return json.loads(((out or self.out) / case / "result.json").read_text())

    def test_a_failed_case_names_its_first_difference(self):
        self.assertEqual(self.ran.returncode, 1, self.ran.stderr)
        found = self.result("strict")["first_divergence"]
        self.assertTrue(found["reproduced"], found)
        self.assertEqual(
            {key: found[key] for key in ("stage", "step", "branch", "block", "point", "kind", "tolerance")},
            {
                "stage": "denoise",
                "step": 0,
                "branch": "conditional",
                "block": 0,
                "point": "transformer_blocks.attn.heads",
                "kind": "values",
                "tolerance": 0.0,
            },
        )
        self.assertEqual(found["shape"][1:], [4, 35, 32])
        self.assertEqual(found["region"][1]["whole"], 70)
        difference = found["difference"]
        self.assertGreater(difference["differing_values"], 0)
        self.assertLess(difference["relative_l2"], 1e-5)
        self.assertIn("heads", [axis["axis"] for axis in difference["axes"]])
        self.assertEqual([later["point"] for later in found["growth"]], ["latents", "latents", "decode.video", "frames"])
        self.assertGreater(found["growth"][-1]["relative_l2"], 0)

    def test_its_own_error_is_told_and_what_differs_behind_it(self):
        found = self.result("strict")["first_divergence"]
        self.assertEqual((found["own_error"]["origin"], found["own_error"]["is_exact"]), ("its own", True))
        self.assertEqual(found["own_error"]["relative_l2"], found["difference"]["relative_l2"])
        # The ring of the next block, whose inputs are the baseline's once the first one's result is.
        (behind,) = found["behind"]
        self.assertEqual((behind["step"], behind["branch"], behind["block"], behind["point"]),
                         (0, "conditional", 1, "transformer_blocks.attn.heads"))
        self.assertEqual((behind["own_error"]["origin"], behind["own_error"]["is_exact"]), ("its own", True))
        self.assertLess(behind["own_error"]["relative_l2"], 1e-5)
        self.assertEqual(found["not_grafted"], "")
        for text in (self.ran.stdout, (self.out / "report.md").read_text().replace("\\", "")):
            self.assertRegex(text, "behind it: stage denoise, step 0, block 1, conditional, transformer.blocks.attn.heads, .*; its own: ")

    def test_final_latents_are_gated(self):
        """A ring changes them; tiles, which come after them, do not."""
        strict, untiled = self.result("strict"), self.result("untiled")
        self.assertGreater(strict["quality"]["latents"]["relative_l2"], 0.0)
        self.assertLess(strict["quality"]["latents"]["relative_l2"], 1e-5)
        self.assertIn("the latents' relative L2 ", strict["reason"])
        self.assertEqual(untiled["quality"]["latents"]["relative_l2"], 0.0)
        self.assertEqual(untiled["verdict"], "passed")
        # A difference of that size is below a step of 8 bits for every pixel, untiled frames are not.
        self.assertEqual(strict["quality"]["pixels"]["share_beyond"], [0.0] * 5)
        self.assertGreater(untiled["quality"]["pixels"]["mean"], 0.0)

    def test_documents_say_it(self):
        line = "first difference: stage denoise, step 0, block 0, conditional, transformer_blocks.attn.heads"
        self.assertIn(line, self.ran.stdout)
        self.assertIn("first difference: stage denoise", (self.out / "report.md").read_text().replace("\\", ""))

    def test_cases_that_pass_are_not_looked_at(self):
        for case in ("base", "untiled", "sound"):
            self.assertNotIn("first_divergence", self.result(case), case)

    def test_a_report_written_again_keeps_it(self):
        again = isoframe("report", self.out)
        self.assertEqual(again.returncode, 1, again.stderr)
        self.assertEqual(self.result("strict")["first_divergence"]["stage"], "denoise")

    def test_no_locate_and_locate(self):
        without = self.root / "without"
        isoframe("run", self.scenario, "--out", without, "--no-locate", "--filter", "strict")
        self.assertNotIn("first_divergence", self.result("strict", without))
        every = self.root / "every"
        isoframe("run", self.scenario, "--out", every, "--locate", "--filter", "untiled")
        found = self.result("untiled", every)["first_divergence"]
        self.assertEqual(found["stage"], "decode")
        self.assertEqual(found["kind"], "missing")
        self.assertEqual(found["point"], "decode.tile")


class Selftest(unittest.TestCase):
    def test_faults_of_several_kinds_are_caught_and_located(self):
        for name in ("text-crop", "rope-from-zero", "received-bit", "branches-exchanged", "tile-*"):
            with self.subTest(name):
                ran = isoframe("selftest", "--filter", name, "--json")
                result = json.loads(ran.stdout)
                self.assertEqual(ran.returncode, 0, result)
                self.assertGreater(len(result["faults"]), 0)
                for fault in result["faults"]:
                    self.assertTrue(fault["caught"] and fault["located"], fault)
                for sound in result["sound"]:
                    self.assertTrue(sound["passed"], sound)

    def test_an_unknown_fault_is_bad_input(self):
        ran = isoframe("selftest", "--filter", "no-such-fault")
        self.assertEqual(ran.returncode, 2)
        self.assertIn("no-such-fault", ran.stderr)


if __name__ == "__main__":
    unittest.main()
