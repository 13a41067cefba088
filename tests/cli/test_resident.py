#!/usr/bin/env python3
"""Tests of ranks that stay between rounds and cases: the frames and errors of ranks that are started for each round.

ISOFRAME_BIN names the program.  A tiny checkpoint is made once.
"""

import json
import os
import pathlib
import signal
import subprocess
import unittest

from common import ISOFRAME, CheckpointTest, cases_of, isoframe
from processes import is_alive, ranks_of, wait_for

SCENARIO = """
version: 1
checkpoint: {checkpoint}
defaults:
  prompt: a lighthouse in a storm, "HOPE"
  height: 64
  width: 96
  frames: 5
  steps: 2
  seed: 5
  repeat: 2
  warmup: 1
  tiling: {{tile_size: 64, overlap: 0.25}}
  baseline: base
  resident: {resident}
cases:
  - name: base
  - name: pair
    layout: ulysses=2,vae_patch=2
  - name: larger
    layout: cfg=2
    height: 80
    baseline: larger-base
    # Its ranks have met for another limit.
    timeout_seconds: 500
  - name: guided
    guidance_scale: 1
    baseline: guided
  - name: larger-base
    height: 80
    baseline: larger-base
"""


def is_forked(pid):
    """Whether a process comes of the one that forks ranks, or is it: they began with one environment."""
    return b"\0ISOFRAME_FORK_FD=" in pathlib.Path(f"/proc/{pid}/environ").read_bytes()


def fork_server_of(parent):
    """The process that forks the ranks of a run: that child whose environment has room for any rank's number."""
    for pid in pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        if b"\0RANK=#" in pathlib.Path(f"/proc/{pid}/environ").read_bytes():
            return int(pid)
    return None


class Resident(CheckpointTest):
    def run_with(self, name, *options, resident="true", expected=0):
        scenario = self.root / f"{name}.yaml"
        scenario.write_text(SCENARIO.format(checkpoint=json.dumps(str(self.checkpoint)), resident=resident))
        out = self.root / name
        done = isoframe("run", scenario, "--out", out, *options)
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        return out

    def processes(self, out, case):
        return [rank["pid"] for rank in json.loads((out / case / "result.json").read_text())["ranks"]]

    def test_frames_are_those_of_ranks_that_are_started_for_each_round(self):
        stay, start = self.run_with("stay"), self.run_with("start", resident="false")
        cases = ("base", "pair", "larger", "guided", "larger-base")
        for case in cases:
            for file in ("frames.safetensors", "latents.safetensors"):
                self.assertEqual((stay / case / file).read_bytes(), (start / case / file).read_bytes(), f"{case} {file}")
            self.assertTrue((stay / case / ".rounds" / "1" / "rank-0.log").exists())
        self.assertNotEqual((stay / "base/frames.safetensors").read_bytes(), (stay / "guided/frames.safetensors").read_bytes())
        # One process for all cases of one rank, two for those of two.
        self.assertEqual(len({pid for case in cases for pid in self.processes(stay, case)}), 3)
        self.assertEqual(len({pid for case in cases for pid in self.processes(start, case)}), 7)
        # Tensors' peaks are a round's own, whatever was done before it.  With vae_patch measured times share tiles out.
        for case in cases:
            if case == "pair":
                continue
            peaks = [
                [rank["peak_tensor_bytes"] for rank in json.loads((out / case / "result.json").read_text())["ranks"]]
                for out in (stay, start)
            ]
            self.assertEqual(*peaks, case)

    def begin(self, name, resident="true"):
        """Starts a run whose cases take long, and returns it with the process of the first."""
        scenario = self.root / f"{name}.yaml"
        text = SCENARIO.format(checkpoint=json.dumps(str(self.checkpoint)), resident=resident)
        scenario.write_text(text.replace("  steps: 2\n", "  steps: 100\n").replace("  repeat: 2\n", "  repeat: 1\n"))
        process = subprocess.Popen(
            [ISOFRAME, "run", scenario, "--out", self.root / name, "--filter", "[bl]*"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, wait_for(lambda: ranks_of(process.pid), "the first rank", 30)[0]

    def test_ranks_are_forked_of_a_process_that_has_loaded_the_program(self):
        process, rank = self.begin("forked")
        self.assertTrue(is_forked(rank))
        server = fork_server_of(process.pid)
        self.assertNotEqual(server, rank)
        # OpenMP's pool and others do not outlive fork().
        self.assertEqual(os.listdir(f"/proc/{server}/task"), [str(server)])
        process.kill()
        process.communicate()
        wait_for(lambda: not is_alive(server) and not is_alive(rank), "the end of what the run had started", 10)

    def test_without_the_process_that_forks_them_ranks_are_started(self):
        process, rank = self.begin("alone")
        os.kill(fork_server_of(process.pid), signal.SIGKILL)
        stdout, stderr = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0, stdout + stderr)
        cases = cases_of(self.root / "alone")
        self.assertEqual({cases[name]["verdict"] for name in ("base", "larger", "larger-base")}, {"passed"})

    def test_a_process_a_round_is_a_program_that_is_started(self):
        process, rank = self.begin("started", resident="false")
        self.assertFalse(is_forked(rank))
        self.assertIsNone(fork_server_of(process.pid))

    def test_ranks_that_may_hold_no_memory_end_before_others_start(self):
        out = self.run_with("frugal", "--resident-memory", 0)

        def process(case, k):
            return json.loads((out / case / ".rounds" / str(k) / "rank-0.json").read_text())["pid"]

        self.assertNotEqual(process("guided", 0), process("base", 0))
        # Nothing of another kind ran between these.
        self.assertEqual(process("guided", 0), process("larger-base", 0))
        self.assertEqual(process("pair", 0), process("larger", 0))

    def test_a_checkpoint_that_is_replaced_while_it_runs_is_loaded_again(self):
        other = self.root / "other"
        made = isoframe("weights", "init", "--preset", "tiny", "--seed", 4, other)
        self.assertEqual(made.returncode, 0, made.stderr)
        link = self.root / "link"
        link.symlink_to(self.checkpoint)
        scenario = self.root / "replaced.yaml"
        text = SCENARIO.format(checkpoint=json.dumps(str(link)), resident="true")
        # The other case takes so long that the files change between two rounds of the first.
        scenario.write_text(text.replace("guidance_scale: 1\n", "guidance_scale: 1\n    steps: 100\n"))
        out = self.root / "replaced"
        process = subprocess.Popen(
            [ISOFRAME, "run", scenario, "--out", out, "--filter", "[bg]*"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(process.kill)
        wait_for(lambda: (out / "base" / "frames.safetensors").exists() or process.poll() is not None, "the first round")
        new = self.root / "new"
        new.symlink_to(other)
        new.rename(link)
        stdout, stderr = process.communicate(timeout=120)
        self.assertIn(process.returncode, (1, 3), stdout + stderr)
        self.assertEqual(cases_of(out)["base"]["verdict"], "untrusted")
        self.assertFalse(json.loads((out / "base" / "result.json").read_text())["repeats_identically"])

    def test_a_worker_that_nobody_asks_says_who_would(self):
        done = isoframe("worker")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"isoframe worker: no job file is given, .*`isoframe run`.*\n")


if __name__ == "__main__":
    unittest.main()
