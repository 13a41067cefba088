#!/usr/bin/env python3
"""The fake engine is broken as its modes say, and sound without one: what is judged with it was really there."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from harness import Engine, largest_difference, tensor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import fake_engine
from fake_engine import MODES_OF_A_CASE, MODES_OF_THE_PROGRAM

PROGRAM = pathlib.Path(fake_engine.__file__)
CASE = {"task": "t2v", "dtype": "float32", "device": "cpu", "layout": "single", "checkpoint": "/a", "variant": "", "height": 32,
        "width": 48, "frames": 5, "steps": 2, "seed": 7, "prompt": "a sign", "reduction": "fast"}


class Fake(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def start(self, *arguments, ranks=1, timeout=20):
        engine = Engine([sys.executable, PROGRAM, *arguments], ranks, self.root, timeout=timeout)
        self.addCleanup(engine.kill)
        return engine

    def loaded(self, case=CASE, **options):
        engine = self.start(**options)
        for answer, _ in engine.load(case):
            self.assertEqual(answer["answer"], "loaded", answer)
        return engine

    def becoming(self, mode, **options):
        self.assertIn(mode, MODES_OF_A_CASE)
        return CASE | {"engine_options": {"becomes": mode, **options}}

    def frames(self, directory):
        return tensor(directory / "frames.safetensors", "frames")

    def left_by(self, mode):
        engine = self.loaded()
        directory = engine.generate(self.becoming(mode))
        # The mode is the case's: the next one is sound.
        self.assertEqual(sorted(path.name for path in engine.generate(CASE).iterdir()), self.all_files())
        return directory

    def all_files(self, ranks=1):
        each = [f"{kind}-{rank}.json" for kind in ("events", "rank") for rank in range(ranks)]
        return sorted(["frames.safetensors", "latents.safetensors", *each])

    def test_without_a_mode_it_is_sound(self):
        engine = self.loaded()
        directory = engine.generate(CASE)
        self.assertEqual(sorted(path.name for path in directory.iterdir()), self.all_files())
        shape, values = self.frames(directory)
        self.assertEqual(shape, [5, 32, 48, 3])
        self.assertTrue(all(0.0 <= value <= 1.0 for value in values))
        self.assertGreater(max(values) - min(values), 0.5)
        for name in ("noise", "step_0", "step_1", "latents"):
            self.assertEqual(tensor(directory / "latents.safetensors", name)[0], [1, 32, 2, 2, 3])
        record = json.loads((directory / "rank-0.json").read_text())
        self.assertEqual((record["rank"], record["pid"]), (0, engine.processes[0].pid))
        self.assertEqual(set(record["stages"]), {"text", "denoise", "denoise.step", "decode"})
        self.assertEqual(len(record["stages"]["denoise.step"]), 2)
        self.assertGreater(record["total_seconds"], sum(record["stages"]["denoise"]))
        self.assertEqual(engine.exit(), [0])

    def test_frames_follow_from_the_seed_or_from_given_noise(self):
        engine = self.loaded()
        first, again, other = (engine.generate(CASE | {"seed": seed}) for seed in (7, 7, 8))
        self.assertEqual(self.frames(first), self.frames(again))
        self.assertGreater(largest_difference(self.frames(first), self.frames(other)), 0.1)
        given = engine.generate(CASE, noise=str(other / "latents.safetensors"))
        self.assertEqual(self.frames(given), self.frames(other))
        offset = engine.generate(CASE | {"engine_options": {"offset": 0.25}})
        self.assertAlmostEqual(largest_difference(self.frames(offset), self.frames(first)), 0.25, delta=1e-6)
        for noise, part in ((self.root / "none", "cannot be read"), (other / "rank-0.json", "cannot be read")):
            ((answer, _),) = engine.ask("generate", case=CASE, directory=None, noise=str(noise))
            self.assertEqual((answer.get("kind"), part in answer.get("message", "")), ("input", True), answer)

    def test_ranks_are_those_of_the_layout_whoever_starts_them(self):
        case = CASE | {"layout": "ulysses=2"}
        directory = self.loaded(case, ranks=2).generate(case)
        self.assertEqual(sorted(path.name for path in directory.iterdir()), self.all_files(ranks=2))
        # An engine that starts its own ranks is told of none.  Those of the VAE are some of the others.
        case = CASE | {"layout": "ulysses=2,vae_patch=2"}
        script = "unset RANK LOCAL_RANK WORLD_SIZE; exec \"$@\""
        engine = Engine(["sh", "-c", script, "sh", sys.executable, PROGRAM], 1, self.root, timeout=20)
        self.addCleanup(engine.kill)
        self.assertEqual(engine.load(case)[0][0]["answer"], "loaded")
        directory = engine.generate(case)
        self.assertEqual(sorted(path.name for path in directory.iterdir()), self.all_files(ranks=2))
        self.assertEqual(json.loads((directory / "rank-1.json").read_text())["rank"], 1)
        ((answer, _),) = self.start().load(case)
        self.assertEqual((answer["kind"], "needs 2 ranks, and 1" in answer["message"]), ("input", True), answer)

    def test_a_rank_alone_may_be_broken(self):
        case = CASE | {"layout": "ulysses=2", "engine_options": {"becomes": "leaves-no-record", "on_rank": 1}}
        directory = self.loaded(case, ranks=2).generate(case)
        self.assertTrue((directory / "rank-0.json").exists())
        self.assertFalse((directory / "rank-1.json").exists())

    def test_before_its_hello(self):
        with self.assertRaisesRegex(AssertionError, "ended with 7"):
            self.start("--becomes", "dies-before-hello")
        with self.assertRaises(TimeoutError):
            self.start("--becomes", "never-says-hello", timeout=0.5)
        with self.assertRaises(ValueError):
            self.start("--becomes", "prints-garbage-for-hello")
        self.assertEqual(self.start("--becomes", "says-hello-of-wrong-rank").hello[0]["rank"], 1)
        self.assertEqual(self.start("--becomes", "speaks-protocol-2").hello[0]["protocol"], 2)

    def test_while_it_loads(self):
        for says in ("on the command line", "in the case"):
            for mode in ("hangs-at-load", "dies-at-load", "claims-too-much"):
                with self.subTest(mode, says=says):
                    case, arguments = self.becoming(mode), ()
                    if says == "on the command line":
                        case, arguments = CASE, ("--becomes", mode)
                    engine = self.start(*arguments, timeout=0.5 if mode == "hangs-at-load" else 20)
                    if mode == "hangs-at-load":
                        self.assertRaises(TimeoutError, engine.load, case)
                    elif mode == "dies-at-load":
                        self.assertRaisesRegex(AssertionError, "ended with 7", engine.load, case)
                    else:
                        self.assertIn("t2v", engine.hello[0]["capabilities"]["tasks"])
                        self.assertEqual(engine.load(case)[0][0]["kind"], "unsupported")

    def test_while_it_generates(self):
        for mode in ("dies-at-generate", "is-killed-at-generate"):
            with self.subTest(mode):
                code = {"dies-at-generate": 7, "is-killed-at-generate": -9}[mode]
                self.assertRaisesRegex(AssertionError, f"ended with {code}:", self.loaded().generate, self.becoming(mode))
        self.assertRaises(TimeoutError, self.loaded(timeout=1).generate, self.becoming("hangs-at-generate"))
        engine = self.loaded()
        (rank,) = engine._ranks
        rank.send({"id": 9, "request": "generate", "case": self.becoming("never-done"), "directory": None})
        self.assertEqual({rank.read()["answer"] for _ in range(10)}, {"progress"})

    def test_what_it_answers(self):
        fields = {"directory": None, "noise": None}
        self.assertRaises(ValueError, self.loaded().ask, "generate", case=self.becoming("prints-garbage"), **fields)
        engine = self.loaded()
        ((answer, _),) = engine.ask("generate", case=self.becoming("answers-another-id"), **fields)
        self.assertEqual((answer["answer"], answer["id"]), ("done", 1002))
        ((answer, _),) = engine.ask("generate", case=self.becoming("answers-another-request"), **fields)
        self.assertEqual((answer["answer"], answer["id"]), ("loaded", 3))
        ((answer, _),) = engine.ask("generate", case=self.becoming("answers-twice"), **fields)
        self.assertEqual(answer, engine._ranks[0].read())

    def test_what_it_leaves(self):
        self.assertEqual(self.frames(self.left_by("leaves-other-size"))[0], [5, 32, 32, 3])
        self.assertEqual(self.frames(self.left_by("leaves-other-number-of-frames"))[0], [6, 32, 48, 3])
        values = self.frames(self.left_by("leaves-nan"))[1]
        self.assertEqual(sum(value != value for value in values), 1)
        latents = self.left_by("leaves-other-latents") / "latents.safetensors"
        self.assertEqual(tensor(latents, "step_1")[0], [1, 32, 2, 2, 6])
        for mode, file in (("frames", "frames.safetensors"), ("latents", "latents.safetensors"), ("record", "rank-0.json")):
            self.assertFalse((self.left_by(f"leaves-no-{mode}") / file).exists(), mode)
        record = self.left_by("leaves-negative-time") / "rank-0.json"
        self.assertLess(json.loads(record.read_text())["total_seconds"], 0.0)

    def test_options_that_nobody_knows_are_wrong(self):
        engine = self.loaded()
        for options, part in (({"becomes": "invisible"}, "invisible"), ({"speed": 9}, "speed"),
                              ({"becomes": "never-says-hello"}, "option of the program")):
            ((answer, _),) = engine.load(CASE | {"engine_options": options})
            self.assertEqual((answer.get("kind"), part in answer.get("message", "")), ("input", True), answer)

    def test_lists_its_modes_each_of_which_is_tested_here(self):
        listed = subprocess.run([sys.executable, PROGRAM, "--list"], capture_output=True, text=True, check=True).stdout
        modes = [line.split()[0] for line in listed.splitlines()]
        self.assertEqual(modes, [*MODES_OF_THE_PROGRAM, *MODES_OF_A_CASE])
        text = pathlib.Path(__file__).read_text()
        for mode in modes:
            self.assertTrue(f'"{mode}"' in text or f'"{mode.removeprefix("leaves-no-")}"' in text, mode)


if __name__ == "__main__":
    unittest.main()
