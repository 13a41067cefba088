"""One generation by a pipeline whose parts have diffusers' names, watched inside an engine's worker.

An engine hands out 8-bit pictures and the whole request's time.  What the protocol asks for is seen where the pipeline
computes it: frames as the decoder gives them, latents at the scheduler, stages and tiles at the modules.
"""

import contextlib
import os
import time

from isoframe_engine import files, gpu, measure
from isoframe_engine.case import setting
from isoframe_engine.replaced import replaced
from isoframe_engine.tiles import Tiles


class Watch:
    """frames: [F, H, W, 3] in [0, 1]; noise and step_latents: [1, C, T, h, w]; seconds: from
    the pipeline's call to its frames on the CPU."""

    def __init__(self, torch, pipe, case, progress):
        self._torch = torch
        self._pipe = pipe
        self._case = case
        self._steps = setting(case, "steps", int)
        self._device = next(pipe.transformer.parameters()).device
        self.stages = measure.Stages(self._clock, progress)
        self.frames = self.noise = None
        self.step_latents = []
        self.tiles = Tiles(self.stages)
        self.seconds = 0.0
        self._conditional = None

    @property
    def is_on_gpu(self):
        return self._device.type == "cuda"

    def _clock(self):
        if self.is_on_gpu:
            self._torch.cuda.synchronize(self._device)
        return time.perf_counter()

    def settle(self):
        """Sets what an engine has no argument for, or one of another meaning."""
        torch, case, vae = self._torch, self._case, self._pipe.vae
        threads = setting(case, "threads_per_rank", int)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = case.get("tf32", False)
        # The members themselves: enable_tiling() takes an overlap of 0 for none given.
        vae.use_tiling = setting(case, "tiling", bool)
        size = setting(case, "tile_size", int)
        vae.tile_sample_min_height = vae.tile_sample_min_width = size
        vae.tile_latent_min_height = vae.tile_latent_min_width = size // vae.spatial_compression_ratio
        vae.tile_overlap_factor = float(setting(case, "tile_overlap", (int, float)))

    @contextlib.contextmanager
    def watching(self):
        """Looks at the one generation that the block makes."""
        measure.release_memory()
        self._has_own_peak = measure.reset_peak_memory()
        if self.is_on_gpu:
            self._torch.cuda.empty_cache()
            self._torch.cuda.reset_peak_memory_stats(self._device)
        with contextlib.ExitStack() as stack:
            self._attach(stack)
            began = self._clock()
            yield
            self.seconds = self._clock() - began
        if len(self.step_latents) != self._steps:
            raise RuntimeError(f"the engine did {len(self.step_latents)} steps, not {self._steps}")
        if self.frames is None or self.noise is None:
            raise RuntimeError("the engine has not come by its decoder or its initial latents")
        asked = (*(setting(self._case, name, int) for name in ("frames", "height", "width")), 3)
        if tuple(self.frames.shape) != asked:
            made, asked = (" x ".join(map(str, sizes)) for sizes in (self.frames.shape, asked))
            raise RuntimeError(f"the engine made {made}, not {asked}")

    def _attach(self, stack):
        pipe, vae = self._pipe, self._pipe.vae

        def watch(owner, name, make):
            if hasattr(owner, name):
                stack.enter_context(replaced(owner, name, make))

        watch(pipe, "encode_prompt", self._encoding_prompt)
        watch(pipe, "prepare_latents", self._beginning)
        for name in ("encode_image", "_get_image_embeds"):
            watch(pipe, name, self._during("image"))
        watch(pipe, "_get_image_latents", self._during("encode"))
        watch(pipe.scheduler, "step", self._stepping)
        watch(vae, "decode", self._decoding)
        tile_hooks = self.tiles.attach(watch, vae)
        for name in ("tile_exec", "encode_tile_exec"):
            watch(vae, name, self._placing_tile)
        # A hook that returned anything would replace what it only looks at.
        for hook in (
            pipe.transformer.register_forward_pre_hook(lambda _, __, named: self._begin_pass(named), with_kwargs=True),
            pipe.transformer.register_forward_hook(lambda *_: self._end_pass()),
            *tile_hooks,
        ):
            stack.callback(hook.remove)

    def _encoding_prompt(self, encode):
        def encoding(*arguments, **named):
            self.stages.report("text")
            with self.stages.stage("text", joined=True):
                result = encode(*arguments, **named)
            if self._conditional is None:
                self._conditional = result[0]
            return result

        return encoding

    def _beginning(self, prepare):
        def beginning(*arguments, **named):
            result = prepare(*arguments, **named)
            self.noise = result.clone()
            return result

        return beginning

    def _during(self, stage):
        def make(run):
            def running(*arguments, **named):
                if self.stages.is_open(stage):
                    # One of them is called by another.
                    return run(*arguments, **named)
                self.stages.report(stage)
                with self.stages.stage(stage, joined=True):
                    return run(*arguments, **named)

            return running

        return make

    def _begin_pass(self, named):
        step = len(self.step_latents)
        if not self.stages.is_open("denoise"):
            self.stages.begin("denoise", self._steps)
        if not self.stages.is_open("denoise.step"):
            self.stages.report("denoise", step, self._steps)
            self.stages.begin("denoise.step", step)
            self._passes = 0
        # A rank of parallel guidance sees one branch only, which the text tells; where an engine copies it, order does.
        is_conditional = self._is_conditional_text(named.get("encoder_hidden_states"))
        if is_conditional is None:
            is_conditional = self._passes == 0
        self._branch = "denoise.conditional" if is_conditional else "denoise.unconditional"
        self._passes += 1
        self.stages.begin(self._branch, step)
        self.stages.begin("transformer")

    def _is_conditional_text(self, text):
        return None

    def _end_pass(self):
        self.stages.end("transformer")
        self.stages.end(self._branch)

    def _stepping(self, step):
        def stepping(*arguments, **named):
            result = step(*arguments, **named)
            self.step_latents.append(result[0].clone())
            self.stages.end("denoise.step")
            if len(self.step_latents) == self._steps:
                self.stages.end("denoise")
            return result

        return stepping

    def _decoding(self, decode):
        """The stage ends where frames are floats on the CPU."""

        def decoding(*arguments, **named):
            self.stages.report("decode")
            self.stages.begin("decode")
            result = decode(*arguments, **named)
            video = (result[0] if isinstance(result, tuple) else result.sample)[0]
            # In the decoder's dtype, as diffusers' processor does it.
            self.frames = (video * 0.5 + 0.5).clamp(0, 1).permute(1, 2, 3, 0).float().cpu()
            self.stages.end("decode")
            return result

        return decoding

    def _placing_tile(self, execute):
        """Tiles that ranks share out come in any order, each with its place."""

        def executing(task):
            self.tiles.place = task.grid_coord
            try:
                return execute(task)
            finally:
                self.tiles.place = None

        return executing

    def write(self, directory, rank, load_seconds):
        """Leaves this rank's files, and of rank 0 those of the video."""
        if self.seconds == 0.0:
            raise RuntimeError("the engine has not called its pipeline")
        if rank == 0:
            files.write_video(directory, self.frames, self.noise, self.step_latents)
        index = self._device.index or 0
        files.write_record(
            directory,
            {
                "rank": rank,
                "pid": os.getpid(),
                "device": gpu.device_of(self._torch, index) if self.is_on_gpu else None,
                "device_memory": gpu.memory_of(self._torch, index) if self.is_on_gpu else None,
                "peak_resident_bytes": measure.peak_resident_bytes() if self._has_own_peak else None,
                "peak_proportional_bytes": None,
                "peak_tensor_bytes": None,
                "load_seconds": load_seconds,
                "total_seconds": self.seconds,
                "communication_seconds": 0.0,
                "stages": self.stages.seconds,
                "busy": {} if self.is_on_gpu else self.stages.busy_seconds(),
                **self.tiles.record(self._case["task"]),
            },
            self.stages.events,
        )
