#!/usr/bin/env python3
"""isoframe history: drift since the accepted baseline, and changes of what is counted.

ISOFRAME_BIN names the program.  One run is measured; the others are written into the history as if they had been.
"""

import json
import sqlite3
import unittest

from common import CheckpointTest, isoframe

SCENARIO = """
version: 1
checkpoint: {checkpoint}
cases:
  - name: base
    prompt: a lighthouse in a storm
    height: 64
    width: 96
    frames: 1
    steps: 1
    seed: 5
    repeat: 2
    warmup: 0
    tiling: {{tile_size: 64, overlap: 0.25}}
"""


class History(CheckpointTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_once(SCENARIO)

    def history_of(self, name, factors, *, save=True, bytes_of_last=None):
        """A history of the run, accepted, and of later ones that took so many times as long."""
        history = self.root / name
        recorded = isoframe("run", self.scenario, "--out", self.out, "--resume", "--history", history)
        self.assertEqual(recorded.returncode, 0, recorded.stderr)
        if save:
            saved = isoframe("baseline", "save", self.out, "--history", history)
            self.assertEqual(saved.returncode, 0, saved.stderr)
        with sqlite3.connect(history) as database:
            run = database.execute("SELECT directory, scenario, machine, commit_id FROM runs").fetchone()
            columns = "name, verdict, seconds, peak_tensor_bytes, psnr, ssim, numerics, device, weights, settings"
            case = database.execute(f"SELECT {columns} FROM cases").fetchone()
            for number, factor in enumerate(factors):
                directory = f"/later/{number:02}"
                database.execute(
                    "INSERT INTO runs (directory, scenario, machine, started, commit_id) VALUES (?, ?, ?, ?, ?)",
                    (directory, run[1], run[2], f"9999-01-{number + 1:02}T00:00:00Z", run[3]),
                )
                is_last = number + 1 == len(factors)
                peak = bytes_of_last if is_last and bytes_of_last else case[3]
                database.execute(
                    f"INSERT INTO cases (directory, {columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (directory, case[0], case[1], factor * case[2], peak, *case[4:]),
                )
        database.close()
        return history

    def drift(self, history, limit="1.05"):
        """The exit code and base's measures by name."""
        shown = isoframe("history", self.scenario, "--history", history, "--drift-max", limit, "--json")
        self.assertIn(shown.returncode, (0, 1), shown.stderr)
        return shown.returncode, {one["measure"]: one for one in json.loads(shown.stdout)["base"]}

    def test_nearly_two_percent_a_run_add_up(self):
        history = self.history_of("slow.sqlite", [1.019**k * (1.002 if k % 2 else 0.998) for k in range(1, 13)])
        code, measures = self.drift(history)
        self.assertEqual(code, 1)
        drift = measures["latency"]["drift"]
        self.assertEqual(drift["verdict"], "failed", drift)
        self.assertGreater(drift["lower"], 1.05)
        self.assertIn("at most 1.050x", drift["reason"])
        text = isoframe("history", self.scenario, "--history", history, "--drift-max", "1.05")
        self.assertEqual(text.returncode, 1)
        self.assertIn("failed: drifted to", text.stdout)
        self.assertEqual(isoframe("history", self.scenario, "--history", history).returncode, 0, "nothing was asked for")

    def test_what_stays_passes(self):
        code, measures = self.drift(self.history_of("flat.sqlite", [1.002, 0.999, 1.001, 1.0, 0.998, 1.003]))
        self.assertEqual(code, 0, measures)

    def test_a_byte_more_is_a_change_at_once(self):
        first = self.history_of("bytes.sqlite", [1.001], bytes_of_last=10**12)
        code, measures = self.drift(first)
        self.assertEqual(code, 1)
        self.assertEqual(measures["tensor memory"]["drift"]["verdict"], "failed")
        self.assertEqual([change["index"] for change in measures["tensor memory"]["changes"]], [1])
        self.assertEqual(measures["latency"]["changes"], [])

    def test_a_gate_without_an_accepted_baseline_is_bad_input(self):
        history = self.history_of("none.sqlite", [1.0], save=False)
        shown = isoframe("history", self.scenario, "--history", history, "--drift-max", "1.05")
        self.assertEqual(shown.returncode, 2)
        self.assertIn("baseline save", shown.stderr)

    def test_a_limit_below_one_or_no_number_is_bad_input(self):
        history = self.history_of("limit.sqlite", [1.0])
        for limit in ("0.9", "nan", "inf", "x"):
            shown = isoframe("history", self.scenario, "--history", history, "--drift-max", limit)
            self.assertEqual(shown.returncode, 2, limit)


if __name__ == "__main__":
    unittest.main()
