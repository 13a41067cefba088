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

    def earlier(self, name, *, factor=0.25, yardstick=1.0):
        """Copies the run as if its baseline had taken a quarter of the time, or another part."""
        earlier = self.root / name
        shutil.copytree(self.out, earlier)
        file = earlier / "base" / "result.json"
        result = json.loads(file.read_text())
        result["latency"]["total_seconds"] = scaled(result["latency"]["total_seconds"], factor)
        for rank in result["ranks"]:
            rank["busy"] = {stage: scaled(times, factor) for stage, times in rank["busy"].items()}
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

    def report_beside(self, name, factors):
        """Judges a copy of the run, which nobody measures again, beside runs of such speeds."""
        now = self.root / f"{name} now"
        shutil.copytree(self.out, now)
        against = []
        for number, factor in enumerate(factors):
            against += ["--against", self.earlier(f"{name} {number}", factor=factor)]
        process = isoframe("report", now, *against)
        self.assertIn(process.returncode, (0, 1), process.stderr)
        return process.stdout, now, cases_of(now)["base"]

    def test_what_runs_differ_by_is_in_the_interval_of_several(self):
        shown, now, base = self.report_beside("single", [0.05])
        self.assertEqual(base["verdict"], "failed", base["reason"])
        for text in (shown, (now / "report.md").read_text(), (now / "junit.xml").read_text(), (now / "report.html").read_text()):
            self.assertIn("a single earlier run", text)
        shown, now, base = self.report_beside("several", [0.05, 1, 20, 0.1, 10])
        self.assertNotEqual(base["verdict"], "failed", base["reason"])
        self.assertNotIn("a single earlier run", shown)
        run = json.loads((now / "run.json").read_text())
        self.assertEqual([run["against"], *run["against_others"]], [str(self.root / f"several {number}") for number in range(5)])

    def test_the_last_runs_of_a_history_are_earlier_runs(self):
        history = self.root / "last.sqlite"
        asked = isoframe("run", self.scenario, "--out", self.root / "none", "--against-last", 3, "--history", history)
        self.assertEqual(asked.returncode, 2)
        self.assertIn("there is no history", asked.stderr)
        for number in range(2):
            ran = isoframe("run", self.scenario, "--filter", "ungated", "--out", self.root / f"recorded {number}", "--history", history)
            self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        out = self.root / "beside the last"
        ran = isoframe("run", self.scenario, "--filter", "ungated", "--out", out, "--history", history, "--against-last", 5)
        self.assertIn(ran.returncode, (0, 1), ran.stderr)
        run = json.loads((out / "run.json").read_text())
        self.assertEqual([run["against"], *run["against_others"]], [str(self.root / f"recorded {number}") for number in (1, 0)])

    def test_another_repeat_than_the_baselines_is_refused(self):
        scenario = self.root / "repeats.yaml"
        text = self.scenario.read_text()
        scenario.write_text(text.replace("- name: slow\n", "- name: slow\n    repeat: 6\n"))
        refused = isoframe("run", scenario, "--out", self.root / "refused")
        self.assertEqual(refused.returncode, 2)
        self.assertRegex(refused.stderr, r"repeats.yaml:\d+:\d+: repeat 6 of 'slow' is not its baseline's: 'base' has 5")
        scenario.write_text(text.replace("- name: ungated\n", "- name: ungated\n    repeat: 6\n"))
        refused = isoframe("run", scenario, "--out", self.root / "refused", "--against", self.out)
        self.assertEqual(refused.returncode, 2)
        self.assertRegex(refused.stderr, r"repeats.yaml:\d+:\d+: repeat 6 of 'ungated' is not its baseline's: 'base' has 5")

    def test_a_baseline_on_a_faster_day_does_not(self):
        _, base = self.run_against(self.earlier("faster day", yardstick=0.25))
        self.assertNotEqual(base["verdict"], "failed", base["reason"])


if __name__ == "__main__":
    unittest.main()
