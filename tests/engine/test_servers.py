#!/usr/bin/env python3
"""The vLLM-Omni and SGLang adapters over the protocol, with doubles of both packages (tests/engine/doubles): neither
package nor a GPU is needed.  The doubles' workers are processes as the packages' are, and know no other arguments."""

import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from harness import ADAPTERS, Engine, largest_difference, names_of, reference_python, tensor

DOUBLES = pathlib.Path(__file__).resolve().parent / "doubles"
sys.path.insert(0, str(DOUBLES))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))

from record import notes
from test_image_to_video import png

CLASSES = {"t2v": "HunyuanVideo15Pipeline", "i2v": "HunyuanVideo15ImageToVideoPipeline"}
PROMPT = 'A lighthouse and a sign that says "KEEP LEFT"'


def write_checkpoint(folder, task, image_channels=1152):
    """What an adapter reads of a checkpoint: no weights."""
    documents = {
        "model_index.json": {"_class_name": CLASSES[task]},
        "guider/guider_config.json": {"_class_name": "ClassifierFreeGuidance", "guidance_scale": 4.0},
        "vae/config.json": {"latent_channels": 32, "spatial_compression_ratio": 16, "temporal_compression_ratio": 4},
        "transformer/config.json": {"num_attention_heads": 4, "image_embed_dim": image_channels},
    }
    for name, document in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))


class Server:
    """What both adapters are asked alike; a subclass names the adapter and its double."""

    gpus = 4
    environment = {}

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        for task in CLASSES:
            write_checkpoint(cls.root / task, task)
        (cls.root / "image.png").write_bytes(png(60, 40))
        cls.record = cls.root / "record"
        cls.engine = cls.started(**cls.environment)
        cls.addClassCleanup(lambda: cls.engine.kill())
        cls.loaded = None

    @classmethod
    def started(cls, **environment):
        """The adapter with its double; RANK and WORLD_SIZE are not what it goes by."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=cls.root))
        paths = os.pathsep.join(map(str, (DOUBLES / cls.package, DOUBLES)))
        environment = {"PYTHONPATH": paths, "DOUBLE_RECORD": cls.record, "DOUBLE_GPUS": cls.gpus, **environment}
        return Engine([reference_python(), DOUBLES / "machine.py", ADAPTERS / cls.adapter], 1, folder, environment)

    def case(self, **settings):
        case = {
            "task": "t2v", "checkpoint": str(self.root / settings.get("task", "t2v")), "variant": "", "prompt": PROMPT,
            "negative_prompt": " blurred ", "image": "", "height": 48, "width": 64, "frames": 5, "steps": 2, "seed": 7,
            "guidance_scale": 3.5, "dtype": "float32", "device": "cuda", "tf32": False, "layout": "single", "tiling": True,
            "tile_size": 32, "tile_overlap": 0.25, "threads_per_rank": 1, "reduction": "fast", "reduction_parts": 1,
            "launcher": "", "timeout_seconds": 60.0, "meeting_seconds": 60.0, "engine_options": {},
        }
        if settings.get("task") == "i2v":
            case["image"] = str(self.root / "image.png")
        return case | settings

    def load(self, case):
        key = [case[name] for name in ("checkpoint", "layout", "dtype", "engine_options")]
        if type(self).loaded != key:
            self.record.unlink(missing_ok=True)
            ((answer, _),) = self.engine.load(case)
            self.assertEqual(answer["answer"], "loaded", answer)
            self.assertGreater(answer["seconds"], 0.0)
            self.facts = answer["facts"]
            type(self).loaded = key

    def generate(self, noise=None, **settings):
        """(folder of files, what the double was asked for)"""
        case = self.case(**settings)
        self.load(case)
        directory = self.engine.generate(case, noise)
        return directory, notes(self.record, self.noted)

    def refused(self, kind, request, case, *parts, **fields):
        ((answer, _),) = self.engine.ask(request, case=case, **fields)
        self.assertEqual((answer["answer"], answer.get("kind")), ("error", kind), answer)
        for part in parts:
            self.assertIn(part, answer["message"])
        self.assertNotIn("\n", answer["message"])
        return answer["message"]

    def frames(self, directory):
        return tensor(directory / "frames.safetensors", "frames")

    def check_files(self, directory, ranks, case):
        expected = [f"{kind}-{rank}.json" for kind in ("events", "rank") for rank in range(ranks)]
        expected += ["frames.safetensors", "latents.safetensors"]
        self.assertEqual(sorted(path.name for path in directory.iterdir()), sorted(expected))
        shape, values = self.frames(directory)
        self.assertEqual(shape, [case["frames"], case["height"], case["width"], 3])
        self.assertTrue(all(0.0 <= value <= 1.0 for value in values))
        # Not what an engine hands out: its pictures have 256 levels.
        self.assertGreater(max(abs(255 * value - round(255 * value)) for value in values), 0.1)
        latents = directory / "latents.safetensors"
        steps = [f"step_{step}" for step in range(case["steps"])]
        self.assertEqual(sorted(names_of(latents)), sorted(["noise", "latents", *steps]))
        for name in ("noise", "latents"):
            self.assertEqual(tensor(latents, name)[0], [1, 32, (case["frames"] - 1) // 4 + 1, 3, 4])
        self.assertEqual(tensor(latents, "latents"), tensor(latents, steps[-1]))
        self.assertGreater(largest_difference(tensor(latents, "noise"), tensor(latents, "step_0")), 0.01)
        return [self.check_record(directory, rank, case) for rank in range(ranks)]

    def check_record(self, directory, rank, case):
        found = json.loads((directory / f"rank-{rank}.json").read_text())
        self.assertEqual(found["rank"], rank)
        self.assertNotEqual(found["pid"], self.engine.processes[0].pid, "the worker's, not the engine's")
        self.assertGreater(found["load_seconds"], 0.0)
        stages = found["stages"]
        outer = ["text", "denoise", "decode"] + (["image", "encode"] if case["task"] == "i2v" else [])
        for stage in outer:
            self.assertEqual(len(stages[stage]), 1, stage)
        self.assertEqual(len(stages["denoise.step"]), case["steps"])
        self.assertLess(sum(stages[stage][0] for stage in outer), found["total_seconds"])
        self.assertEqual([tile["seconds"] for tile in found["tiles"]], stages.get("decode.tile", []))
        events = json.loads((directory / f"events-{rank}.json").read_text())
        self.assertEqual([event[3] for event in events if event[0] == "denoise.step"], stages["denoise.step"])
        return found

    def test_says_who_it_is_and_answers_for_all_ranks(self):
        (hello,) = self.engine.hello
        self.assertEqual((hello["engine"], hello["version"]), (self.name, self.version))
        self.assertEqual((hello["rank"], hello["pid"]), (0, self.engine.processes[0].pid))
        capabilities = hello["capabilities"]
        self.assertEqual((capabilities["tasks"], capabilities["devices"]), (["i2v", "t2v"], ["cuda"]))
        self.assertEqual((capabilities["layouts"], capabilities["takes_noise"]), (self.layouts, True))
        self.assertEqual((capabilities["observations"], capabilities["fingerprint"]), ([], None))

    def test_leaves_the_files_and_tells_how_far_it_is(self):
        directory, _ = self.generate()
        (record,) = self.check_files(directory, 1, self.case())
        self.assertEqual(len(record["stages"]["transformer"]), 4)
        self.assertEqual(len(record["stages"]["denoise.unconditional"]), 2)
        # Tiles of 2 x 2 latents, one apart.
        places = [(tile["row"], tile["column"]) for tile in record["tiles"]]
        self.assertEqual(places, [(row, column) for row in range(3) for column in range(4)])
        ((answer, progress),) = self.engine.ask("generate", case=self.case(), directory=str(directory), noise=None)
        self.assertEqual(answer["answer"], "done")
        told = [(line["stage"], line.get("index"), line.get("of")) for line in progress]
        self.assertEqual([word for word in dict.fromkeys(told) if word[0] != "decode.tile"], [
            ("text", None, None), ("denoise", 0, 2), ("denoise", 1, 2), ("decode", None, None), ("write", None, None),
        ])

    def test_a_generation_repeats_and_everything_that_is_asked_for_changes_it(self):
        first = self.frames(self.generate()[0])
        self.assertEqual(self.frames(self.generate()[0]), first)
        for changed in (
            {"seed": 8}, {"prompt": "another"}, {"negative_prompt": "another"}, {"negative_prompt": "blurred"},
            {"guidance_scale": 2.0}, {"guidance_scale": None}, {"steps": 3}, {"tile_size": 48}, {"tile_overlap": 0.0},
            {"tiling": False},
        ):
            with self.subTest(changed):
                self.assertGreater(largest_difference(self.frames(self.generate(**changed)[0]), first), 1e-4)
        self.assertEqual(self.frames(self.generate(guidance_scale=None)[0]), self.frames(self.generate(guidance_scale=4.0)[0]))
        self.assertEqual(self.frames(self.generate(frames=1)[0])[0], [1, 48, 64, 3])

    def test_begins_with_given_latents(self):
        own, _ = self.generate()
        other, _ = self.generate(seed=8)
        given, _ = self.generate(seed=8, noise=str(own / "latents.safetensors"))
        self.assertEqual(self.frames(given), self.frames(own))
        self.assertNotEqual(self.frames(given), self.frames(other))
        small, _ = self.generate(frames=1)
        self.refused("input", "generate", self.case(), "1 x 32 x 1 x 3 x 4", "1 x 32 x 2 x 3 x 4",
                     directory=str(self.root), noise=str(small / "latents.safetensors"))
        self.refused("input", "generate", self.case(), "nowhere", directory=str(self.root), noise=str(self.root / "nowhere"))

    def test_generates_from_an_image_that_is_cropped_and_not_stretched(self):
        directory, asked = self.generate(task="i2v")
        (record,) = self.check_files(directory, 1, self.case(task="i2v"))
        self.assertEqual(len(record["encode_tiles"]), 1)
        self.assertEqual(asked[-1]["pipeline"], self.image_pipeline)
        self.assertEqual(asked[-1]["image"], [64, 48])
        (self.root / "wide.png").write_bytes(png(120, 40))
        wide, _ = self.generate(task="i2v", image=str(self.root / "wide.png"))
        self.assertGreater(largest_difference(self.frames(wide), self.frames(directory)), 1e-3)
        self.refused("input", "generate", self.case(task="i2v", image=str(self.root / "nowhere")), "nowhere",
                     directory=str(self.root), noise=None)
        self.refused("unsupported", "generate", self.case(task="i2v", height=None, width=None), "height and width",
                     directory=str(self.root), noise=None)

    def test_a_warm_up_leaves_nothing(self):
        self.load(self.case())
        before = set(self.root.rglob("*"))
        ((answer, _),) = self.engine.ask("generate", case=self.case(steps=1), directory=None, noise=None)
        self.assertEqual(answer["answer"], "done")
        self.assertEqual(set(self.root.rglob("*")), before)

    def test_says_what_it_cannot_do_and_goes_on(self):
        for settings, *parts in (
            ({"device": "cpu"}, "accelerator", "cpu"), ({"dtype": "float8"}, "float8"), ({"task": "t2i"}, "t2i"),
            ({"reduction": "deterministic"}, "reduction"), ({"launcher": "mpirun"}, "launcher"), ({"variant": "fp16"}, "variant"),
            *self.beyond,
        ):
            with self.subTest(settings):
                checkpoint = {"checkpoint": str(self.root / "t2v")}
                self.refused("unsupported", "load", self.case(**(checkpoint | settings)), *parts, store=None)
        self.generate()

    def test_says_what_is_wrong_with_a_case_and_goes_on(self):
        self.load(self.case())
        for settings, *parts in (
            ({"engine_options": {"speed": 9}}, "speed"), ({"engine_options": []}, "engine_options"),
            ({"checkpoint": str(self.root / "i2v")}, "i2v", "t2v"), ({"checkpoint": str(self.root / "nowhere")}, "nowhere"),
            *self.wrong,
        ):
            with self.subTest(settings):
                self.refused("input", "load", self.case(**settings), *parts, store=None)
        for settings, *parts in (
            ({"dtype": "bfloat16"}, "dtype", "float32"), ({"height": 50}, "no multiple of 16"), ({"frames": 6}, "multiple of 4"),
            ({"steps": "two"}, "steps"), ({"guidance_scale": "much"}, "guidance_scale"),
        ):
            with self.subTest(settings):
                self.refused("input", "generate", self.case(**settings), *parts, directory=str(self.root), noise=None)
        self.refused("unsupported", "observe", self.case(), "observations", directory=str(self.root), observation={"kind": "record"})
        self.generate()

    failures = [
        ({"DOUBLE_FAILS": "transformer"}, "CUDA error: an illegal memory access was encountered"),
        ({"DOUBLE_FAILS": "frames"}, "4 frames, not 5"),
        ({"DOUBLE_LOADS": "float16"}, "torch.float16, not float32"),
    ]

    def failing(self, **environment):
        """The message with which an engine of its own ends at a generation."""
        engine = self.started(**environment)
        self.addCleanup(engine.kill)
        ((answer, _),) = engine.load(self.case())
        if answer["answer"] == "loaded":
            ((answer, _),) = engine.ask("generate", case=self.case(), directory=str(self.root), noise=None)
        self.assertEqual((answer["answer"], answer.get("kind")), ("error", "engine"), answer)
        self.assertNotIn("\n", answer["message"])
        self.assertEqual(engine.processes[0].wait(timeout=60), 3)
        return answer["message"]

    def test_what_goes_wrong_in_a_worker_is_one_line(self):
        # Engines start at once: each has a library to import.
        with concurrent.futures.ThreadPoolExecutor() as pool:
            messages = pool.map(lambda failure: self.failing(**failure[0]), self.failures)
            for (failure, words), message in zip(self.failures, messages):
                with self.subTest(failure):
                    self.assertIn(words, message)

    def test_a_machine_without_accelerators_is_one_line(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        words = "import types\n__version__ = '2.11.0'\ncuda = types.SimpleNamespace(device_count=lambda: 0)\n"
        (folder / "torch.py").write_text(words)
        environment = {"PYTHONPATH": f"{DOUBLES / self.package}{os.pathsep}{folder}"}
        engine = Engine([sys.executable, ADAPTERS / self.adapter], 1, folder, environment)
        self.addCleanup(engine.kill)
        ((answer, _),) = engine.load(self.case())
        self.assertEqual((answer["answer"], answer.get("kind")), ("error", "unsupported"), answer)
        self.assertEqual(answer["message"], f"{self.title} needs an accelerator: torch 2.11.0 sees no GPU here")
        self.assertEqual(engine.exit(), [0])

    def test_a_python_without_the_package_says_so_before_anything_is_imported(self):
        # This interpreter may have nothing at all.
        engine = Engine([sys.executable, "-S", ADAPTERS / self.adapter], 1, pathlib.Path(tempfile.mkdtemp(dir=self.root)))
        self.addCleanup(engine.kill)
        self.assertEqual(engine.hello[0]["version"], "not installed")
        ((answer, _),) = engine.load(self.case())
        self.assertEqual((answer["answer"], answer.get("kind")), ("error", "unsupported"), answer)
        self.assertIn(f"the package {self.distribution} is not installed in this Python (pip install ", answer["message"])
        self.assertEqual(engine.exit(), [0])

    def test_workers_that_begin_anew_end_with_it(self):
        engine = self.started(DOUBLE_STARTS="spawn")
        self.addCleanup(engine.kill)
        ((answer, _),) = engine.load(self.case())
        self.assertEqual(answer["answer"], "loaded", answer)
        directory = engine.generate(self.case())
        worker = json.loads((directory / "rank-0.json").read_text())["pid"]
        self.assertTrue(pathlib.Path(f"/proc/{worker}").exists())
        self.assertEqual(engine.exit(), [0])
        self.assertFalse(pathlib.Path(f"/proc/{worker}").exists())


class VllmOmni(Server, unittest.TestCase):
    failures = [
        *Server.failures, ({"DOUBLE_FAILS": "decoder"}, "the engine made 4 x 48 x 64 x 3, not 5 x 48 x 64 x 3"),
    ]
    name, title, package, version = "vllm-omni", "vLLM-Omni", "vllm_omni", "0.30.0"
    distribution, adapter, noted = "vllm-omni", "vllm_omni_engine.py", "forward"
    layouts = ["ulysses", "ring", "cfg", "tensor", "vae_patch"]
    image_pipeline = "HunyuanVideo15I2VPipeline"
    beyond = [
        ({"layout": "ulysses=8"}, "4 heads", "ulysses=8"), ({"layout": "tensor=3"}, "4 heads", "tensor=3"),
        ({"layout": "cfg=3"}, "cfg=2"), ({"guidance_scale": 0.5}, "above 1"),
        ({"layout": "ulysses=2,vae_patch=2", "tiling": False}, "vae_patch", "tiling"),
        ({"layout": "ring=2", "engine_options": {"mask_sp_padding": True}}, "mask_sp_padding under ring"),
        ({"layout": "ring=8"}, "needs 8 GPUs", "sees 4"),
    ]
    wrong = [
        ({"engine_options": {"vae_dtype": "float8"}}, "vae_dtype"), ({"engine_options": {"enforce_eager": 1}}, "enforce_eager"),
        ({"layout": "ulysses:2"}, "ulysses:2"),
    ]

    def test_every_setting_arrives(self):
        case = self.case(tf32=True, threads_per_rank=2, dtype="bfloat16")
        _, asked = self.generate(tf32=True, threads_per_rank=2, dtype="bfloat16")
        (made,) = notes(self.record, "omni")
        self.assertEqual(made["model"], case["checkpoint"])
        self.assertEqual(made["arguments"]["stage_overrides"], {"0": {
            "dtype": "bfloat16", "ulysses_degree": 1, "ring_degree": 1, "cfg_parallel_size": 1, "tensor_parallel_size": 1,
            "vae_patch_parallel_size": 1, "mask_sp_padding": False, "ulysses_mode": "strict", "vae_use_tiling": True,
            "enforce_eager": True, "devices": "0", "distributed_executor_backend": "mp",
            "worker_extension_cls": "vllm_omni_worker.IsoframeExtension",
        }})
        self.assertEqual((made["arguments"]["init_timeout"], made["arguments"]["trust_remote_code"]), (60, False))
        (asked,) = asked
        self.assertEqual(asked["prompt"], {"prompt": PROMPT, "negative_prompt": " blurred "})
        expected = {
            "height": 48, "width": 64, "num_frames": 5, "num_inference_steps": 2, "guidance_scale": 3.5, "seed": 7,
            "generator_device": "cpu", "guidance_scale_provided": True, "cfg_normalize": False, "latents": None,
        }
        self.assertEqual({name: asked["parameters"][name] for name in expected}, expected)
        self.assertEqual(asked["tiling"], [True, 32, 2, 0.25])
        self.assertEqual((asked["threads"], asked["tf32"], asked["vae_dtype"]), (2, True, "torch.bfloat16"))
        self.assertEqual(self.facts["vllm-omni"], "0.30.0")
        self.assertEqual((self.facts["vae_dtype"], self.facts["mask_sp_padding"]), ("bfloat16", "false"))

    def test_options_arrive(self):
        options = {"vae_dtype": "float32", "mask_sp_padding": True, "ulysses_mode": "advanced_uaa", "enforce_eager": False,
                   "attention_backend": "TORCH_SDPA"}
        _, asked = self.generate(dtype="bfloat16", layout="ulysses=2", engine_options=options)
        stage = notes(self.record, "omni")[-1]["arguments"]["stage_overrides"]["0"]
        self.assertEqual((stage["mask_sp_padding"], stage["ulysses_mode"], stage["enforce_eager"]), (True, "advanced_uaa", False))
        self.assertEqual(stage["diffusion_attention_backend"], "TORCH_SDPA")
        self.assertEqual({note["vae_dtype"] for note in asked}, {"torch.float32"})
        self.assertEqual((self.facts["vae_dtype"], self.facts["mask_sp_padding"]), ("float32", "true"))

    def test_every_rank_of_a_layout_leaves_its_record(self):
        single = self.frames(self.generate()[0])
        for layout, degrees in (
            ("ulysses=2,vae_patch=2", {"ulysses_degree": 2, "vae_patch_parallel_size": 2}),
            ("ulysses=2,cfg=2,vae_patch=3", {"ulysses_degree": 2, "cfg_parallel_size": 2, "vae_patch_parallel_size": 3}),
            ("ring=2", {"ring_degree": 2}), ("tensor=2", {"tensor_parallel_size": 2}),
        ):
            with self.subTest(layout):
                case = self.case(layout=layout)
                ranks = 4 if "cfg" in layout else 2
                directory, asked = self.generate(layout=layout)
                stage = notes(self.record, "omni")[-1]["arguments"]["stage_overrides"]["0"]
                names = ("ulysses_degree", "ring_degree", "cfg_parallel_size", "tensor_parallel_size", "vae_patch_parallel_size")
                self.assertEqual({name: stage[name] for name in names if stage[name] > 1}, degrees)
                self.assertEqual(stage["devices"], ",".join(map(str, range(ranks))))
                records = self.check_files(directory, ranks, case)
                self.assertEqual(len({record["pid"] for record in records}), ranks)
                self.assertEqual(self.frames(directory), single)
                places = sorted((tile["row"], tile["column"]) for record in records for tile in record["tiles"])
                whole = [(row, column) for row in range(3) for column in range(4)]
                if "vae_patch" in layout:
                    # Each tile once, with its place; a rank outside the group has none.
                    self.assertEqual(places, whole)
                    self.assertEqual(len(records[0]["tiles"]), 12 // degrees["vae_patch_parallel_size"])
                else:
                    self.assertEqual(places, sorted(whole * ranks))
                if "cfg" in layout:
                    branches = [sorted(name for name in record["stages"] if name.startswith("denoise.") and name != "denoise.step")
                                for record in records]
                    self.assertEqual(branches, [["denoise.conditional"], ["denoise.unconditional"]] * 2)

    def test_a_checkpoint_that_it_cannot_take_is_said(self):
        write_checkpoint(self.root / "small", "t2v", image_channels=64)
        self.refused("unsupported", "load", self.case(checkpoint=str(self.root / "small")), "1152", "64", store=None)
        write_checkpoint(self.root / "guided", "t2v")
        guider = self.root / "guided/guider/guider_config.json"
        guider.write_text(json.dumps({"_class_name": "ClassifierFreeGuidance", "guidance_scale": 6.0, "guidance_rescale": 0.7}))
        self.refused("unsupported", "load", self.case(checkpoint=str(self.root / "guided")), "guidance_rescale", store=None)
        shutil.rmtree(self.root / "guided/guider")
        self.refused("input", "load", self.case(checkpoint=str(self.root / "guided")), "guider_config.json", store=None)


class Sglang(Server, unittest.TestCase):
    name, title, package, version = "sglang", "SGLang", "sglang", "0.5.23"
    distribution, adapter, noted = "sglang", "sglang_engine.py", "call"
    layouts = []
    image_pipeline = "HunyuanVideo15ImageToVideoPipeline"
    beyond = [({"layout": "ulysses=2"}, "no ulysses"), ({"layout": "cfg=2"}, "no cfg")]
    wrong = [({"engine_options": {"enable_torch_compile": "yes"}}, "enable_torch_compile")]
    # Where nothing is named, as for engines that the tests start beside the first, all plugins are loaded.
    environment = {"SGLANG_PLUGINS": "other"}
    failures = [*Server.failures, ({"DOUBLE_FAILS": "plugins"}, "has not called isoframe's plugin")]

    def test_every_setting_arrives(self):
        case = self.case(tf32=True, threads_per_rank=2, dtype="bfloat16")
        _, asked = self.generate(tf32=True, threads_per_rank=2, dtype="bfloat16")
        (made,) = notes(self.record, "generator")
        expected = {
            "model_path": case["checkpoint"], "backend": "diffusers", "num_gpus": 1, "component_residency": {"all": "resident"},
            "attention_backend": None, "enable_torch_compile": False, "allow_cudnn_tf32": True, "warmup_mode": "off",
            "output_path": None, "trust_remote_code": False, "scheduler_rpc_timeout": 60,
        }
        self.assertEqual({name: made[name] for name in expected}, expected)
        config = made["pipeline_config_fields"]
        self.assertEqual((config["dit_precision"], config["task_type"]), ("bfloat16", "ModelTaskType.T2V"))
        (asked,) = asked
        expected = {
            "pipeline": "HunyuanVideo15Pipeline", "prompt": PROMPT, "negative_prompt": " blurred ", "height": 48, "width": 64,
            "frames": 5, "steps": 2, "guidance_scale": 3.5, "seed": 7, "threads": 2, "tf32": True,
            "vae_dtype": "torch.bfloat16", "tiling": [True, 32, 2, 0.25],
        }
        self.assertEqual({name: asked[name] for name in expected}, expected)
        self.assertEqual(notes(self.record, "ignored")[-1]["names"], ["guidance_scale"])
        (parameters,) = notes(self.record, "parameters")
        self.assertEqual((parameters["quality"], parameters["save_output"], parameters["adjust_frames"]), ("exact", False, False))
        self.assertEqual(self.facts["sglang"], "0.5.23")

    def test_one_frame_stays_one_and_an_images_size_is_the_cases(self):
        _, asked = self.generate(frames=1)
        self.assertEqual(asked[-1]["frames"], 1)
        _, asked = self.generate(task="i2v")
        self.assertEqual((asked[-1]["height"], asked[-1]["width"]), (48, 64))

    def test_options_arrive(self):
        self.generate(engine_options={"attention_backend": "native", "enable_torch_compile": True})
        made = notes(self.record, "generator")[-1]
        self.assertEqual((made["attention_backend"], made["enable_torch_compile"]), ("native", True))

    def test_is_there_where_plugins_are_named_one_by_one(self):
        self.assertIn("SGLANG_PLUGINS", self.environment)
        self.generate()


class Picture(unittest.TestCase):
    def test_an_image_is_cropped_as_diffusers_crops_it(self):
        # diffusers' own function without diffusers, whose import takes seconds.
        script = """
import ast, importlib.util, pathlib, sys, types
from PIL import Image
sys.path.insert(0, sys.argv[1])
from isoframe_engine.video import picture

folder = pathlib.Path(importlib.util.find_spec("diffusers").origin).parent
tree = ast.parse((folder / "image_processor.py").read_text())
(function,) = (node for node in ast.walk(tree) if getattr(node, "name", "") == "_resize_and_crop")
names = {"PIL": types.SimpleNamespace(Image=Image), "Image": Image, "PIL_INTERPOLATION": {"lanczos": Image.Resampling.LANCZOS}}
exec(compile(ast.Module([function], []), "image_processor.py", "exec"), names)
processor = types.SimpleNamespace(config=types.SimpleNamespace(resample="lanczos"))
image = Image.frombytes("RGB", (60, 40), bytes(i * i % 251 for i in range(60 * 40 * 3)))
image.save(sys.argv[2])
for height, width in ((48, 64), (64, 48), (32, 96), (40, 60)):
    expected = names["_resize_and_crop"](processor, image, width, height)
    assert picture(sys.argv[2], height, width).tobytes() == expected.tobytes(), (height, width)
"""
        with tempfile.TemporaryDirectory(prefix="isoframe test ") as folder:
            image = pathlib.Path(folder) / "image.png"
            subprocess.run([reference_python(), "-c", script, ADAPTERS, image], check=True)


if __name__ == "__main__":
    unittest.main()
