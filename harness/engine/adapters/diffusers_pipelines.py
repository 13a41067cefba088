"""What the engines that run diffusers' HunyuanVideo 1.5 pipelines share: diffusers itself, and xDiT, which puts another
transformer into them."""

import os
import time

from isoframe_engine import (
    Engine,
    InputError,
    Unsupported,
    checkpoint,
    environment,
    files,
    fingerprint,
    gpu,
    group,
    measure,
    recording,
)
from isoframe_engine.case import (
    OWN_WAYS,
    options_of,
    require_known,
    require_layout,
    require_loaded,
    require_plain,
    require_world,
    setting,
)

DTYPES = ["float32", "bfloat16", "float16"]
DEVICES = ["cpu", "cuda"]


class PipelineEngine(Engine):
    """Base of an engine of these pipelines.  What differs are the members up to _probes()."""

    # What is installed under this name is the engine; its version is the engine's.
    package = ""
    # What installs it, for a person whose Python lacks it.
    install = ""
    # Degrees that may be more than 1, and whether two of them may be at once.
    layouts = []
    takes_layouts_together = False
    # {name of an engine option: (its type, its default)}
    options = {}

    def __init__(self):
        self._loaded = None
        self._pipe = None
        self._load_seconds = 0.0
        self._communication = measure.CommunicationClock()
        self._is_settled = False

    def _meet(self, case, store):
        """Joins the group of this case's ranks, in place of an earlier group."""
        group.meet(store, case["device"], float(setting(case, "meeting_seconds", (int, float))))

    def _parts(self, torch, case):
        """Parts of the pipeline that are not diffusers' own, as its from_pretrained() takes them."""
        return {}

    def _enable_layout(self, pipe, case, degrees):
        """Prepares the loaded pipeline for the case's layout, `single` included."""
        raise NotImplementedError

    def _apply_options(self, options):
        """Takes over the options of a case, which differ from one generation to the next."""

    def _probes(self, pipe, generation, observer):
        """What shows the observer the tensors of a generation."""
        raise NotImplementedError

    def version(self):
        return environment.version_of(self.package)

    def capabilities(self):
        return {
            "tasks": sorted(checkpoint.PIPELINES.values()),
            "dtypes": DTYPES,
            "devices": DEVICES,
            "layouts": self.layouts,
            "takes_noise": True,
            "observations": recording.kinds(),
            "fingerprint": fingerprint.VERSION if fingerprint.is_available() else None,
        }

    def load(self, case, store, progress):
        began = time.perf_counter()
        degrees = self._require_supported(case)
        packages = list(dict.fromkeys((self.package, "diffusers", "transformers")))
        for package in packages:
            environment.require_package(self.name, package, self.install)
        # Two models at once may not fit.
        self._loaded = self._pipe = None
        measure.release_memory()
        import torch

        prepare_imports()
        device = self._settle(torch, case)
        progress("meet")
        if group.WORLD_SIZE > 1 and store is None:
            raise InputError("several ranks need a store to meet at")
        self._meet(case, store)
        progress("load")
        began_loading = time.perf_counter()
        self._pipe = self._load_pipeline(torch, case, device)
        self._enable_layout(self._pipe, case, degrees)
        self._own_guidance_scale = self._pipe.guider.guidance_scale
        self._loaded = case
        self._load_seconds = time.perf_counter() - began_loading
        facts = {name: environment.version_of(name) for name in packages}
        facts |= {"torch": torch.__version__, "checkpoint": checkpoint.fingerprint(case["checkpoint"])}
        return time.perf_counter() - began, facts

    def _require_supported(self, case):
        """Raises for what can be told without torch."""
        task = require_known(self.name, case, "task", sorted(checkpoint.PIPELINES.values()))
        require_known(self.name, case, "dtype", DTYPES)
        require_known(self.name, case, "device", DEVICES)
        degrees = require_layout(self.name, case, self.layouts, together=self.takes_layouts_together)
        require_plain(self.name, case, OWN_WAYS)
        require_world(degrees)
        options_of(self.name, case, self.options)
        folder = setting(case, "checkpoint", str)
        checkpoint.require_pipeline(folder, task)
        return degrees

    def _load_pipeline(self, torch, case, device):
        from diffusers import DiffusionPipeline
        from safetensors import SafetensorError

        try:
            pipe = DiffusionPipeline.from_pretrained(
                case["checkpoint"],
                dtype=getattr(torch, case["dtype"]),
                variant=case.get("variant") or None,
                local_files_only=True,
                **self._parts(torch, case),
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            # A file that is missing, damaged or of another model; memory that ran out is none of these.
            raise InputError(f"{case['checkpoint']}: {self.name} cannot load it: {error}") from error
        pipe.set_progress_bar_config(disable=True)
        return pipe.to(torch.device(device, group.LOCAL_RANK) if device == "cuda" else device)

    def _settle(self, torch, case):
        """Settings of the process; returns the device's type."""
        device = case["device"]
        self._set_threads(torch, case)
        if device == "cuda":
            if group.LOCAL_RANK >= torch.cuda.device_count():
                raise Unsupported(
                    f"rank {group.RANK} needs GPU {group.LOCAL_RANK}; torch {torch.__version__} sees "
                    f"{torch.cuda.device_count()}"
                )
            torch.cuda.set_device(group.LOCAL_RANK)
            # Its convolutions would round to TF32 unasked.
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = case.get("tf32", False)
        if not self._is_settled:
            settle_vector_math(torch)
            if device == "cpu" and group.WORLD_SIZE > 1:
                self._communication.install()
            self._is_settled = True
        return device

    def _set_threads(self, torch, case):
        threads = setting(case, "threads_per_rank", int)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)

    def _prepare(self, case, noise, progress, trajectory=None):
        """A generation that has not yet run, from the noise of one file or along the latents of another."""
        require_loaded(case, self._loaded)
        self._require_supported(case)
        import torch
        from diffusers_generation import Generation

        self._set_threads(torch, case)
        self._apply_options(options_of(self.name, case, self.options))
        generation = Generation(torch, self._pipe, self._own_guidance_scale, case, progress, self._communication)
        if trajectory is not None:
            names = ["noise", *(f"step_{step}" for step in range(generation.steps))]
            generation.noise, *generation.given_steps = files.read_tensors(trajectory, names)
        elif noise is not None:
            (generation.noise,) = files.read_tensors(noise, ["noise"])
        return torch, generation

    def observe(self, case, directory, noise, observation, progress):
        observer = recording.observer_of(observation)
        _, generation = self._prepare(case, noise, progress, observer.trajectory)
        generation.run(self._probes(self._pipe, generation, observer))
        progress("write")
        observer.write(directory, group.RANK)

    def generate(self, case, directory, noise, progress):
        torch, generation = self._prepare(case, noise, progress)
        is_cuda = case["device"] == "cuda"
        if group.WORLD_SIZE > 1:
            # Who comes first would have its wait counted as communication.
            torch.distributed.barrier()
        self._communication.seconds = 0.0
        has_own_peak = measure.reset_peak_memory()
        if is_cuda:
            torch.cuda.reset_peak_memory_stats()
        generation.run()
        if directory is None:
            return
        progress("write")
        if group.RANK == 0:
            files.write_video(directory, generation.frames, generation.noise, generation.step_latents)
        files.write_record(
            directory,
            {
                "rank": group.RANK,
                "pid": os.getpid(),
                "device": gpu.device_of(torch, group.LOCAL_RANK) if is_cuda else None,
                "device_memory": gpu.memory_of(torch, group.LOCAL_RANK) if is_cuda else None,
                "peak_resident_bytes": measure.peak_resident_bytes() if has_own_peak else None,
                "peak_proportional_bytes": None,
                "peak_tensor_bytes": None,
                "load_seconds": self._load_seconds,
                "total_seconds": generation.seconds,
                "communication_seconds": self._communication.seconds,
                "stages": generation.stages.seconds,
                "busy": {} if is_cuda else generation.stages.busy_seconds(),
                **generation.tiles.record(case["task"]),
            },
            generation.stages.events,
        )


def prepare_imports():
    """Imports what loading needs, which takes seconds that are not the checkpoint's, and keeps progress bars out of the
    log, whose end is what a person is shown of a rank that died."""
    import diffusers
    import transformers

    diffusers.HunyuanVideo15Pipeline, diffusers.HunyuanVideo15ImageToVideoPipeline
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()


def settle_vector_math(torch):
    """Calls MKL's vector functions once on one thread: if several threads make a function's first call, one may get
    half the digits (https://github.com/pytorch/pytorch/issues/188792), and one generation would differ from the next."""
    for function in (torch.cos, torch.erf, torch.exp, torch.log, torch.sin, torch.sqrt, torch.tanh):
        for dtype in (torch.float32, torch.float64):
            function(torch.ones(1, dtype=dtype))
