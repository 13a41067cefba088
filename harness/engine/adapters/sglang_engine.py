#!/usr/bin/env python3
"""SGLang's diffusion as an engine of isoframe's (harness/engine/adapters/README.md).

SGLang runs HunyuanVideo 1.5 through its diffusers backend only: one worker, diffusers' own pipeline in it.  isoframe
starts this program once (`ranks: engine`) with the Python of an environment that has sglang[diffusion]; by hand it does
nothing.
"""

import contextlib
import math
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import sglang_plugin
from isoframe_engine import Engine, Unsupported, checkpoint, environment, serve
from isoframe_engine.case import OWN_WAYS, options_of, require_known, require_layout, require_loaded, require_plain, setting
from isoframe_engine.video import Video
from isoframe_engine.workers import Listener

PACKAGE = "sglang"
RELEASE = "0.5.23"
DTYPES = ["float32", "bfloat16", "float16"]
DEVICES = ["cuda"]
# What `load` takes in; everything else may differ from one generation to the next.
LOADED_WITH = ("checkpoint", "variant", "task", "layout", "dtype", "device", "engine_options")
# Settings of isoframe's own ways to compute, with the values that ask for nothing, and one that the engine has not.
PLAIN = OWN_WAYS | {"variant": ""}
OPTIONS = {
    # Of diffusers: native, flash, ...
    "attention_backend": ((str, type(None)), None),
    # True compiles the transformer's blocks, which then add in another order.
    "enable_torch_compile": (bool, False),
}


class SglangEngine(Engine):
    name = "sglang"

    def __init__(self):
        self._loaded = None
        self._generator = None
        self._listener = None

    def version(self):
        return environment.version_of(PACKAGE)

    def capabilities(self):
        return {
            "tasks": sorted(checkpoint.PIPELINES.values()),
            "dtypes": DTYPES,
            "devices": DEVICES,
            "layouts": [],
            "takes_noise": True,
            "observations": [],
            "fingerprint": None,
        }

    def close(self):
        """Ends the worker."""
        generator, self._generator, self._loaded = self._generator, None, None
        if generator is not None:
            generator.shutdown()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def load(self, case, store, progress):
        began = time.perf_counter()
        options = self._require_supported(case)
        install = f"pip install '{PACKAGE}[diffusion]=={RELEASE}', in an environment of its own"
        environment.require_package("SGLang", PACKAGE, install)
        torch = environment.require_gpus("SGLang", 1)
        # Two models at once may not fit.
        self.close()
        progress("load")
        try:
            from sglang.multimodal_gen.configs.pipeline_configs.diffusers_generic import (
                DiffusersI2VPipelineConfig,
                DiffusersT2VPipelineConfig,
            )
            from sglang.multimodal_gen.runtime.entrypoints.diffusion_generator import DiffGenerator
        except ImportError as error:
            raise Unsupported(f"SGLang: {error} ({install})") from None
        # Left alone it takes an unknown model for one of pictures, and makes one frame of any video.
        config = {"t2v": DiffusersT2VPipelineConfig, "i2v": DiffusersI2VPipelineConfig}[case["task"]]
        with sglang_plugin.known():
            self._generator = DiffGenerator.from_pretrained(
                model_path=case["checkpoint"],
                backend="diffusers",
                num_gpus=1,
                # One type for the whole pipeline; its own choice is bfloat16.
                pipeline_config=config(dit_precision=case["dtype"], vae_precision=case["dtype"]),
                # Its own choice may move parts to the CPU and back.
                component_residency={"all": "resident"},
                attention_backend=options["attention_backend"],
                enable_torch_compile=options["enable_torch_compile"],
                allow_cudnn_tf32=case.get("tf32", False),
                warmup_mode="off",
                output_path=None,
                trust_remote_code=False,
                scheduler_rpc_timeout=math.ceil(setting(case, "timeout_seconds", (int, float))),
            )
        self._listener = Listener()
        self._loaded = case
        names = (PACKAGE, "diffusers", "transformers")
        facts = {name: environment.version_of(name) for name in names}
        facts |= {"torch": torch.__version__, "checkpoint": checkpoint.fingerprint(case["checkpoint"])}
        return time.perf_counter() - began, facts

    def _require_supported(self, case):
        """Raises for what can be told without SGLang."""
        name = "SGLang"
        task = require_known(name, case, "task", sorted(checkpoint.PIPELINES.values()))
        require_known(name, case, "dtype", DTYPES)
        if setting(case, "device", str) not in DEVICES:
            raise Unsupported(f"{name} needs an accelerator; the case's device is {case['device']}")
        # Under its diffusers backend every rank of several would compute all of it.
        require_layout(name, case, [])
        require_plain(name, case, PLAIN)
        options = options_of(name, case, OPTIONS)
        folder = setting(case, "checkpoint", str)
        checkpoint.require_pipeline(folder, task)
        if case.get("guidance_scale") is not None:
            setting(case, "guidance_scale", (int, float))
        return options

    def generate(self, case, directory, noise, progress):
        require_loaded(case, self._loaded, LOADED_WITH)
        self._require_supported(case)
        video = Video("SGLang", case)
        if noise is not None:
            video.noise_of(noise)
        parameters = {
            "prompt": setting(case, "prompt", str),
            "height": video.height,
            "width": video.width,
            "num_inference_steps": setting(case, "steps", int),
            "seed": setting(case, "seed", int),
            # The noise of a seed is the same everywhere, and isoframe's.
            "generator_device": "cpu",
            "num_frames": video.frames,
            "adjust_frames": False,
            "quality": "exact",
            "save_output": False,
            "return_file_paths_only": False,
            # As it is: SGLang strips a negative prompt, has a long one of its own for some models, and leaves out a
            # single frame, for which the pipeline would make 121.
            "diffusers_kwargs": {
                "negative_prompt": setting(case, "negative_prompt", str),
                "num_frames": video.frames,
                sglang_plugin.ARGUMENT: {
                    "address": self._listener.address,
                    "case": case,
                    "directory": None if directory is None else str(directory),
                    "noise": noise,
                },
            },
        }
        if case["task"] == "i2v":
            parameters["image_path"] = setting(case, "image", str)
        with self._listener.listening(progress) as heard:
            result = self._generator.generate(sampling_params_kwargs=parameters)
        if not heard.ends:
            raise RuntimeError("SGLang's worker has not called isoframe's plugin; its log says what it did instead")
        heard.require_all(1)
        # Pictures of 8 bits: the frames themselves are what the plugin saw.
        if result is None or len(result.frames) != video.frames:
            made = "no video" if result is None else f"{len(result.frames)} frames"
            raise RuntimeError(f"SGLang gave {made}, not {video.frames}")


def main():
    engine = SglangEngine()
    try:
        return serve(engine)
    finally:
        engine.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
