#!/usr/bin/env python3
"""Tests of `isoframe qualify`: a sound machine, a rank that computes otherwise, one that dies, an interruption.

ISOFRAME_BIN names the program.  A tiny checkpoint is made once.
"""

import json
import os
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


class Qualify(CheckpointTest):
    def setUp(self):
        self.out = self.root / self.id().split(".")[-1]

    def scenario(self, pair="baseline: base"):
        path = self.root / f"{self.out.name}.yaml"
        path.write_text(SCENARIO.format(checkpoint=json.dumps(str(self.checkpoint)), pair=pair))
        return path

    def start(self, scenario):
        process = subprocess.Popen(
            [ISOFRAME, "qualify", scenario, "--duration", "0", "--out", self.out],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process, wait_for(lambda: (lambda r: r if len(r) == 2 else None)(ranks_of(process.pid)), "two ranks")

    def certificate(self):
        return json.loads((self.out / "certificate.json").read_text())

    def test_a_sound_machine_computes_the_same_every_time(self):
        done = isoframe("qualify", self.scenario(), "--duration", "1s", "--out", self.out, "--json")
        self.assertIn(done.returncode, (0, 1), done.stderr)
        certificate = json.loads(done.stdout)
        self.assertEqual(certificate, self.certificate())
        # Whether one rank is slower than another depends on this machine.
        self.assertEqual([r for r in certificate["reasons"] if "of the fastest" not in r], [])
        self.assertEqual(certificate["verdict"], "unfit" if certificate["reasons"] else "fit")
        self.assertGreaterEqual(certificate["repetitions"], 3)
        self.assertEqual([(c["name"], c["ranks"], c["deviations"], c["errors"]) for c in certificate["cases"]],
                         [("base", 1, [], []), ("pair", 2, [], [])])
        self.assertEqual(certificate["cases"][1]["seconds"]["count"], certificate["repetitions"])
        self.assertGreater(certificate["fingerprints"], 1000)
        self.assertEqual([r["rank"] for r in certificate["ranks"]], [0, 1])
        self.assertEqual([link["ranks"] for link in certificate["links"]], [[0, 1]])
        self.assertEqual(certificate["links"][0]["corrupt"], 0)
        self.assertEqual(sorted(p.name for p in self.out.iterdir()), ["certificate.json", "certificate.md"])
        self.assertIn("float32 GFLOP/s", (self.out / "certificate.md").read_text())

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
        process, ranks = self.start(self.scenario(pair="steps: 60"))
        os.kill(ranks[1], signal.SIGKILL)
        stdout, stderr = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 1, stdout + stderr)
        certificate = self.certificate()
        self.assertEqual(certificate["verdict"], "unfit")
        pair = certificate["cases"][1]
        self.assertEqual([e["repetition"] for e in pair["errors"]], [0])
        self.assertRegex(pair["errors"][0]["message"], r"rank 1 .*(SIGKILL|signal 9)")
        self.assertEqual(pair["seconds"]["count"], 2)
        self.assertTrue((self.out / "pair" / "0" / "rank-1.log").exists())

    def test_an_interruption_leaves_no_rank_and_says_what_was_done(self):
        process, ranks = self.start(self.scenario(pair="steps: 1000"))
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
        ):
            with self.subTest(options=options):
                done = isoframe("qualify", self.scenario(), *options)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertIn(expected, done.stderr)


if __name__ == "__main__":
    unittest.main()
