"""One generation by diffusers' pipeline, watched from outside: its stages, its latents, its tiles."""

import contextlib
import inspect
import time

from isoframe_engine import InputError, measure
from isoframe_engine.case import setting
from isoframe_engine.replaced import replaced
from isoframe_engine.tiles import Tiles


class Generation:
    """frames: [F, H, W, 3] in [0, 1]; noise: the initial latents, drawn from the seed unless they are set before;
    step_latents: what each step gives, [1, C, T, h, w]; given_steps: what the next one begins with instead, if they are
    set before; seconds: from prompt to frames."""

    def __init__(self, torch, pipe, own_guidance_scale, case, progress, communication):
        self._torch = torch
        self._pipe = pipe
        self._case = case
        self.steps = setting(case, "steps", int)
        self._require_sizes()
        scale = case.get("guidance_scale")
        pipe.guider.guidance_scale = own_guidance_scale if scale is None else float(scale)
        self.stages = measure.Stages(self._clock, progress, communication)
        self.frames = self.noise = None
        self.step_latents = []
        self.given_steps = []
        self.tiles = Tiles(self.stages)
        self.seconds = 0.0

    def _require_sizes(self):
        """The pipeline rounds a size down to whole latents without a word, and the video would be another."""
        space, frames = self._pipe.vae_scale_factor_spatial, self._pipe.vae_scale_factor_temporal
        for name in ("height", "width"):
            if self._case.get(name) is not None and setting(self._case, name, int) % space != 0:
                raise InputError(f"the case's {name} is {self._case[name]}, no multiple of {space}")
        if (setting(self._case, "frames", int) - 1) % frames != 0:
            raise InputError(f"the case's frames are {self._case['frames']}, not 1 more than a multiple of {frames}")

    def _clock(self):
        if self._pipe.transformer.device.type == "cuda":
            self._torch.cuda.synchronize()
        return time.perf_counter()

    @property
    def is_image_to_video(self):
        return self._case["task"] == "i2v"

    def denoise_place(self):
        """The stages around a point, as isoframe's recordings name them."""
        return f"denoise {self.steps}"

    def step_place(self, step):
        return f"{self.denoise_place()}/denoise.step {step}"

    def pass_place(self):
        step = len(self.step_latents)
        return f"{self.step_place(step)}/{self._branch} {step}/transformer"

    def run(self, probes=None):
        began = self._clock()
        with contextlib.ExitStack() as stack:
            self._set_tiling()
            self._watch(stack)
            if probes is not None:
                probes.attach(stack)
            # Outside of all that look at what the step itself gives.
            stack.enter_context(replaced(self._pipe.scheduler, "step", self._taking_given))
            video = self._pipe(
                prompt=setting(self._case, "prompt", str),
                negative_prompt=setting(self._case, "negative_prompt", str),
                **self._size_or_image(stack),
                num_frames=setting(self._case, "frames", int),
                num_inference_steps=self.steps,
                # On the CPU whatever the device: the noise of a seed is the same everywhere, and isoframe's.
                generator=self._torch.Generator().manual_seed(setting(self._case, "seed", int)),
                latents=self.noise,
                output_type="pt",
            ).frames
            self.frames = video[0].permute(0, 2, 3, 1).float().cpu()
        self.stages.end("decode")
        self.seconds = self._clock() - began
        if probes is not None:
            probes.show_frames(self.frames)

    def _set_tiling(self):
        """Sets the members themselves: enable_tiling() takes an overlap of 0 for none given."""
        vae, case = self._pipe.vae, self._case
        vae.use_tiling = setting(case, "tiling", bool)
        size = setting(case, "tile_size", int)
        vae.tile_sample_min_height = vae.tile_sample_min_width = size
        vae.tile_latent_min_height = vae.tile_latent_min_width = size // vae.spatial_compression_ratio
        vae.tile_overlap_factor = float(setting(case, "tile_overlap", (int, float)))

    def _size_or_image(self, stack):
        height, width = self._case.get("height"), self._case.get("width")
        if not self.is_image_to_video:
            return {"height": height, "width": width}
        if height is not None:
            # The pipeline takes the image's proportions and has no argument for another size.
            choose = "calculate_default_height_width"
            stack.enter_context(replaced(self._pipe.video_processor, choose, lambda _: lambda **_: (height, width)))
        from diffusers.utils import load_image

        path = setting(self._case, "image", str)
        with self.stages.stage("image"):
            self.stages.report("image")
            try:
                return {"image": load_image(path)}
            except (OSError, ValueError) as error:
                raise InputError(f"{path}: the image cannot be read: {error}") from None

    def _watch(self, stack):
        """Replaces functions of the pipeline, until `stack` is left, by ones that tell when they are called."""
        pipe = self._pipe

        def watch(owner, name, make):
            stack.enter_context(replaced(owner, name, make))

        watch(pipe, "encode_prompt", self._encoding_prompt)
        watch(pipe, "prepare_latents", self._beginning)
        watch(pipe.scheduler, "step", self._stepping)
        watch(pipe.vae, "decode", self._decoding)
        tile_hooks = self.tiles.attach(watch, pipe.vae)
        if self.is_image_to_video:
            watch(pipe.video_processor, "resize", self._preparing_image)
            watch(pipe, "encode_image", self._preparing_image)
            watch(pipe, "_get_image_latents", self._encoding)
        transformer = pipe.transformer
        # A hook that returned anything would replace what it only looks at.
        for hook in (
            transformer.register_forward_pre_hook(lambda *_: self._begin_pass()),
            transformer.register_forward_hook(lambda *_: self._end_pass()),
            *tile_hooks,
        ):
            stack.callback(hook.remove)

    def _encoding_prompt(self, encode):
        def encoding(*arguments, **named):
            branch = "text.unconditional" if "text" in self.stages.seconds else "text.conditional"
            self.stages.report("text")
            with self.stages.stage("text", joined=True), self.stages.stage(branch):
                return encode(*arguments, **named)

        return encoding

    def _preparing_image(self, prepare):
        def preparing(*arguments, **named):
            with self.stages.stage("image", joined=True):
                return prepare(*arguments, **named)

        return preparing

    def _beginning(self, prepare):
        signature = inspect.signature(prepare)

        def beginning(*arguments, **named):
            asked = signature.bind(*arguments, **named).arguments
            if self.noise is not None:
                self._require_shape(asked)
            self.noise = prepare(*arguments, **named)
            return self.noise

        return beginning

    def _require_shape(self, asked):
        pipe = self._pipe
        shape = (
            1, asked["num_channels_latents"], (asked["num_frames"] - 1) // pipe.vae_scale_factor_temporal + 1,
            asked["height"] // pipe.vae_scale_factor_spatial, asked["width"] // pipe.vae_scale_factor_spatial,
        )
        for given in (self.noise, *self.given_steps):
            if tuple(given.shape) != shape:
                given, asked = (" x ".join(map(str, sizes)) for sizes in (given.shape, shape))
                raise InputError(f"the given latents are {given}, the case's are {asked}")

    def _encoding(self, encode):
        def encoding(*arguments, **named):
            self.stages.report("encode")
            with self.stages.stage("encode"):
                return encode(*arguments, **named)

        return encoding

    def _begin_pass(self):
        if not self.stages.is_open("denoise"):
            self.stages.begin("denoise", self.steps)
        if not self.stages.is_open("denoise.step"):
            self.stages.report("denoise", len(self.step_latents), self.steps)
            self.stages.begin("denoise.step", len(self.step_latents))
            self._branch = "denoise.conditional"
        self.stages.begin(self._branch, len(self.step_latents))
        self.stages.begin("transformer")

    def _end_pass(self):
        self.stages.end("transformer")
        self.stages.end(self._branch)
        self._branch = "denoise.unconditional"

    def _stepping(self, step):
        def stepping(*arguments, **named):
            result = step(*arguments, **named)
            self.step_latents.append(result[0].clone())
            self.stages.end("denoise.step")
            if len(self.step_latents) == self.steps:
                self.stages.end("denoise")
            return result

        return stepping

    def _taking_given(self, step):
        def taking(*arguments, **named):
            result = step(*arguments, **named)
            if not self.given_steps:
                return result
            return (self.given_steps[len(self.step_latents) - 1].to(result[0]), *result[1:])

        return taking

    def _decoding(self, decode):
        """The stage ends where frames are floats on the CPU."""

        def decoding(*arguments, **named):
            self.stages.report("decode")
            self.stages.begin("decode")
            return decode(*arguments, **named)

        return decoding
