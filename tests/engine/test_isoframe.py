#!/usr/bin/env python3
"""isoframe's own ranks as an engine: they speak the protocol of harness/engine/README.md as any other.

ISOFRAME_BIN names the program.  A tiny checkpoint is made once.
"""

import json
import pathlib
import sys
import tempfile
import unittest

from harness import Engine, tensor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))

from common import ISOFRAME, CheckpointTest, isoframe


class Isoframe(CheckpointTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.generated = cls.root / "generated"
        made = isoframe(
            *("generate", "--checkpoint", cls.checkpoint, "--task", "t2v", "--prompt", 'a sign "HI"', "--height", 48),
            *("--width", 80, "--frames", 5, "--steps", 2, "--seed", 7, "--layout", "ulysses=2", "--out", cls.generated),
        )
        assert made.returncode == 0, made.stderr
        cls.case = json.loads((cls.generated / "result.json").read_text())["case"]

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, ranks=1):
        engine = Engine([ISOFRAME, "worker"], ranks, self.folder)
        self.addCleanup(engine.kill)
        return engine

    def answers(self, asked):
        return [answer["answer"] for answer, _ in asked]

    def frames(self, directory):
        return (directory / "frames.safetensors").read_bytes()

    def test_says_what_it_can_do(self):
        (hello,) = self.start().hello
        self.assertEqual((hello["engine"], hello["protocol"], hello["rank"]), ("isoframe", 1, 0))
        can = hello["capabilities"]
        self.assertEqual(can["tasks"], ["t2v", "i2v"])
        self.assertIn("cpu", can["devices"])
        self.assertEqual(sorted(can["layouts"]), ["cfg", "ring", "tensor", "ulysses", "vae_patch"])
        self.assertEqual(can["observations"], ["record", "follow", "keep", "graft", "beside", "locked", "twin", "rates"])

    def test_makes_the_frames_of_generate_again_and_again(self):
        engine = self.start(2)
        self.assertEqual(self.answers(engine.load(self.case)), ["loaded"] * 2)
        expected = self.frames(self.generated)
        first = engine.generate(self.case)
        self.assertEqual(self.frames(first), expected)
        self.assertEqual(sorted(path.name for path in first.glob("rank-*.json")), ["rank-0.json", "rank-1.json"])
        other = engine.generate(self.case | {"seed": 8})
        self.assertNotEqual(self.frames(other), expected)
        # From another's noise, its frames; a warm-up leaves nothing, in the next generation either.
        self.assertEqual(self.frames(engine.generate(self.case, noise=str(other / "latents.safetensors"))), self.frames(other))
        self.assertEqual(self.answers(engine.ask("generate", case=self.case, directory=None, noise=None)), ["done"] * 2)
        # What is observed after a measurement is no part of it.
        seen = engine.ask("observe", case=self.case, directory=str(self.folder), noise=None, observation={"kind": "record"})
        self.assertEqual(self.answers(seen), ["done"] * 2)
        self.assertEqual(self.frames(engine.generate(self.case)), expected)
        self.assertEqual(engine.exit(), [0, 0])

    def test_loads_another_layout_in_place_of_the_first(self):
        engine = self.start(2)
        engine.load(self.case)
        cfg = self.case | {"layout": "cfg=2"}
        self.assertEqual(self.answers(engine.load(cfg)), ["loaded"] * 2)
        self.assertEqual(self.frames(engine.generate(cfg)), self.frames(self.generated))

    def test_reports_its_stages_and_leaves_what_is_observed(self):
        engine = self.start()
        case = self.case | {"layout": "single"}
        engine.load(case)
        ((answer, progress),) = engine.ask(
            "observe", case=case, directory=str(self.folder), noise=None, observation={"kind": "beside"}
        )
        self.assertEqual(answer["answer"], "done")
        self.assertLessEqual({"text", "denoise", "decode", "write"}, {report["stage"] for report in progress})
        self.assertTrue((self.folder / "fingerprints-0.json").exists())
        self.assertEqual(tensor(self.folder / "frames.safetensors", "frames")[0], [5, 48, 80, 3])

    def observe(self, engine, name, case, **observation):
        directory = self.folder / name
        directory.mkdir()
        seen = engine.ask("observe", case=case, directory=str(directory), noise=None, observation=observation)
        self.assertEqual(set(self.answers(seen)), {"done"}, seen)
        return directory

    def test_given_anothers_inputs_a_place_gives_anothers_results_on_every_rank(self):
        def place(name):
            stages = "denoise 2/denoise.step 1/denoise.unconditional 1/transformer"
            return {"stages": stages, "name": f"transformer_blocks.attn.{name}", "index": 1, "occurrence": 0}

        inputs = [place(f"{name}{stream}") for name in ("query", "key", "value") for stream in ("", ".context")]
        wanted = place("heads")
        single, other = self.case | {"layout": "single"}, self.case | {"prompt": "another", "seed": 9}
        alone = self.start()
        alone.load(single)
        kept = self.observe(alone, "kept", single, kind="keep", place=wanted, places=inputs) / "kept-0.safetensors"
        (batch, heads, tokens, channels), whole = tensor(kept, "kept")

        engine = self.start(2)
        engine.load(other)
        before = self.observe(engine, "before", other, kind="keep", place=wanted)
        grafted = self.observe(engine, "grafted", other, kind="graft", places=inputs, grafts=str(kept), place=wanted)
        for rank in range(2):
            # Of each rank its share of the heads, all tokens of the video.
            shape, own = tensor(grafted / f"kept-{rank}.safetensors", "kept")
            self.assertEqual((batch, shape), (1, [1, heads // 2, tokens, channels]))
            size = len(own)
            self.assertEqual(own, whole[rank * size : (rank + 1) * size])
            self.assertNotEqual(tensor(before / f"kept-{rank}.safetensors", "kept")[1], own)
            self.assertEqual(json.loads((grafted / f"missed-{rank}.json").read_text()), [])
            self.assertTrue((grafted / f"fingerprints-{rank}.json").exists())

    def test_a_trial_of_the_machine_loads_no_model(self):
        engine = self.start(2)
        case = self.case | {"checkpoint": "/no/where"}
        rates = {"observation": {"kind": "rates"}}
        store = str(self.folder / "store")
        self.assertEqual(self.answers(engine.ask("load", case=case, store=store, **rates)), ["loaded"] * 2)
        self.assertEqual(self.answers(engine.ask("observe", case=case, directory=str(self.folder), **rates)), ["done"] * 2)
        self.assertIn("links", json.loads((self.folder / "rank-0.json").read_text()))
        answer, _ = engine.ask_one(0, "generate", case=case, directory=str(self.folder))
        self.assertIn("nothing is loaded", answer["message"])

    def test_what_it_cannot_read_does_no_harm(self):
        engine = self.start()
        for line in (b"garbage", b"[]", b'{"id": 5}', b'{"id": 5, "request": "dance"}'):
            (answer,) = engine.ask_raw(line)
            self.assertEqual((answer["answer"], answer["kind"], answer["id"]), ("error", "input", None), line)
        self.assertEqual(self.answers(engine.load(self.case | {"layout": "single"})), ["loaded"])

    def test_what_is_wrong_with_a_case_is_one_line(self):
        single = self.case | {"layout": "single"}
        for loads, case, expected in (
            (None, single, "nothing is loaded"),
            (single, single | {"dtype": "bfloat16"}, "the case needs another load"),
            (single | {"checkpoint": "/no/where"}, single, "/no/where: no such checkpoint"),
        ):
            with self.subTest(expected=expected):
                engine = self.start()
                answer = engine.load(loads)[0][0] if loads else {"answer": "loaded"}
                if answer["answer"] == "loaded":
                    answer = engine.ask("generate", case=case, directory=str(self.folder), noise=None)[0][0]
                self.assertEqual((answer["answer"], answer["kind"]), ("error", "input"), answer)
                self.assertIn(expected, answer["message"])
                self.assertEqual(engine.processes[0].wait(timeout=60), 2)


if __name__ == "__main__":
    unittest.main()
