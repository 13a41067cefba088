#!/usr/bin/env python3
"""What is printed and handed on: lost output is seen, what cannot be used is found first, "again:" repeats the case.

ISOFRAME_BIN names the program.  One run is measured, whose second case fails.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import unittest

from common import ISOFRAME, CheckpointTest, cases_of, isoframe

SCENARIO = """
version: 1
checkpoint: build/no such checkpoint
defaults:
  prompt: a lighthouse in a storm
  height: 64
  width: 96
  frames: 1
  steps: 1
  seed: 5
  repeat: 1
  warmup: 0
  tiling: {tile_size: 64, overlap: 0.25}
  baseline: base
cases:
  - name: base
  - name: too-good
    tiling: false
    expected_different: true
    gates: {psnr_min: 300}
"""


class Output(CheckpointTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = os.path.abspath(ISOFRAME)
        cls.scenario = cls.root / "it's a scenario.yaml"
        cls.scenario.write_text(SCENARIO)
        cls.history = cls.root / "history.sqlite"
        cls.ran = subprocess.run([cls.program, "run", cls.scenario.name, "--checkpoint", cls.checkpoint.name, "--repeat", "2", "--out", "run", "--no-locate",
                                  "--history", cls.history.name], cwd=cls.root, capture_output=True, text=True)
        cls.out = cls.root / "run"

    def test_the_case_fails(self):
        self.assertEqual(self.ran.returncode, 1, self.ran.stderr)
        self.assertEqual(cases_of(self.out)["too-good"]["verdict"], "failed")

    def copy_of_the_run(self, name):
        return shutil.copytree(self.out, self.root / name)

    def again(self, text):
        """The command that a report gives for the failed case."""
        return re.search(r"again: (.*)", text)[1]

    def test_again_repeats_the_case(self):
        command = self.again(self.ran.stdout)
        words = shlex.split(command)
        self.assertEqual(words, [self.program, "run", self.scenario.name, "--checkpoint", self.checkpoint.name, "--repeat", "2", "--filter", "too-good"])
        repeated = subprocess.run(f"{command} --out repeated --no-locate", shell=True, cwd=self.root, capture_output=True, text=True)
        self.assertEqual(repeated.returncode, 1, repeated.stderr)
        again, first = cases_of(self.root / "repeated"), cases_of(self.out)
        self.assertEqual({name: (case["verdict"], case["repetitions"], case["psnr"]) for name, case in again.items()},
                         {name: (case["verdict"], case["repetitions"], case["psnr"]) for name, case in first.items()})

    def test_documents_give_the_same_command(self):
        command = self.again(self.ran.stdout)
        self.assertIn(command, (self.out / "report.md").read_text())
        self.assertEqual(cases_of(self.out)["too-good"]["command"], command)
        import xml.etree.ElementTree
        junit = " ".join(xml.etree.ElementTree.parse(self.out / "junit.xml").getroot().itertext())
        self.assertIn(command, junit)

    def test_again_judges_against_the_same_earlier_run(self):
        copy = self.copy_of_the_run("judged again")
        shown = isoframe("report", copy, "--against", self.out, "--require", "frames")
        self.assertTrue(self.again(shown.stdout).endswith(f"--filter too-good --against '{self.out}' --require frames"), shown.stdout)

    def test_lost_output_is_no_success(self):
        full = open("/dev/full", "w")
        self.addCleanup(full.close)
        copy = self.copy_of_the_run("lost")
        for arguments in (["--help"], ["--version"], ["run", "--help"], ["validate", self.scenario, "--checkpoint", self.checkpoint],
                          ["weights", "inspect", self.checkpoint, "--json"], ["compare", self.out / "base", copy / "base", "--json"],
                          ["baseline", "list", "--history", self.history, "--json"], ["history", self.scenario, "--checkpoint", self.checkpoint, "--history", self.history],
                          ["report", copy, "--comment"]):
            with self.subTest(arguments=arguments):
                lost = subprocess.run([self.program, *map(str, arguments)], stdout=full, stderr=subprocess.PIPE, text=True)
                # A failed gate stays one.
                self.assertEqual(lost.returncode, 1 if arguments[0] == "report" else 3, lost.stderr)
                self.assertEqual(lost.stderr.splitlines()[-1], "isoframe: the output cannot be written: No space left on device")

    def test_an_option_of_empty_text_does_not_take_the_next_argument(self):
        made = isoframe("generate", "--checkpoint", self.checkpoint, "--task", "t2v", "--prompt", "x", "--height", 64, "--width", 96, "--frames", 1,
                        "--steps", 1, "--seed", 0, "--negative-prompt=", "--no-tiling", "--json", "--out", self.root / "made")
        self.assertEqual(made.returncode, 0, made.stderr)
        case = json.loads(made.stdout)["case"]
        self.assertEqual((case["negative_prompt"], case["tiling"]), ("", False))

    def test_a_closed_output_writes_into_no_file(self):
        closed = subprocess.run(f"{shlex.quote(self.program)} history {shlex.quote(str(self.scenario))} --checkpoint {shlex.quote(str(self.checkpoint))} "
                                f"--history {shlex.quote(str(self.history))} >&-", shell=True, capture_output=True, text=True)
        self.assertEqual(closed.returncode, 3, closed.stderr)
        self.assertEqual(isoframe("baseline", "list", "--history", self.history).returncode, 0, "the history is whole")

    def refused_at_once(self, *arguments, environment=None):
        out = self.root / "never"
        refused = isoframe("run", self.scenario, "--checkpoint", self.checkpoint, "--out", out, *arguments,
                           env={**os.environ, **(environment or {})})
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertEqual(len(refused.stderr.splitlines()), 1, refused.stderr)
        self.assertFalse(out.exists(), "nothing was measured")
        return refused.stderr

    def test_an_unusable_history_is_found_before_the_first_round(self):
        junk = self.root / "junk"
        junk.write_text("this is no database, and long enough to be taken for one if nobody looks")
        for file in (self.root / "no/such/place/h.sqlite", junk, self.root):
            self.assertIn("cannot be used as a history", self.refused_at_once("--history", file))
            self.refused_at_once(environment={"ISOFRAME_HISTORY": str(file)})

    def test_an_unusable_earlier_run_is_found_before_the_first_round(self):
        for name, text in (("empty", ""), ("half", '{"cases": ['), ("other", '{"cases": 7}')):
            earlier = self.root / f"earlier {name}"
            earlier.mkdir()
            (earlier / "run.json").write_text(text)
            self.assertIn("run.json", self.refused_at_once("--against", earlier))

    def test_an_unusable_out_is_bad_input(self):
        file = self.root / "a file"
        file.write_text("")
        for out in (file, file / "below", "/proc/none"):
            refused = isoframe("run", self.scenario, "--checkpoint", self.checkpoint, "--out", out)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertIn(str(out), refused.stderr)
            made = isoframe("generate", "--checkpoint", self.checkpoint, "--prompt", "x", "--height", 64, "--width", 96, "--frames", 1, "--steps", 1,
                            "--out", out)
            self.assertEqual(made.returncode, 2, made.stderr)

    def test_a_comment_is_the_report_within_its_limit(self):
        comment = isoframe("report", self.out, "--comment")
        self.assertEqual(comment.returncode, 1)
        self.assertEqual(comment.stdout, (self.out / "report.md").read_text())
        many = self.copy_of_the_run("many")
        suite = json.loads((many / "suite.json").read_text())
        suite["cases"] += [{**suite["cases"][0], "name": f"a-case-with-a-long-name-{number:04}"} for number in range(500)]
        (many / "suite.json").write_text(json.dumps(suite))
        summary = self.root / "summary.md"
        summary.write_text("x" * 1_000_000)
        comment = isoframe("report", many, "--comment", env={**os.environ, "GITHUB_STEP_SUMMARY": str(summary)})
        self.assertLessEqual(len(comment.stdout), 65_536)
        self.assertTrue(comment.stdout.startswith("**1 of 502 cases passed"), comment.stdout[:100])
        self.assertIn("`too-good` **failed**", comment.stdout)
        self.assertLessEqual(summary.stat().st_size, 1_048_576)
        self.assertGreater(summary.stat().st_size, 1_010_000)

    def test_a_step_summary_that_cannot_be_written_is_a_warning(self):
        shown = isoframe("report", self.out, env={**os.environ, "GITHUB_STEP_SUMMARY": "/no/such/file"})
        self.assertEqual(shown.returncode, 1)
        self.assertIn("warning: the step summary /no/such/file cannot be written: No such file or directory", shown.stderr)

    def test_a_trace_holds_the_last_round_unless_all_are_asked_for(self):
        rounds = {}
        for which in ("last", "all"):
            isoframe("report", self.out, "--trace", which)
            events = json.loads((self.out / "trace.json").read_text())["traceEvents"]
            rounds[which] = {event["args"]["round"] for event in events if event["ph"] == "X" and event["pid"] == 1}
        self.assertEqual(rounds, {"last": {1}, "all": {0, 1}})

    def test_history_finds_a_case_by_its_settings_wherever_the_scenario_lies(self):
        moved = self.root / "moved" / "other name.yaml"
        moved.parent.mkdir()
        moved.write_text(SCENARIO.replace("build/no such checkpoint", str(self.checkpoint)))
        shown = isoframe("history", moved, "--history", self.history, "--json")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertEqual(set(json.loads(shown.stdout)), {"base", "too-good"})
        moved.write_text(moved.read_text().replace("steps: 1", "steps: 2"))
        other = isoframe("history", moved, "--history", self.history)
        self.assertEqual(other.returncode, 2)
        self.assertIn("of case 'base', steps: 1 then, 2 now", other.stderr)


if __name__ == "__main__":
    unittest.main()
