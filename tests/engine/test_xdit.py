#!/usr/bin/env python3
"""The xDiT adapter against isoframe and against its own single run, on tiny checkpoints.

ISOFRAME_BIN names the program; the adapter runs in the environment that ci/setup --xdit installs, and is skipped without
it.  ISOFRAME_UPDATE_GOLDEN=1 keeps its recordings anew, which test_recorded.py compares with isoframe everywhere.
"""

import os
import pathlib
import sys
import tempfile
import unittest

from adapter_test import (
    EVEN,
    POINT_TOLERANCE,
    UNEVEN,
    AdapterTest,
    estimated_difference,
    first_far,
    followed_at,
    frames,
    isoframe_at,
    place_of,
    record,
    relative_l2,
)
from harness import ADAPTERS, Engine, xdit_python
from recordings import fault_of_xdit, keep, kept, points_of

# 3 x 7 x 11 latents, of which the second of two ranks has 115 and a row of zeros.
PADDED = {"height": 112, "width": 176, "frames": 9, "tiling": False, "steps": 1}
MASKED = {"engine_options": {"mask_padding": True}}


class Xdit(AdapterTest):
    adapter = "xdit_engine.py"
    interpreter = staticmethod(xdit_python)

    def assert_equal_but_for_rounding(self, a, b):
        self.assertLess(self.relative(a, b), 1e-5)

    def relative(self, a, b):
        relative = relative_l2(frames(a), frames(b))
        print(f"{self.id().split('.')[-1]}: relative L2 {relative:.2e}", file=sys.stderr)
        return relative

    def test_says_hello_before_it_imports_torch(self):
        engine = Engine([self.python, ADAPTERS / self.adapter], 1, self.root)
        self.addCleanup(engine.kill)
        self.assertNotIn("libtorch", pathlib.Path(f"/proc/{engine.processes[0].pid}/maps").read_text())
        (hello,) = engine.hello
        self.assertEqual((hello["engine"], hello["version"]), ("xdit", "0.7.0"))
        self.assertEqual(hello["capabilities"]["layouts"], ["ulysses", "ring"])
        self.assertEqual(engine.exit(), [0])

    def test_its_single_run_is_isoframes(self):
        for settings in ({}, {"task": "i2v"}):
            with self.subTest(settings):
                self.assert_same_video(self.generate_once(**settings), self.by_isoframe(**settings))

    def test_both_layouts_are_the_single_run_with_even_shares(self):
        for settings in ({"layout": "ulysses=2"}, {"layout": "ring=2"}, {"layout": "ulysses=2", "task": "i2v"}):
            with self.subTest(settings):
                single = self.generate_once(**settings | {"layout": "single"})
                directory = self.generate_once(**settings)
                self.assert_equal_but_for_rounding(directory, single)
                self.assertGreater(record(directory, 1)["communication_seconds"], 0.0)

    def test_uneven_shares_are_another_video_unless_their_padding_is_masked(self):
        single, by_isoframe = self.generate_once(**PADDED), self.by_isoframe(**PADDED)
        self.assert_equal_but_for_rounding(single, by_isoframe)
        padded = self.generate_once(layout="ulysses=2", **PADDED)
        for other in (single, by_isoframe):
            difference = self.relative(padded, other)
            self.assertGreater(difference, 3e-4)
            self.assertLess(difference, 3e-3)
        masked = self.generate(layout="ulysses=2", **PADDED, **MASKED)
        for other in (single, by_isoframe):
            self.assert_equal_but_for_rounding(masked, other)
        # The option is a generation's own.
        again = self.generate(layout="ulysses=2", **PADDED)
        self.assertEqual((again / "frames.safetensors").read_bytes(), (padded / "frames.safetensors").read_bytes())

    def test_a_ring_has_the_same_fault(self):
        single = self.generate_once(**UNEVEN)
        self.assertGreater(self.relative(self.generate(layout="ring=2", **UNEVEN), single), 3e-4)
        self.assert_equal_but_for_rounding(self.generate(layout="ring=2", **UNEVEN, **MASKED), single)

    def test_the_fault_is_located_at_the_first_attention(self):
        layout, single = self.case(layout="ulysses=2", **UNEVEN), self.case(**UNEVEN)
        recordings = self.observe(layout)
        own = followed_at(self.observe(single, "follow", recordings=str(recordings)))
        of_isoframe = isoframe_at(layout, recordings, pathlib.Path(tempfile.mkdtemp(dir=self.root)))
        for expected in (own, of_isoframe):
            for rank in range(2):
                place, differences = first_far(points_of(recordings, rank), expected)
                self.assertEqual(place, fault_of_xdit(layout["steps"]))
                self.assertGreater(differences[place], 1e-3)

    def test_leaves_fingerprints_at_isoframes_probe_points(self):
        one_sided = {"decode.blend", "decode.communication", "encode.blend", "encode.communication",
                     *(f"transformer_blocks.attn.exchanged.{name}" for name in ("query", "key", "value"))}
        for settings in ({"task": "i2v", **UNEVEN}, {"layout": "ulysses=2", **EVEN}, {"layout": "ring=2", **UNEVEN, **MASKED}):
            case = self.case(**settings | {"steps": 1})
            directory = self.observe(case)
            expected = isoframe_at(case, directory, pathlib.Path(tempfile.mkdtemp(dir=self.root)))
            other = isoframe_at(case | {"seed": 8}, directory, pathlib.Path(tempfile.mkdtemp(dir=self.root)))
            for rank in range(self.ranks_of(case)):
                with self.subTest(settings, rank=rank):
                    points = points_of(directory, rank)
                    self.check_points(points, expected, other)
                    missing = {place[1] for place in set(expected) - {place_of(point) for point in points}}
                    self.assertLessEqual(missing, one_sided)

    def test_a_locked_run_begins_each_step_with_given_latents(self):
        self.check_locked(("ulysses=2",), EVEN)

    def test_leaves_what_is_kept_of_it(self):
        for name, (settings, folder) in kept("xdit").items():
            recordings = self.observe(self.case(**settings))
            if os.environ.get("ISOFRAME_UPDATE_GOLDEN"):
                keep(recordings, folder)
            for rank in range(2):
                with self.subTest(name, rank=rank):
                    now, then = points_of(recordings, rank), points_of(folder, rank)
                    self.assertEqual([place_of(point) for point in now], [place_of(point) for point in then])
                    for a, b in zip(now, then):
                        self.assertEqual((a["part"]["shape"], a["part"]["shares"]), (b["part"]["shape"], b["part"]["shares"]))
                        self.assertLess(estimated_difference(a["part"], b["part"]), POINT_TOLERANCE, place_of(a))

    def test_says_what_it_cannot_do_and_goes_on(self):
        for kind, settings, *parts in (
            ("unsupported", {"layout": "cfg=2"}, "cfg"), ("unsupported", {"layout": "tensor=2"}, "tensor"),
            ("unsupported", {"layout": "vae_patch=2"}, "vae_patch"), ("unsupported", {"reduction_parts": 2}, "reduction_parts"),
            ("input", {"engine_options": {"speed": 9}}, "speed", "mask_padding"),
            ("input", {"engine_options": {"mask_padding": "yes"}}, "mask_padding", "'yes'"),
        ):
            with self.subTest(settings):
                self.assert_refused(kind, "load", self.case(**settings), *parts, store=None)
        # One token of video: the second rank of a ring would have no key.
        tiny = self.case(layout="ring=2", height=16, width=16, frames=1, **MASKED)
        self.load(tiny)
        self.assert_refused("unsupported", "generate", tiny, "ring=2 has padding only", ranks=2, directory=None)
        self.assert_equal_but_for_rounding(self.generate(layout="ring=2"), self.generate_once())


if __name__ == "__main__":
    unittest.main()
