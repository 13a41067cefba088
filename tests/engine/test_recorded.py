#!/usr/bin/env python3
"""Isoframe against kept recordings of an engine that is not installed everywhere: what test_xdit.py found in it.

ISOFRAME_BIN names the program.  test_xdit.py compares the recordings with the engine itself, and makes them anew.
"""

import json
import pathlib
import sys
import tempfile
import unittest

from adapter_test import first_far, isoframe_at
from recordings import fault_of_xdit, kept, points_of

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))

from common import CheckpointTest, isoframe


class RecordedXdit(CheckpointTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        out = cls.root / "settings"
        made = isoframe(
            *("generate", "--checkpoint", cls.checkpoint, "--task", "t2v", "--prompt", "", "--height", 16, "--width", 16),
            *("--frames", 1, "--steps", 1, "--seed", 0, "--warmup", 0, "--no-tiling", "--out", out),
        )
        assert made.returncode == 0, made.stderr
        cls.settings = json.loads((out / "result.json").read_text())["case"]
        cls.recordings = kept("xdit")

    def far_from_isoframe(self, name):
        """What first_far() says of each rank's points beside isoframe's single run."""
        settings, folder = self.recordings[name]
        case = self.settings | settings
        expected = isoframe_at(case, folder, pathlib.Path(tempfile.mkdtemp(dir=self.root)))
        return [first_far(points_of(folder, rank), expected) for rank in range(2)]

    def test_even_shares_are_isoframes_single_run(self):
        for place, _ in self.far_from_isoframe("even"):
            self.assertIsNone(place)

    def test_uneven_shares_leave_it_where_attention_takes_padding_for_a_key(self):
        for place, differences in self.far_from_isoframe("uneven"):
            self.assertEqual(place, fault_of_xdit(self.recordings["uneven"][0]["steps"]))
            self.assertGreater(differences[place], 1e-3)
            # What a person would see of it.
            self.assertGreater(differences["", "frames", -1, 0], 3e-4)
            self.assertLess(differences["", "frames", -1, 0], 3e-3)

    def test_uneven_shares_without_that_key_are_isoframes(self):
        for place, _ in self.far_from_isoframe("masked"):
            self.assertIsNone(place)


if __name__ == "__main__":
    unittest.main()
