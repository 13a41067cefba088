#!/usr/bin/env python3
"""Tests of `isoframe qualify`: a sound machine, a busy one, a rank that computes otherwise, one that dies, an
interruption, a kill and what goes on after it.

ISOFRAME_BIN names the program.  A tiny checkpoint is made once.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import unittest

from common import ISOFRAME, CheckpointTest, isoframe
from processes import is_alive, ranks_of, wait_for

SCENARIO = """
version: 1
checkpoint: {checkpoint}
defaults:
  prompt: a lighthouse in a storm, "HOPE"
  height: 64
  width: 96
  frames: 5
  steps: 1
  seed: 5
  warmup: 0
  tiling: {{tile_size: 64, overlap: 0.25}}
cases:
  - name: base
  - name: pair
    layout: ulysses=2,vae_patch=2
    {pair}
"""

# Rank 1 computes with other instructions, as on another kind of machine or with another driver.
ODD_LAUNCHER = """#!/bin/sh
ranks=$1 port=$2
shift 2
for rank in $(seq 0 $((ranks - 1))); do
  [ "$rank" != 1 ] || export ATEN_CPU_CAPABILITY=default MKL_CBWR=COMPATIBLE
  RANK=$rank LOCAL_RANK=$rank WORLD_SIZE=$ranks MASTER_ADDR=127.0.0.1 MASTER_PORT=$port "$@" &
  all="$all $!"
done
for one in $all; do wait "$one" || status=$?; done
exit ${status:-0}
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


FILES = ["certificate.json", "certificate.md", "evidence.json"]


class Qualify(CheckpointTest):
    def setUp(self):
        self.out = self.root / self.id().split(".")[-1]

    def scenario(self, pair="baseline: base"):
        path = self.root / f"{self.out.name}.yaml"
        path.write_text(SCENARIO.format(checkpoint=json.dumps(str(self.checkpoint)), pair=pair))
        return path

    def start(self, scenario, duration="0"):
        process = subprocess.Popen(
            [ISOFRAME, "qualify", scenario, "--duration", duration, "--out", self.out],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process, wait_for(lambda: (lambda r: r if len(r) == 2 else None)(ranks_of(process.pid, 2)), "two ranks")

    def resume(self, *options):
        return isoframe("qualify", self.scenario(), "--resume", "--out", self.out, *options)

    def refused(self, done, *expected):
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for text in expected:
            self.assertIn(text, done.stderr)

    def files(self):
        return sorted(p.name for p in self.out.iterdir())

    def certificate(self):
        return json.loads((self.out / "certificate.json").read_text())

    def test_a_sound_machine_computes_the_same_every_time_before_a_kill_and_after(self):
        process, _ = self.start(self.scenario(), "1h")
        wait_for(lambda: (self.out / "certificate.json").exists() and self.certificate()["repetitions"] >= 1, "a repetition")
        wait_for(lambda: len(ranks_of(process.pid, 2)) == 2, "ranks of the next repetition")
        process.kill()
        process.wait()
        killed = self.certificate()
        self.assertEqual(killed["verdict"], "unfinished")
        self.assertNotIn("finished", killed)
        self.assertRegex(killed["reasons"][0], r"1 of at least 3 repetitions in .* of 1 h; nothing deviated so far")
        self.assertIn("of 1 h so far", (self.out / "certificate.md").read_text())
        self.assertNotEqual(self.files(), FILES)
        half_written = self.out / ".evidence.json.isoframe-a1B2c3"
        half_written.touch()

        done = self.resume("--duration", "0", "--json")
        self.assertIn(done.returncode, (0, 1), done.stderr)
        certificate = json.loads(done.stdout)
        self.assertEqual(certificate, self.certificate())
        # Whether one rank is slower than another, and what else runs, depends on this machine.
        if certificate["verdict"] == "disturbed":
            self.assertLess(certificate["undisturbed"], certificate["repetitions"])
            self.assertRegex(certificate["reasons"][0], r"^rates of \d+ of \d+ repetitions were disturbed: ")
        else:
            self.assertEqual([r for r in certificate["reasons"] if "of the fastest" not in r], [])
            self.assertEqual(certificate["verdict"], "unfit" if certificate["reasons"] else "fit")
        self.assertEqual((certificate["repetitions"], certificate["started"]), (3, killed["started"]))
        self.assertEqual([(c["name"], c["ranks"], c["deviations"], c["errors"]) for c in certificate["cases"]],
                         [("base", 1, [], []), ("pair", 2, [], [])])
        self.assertEqual(certificate["cases"][1]["seconds"]["count"],
                         certificate["undisturbed"] or certificate["repetitions"])
        self.assertLess(certificate["started"], certificate["finished"])
        self.assertGreater(certificate["seconds"], killed["seconds"])
        self.assertEqual([h["readings"] for h in certificate["hosts"]], [2 * certificate["repetitions"]])
        self.assertGreaterEqual(certificate["hosts"][0]["others_share"]["min"], 0.0)
        self.assertGreater(certificate["fingerprints"], 1000)
        self.assertEqual(certificate["fingerprints"], 3 * killed["fingerprints"])
        self.assertEqual([r["rank"] for r in certificate["ranks"]], [0, 1])
        self.assertEqual([link["ranks"] for link in certificate["links"]], [[0, 1]])
        self.assertEqual(certificate["links"][0]["corrupt"], 0)
        self.assertEqual(self.files(), FILES)
        self.assertIn("float32 GFLOP/s", (self.out / "certificate.md").read_text())

        self.damaged_evidence_is_refused()
        self.only_content_counts(certificate)
        (self.out / "evidence.json").unlink()
        self.refused(self.resume(), "nothing to go on with")

    def damaged_evidence_is_refused(self):
        """Cuts and changes evidence.json of a whole session; the unit tests do so with every field."""
        text = (self.out / "evidence.json").read_text()
        changed = self.scenario("steps: 2")
        self.refused(isoframe("qualify", changed, "--resume", "--out", self.out), "'pair': steps: 1 then, 2 now")
        self.refused(self.resume("--filter", "base"), "other cases: base, pair then, base now")

        def cut(path):
            def damage(record):
                for key in path[:-1]:
                    record = record[key]
                del record[path[-1]]
            return damage

        def put(path, value):
            def damage(record):
                for key in path[:-1]:
                    record = record[key]
                record[path[-1]] = value
            return damage

        for expected, damage in (
            ("'cases[0].origin' is missing", cut(("cases", 0, "origin"))),
            ("cores: 4096 then", put(("cases", 0, "origin", "environment", "cores"), 4096)),
            ("'ballots'", put(("ballots",), {})),
            ("'ballots.base.urns[0].results[0].hash' is no fingerprint's hash: 'no hash'",
             put(("ballots", "base", "urns", 0, 5, 0, 0), "no hash")),
            ("'hosts'", put(("hosts",), [])),
            ("'links'", put(("links",), [])),
            ("'repetitions' is -3", put(("repetitions",), -3)),
            ("'cases[0].seconds'", put(("cases", 0, "seconds", "samples"), [])),
        ):
            with self.subTest(expected=expected):
                record = json.loads(text)
                damage(record)
                (self.out / "evidence.json").write_text(json.dumps(record))
                self.refused(self.resume(), f"{self.out}/evidence.json", expected, "; name another --out to begin anew")
        (self.out / "evidence.json").write_text(text[: len(text) // 2])
        self.refused(self.resume(), "evidence.json:1:", "damaged")
        (self.out / "evidence.json").write_text(text)
        self.refused(isoframe("qualify", self.scenario(), "--out", self.out), "--resume")

    def only_content_counts(self, before):
        """Resumes with a checkpoint at another path, then with another one at the same path."""
        moved = self.root / "moved"
        self.checkpoint.rename(moved)
        try:
            done = self.resume("--checkpoint", moved, "--json")
            self.assertIn(done.returncode, (0, 1), done.stderr)
            now = json.loads(done.stdout)
            self.assertEqual(now["started"], before["started"])
            self.assertGreaterEqual(now["repetitions"], before["repetitions"])
            made = isoframe("weights", "init", "--preset", "tiny", "--seed", 4, self.checkpoint)
            self.assertEqual(made.returncode, 0, made.stderr)
            self.refused(self.resume(), f"{self.out}/evidence.json", "checkpoint: other content in ", "transformer",
                         "name another --out to begin anew")
        finally:
            shutil.rmtree(self.checkpoint, ignore_errors=True)
            moved.rename(self.checkpoint)

    def test_nothing_to_go_on_with_is_said(self):
        process = subprocess.Popen(
            [ISOFRAME, "qualify", self.scenario(), "--resume", "--duration", "0", "--out", self.out],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        wait_for(lambda: ranks_of(process.pid), "ranks")
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(stderr, f"{self.out} holds nothing to go on with: --resume begins anew\n")

    def test_a_rank_that_computes_otherwise_is_named(self):
        launcher = self.root / "odd"
        launcher.write_text(ODD_LAUNCHER)
        launcher.chmod(0o755)
        done = isoframe("qualify", self.scenario(), "--duration", "0", "--out", self.out,
                        "--launcher", f"'{launcher}' {{ranks}} {free_port()} {{worker}}")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"- rank 1 of pair computed otherwise than most in 3 of 3 repetitions, first at text")
        self.assertNotIn("rank 0 of pair", done.stdout)
        self.assertIn("unfit: 3 repetitions of 2 cases", done.stdout)

    def test_a_rank_that_dies_makes_it_unfit_and_the_rest_goes_on(self):
        process, ranks = self.start(self.scenario(pair="steps: 8"))
        os.kill(ranks[1], signal.SIGKILL)
        stdout, stderr = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 1, stdout + stderr)
        certificate = self.certificate()
        self.assertEqual(certificate["verdict"], "unfit")
        pair = certificate["cases"][1]
        self.assertEqual([e["repetition"] for e in pair["errors"]], [0])
        self.assertRegex(pair["errors"][0]["message"], r"rank 1 .*(SIGKILL|signal 9)")
        self.assertIn(pair["seconds"]["count"], (1, 2))  # the undisturbed ones
        self.assertEqual(pair["errors"][0]["logs"], "pair/0")
        self.assertTrue((self.out / "pair" / "0" / "rank-1.log").exists())
        # It was seen, so going on makes nothing of it undone.
        done = isoframe("qualify", self.scenario(pair="steps: 8"), "--resume", "--out", self.out)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("- pair, repetition 1: rank 1", done.stdout)
        self.assertEqual(self.certificate()["repetitions"], 3)
        self.assertTrue((self.out / "pair" / "0" / "rank-1.log").exists())

    def test_what_else_runs_makes_it_disturbed_and_not_unfit(self):
        loops = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in os.sched_getaffinity(0)]
        try:
            done = isoframe("qualify", self.scenario(), "--filter", "base", "--duration", "0", "--out", self.out)
        finally:
            for loop in loops:
                loop.kill()
                loop.wait()
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"- rates of 3 of 3 repetitions were disturbed: other processes used up to \d+ % of "
                                      r".*; end them and go on with --resume\n"
                                      r"disturbed: 3 repetitions of 1 case, 3 disturbed, \d+ fingerprints")
        certificate = self.certificate()
        self.assertEqual(certificate["verdict"], "disturbed")
        self.assertGreater(certificate["hosts"][0]["others_share"]["median"], 0.2)
        # Its time is over, and yet it gets what it lacks.
        done = self.resume("--filter", "base")
        self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
        self.assertGreaterEqual(self.certificate()["repetitions"], 6)

    def test_an_interruption_leaves_no_rank_and_says_what_was_done(self):
        process, ranks = self.start(self.scenario(pair="steps: 1000"))
        # Nobody else works in its folder meanwhile.
        self.refused(self.resume(), f"{self.out} is in use by process {process.pid} on ")
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 3, stdout + stderr)
        self.assertFalse(is_alive(ranks[0]) or is_alive(ranks[1]))
        certificate = self.certificate()
        self.assertTrue(certificate["interrupted"])
        self.assertEqual(certificate["verdict"], "unfinished")
        self.assertIn("0 of at least 3 repetitions", stdout)

    def test_bad_input_is_exit_2(self):
        self.out.mkdir()
        (self.out / "something").touch()
        for options, expected in (
            (("--out", self.out), "not an empty folder"),
            (("--duration", "5 weeks"), "duration"),
            (("--checkpoint", self.root / "nowhere"), "nowhere"),
            (("--filter", "nothing"), "nothing"),
            (("--resume",), "--out"),
        ):
            with self.subTest(options=options):
                done = isoframe("qualify", self.scenario(), *options)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertIn(expected, done.stderr)


if __name__ == "__main__":
    unittest.main()
