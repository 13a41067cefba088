#!/usr/bin/env python3
"""vLLM-Omni's HunyuanVideo 1.5 pipelines as an engine of isoframe's (harness/engine/adapters/README.md).

isoframe starts it once (`ranks: engine`) with the Python of an environment that has vllm-omni, whose workers are the
ranks that it answers for; by hand it does nothing.
"""

import contextlib
import math
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from isoframe_engine import Engine, InputError, Unsupported, checkpoint, environment, serve
from isoframe_engine.case import (
    OWN_WAYS,
    options_of,
    require_known,
    require_layout,
    require_loaded,
    require_plain,
    setting,
    world_size_of,
)
from isoframe_engine.video import Video, picture
from isoframe_engine.workers import Listener, on_path_of_workers

PACKAGE = "vllm-omni"
RELEASE = "0.30.0"
LAYOUTS = ["ulysses", "ring", "cfg", "tensor", "vae_patch"]
DTYPES = ["float32", "bfloat16", "float16"]
DEVICES = ["cuda"]
# What `load` takes in; everything else may differ from one generation to the next.
LOADED_WITH = ("checkpoint", "variant", "task", "layout", "dtype", "device", "engine_options")
# Settings of isoframe's own ways to compute, with the values that ask for nothing, and one that the engine has not.
PLAIN = OWN_WAYS | {"variant": ""}
OPTIONS = {
    # The decoder's type: null for the case's.  vLLM-Omni's own is float32, whatever the rest has.
    "vae_dtype": ((str, type(None)), None),
    # Masks the zero rows that uneven shares of the tokens are filled up with.
    "mask_sp_padding": (bool, False),
    # advanced_uaa takes numbers of heads that cannot be shared out evenly.
    "ulysses_mode": (str, "strict"),
    # False compiles the transformer's blocks, which then add in another order.
    "enforce_eager": (bool, True),
    "attention_backend": ((str, type(None)), None),
}
# Of the image's embedding; the pipeline makes it of this size without looking at the checkpoint.
IMAGE_CHANNELS = 1152


class VllmOmniEngine(Engine):
    name = "vllm-omni"

    def __init__(self):
        self._loaded = None
        self._omni = None
        self._listener = None
        self._ranks = 1

    def version(self):
        return environment.version_of(PACKAGE)

    def capabilities(self):
        return {
            "tasks": sorted(checkpoint.PIPELINES.values()),
            "dtypes": DTYPES,
            "devices": DEVICES,
            "layouts": LAYOUTS,
            "takes_noise": True,
            "observations": [],
            "fingerprint": None,
        }

    def close(self):
        """Ends the workers."""
        omni, self._omni, self._loaded = self._omni, None, None
        if omni is not None:
            omni.shutdown()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def load(self, case, store, progress):
        began = time.perf_counter()
        degrees, options = self._require_supported(case)
        for package, release in ((PACKAGE, RELEASE), ("vllm", "0.30.*")):
            install = f"pip install {package}=={release}, in an environment of its own"
            environment.require_package("vLLM-Omni", package, install)
        ranks = world_size_of(degrees)
        torch = environment.require_gpus("vLLM-Omni", ranks)
        # Two models at once may not fit.
        self.close()
        progress("load")
        from vllm_omni.entrypoints.omni import Omni

        limit = math.ceil(setting(case, "timeout_seconds", (int, float)))
        with on_path_of_workers(HERE):
            self._omni = Omni(
                model=case["checkpoint"],
                stage_init_timeout=limit,
                init_timeout=limit,
                trust_remote_code=False,
                # Of stage 0 by name: there, an argument that nothing takes in is an error and not left out.
                stage_overrides={"0": self._stage(case, degrees, options, ranks)},
            )
        self._ranks = ranks
        self._listener = Listener()
        vae_dtype = options["vae_dtype"] or case["dtype"]
        self._ask(progress, "isoframe_settle", vae_dtype)
        self._loaded = case
        names = (PACKAGE, "vllm", "diffusers", "transformers")
        facts = {name: environment.version_of(name) for name in names}
        facts |= {"torch": torch.__version__, "checkpoint": checkpoint.fingerprint(case["checkpoint"])}
        facts |= {"vae_dtype": vae_dtype, "mask_sp_padding": str(options["mask_sp_padding"]).lower()}
        return time.perf_counter() - began, facts

    def _stage(self, case, degrees, options, ranks):
        stage = {
            "dtype": case["dtype"],
            "ulysses_degree": degrees["ulysses"],
            "ring_degree": degrees["ring"],
            "cfg_parallel_size": degrees["cfg"],
            "tensor_parallel_size": degrees["tensor"],
            "vae_patch_parallel_size": degrees["vae_patch"],
            "mask_sp_padding": options["mask_sp_padding"],
            "ulysses_mode": options["ulysses_mode"],
            "vae_use_tiling": setting(case, "tiling", bool),
            "enforce_eager": options["enforce_eager"],
            # The deployment that comes with the package names one device for text-to-video.
            "devices": ",".join(map(str, range(ranks))),
            "distributed_executor_backend": "mp",
            "worker_extension_cls": "vllm_omni_worker.IsoframeExtension",
        }
        if options["attention_backend"] is not None:
            stage["diffusion_attention_backend"] = options["attention_backend"]
        return stage

    def _require_supported(self, case):
        """Raises for what can be told without vLLM-Omni."""
        name = "vLLM-Omni"
        task = require_known(name, case, "task", sorted(checkpoint.PIPELINES.values()))
        require_known(name, case, "dtype", DTYPES)
        if setting(case, "device", str) not in DEVICES:
            raise Unsupported(f"{name} needs an accelerator; the case's device is {case['device']}")
        degrees = require_layout(name, case, LAYOUTS)
        require_plain(name, case, PLAIN)
        options = options_of(name, case, OPTIONS)
        if options["vae_dtype"] not in (None, *DTYPES):
            raise InputError(f"the engine option 'vae_dtype' is {options['vae_dtype']!r}; known are {', '.join(DTYPES)}")
        folder = setting(case, "checkpoint", str)
        checkpoint.require_pipeline(folder, task)
        self._require_transformer(folder, degrees, options)
        if degrees["vae_patch"] > 1 and not setting(case, "tiling", bool):
            raise Unsupported(f"{name} shares tiles out under vae_patch, and the case has none: tiling is false")
        if degrees["ring"] > 1 and options["mask_sp_padding"]:
            raise Unsupported(f"{name} has no mask_sp_padding under ring")
        if degrees["cfg"] > 2:
            raise Unsupported(f"{name} has cfg=2 at most: there are two branches")
        self._guidance_scale(case)
        return degrees, options

    def _require_transformer(self, folder, degrees, options):
        transformer = checkpoint.config_of(folder, "transformer", "config.json")
        channels = transformer.get("image_embed_dim", IMAGE_CHANNELS)
        if channels != IMAGE_CHANNELS:
            raise Unsupported(f"vLLM-Omni makes image embeddings of {IMAGE_CHANNELS} channels, {folder} takes {channels}")
        heads = transformer.get("num_attention_heads", 16)
        if heads % degrees["tensor"] != 0:
            raise Unsupported(f"vLLM-Omni cannot share {heads} heads out to tensor={degrees['tensor']}")
        if options["ulysses_mode"] == "strict" and heads // degrees["tensor"] % degrees["ulysses"] != 0:
            raise Unsupported(
                f"vLLM-Omni cannot share {heads // degrees['tensor']} heads out to ulysses={degrees['ulysses']} "
                "(the engine option ulysses_mode: advanced_uaa can)"
            )

    def _guidance_scale(self, case):
        """The case's, or the checkpoint's: vLLM-Omni's own is 6.0 for all."""
        scale = case.get("guidance_scale")
        if scale is None:
            return checkpoint.guidance_scale_of(case["checkpoint"])
        scale = float(setting(case, "guidance_scale", (int, float)))
        # The guider of the checkpoint may do more than scale, which this engine would leave out.
        checkpoint.guidance_scale_of(case["checkpoint"])
        if scale < 1.0:
            raise Unsupported(f"vLLM-Omni guides by scales above 1 only: the case's guidance_scale is {scale:g}")
        return scale

    def _ask(self, progress, method, *arguments):
        """Calls a method of the extension on every rank, and raises what one of them raised."""
        with self._listener.listening(progress) as heard:
            self._omni.engine.collective_rpc(method=method, args=(self._listener.address, *arguments), stage_ids=[0])
        heard.require_all(self._ranks)

    def generate(self, case, directory, noise, progress):
        require_loaded(case, self._loaded, LOADED_WITH)
        self._require_supported(case)
        video = Video("vLLM-Omni", case)
        prompt = {"prompt": setting(case, "prompt", str), "negative_prompt": setting(case, "negative_prompt", str)}
        if case["task"] == "i2v":
            prompt["multi_modal_data"] = {"image": picture(setting(case, "image", str), video.height, video.width)}
        from vllm_omni.inputs.data import OmniDiffusionSamplingParams

        parameters = OmniDiffusionSamplingParams(
            height=video.height,
            width=video.width,
            num_frames=video.frames,
            num_inference_steps=setting(case, "steps", int),
            guidance_scale=self._guidance_scale(case),
            seed=setting(case, "seed", int),
            # The noise of a seed is the same everywhere, and isoframe's.
            generator_device="cpu",
            latents=None if noise is None else video.noise_of(noise),
            cfg_normalize=False,
        )
        self._ask(progress, "isoframe_arm", case)
        with self._listener.listening(progress):
            outputs = self._omni.generate(prompt, parameters, use_tqdm=False)
        if len(outputs) != 1 or outputs[0].error is not None:
            raise RuntimeError(f"vLLM-Omni gave no video: {outputs[0].error if outputs else 'nothing at all'}")
        # Pictures of 8 bits: the frames themselves are what the workers saw.
        if len(outputs[0].images) != video.frames:
            raise RuntimeError(f"vLLM-Omni gave {len(outputs[0].images)} frames, not {video.frames}")
        if directory is not None:
            progress("write")
        self._ask(progress, "isoframe_leave", None if directory is None else str(directory))


def main():
    engine = VllmOmniEngine()
    try:
        return serve(engine)
    finally:
        engine.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
