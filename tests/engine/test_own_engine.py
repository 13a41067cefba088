#!/usr/bin/env python3
"""The engine that harness/engine/adapters/README.md shows, and what isoframe_engine does with arrays of numpy and torch.

ISOFRAME_BIN names the program; runs in the environment that ci/setup --reference installs.
"""

import importlib.util
import json
import math
import os
import pathlib
import re
import sys
import tempfile
import unittest

from harness import ADAPTERS, Engine, reference_python, tensor

if importlib.util.find_spec("torch") is None:
    python = reference_python()
    os.execv(python, [python, *sys.argv])

sys.path[:0] = [str(ADAPTERS), str(pathlib.Path(__file__).resolve().parents[1] / "cli")]

import numpy
import torch
from common import ISOFRAME, isoframe
from isoframe_engine import files
from isoframe_engine.judge import Judge, NotComparable
from safetensors import safe_open

LONGEST = 30


class Test(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)


class OwnEngine(Test):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
        cls.addClassCleanup(folder.cleanup)
        root = pathlib.Path(folder.name)
        blocks = re.findall(r"^```python\n(.*?)^```$", (ADAPTERS / "README.md").read_text(), re.MULTILINE | re.DOTALL)
        (cls.code,) = (block for block in blocks if "serve(" in block)
        cls.program = root / "own_engine.py"
        cls.program.write_text(cls.code)
        # A case with all of its settings.
        made = isoframe("weights", "init", "--preset", "tiny", "--seed", 3, root / "checkpoint")
        assert made.returncode == 0, made.stderr
        made = isoframe("generate", "--checkpoint", root / "checkpoint", "--task", "t2v", "--prompt", "a sign", "--height", 32,
                        "--width", 48, "--frames", 5, "--steps", 2, "--seed", 7, "--warmup", 0, "--out", root / "out")
        assert made.returncode == 0, made.stderr
        cls.case = json.loads((root / "out/result.json").read_text())["case"]
        cls.by_isoframe = root / "out"

    def setUp(self):
        super().setUp()
        self.engine = Engine([sys.executable, self.program], 1, self.root, {"PYTHONPATH": ADAPTERS}, timeout=60)
        self.addCleanup(self.engine.kill)

    def ask(self, request, case, **fields):
        ((answer, progress),) = self.engine.ask(request, case=case, **fields)
        return answer, progress

    def load(self):
        answer, _ = self.ask("load", self.case, store=None)
        self.assertEqual((answer["answer"], answer.get("facts")), ("loaded", {"numpy": numpy.__version__}), answer)

    def frames(self, directory):
        return (directory / "frames.safetensors").read_bytes()

    def test_is_short(self):
        self.assertLessEqual(sum(bool(line.strip()) for line in self.code.splitlines()), LONGEST)
        self.assertLess(max(map(len, self.code.splitlines())), 120)

    def test_leaves_what_the_protocol_asks_for(self):
        (hello,) = self.engine.hello
        self.assertEqual((hello["engine"], hello["version"], hello["rank"]), ("ripples", "1", 0))
        self.assertEqual(
            hello["capabilities"],
            {"tasks": ["t2v"], "dtypes": ["float32"], "devices": ["cpu"], "layouts": [], "takes_noise": True,
             "observations": [], "fingerprint": None},
        )
        self.load()
        directory = self.engine.generate(self.case)
        names = sorted(path.name for path in directory.iterdir())
        self.assertEqual(names, ["events-0.json", "frames.safetensors", "latents.safetensors", "rank-0.json"])
        shape, values = tensor(directory / "frames.safetensors", "frames")
        self.assertEqual(shape, [5, 32, 48, 3])
        self.assertTrue(all(0.0 <= value <= 1.0 for value in values))
        expected = self.by_isoframe / "latents.safetensors"
        steps = [tensor(directory / "latents.safetensors", name) for name in ("noise", "step_0", "step_1", "latents")]
        for name, (shape, _) in zip(("noise", "step_0", "step_1", "latents"), steps):
            self.assertEqual(shape, tensor(expected, name)[0])
        self.assertEqual(steps[2], steps[3])
        self.assertNotEqual(steps[1], steps[2])
        record = json.loads((directory / "rank-0.json").read_text())
        own = json.loads((self.by_isoframe / "result.json").read_text())["ranks"][0]
        for name in ("device", "device_memory", "peak_proportional_bytes", "peak_tensor_bytes"):
            self.assertIn(name, own, "it is isoframe's word for it")
            self.assertIsNone(record[name])
        self.assertGreater(record["peak_resident_bytes"], 1e6)
        self.assertEqual((record["rank"], record["pid"]), (0, self.engine.processes[0].pid))
        self.assertEqual({name: len(seconds) for name, seconds in record["stages"].items()},
                         {"text": 1, "denoise": 1, "denoise.step": 2, "decode": 1})
        outer = sum(record["stages"][name][0] for name in ("text", "denoise", "decode"))
        self.assertLess(outer, record["total_seconds"])
        events = json.loads((directory / "events-0.json").read_text())
        self.assertEqual([event[:2] for event in events],
                         [["text", -1], ["denoise.step", 0], ["denoise.step", 1], ["denoise", 2], ["decode", -1]])
        self.assertEqual(self.engine.exit(), [0])

    def test_every_setting_that_it_takes_has_an_effect(self):
        self.load()
        first = self.frames(self.engine.generate(self.case))
        self.assertEqual(self.frames(self.engine.generate(self.case)), first)
        other = self.engine.generate(self.case | {"seed": 8})
        for settings in ({"prompt": "another"}, {"steps": 3}, {"frames": 9}, {"height": 48}, {"width": 32}):
            self.assertNotEqual(self.frames(self.engine.generate(self.case | settings)), first, settings)
        self.assertNotEqual(self.frames(other), first)
        given = self.engine.generate(self.case, noise=str(other / "latents.safetensors"))
        self.assertEqual(self.frames(given), self.frames(other))
        by_isoframe = self.engine.generate(self.case, noise=str(self.by_isoframe / "latents.safetensors"))
        noise = tensor(by_isoframe / "latents.safetensors", "noise")
        self.assertEqual(noise, tensor(self.by_isoframe / "latents.safetensors", "noise"))

    def test_refuses_what_it_would_leave_out(self):
        fields = {"directory": None, "noise": None}
        answer, _ = self.ask("generate", self.case, **fields)
        self.assertEqual((answer["kind"], answer["message"]), ("input", "nothing is loaded yet"))
        for settings, part in (
            ({"layout": "ulysses=2"}, "ulysses"), ({"guidance_scale": 5.0}, "guidance_scale: 5.0"), ({"negative_prompt": "fog"}, "fog"),
            ({"dtype": "bfloat16"}, "bfloat16"), ({"task": "i2v"}, "i2v"), ({"device": "cuda"}, "cuda"),
            ({"reduction": "deterministic"}, "deterministic"),
        ):
            self.assert_refused("unsupported", part, "load", settings, store=None)
        self.load()
        self.assert_refused("unsupported", "fog", "generate", {"negative_prompt": "fog"}, **fields)
        self.assert_refused("input", "/other", "generate", {"checkpoint": "/other"}, **fields)
        self.assert_refused("input", "5 frames of 40 x 48", "generate", {"height": 40}, **fields)
        self.assert_refused("input", "6 frames of 32 x 48", "generate", {"frames": 6}, **fields)
        noise = str(self.engine.generate(self.case) / "latents.safetensors")
        wrong = "1 x 32 x 2 x 2 x 3, the case's are 1 x 32 x 1 x 2 x 3"
        self.assert_refused("input", wrong, "generate", {"frames": 1}, directory=None, noise=noise)
        self.assert_refused("input", "/nowhere", "generate", {}, directory=None, noise="/nowhere")
        before = set(self.root.rglob("*"))
        self.assertEqual(self.ask("generate", self.case, **fields)[0]["answer"], "done", "it goes on")
        self.assertEqual(set(self.root.rglob("*")), before, "a warm-up leaves nothing")

    def assert_refused(self, kind, part, request, settings, **fields):
        answer, _ = self.ask(request, self.case | settings, **fields)
        self.assertEqual((answer["answer"], answer.get("kind")), ("error", kind), answer)
        self.assertIn(part, answer["message"])


class Files(Test):
    def test_a_tensor_of_any_kind_is_read_as_it_was_in_float32(self):
        source = torch.randn(3, 5, 2, generator=torch.Generator().manual_seed(1))
        kinds = {
            "contiguous": source, "transposed": source.transpose(0, 2), "a view": source[1:, ::2], "needs grad": source.clone().requires_grad_(),
            "bfloat16": source.bfloat16(), "float64": source.double() / 3, "numpy": source.numpy() * 2, "turned": source.numpy().T,
            "half": source.numpy().astype(numpy.float16), "lists": source.tolist(), "a number": 1.5, "no numbers": torch.zeros(2, 0, 3),
            "not finite": [math.nan, math.inf, -math.inf], "the same again": source,
        }
        files.write_tensors(self.root / "all.safetensors", kinds)
        with safe_open(self.root / "all.safetensors", framework="pt") as file:
            self.assertEqual(set(file.keys()), set(kinds))
            for name, tensor_ in kinds.items():
                expected = torch.as_tensor(numpy.asarray(tensor_.detach().float() if torch.is_tensor(tensor_) else tensor_, "f4"))
                found = file.get_tensor(name)
                self.assertEqual((found.dtype, found.shape), (torch.float32, expected.shape), name)
                self.assertTrue(torch.equal(found.nan_to_num(7.0), expected.nan_to_num(7.0)), name)
        (again,) = files.read_tensors(self.root / "all.safetensors", ["turned"], "np")
        self.assertTrue((again == source.numpy().T).all())

    def test_lists_of_unequal_lengths_are_refused_and_leave_nothing(self):
        for ragged in ([[1.0], [1.0, 2.0]], [[1.0], 2.0], [[[1.0]], [2.0]]):
            with self.assertRaises((ValueError, TypeError)):
                files.write_tensors(self.root / "ragged.safetensors", {"a": ragged})
        self.assertEqual(list(self.root.iterdir()), [])


class Arrays(Test):
    def setUp(self):
        super().setUp()
        self.judge = Judge(ISOFRAME, self.root / "judge")
        values = numpy.random.default_rng(3).random((2, 32, 48, 3), numpy.float32)
        # Pictures, so that metrics mean something.
        self.frames = (values + numpy.linspace(0, 3, 48)[:, None]) / 4.0

    def assert_fails(self, sentence, reference, candidate, **gates):
        with self.assertRaisesRegex(AssertionError, sentence):
            self.judge.assert_same_frames(reference, candidate, **gates)

    def test_equal_frames_of_any_kind_are_equal(self):
        frames = self.frames.astype(numpy.float32)
        eight_bit = numpy.rint(frames * 255).astype(numpy.uint8)
        path = self.root / "frames.safetensors"
        files.write_tensors(path, {"frames": frames})
        kinds = (frames, torch.from_numpy(frames), frames.astype(numpy.float64), eight_bit, torch.from_numpy(eight_bit), path, str(path),
                 torch.from_numpy(eight_bit.transpose(0, 3, 1, 2).copy()).permute(0, 2, 3, 1))
        for candidate in kinds:
            self.judge.assert_same_frames(frames, candidate)
            self.judge.assert_same_frames(candidate, eight_bit, psnr_min=math.inf)
        self.judge.assert_same_frames(frames, frames, max_difference_max=0)

    def test_other_frames_fail_with_the_sentence(self):
        other = self.frames.copy()
        other[1, 4, 5] += numpy.float32(0.1)
        eight_bit = [numpy.rint(frames * 255).astype(numpy.uint8) for frames in (self.frames, other)]
        for reference, candidate in ((self.frames, other), (torch.from_numpy(self.frames), other), eight_bit,
                                     map(torch.from_numpy, eight_bit), (self.frames, eight_bit[1])):
            self.assert_fails("^different: PSNR .*first different frame 1.*\nagain: .* compare ", reference, candidate)
        self.judge.assert_same_frames(self.frames, other, psnr_min=40)
        self.assert_fails(r"^outside the gates: PSNR \S+ dB \(needs 70.00 dB\)", self.frames, other, psnr_min=70)
        self.assert_fails(r"^outside the gates: relative L2 \S+ \(at most", self.frames, other, relative_l2_max=numpy.float64(1e-6))
        self.assert_fails("^not to be trusted: .*NaN", self.frames, numpy.full_like(self.frames, math.nan))

    def test_a_change_of_floats_that_8_bits_do_not_show_is_for_gates(self):
        frames = numpy.rint(self.frames * 255) / 255
        near = frames + 1e-6
        self.judge.assert_same_frames(frames, near)
        self.assert_fails("^outside the gates: largest difference", frames, near, max_difference_max=0)

    def test_what_cannot_be_judged_is_no_verdict(self):
        frames = self.frames
        for reference, candidate, gates, part in (
            (frames, frames[:1], {}, "the reference has 2 frames, the candidate 1"),
            (frames, frames[:, :16], {}, "the candidate 16 x 48"),
            (frames * 255, frames * 255, {}, "the reference's floats go from 0"),
            (frames, frames * 2 - 1, {}, "the candidate's floats go from -0.99"),
            (frames[0], frames[0], {}, "the reference is 32 x 48 x 3, not frames x height x width x 3"),
            (frames.transpose(0, 3, 1, 2), frames, {}, "the reference is 2 x 3 x 32 x 48"),
            (frames, frames[:0], {}, "the candidate is 0 x 32 x 48 x 3"),
            (frames, (frames * 255).astype(numpy.int32), {}, "neither a path nor frames as uint8 or floats from 0 to 1: int32"),
            (frames, None, {}, "NoneType"),
            (frames, self.root / "nowhere", {}, "nowhere: no such file or folder"),
            (frames, frames, {"psnr": 40}, "no gate 'psnr'; it has psnr_min, ssim_min, relative_l2_max"),
            (frames, frames, {"latency_ratio_max": 1.1}, "no gate 'latency_ratio_max'"),
            (frames, frames, {"out": "/tmp"}, "no gate 'out'"),
            (frames, frames, {"psnr_min": None}, "--psnr-min"),
            (frames, frames, {"psnr_min": True}, "--psnr-min"),
            (frames, frames, {"psnr_min": math.nan}, "--psnr-min"),
        ):
            with self.subTest(part), self.assertRaises(NotComparable) as caught:
                self.judge.assert_same_frames(reference, candidate, **gates)
            self.assertIn(part, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
