#!/usr/bin/env python3
"""Latency gates of a run: a case that is too slow is measured again, in as many rounds, and no other case is.

ISOFRAME_BIN names the program.  The tests hold on any machine: limits are out of reach, and an earlier run's files are
changed to be four times as fast.
"""

import json
import shutil
import unittest

from common import CheckpointTest, cases_of, isoframe

# Two groups of another length, so that a round of one is not a round of the other.
SCENARIO = """
version: 1
checkpoint: {checkpoint}
defaults:
  prompt: a lighthouse in a storm
  height: 64
  width: 96
  frames: 1
  steps: 1
  seed: 5
  repeat: 5
  warmup: 0
  tiling: {{tile_size: 64, overlap: 0.25}}
cases:
  - name: base
  - name: slow
    layout: ulysses=2
    baseline: base
    gates: {{latency_ratio_max: 0.01}}
  - name: ungated
    layout: cfg=2
    baseline: base
  - name: long-base
    repeat: 6
  - name: long-slow
    layout: cfg=2
    baseline: long-base
    repeat: 6
    gates: {{latency_ratio_max: 0.01}}
"""


def scaled(times, factor):
    return [factor * seconds for seconds in times]


class Latency(CheckpointTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_once(SCENARIO)

    def earlier(self, name, *, yardstick=1.0):
        """Copies the run as if its baseline had taken a quarter of the time."""
        earlier = self.root / name
        shutil.copytree(self.out, earlier)
        file = earlier / "base" / "result.json"
        result = json.loads(file.read_text())
        result["latency"]["total_seconds"] = scaled(result["latency"]["total_seconds"], 0.25)
        for rank in result["ranks"]:
            rank["busy"] = {stage: scaled(times, 0.25) for stage, times in rank["busy"].items()}
            rank["yardstick"] = {clock: scaled(times, yardstick) for clock, times in rank["yardstick"].items()}
        file.write_text(json.dumps(result))
        return earlier

    def run_against(self, earlier):
        out = self.root / f"{earlier.name} now"
        process = isoframe("run", self.scenario, "--filter", "base", "--out", out, "--against", earlier)
        return process, cases_of(out)["base"]

    def test_another_video_is_not_compared(self):
        """A report of a copy, which nobody measures again, beside a run whose prompt was another."""
        run, earlier = self.root / "copy", self.root / "other prompt"
        for folder in (run, earlier):
            shutil.copytree(self.out, folder)
        file = earlier / "base" / "result.json"
        result = json.loads(file.read_text())
        result["case"]["prompt"] = "a calm sea"
        file.write_text(json.dumps(result))
        again = isoframe("report", run, "--against", earlier)
        self.assertEqual(again.returncode, 1, again.stderr)
        base = cases_of(run)["base"]
        self.assertEqual(base["verdict"], "untrusted")
        self.assertIn('the earlier run made another video: prompt: "a calm sea" then, "a lighthouse in a storm" now', base["reason"])

    def test_what_is_too_slow_is_measured_again_with_its_baseline(self):
        self.assertEqual(self.ran.returncode, 1, self.ran.stdout + self.ran.stderr)
        cases = cases_of(self.out)
        self.assertEqual(
            {name: case["repetitions"] for name, case in cases.items()},
            {"base": 10, "slow": 10, "ungated": 5, "long-base": 12, "long-slow": 12},
        )
        for name in ("slow", "long-slow"):
            self.assertEqual(cases[name]["verdict"], "failed")
            self.assertIn("it was measured again and slower both times", cases[name]["reason"])
        self.assertEqual(cases["ungated"]["verdict"], "passed", cases["ungated"]["reason"])

    def test_a_baseline_that_was_faster_fails_after_a_second_measurement(self):
        process, base = self.run_against(self.earlier("faster"))
        self.assertEqual(process.returncode, 1, process.stdout + process.stderr)
        self.assertEqual(base["verdict"], "failed")
        self.assertIn("the time of the earlier run", base["reason"])
        self.assertIn("slower both times", base["reason"])
        self.assertIn(base["repetitions"], (10, 15, 20))

    def test_a_baseline_on_a_faster_day_does_not(self):
        _, base = self.run_against(self.earlier("faster day", yardstick=0.25))
        self.assertNotEqual(base["verdict"], "failed", base["reason"])


if __name__ == "__main__":
    unittest.main()
