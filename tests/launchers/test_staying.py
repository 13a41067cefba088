#!/usr/bin/env python3
"""Ranks of a launcher that stay: rank 0 hands on to the others what the harness asks for next.

ISOFRAME_BIN names the program.  Launchers here write a line for each of their starts.
"""

import json
import os
import pathlib
import signal
import subprocess
import unittest

from common import ISOFRAME, LauncherTest, kill_quietly, need, plain_environment, torchrun
from processes import live_workers, wait_for

SCENARIO = """
version: 1
checkpoint: {checkpoint}
defaults:
  prompt: a pier, "OPEN"
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
  - name: other-layout
    layout: cfg=2
  - name: other-limits
    layout: cfg=2
    height: 80
    baseline: other-limits
    timeout_seconds: 500
"""
CASES = ("base", "pair", "other-layout", "other-limits")
NUMBERED = 'for rank in $(seq 0 $(($1 - 1))); do PMI_RANK=$rank PMI_SIZE=$1 MPI_LOCALRANKID=$rank MPI_LOCALNRANKS=$1 "$2" "$3" "$4" & all="$all $!"; done\n' \
    "for one in $all; do wait $one || status=$?; done\nexit ${status:-0}\n"


class Staying(LauncherTest):
    def launcher(self, name, text=NUMBERED):
        """Returns a launcher that counts its starts, and the file in which it does."""
        starts = self.root / f"{name}.starts"
        path = self.root / f"{name}.sh"
        path.write_text(f"#!/bin/sh\necho $1 >>'{starts}'\n{text}")
        path.chmod(0o755)
        return f"{path} {{ranks}} {{worker}}", starts

    def command(self, name, launcher, scenario=SCENARIO, resident="true"):
        file = self.root / f"{name}.yaml"
        file.write_text(scenario.format(checkpoint=json.dumps(str(self.checkpoint)), resident=resident))
        return [ISOFRAME, "run", str(file), "--out", str(self.root / name), *(["--launcher", launcher] if launcher else [])]

    def run_with(self, name, launcher, expected=0, **scenario):
        done = subprocess.run(self.command(name, launcher, **scenario), capture_output=True, text=True, timeout=400, env=plain_environment())
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        wait_for(lambda: not live_workers(self.root / name), "the end of all ranks", 10)
        return self.root / name

    def frames(self, out):
        return {case: (out / case / "frames.safetensors").read_bytes() for case in CASES}

    def local(self):
        """Returns the frames of ranks that the harness itself starts, made once."""
        cls = type(self)
        if not hasattr(cls, "local_frames"):
            cls.local_frames = self.frames(self.run_with("local", None))
        return cls.local_frames

    def assert_ranks_stay(self, name, text=NUMBERED):
        launcher, starts = self.launcher(name, text)
        out = self.run_with(name, launcher)
        self.assertEqual(self.frames(out), self.local())
        # Two kinds: one rank, and two.
        self.assertEqual(sorted(starts.read_text().split()), ["1", "2"])
        pids = {case: [rank["pid"] for rank in json.loads((out / case / "result.json").read_text())["ranks"]] for case in CASES}
        self.assertEqual(pids["pair"], pids["other-layout"])
        self.assertEqual(pids["pair"], pids["other-limits"])
        return out

    def test_numbered_by_a_script(self):
        out = self.assert_ranks_stay("script")
        # Each round's log is what was printed meanwhile, and its ranks' answers are its own.
        for case in CASES:
            for round_folder in (out / case / ".rounds" / "0", out / case / ".rounds" / "1"):
                self.assertTrue((round_folder / "launcher.log").exists())
                answers = [json.loads(line) for line in (round_folder / "answers-0.jsonl").read_text().splitlines()]
                self.assertEqual([answer["answer"] for answer in answers].count("done"), 1)
                self.assertEqual(answers[-1]["answer"], "done")

    def test_by_mpirun(self):
        need("mpirun", "openmpi-bin")
        self.assert_ranks_stay("mpirun", 'exec mpirun --allow-run-as-root --oversubscribe -n "$@"\n')

    def test_by_torchrun(self):
        self.assert_ranks_stay("torchrun", f'exec {torchrun()} --standalone --no-python --nproc-per-node "$@"\n')

    def test_started_for_each_round_where_people_want_it_so(self):
        launcher, starts = self.launcher("fresh")
        self.assertEqual(self.frames(self.run_with("fresh", launcher, resident="false")), self.local())
        self.assertEqual(sorted(starts.read_text().split()), ["1"] * 2 + ["2"] * 6)

    def started(self, name):
        """Starts a run whose second case takes long, and waits until that is at work."""
        launcher, starts = self.launcher(name)
        command = self.command(name, launcher, SCENARIO.replace("layout: ulysses=2,vae_patch=2", "layout: ulysses=2,vae_patch=2\n    steps: 900\n    baseline: pair"))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=plain_environment())
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        out = self.root / name
        answers = [out / "pair" / ".rounds" / "0" / f"answers-{rank}.jsonl" for rank in range(2)]
        wait_for(lambda: all(a.exists() and "denoise" in a.read_text() for a in answers), "two ranks at work", 60)
        return process, out, starts

    def workers(self, out):
        return [pid for pid in live_workers(out) if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(ISOFRAME.encode() + b"\0worker\0")]

    def rank_of(self, pid):
        for variable in pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            name, _, value = variable.partition(b"=")
            if name in (b"PMI_RANK", b"PMI_SIZE"):
                yield name.decode(), int(value)

    def test_one_that_dies_takes_its_group_down_and_the_next_case_starts_another(self):
        process, out, starts = self.started("killed")
        victim = next(pid for pid in self.workers(out) if dict(self.rank_of(pid)) == {"PMI_RANK": 1, "PMI_SIZE": 2})
        os.kill(victim, signal.SIGKILL)
        output = process.communicate(timeout=200)[0]
        self.assertEqual(process.returncode, 3, output)
        results = {case: json.loads((out / case / "result.json").read_text()) for case in CASES}
        self.assertEqual(results["pair"]["status"], "error")
        self.assertRegex(results["pair"]["error"]["message"], r"lost a peer|exited with 137|signal 9")
        self.assertEqual([results[case]["status"] for case in CASES if case != "pair"], ["ok"] * 3, output)
        self.assertEqual(sorted(starts.read_text().split()), ["1", "2", "2"])
        wait_for(lambda: not live_workers(out), "the end of all ranks", 10)

    def test_none_outlives_a_harness_that_is_killed(self):
        process, out, _ = self.started("orphans")
        ranks = self.workers(out)
        self.assertGreater(len(ranks), 1)
        kill_quietly(process.pid)
        process.wait(timeout=20)
        wait_for(lambda: not live_workers(out), "the end of all ranks", 20)


if __name__ == "__main__":
    unittest.main()
