#!/usr/bin/env python3
"""Tests of locked runs: cases in half types, judged step by step from their baselines' latents.

ISOFRAME_BIN names the program.  A tiny checkpoint is made once.
"""

import array
import json
import random
import shutil
import struct
import unittest

from common import CheckpointTest, cases_of, isoframe

SCENARIO = """
version: 1
checkpoint: {checkpoint}
defaults:
  prompt: a lighthouse in a storm, "HOPE"
  height: 64
  width: 96
  frames: 5
  steps: 3
  seed: 5
  repeat: 1
  warmup: 0
  tiling: {{tile_size: 64, overlap: 0.25}}
cases:
  - {{name: bf16, dtype: bfloat16}}
  - {{name: bf16-ring, dtype: bfloat16, layout: ring=2, baseline: bf16}}
  - {{name: bf16-tensor, dtype: bfloat16, layout: tensor=2, baseline: bf16}}
  - {{name: other-seed, dtype: bfloat16, seed: 6}}
  - {{name: fp16, dtype: float16}}
  - {{name: fp16-ring, dtype: float16, layout: ring=2, baseline: fp16}}
  - {{name: f32, dtype: float32}}
  - {{name: f32-ulysses, layout: ulysses=2, baseline: f32, compare_by: locked}}
  - {{name: f32-ring, layout: ring=2, baseline: f32}}
"""
JUDGED_LOCKED = ("bf16-ring", "bf16-tensor", "fp16-ring", "f32-ulysses")


def read_frames(file):
    """(header bytes, shape, values) of a file that holds one float32 tensor."""
    content = file.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    shape = json.loads(content[8 : 8 + length])["frames"]["shape"]
    return content[: 8 + length], shape, array.array("f", content[8 + length :])


def negative(values, _):
    return array.array("f", (1.0 - value for value in values))


def noise(values, _):
    generator = random.Random(1)
    return array.array("f", (generator.random() for _ in values))


def reversed_frames(values, shape):
    size = len(values) // shape[0]
    return array.array("f", (x for k in reversed(range(shape[0])) for x in values[k * size : (k + 1) * size]))


class Locked(CheckpointTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_once(SCENARIO)
        assert cls.ran.returncode == 0, cls.ran.stdout + cls.ran.stderr

    def copy(self):
        out = self.root / self.id().split(".")[-1]
        shutil.copytree(self.out, out)
        return out

    def result(self, name, out=None):
        return json.loads(((out or self.out) / name / "result.json").read_text())

    def test_cases_in_half_types_pass_step_by_step(self):
        for name in JUDGED_LOCKED:
            with self.subTest(case=name):
                self.assertEqual(cases_of(self.out)[name]["verdict"], "passed")
                locked = self.result(name)["locked"]
                steps = [tensor["step"] for tensor in locked["tensors"] if tensor["tensor"] == "prediction"]
                self.assertEqual(steps, [0, 1, 2])
                self.assertEqual({tensor["part"] for tensor in locked["tensors"]}, {"text", "transformer", "decode"})
                self.assertEqual(locked["exact"], "baseline" if name.startswith("f32") else "float32")
        self.assertNotIn("locked", self.result("f32-ring"))
        self.assertGreater(self.result("bf16-ring")["numerics"]["relative_l2"], 0.02)

    def test_a_rounded_type_is_away_from_float32_and_its_twin(self):
        for name in ("bf16-ring", "fp16-ring"):
            locked = self.result(name)["locked"]
            self.assertGreater(locked["twin_relative_l2"], 0.0)
            self.assertLessEqual(locked["video_relative_l2"], locked["video_relative_l2_max"])
            for tensor in locked["tensors"]:
                self.assertGreater(tensor["baseline"]["rms"], 0.0, tensor)

    def test_reports_show_the_error_by_step(self):
        markdown = (self.out / "report.md").read_text()
        self.assertIn("`bf16-ring`, from the latents of `bf16`: relative RMS distance from the baseline computed in float32",
                      markdown)
        self.assertIn("| transformer at step 2 |", markdown)
        self.assertIn("| text (conditional prompt\\_embeds) |", markdown)
        self.assertIn('"twin_relative_l2"', (self.out / "report.html").read_text())

    def test_another_video_does_not_pass(self):
        out = self.copy()
        other = read_frames(out / "other-seed" / "frames.safetensors")[2]
        kept = {name: (out / name / "frames.safetensors").read_bytes() for name in JUDGED_LOCKED}
        for change in (noise, negative, reversed_frames, lambda *_: other):
            for name in JUDGED_LOCKED:
                file = out / name / "frames.safetensors"
                file.write_bytes(kept[name])
                header, shape, own = read_frames(file)
                file.write_bytes(header + change(own, shape).tobytes())
            self.assertEqual(isoframe("report", out).returncode, 1)
            for name in JUDGED_LOCKED:
                with self.subTest(case=name, video=change.__name__):
                    row = cases_of(out)[name]
                    self.assertEqual(row["verdict"], "failed", row)
                    self.assertIn("relative L2", row["reason"])
        for name, content in kept.items():
            (out / name / "frames.safetensors").write_bytes(content)
        self.assertEqual(isoframe("report", out).returncode, 0)

    def test_a_step_that_is_too_far_is_named(self):
        out = self.copy()
        file = out / "bf16-ring" / ".rounds" / "locked" / "locked.json"
        locked = json.loads(file.read_text())
        for tensor in locked["tensors"]:
            if tensor.get("step") == 1 and tensor["tensor"] == "prediction":
                tensor["candidate"]["rms"] = 2 * tensor["baseline"]["rms"]
        file.write_text(json.dumps(locked))
        self.assertEqual(isoframe("report", out).returncode, 1)
        reason = "transformer at step 1 is 2.00x as far from float32 as the baseline (RMS; at most 1.25x)"
        self.assertEqual(cases_of(out)["bf16-ring"]["reason"], reason)
        self.assertIn(reason.removeprefix("transformer at step 1 "), (out / "report.md").read_text())

    def test_without_its_locked_run_a_case_is_untrusted_until_resumed(self):
        out = self.copy()
        kept = out / "bf16" / ".rounds" / "locked" / "float32" / "twin.safetensors"
        before = kept.stat().st_mtime_ns
        (out / "bf16-ring" / ".rounds" / "locked" / "locked.json").unlink()
        self.assertEqual(isoframe("report", out).returncode, 1)
        self.assertEqual(cases_of(out)["bf16-ring"]["verdict"], "untrusted")
        self.assertEqual(isoframe("run", self.scenario, "--out", out, "--resume").returncode, 0)
        self.assertEqual(kept.stat().st_mtime_ns, before, "the baseline's float32 run was not taken over")

    def test_a_locked_run_that_fails_is_the_error_of_its_case(self):
        out = self.copy()
        (out / "fp16-ring" / ".rounds" / "locked" / "locked.json").unlink()
        # Rounds count whatever their limit of time was; the locked run has none to spare.
        hasty = self.root / "hasty" / self.scenario.name
        hasty.parent.mkdir(exist_ok=True)
        hasty.write_text(self.scenario.read_text().replace("defaults:\n", "defaults:\n  timeout_seconds: 0.01\n", 1))
        ran = isoframe("run", hasty, "--out", out, "--resume")
        self.assertEqual(ran.returncode, 3, ran.stdout)
        cases = cases_of(out)
        self.assertEqual(cases["fp16-ring"]["verdict"], "error")
        self.assertIn("not done within 0.01 s", cases["fp16-ring"]["reason"])
        self.assertEqual({cases[name]["verdict"] for name in cases if name != "fp16-ring"}, {"passed"})
        self.assertEqual(isoframe("run", self.scenario, "--out", out, "--resume").returncode, 0)

    def test_validate_says_what_will_judge(self):
        lines = isoframe("validate", self.scenario).stdout.splitlines()
        gates = {line.split()[0]: line for line in lines if line}
        self.assertRegex(gates["bf16-ring"], r"locked run \(a bound of 0\.\d+ would prove nothing\)")
        self.assertRegex(gates["f32-ring"], r"bounded \(relative L2 <= \d\.\de-0\d\)")
        self.assertRegex(gates["f32-ulysses"], r"locked run$")

    def test_compare_by_needs_a_baseline_and_likeness(self):
        for case, words in {
            "{name: a, compare_by: locked}": "compare_by needs a baseline to compare with",
            "{name: a, baseline: f32, compare_by: locked, expected_different: true}": "compare_by contradicts expected_different",
            "{name: a, baseline: f32, compare_by: lockd}": "locked",
        }.items():
            with self.subTest(case=case):
                file = self.root / "wrong.yaml"
                file.write_text(self.scenario.read_text() + f"  - {case}\n")
                ran = isoframe("validate", file)
                self.assertEqual(ran.returncode, 2)
                self.assertIn(words, ran.stderr)
                self.assertEqual(len(ran.stderr.strip().splitlines()), 1)


if __name__ == "__main__":
    unittest.main()
