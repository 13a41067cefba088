#!/usr/bin/env python3
"""The diffusers adapter against isoframe, on tiny checkpoints, over the protocol that isoframe speaks with it.

ISOFRAME_BIN names the program; the adapter runs in the environment that ci/setup --reference installs.
"""

import json
import os
import pathlib
import resource
import shutil
import sys
import tempfile
import time
import unittest

from adapter_test import (
    EVEN,
    TOLERANCE,
    UNEVEN,
    AdapterTest,
    estimated_difference,
    followed_at,
    frames,
    isoframe_at,
    latents,
    place_of,
    record,
    relative_l2,
    same_part,
)
from harness import ADAPTERS, Engine, largest_difference, reference_python, tensor


class Diffusers(AdapterTest):
    adapter = "diffusers_engine.py"
    interpreter = staticmethod(reference_python)

    def test_says_hello_before_it_imports_torch(self):
        engine = Engine([self.python, ADAPTERS / self.adapter], 1, self.root)
        self.addCleanup(engine.kill)
        self.assertNotIn("libtorch", pathlib.Path(f"/proc/{engine.processes[0].pid}/maps").read_text())
        (hello,) = engine.hello
        self.assertEqual((hello["protocol"], hello["engine"], hello["rank"]), (1, "diffusers", 0))
        self.assertEqual(hello["capabilities"]["layouts"], ["ulysses", "ring"])
        self.assertEqual((hello["capabilities"]["observations"], hello["capabilities"]["fingerprint"]), (["record", "follow", "keep", "graft", "locked"], 1))
        self.assertEqual(engine.exit(), [0])

    def test_text_to_video_is_isoframes(self):
        self.assert_same_video(self.generate_once(), self.by_isoframe())

    def test_image_to_video_is_isoframes(self):
        self.assert_same_video(self.generate_once(task="i2v"), self.by_isoframe(task="i2v"))

    def test_untiled_and_unguided_it_is_isoframes_too(self):
        settings = {"tiling": False, "guidance_scale": 1.0, "prompt": "", **UNEVEN}
        self.assert_same_video(self.generate(**settings), self.by_isoframe(**settings))

    def test_another_seed_is_another_video(self):
        other = self.generate_once(seed=8)
        self.assertGreater(self.difference(self.generate_once(), other), 100 * TOLERANCE)
        # An option that reached nothing would leave these as they are.
        few = {"steps": 1, **UNEVEN}
        for settings in ({"negative_prompt": ""}, {"guidance_scale": 2.0}, {"tile_overlap": 0.0}):
            with self.subTest(settings):
                self.assertGreater(self.difference(self.generate_once(**few), self.generate(**few, **settings)), TOLERANCE)

    def test_generations_of_one_process_are_equal_byte_for_byte(self):
        first = self.generate_once()
        self.generate_once(seed=8)
        again = self.generate()
        for name in ("frames.safetensors", "latents.safetensors"):
            self.assertEqual((first / name).read_bytes(), (again / name).read_bytes(), name)

    def test_given_noise_is_what_it_begins_with(self):
        other = self.generate_once(seed=8)
        given = self.generate(noise=str(other / "latents.safetensors"))
        self.assertEqual((given / "frames.safetensors").read_bytes(), (other / "frames.safetensors").read_bytes())
        self.assertEqual(latents(given, "noise"), latents(other, "noise"))

    def test_both_layouts_are_the_single_run_with_even_and_uneven_shares(self):
        for layout in ("ulysses=2", "ring=2"):
            for size in (EVEN, UNEVEN):
                with self.subTest(layout, **size):
                    self.assert_same_video(self.generate_once(layout=layout, **size), self.generate_once(**size))

    def test_a_layout_makes_a_video_of_an_image(self):
        self.assert_same_video(self.generate(task="i2v", layout="ring=2"), self.generate_once(task="i2v"))

    def test_half_types_are_near_isoframes(self):
        settings = {"dtype": "bfloat16", "steps": 1, **UNEVEN}
        half, by_isoframe = self.generate(**settings), self.by_isoframe(**settings)
        self.assertEqual(latents(half, "noise"), latents(by_isoframe, "noise"), "noise is drawn in the case's dtype")
        relative = relative_l2(latents(half, "step_0"), latents(by_isoframe, "step_0"))
        print(f"bfloat16: relative L2 of the first step {relative:.2e}", file=sys.stderr)
        self.assertLess(relative, 0.05)
        self.assertNotEqual(latents(half, "noise"), latents(self.generate_once(steps=1, **UNEVEN), "noise"))

    def test_a_variant_of_the_weights_is_read(self):
        checkpoint = self.root / "variant"
        shutil.copytree(self.root / "t2v", checkpoint)
        weights = checkpoint / "transformer/diffusion_pytorch_model.safetensors"
        weights.rename(weights.with_name("diffusion_pytorch_model.fp16.safetensors"))
        with_variant = self.generate(checkpoint=str(checkpoint), variant="fp16", steps=1, **UNEVEN)
        self.assertEqual(frames(with_variant), frames(self.generate_once(steps=1, **UNEVEN)))
        self.assert_refused("input", "load", self.case(checkpoint=str(checkpoint)), str(checkpoint), store=None)
        self.loaded.clear()

    def test_leaves_a_record_of_each_rank(self):
        for settings in ({}, {"layout": "ulysses=2"}, {"task": "i2v"}):
            case = self.case(**settings)
            directory = self.generate_once(**settings)
            names = {path.name for path in directory.iterdir()}
            ranks = range(self.ranks_of(case))
            of_ranks = {f"{name}-{rank}.json" for name in ("rank", "events") for rank in ranks}
            self.assertEqual(names, {"frames.safetensors", "latents.safetensors", *of_ranks})
            for rank in ranks:
                with self.subTest(settings, rank=rank):
                    self.check_record(record(directory, rank), case, rank)
                    self.check_events(json.loads((directory / f"events-{rank}.json").read_text()), record(directory, rank))

    def check_record(self, found, case, rank):
        engine = self.engines[self.ranks_of(case)]
        self.assertEqual((found["rank"], found["pid"]), (rank, engine.processes[rank].pid))
        self.assertGreater(found["load_seconds"], 0.0)
        self.assertGreater(found["peak_resident_bytes"], 100e6)
        stages = found["stages"]
        outer = ["image", "text", "encode", "denoise", "decode"] if case["task"] == "i2v" else ["text", "denoise", "decode"]
        for stage in outer:
            self.assertEqual(len(stages[stage]), 1, stage)
        self.assertEqual(len(stages["denoise.step"]), case["steps"])
        self.assertEqual(len(stages["transformer"]), 2 * case["steps"])
        total = sum(stages[stage][0] for stage in outer)
        self.assertLess(total, found["total_seconds"])
        self.assertGreater(total, 0.8 * found["total_seconds"], "the stages are nearly all of it")
        self.assertLess(sum(stages["denoise.step"]), stages["denoise"][0])
        # Tiles of 2 x 2 latents, one position apart.
        places = [(tile["row"], tile["column"]) for tile in found["tiles"]]
        self.assertEqual(places, [(row, column) for row in range(2) for column in range(3)])
        self.assertEqual([tile["seconds"] for tile in found["tiles"]], stages["decode.tile"])
        if self.ranks_of(case) == 1:
            self.assertEqual(found["communication_seconds"], 0.0)
        else:
            self.assertGreater(found["communication_seconds"], 0.0)
            self.assertLess(found["communication_seconds"], stages["denoise"][0])

    def test_follows_its_own_layout_and_keeps_a_tensor_of_both(self):
        layout, single = self.case(steps=1, layout="ulysses=2", **UNEVEN), self.case(steps=1, **UNEVEN)
        recordings = self.observe(layout)
        self.assertEqual(self.names_in(recordings), ["fingerprints-0.json", "fingerprints-1.json"])
        followed = self.observe(single, "follow", recordings=str(recordings))
        self.assertEqual(self.names_in(followed), ["reference.json"])
        parts = followed_at(followed)
        for rank in range(2):
            points = json.loads((recordings / f"fingerprints-{rank}.json").read_text())["points"]
            for point in points:
                same = same_part(parts[place_of(point)], point)
                self.assertLess(estimated_difference(point["part"], same), 1e-5, place_of(point))
            # The second rank's part of one tensor, as it has it and as the single run has it.
            (point,) = (point for point in points if point["name"] == "transformer_blocks.attn.output"
                        and point["index"] == 1 and "unconditional" in point["stages"])
        asked = {"place": {name: point[name] for name in ("stages", "name", "index", "occurrence")}}
        of_layout = self.observe(layout, "keep", **asked)
        of_single = self.observe(single, "keep", part=point["part"], **asked)
        self.assertEqual((self.names_in(of_layout), self.names_in(of_single)),
                         (["kept-0.safetensors", "kept-1.safetensors"], ["kept-0.safetensors"]))
        a, b = tensor(of_layout / "kept-1.safetensors", "kept"), tensor(of_single / "kept-0.safetensors", "kept")
        self.assertEqual(a[0], point["part"]["shape"])
        self.assertLess(largest_difference(a, b), TOLERANCE)
        first = tensor(of_layout / "kept-0.safetensors", "kept")
        self.assertNotEqual(first[1][: len(b[1])], b[1], "another rank's part is another")

    def test_a_locked_run_begins_each_step_with_given_latents(self):
        found = self.check_locked(("single", "ring=2"), UNEVEN)
        own = self.generate_once(**UNEVEN)
        self.assertGreater(relative_l2(tensor(found, "transformer 1 latents"), latents(own, "step_1")), 1e-3)

    def test_leaves_fingerprints_at_isoframes_probe_points(self):
        one_sided = {"decode.blend", "decode.communication", "encode.blend", "encode.communication", "proj_out",
                     *(f"transformer_blocks.attn.exchanged.{name}" for name in ("query", "key", "value"))}
        for settings in ({"task": "i2v", **UNEVEN}, {"layout": "ulysses=2", **UNEVEN}, {"layout": "ring=2", **EVEN}):
            case = self.case(steps=1, **settings)
            directory = self.observe(case)
            self.assertEqual(self.names_in(directory), [f"fingerprints-{rank}.json" for rank in range(self.ranks_of(case))])
            expected = isoframe_at(case, directory, pathlib.Path(tempfile.mkdtemp(dir=self.root)))
            other = isoframe_at(case | {"seed": 8}, directory, pathlib.Path(tempfile.mkdtemp(dir=self.root)))
            for rank in range(self.ranks_of(case)):
                with self.subTest(settings, rank=rank):
                    points = json.loads((directory / f"fingerprints-{rank}.json").read_text())["points"]
                    self.check_points(points, expected, other)
                    shown = {place_of(point) for point in points}
                    missing = {name for place in expected if place not in shown for name in place[1:2]}
                    self.assertLessEqual(missing, one_sided)

    def check_events(self, events, found):
        """The timeline says the same as the record, and when."""
        for name in ("denoise.step", "decode.tile"):
            self.assertEqual([event[3] for event in events if event[0] == name], found["stages"][name])
            self.assertEqual([event[1] for event in events if event[0] == name], list(range(len(found["stages"][name]))))
        for stage, index, start, seconds, sent, received, waited in events:
            self.assertLess(abs(start - time.time()), 3600.0, stage)
            self.assertLessEqual(waited, seconds + 1e-6)
        (denoise,) = (event for event in events if event[0] == "denoise")
        self.assertAlmostEqual(denoise[6], found["communication_seconds"], delta=0.01)

    def test_tells_how_far_it_is(self):
        case = self.case(**UNEVEN)
        self.load(case)
        directory = tempfile.mkdtemp(dir=self.root)
        ((answer, progress),) = self.engines[1].ask("generate", case=case, directory=directory, noise=None)
        self.assertEqual(answer["answer"], "done")
        told = [(line["stage"], line.get("index"), line.get("of")) for line in progress if line["stage"] != "decode.tile"]
        self.assertEqual(told, [("text", None, None), ("text", None, None), ("denoise", 0, 2), ("denoise", 1, 2),
                                ("decode", None, None), ("write", None, None)])

    def test_computes_on_as_many_threads_as_the_case_asks_for(self):
        running = []
        for threads in (2, 4, 2):
            self.generate(steps=1, threads_per_rank=threads, **UNEVEN)
            # OpenMP keeps its threads until a team of another size is formed.
            (process,) = self.engines[1].processes
            running.append(len(os.listdir(f"/proc/{process.pid}/task")))
        self.assertEqual([count - running[0] for count in running], [0, 2, 0])

    def test_a_warm_up_leaves_nothing(self):
        case = self.case(steps=1, **UNEVEN)
        self.load(case)
        before = set(self.root.rglob("*"))
        ((answer, _),) = self.engines[1].ask("generate", case=case, directory=None, noise=None)
        self.assertEqual(answer["answer"], "done")
        self.assertEqual(set(self.root.rglob("*")), before)

    def test_says_what_it_cannot_do_and_goes_on(self):
        for settings, *parts in (
            ({"layout": "cfg=2"}, "cfg"), ({"layout": "tensor=2"}, "tensor"), ({"layout": "vae_patch=2"}, "vae_patch"),
            ({"layout": "ulysses=2,ring=2"}, "ulysses or ring"), ({"reduction": "deterministic"}, "reduction"),
            ({"reduction_parts": 2}, "reduction_parts"), ({"launcher": "mpirun"}, "launcher"), ({"dtype": "float8"}, "float8"),
            ({"task": "t2i"}, "t2i"), ({"device": "tpu"}, "tpu"), ({"device": "cuda"}, "GPU 0"),
        ):
            with self.subTest(settings):
                if settings == {"device": "cuda"} and pathlib.Path("/dev/nvidia0").exists():
                    continue
                self.assert_refused("unsupported", "load", self.case(**settings), *parts, store=None)
        self.loaded.clear()
        self.generate(steps=1)

    def test_says_what_is_wrong_with_a_case_and_goes_on(self):
        self.assert_refused("input", "load", self.case(layout="ulysses=2"), "needs 2 ranks, and 1", store=None)
        self.assert_refused("input", "load", self.case(layout="ulysses:2"), "ulysses:2", store=None)
        self.assert_refused("input", "load", self.case(engine_options={"speed": 9}), "speed", store=None)
        nowhere = str(self.root / "nowhere")
        self.assert_refused("input", "load", self.case(checkpoint=nowhere), nowhere, store=None)
        self.assert_refused("input", "load", self.case(checkpoint=str(self.root / "i2v")), "i2v", "t2v", store=None)
        empty = self.root / "empty"
        empty.mkdir()
        for index in ("", "[]", "{}"):
            (empty / "model_index.json").write_text(index)
            self.assert_refused("input", "load", self.case(checkpoint=str(empty)), "names no pipeline", store=None)
        (empty / "model_index.json").write_text('{"_class_name": "WanPipeline"}')
        self.assert_refused("unsupported", "load", self.case(checkpoint=str(empty)), "WanPipeline", store=None)
        damaged = self.root / "damaged"
        shutil.copytree(self.root / "t2v", damaged)
        weights = damaged / "vae/diffusion_pytorch_model.safetensors"
        weights.write_bytes(weights.read_bytes()[:100])
        self.assert_refused("input", "load", self.case(checkpoint=str(damaged)), str(damaged), store=None)
        self.loaded.clear()
        self.assert_refused("input", "generate", self.case(), "nothing is loaded", directory=None)
        folder = str(self.root)
        self.load(self.case())
        self.assert_refused("input", "generate", self.case(dtype="bfloat16"), "dtype", "float32", directory=folder)
        for kind, observation, *parts in (
            ("unsupported", {"kind": "rates"}, "'rates'"), ("unsupported", {}, "None"),
            ("input", {"kind": "follow"}, "recordings"), ("input", {"kind": "follow", "recordings": nowhere}, nowhere),
            ("input", {"kind": "keep", "place": {"name": "latents"}}, "place"), ("input", {"kind": "locked"}, "trajectory"),
            ("input", {"kind": "locked", "trajectory": nowhere}, nowhere),
        ):
            self.assert_refused(kind, "observe", self.case(), *parts, directory=folder, observation=observation)
        self.assert_refused("input", "generate", self.case(steps="two"), "steps", directory=folder)
        self.assert_refused("input", "generate", self.case(height=50), "no multiple of 16", directory=folder)
        self.assert_refused("input", "generate", self.case(frames=6), "multiple of 4", directory=folder)
        self.assert_refused("input", "generate", self.case(), nowhere, directory=folder, noise=nowhere)
        small = str(self.generate_once(**UNEVEN) / "latents.safetensors")
        self.load(self.case())
        self.assert_refused("input", "generate", self.case(), "1 x 32 x 1 x 3 x 3", directory=folder, noise=small)
        self.load(self.case(task="i2v"))
        self.assert_refused("input", "generate", self.case(task="i2v", image=nowhere), nowhere, directory=folder)
        self.assertFalse((self.root / "frames.safetensors").exists())
        self.generate(task="i2v", steps=1)

    def test_what_memory_does_not_hold_ends_the_process_with_a_line(self):
        self.load(self.case())
        engine = self.engines[1]
        (process,) = engine.processes
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        (size,) = (int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmSize:"))
        resource.prlimit(process.pid, resource.RLIMIT_AS, (size + 100_000_000, size + 100_000_000))
        large = self.case(height=1024, width=1024, frames=9, tiling=False, steps=1)
        self.assert_refused("engine", "generate", large, "out of memory", directory=None)
        self.assertEqual(process.wait(timeout=60), 3)
        self.assertIn("Traceback", (engine.folder / "log-0").read_text())

    def test_who_never_comes_is_named(self):
        engine = self.engines[2]
        fields = {"case": self.case(layout="ring=2", meeting_seconds=0.5), "store": str(self.root / "lonely")}
        answer, _ = engine.ask_one(0, "load", **fields)
        self.assertEqual((answer["kind"], answer["message"]), ("engine", "RuntimeError: rank 0 waited 0.5 s for rank 1 in vain"))
        self.assertEqual(engine.processes[0].wait(timeout=60), 3)


if __name__ == "__main__":
    unittest.main()
