"""An engine that computes a video in one process, of which little is left to write."""

import time

from isoframe_engine import files, measure
from isoframe_engine.case import LOADED_WITH, latent_shape, require_able, require_loaded, require_plain, require_world
from isoframe_engine.protocol import Engine, InputError, Unsupported


class OneRankEngine(Engine):
    """What a subclass does not name it does not have: cases that ask for it are skipped."""

    tasks, dtypes, devices = ("t2v",), ("float32",), ("cpu",)
    # Noise is read by safetensors for torch ("pt") or for numpy ("np").
    takes_noise, framework = False, "pt"
    # Settings that nothing comes of here, with the values that ask for nothing.
    left_out = {}

    def __init__(self):
        self._loaded = None
        self._load_seconds = 0.0

    def open(self, case):
        """Makes what the case needs ready, in place of what was there; returns the facts."""
        raise NotImplementedError

    def video(self, case, noise, measured):
        """Returns the frames, the noise that they began with and the latents after each step, as files.write_video takes
        them.  `noise`: the tensor to begin with, None for one of the case's seed; `measured`: a measure.Measurement."""
        raise NotImplementedError

    def capabilities(self):
        return {
            "tasks": list(self.tasks),
            "dtypes": list(self.dtypes),
            "devices": list(self.devices),
            "layouts": [],
            "takes_noise": self.takes_noise,
            "observations": [],
            "fingerprint": None,
        }

    def _require(self, case):
        require_world(require_able(self, case))
        require_plain(self.name, case, self.left_out)

    def load(self, case, store, progress):
        self._require(case)
        progress("load")
        began = time.perf_counter()
        self._loaded = None
        facts = self.open(case)
        self._loaded = case
        self._load_seconds = time.perf_counter() - began
        return self._load_seconds, facts

    def generate(self, case, directory, noise, progress):
        require_loaded(case, self._loaded, LOADED_WITH)
        self._require(case)
        given = None if noise is None else self._noise_in(noise, latent_shape(case))
        with measure.Measurement(progress) as measured:
            frames, noise, step_latents = self.video(case, given, measured)
        if directory is not None:
            progress("write")
            files.write_video(directory, frames, noise, step_latents)
            files.write_record(directory, measured.record(self._load_seconds), measured.events)

    def _noise_in(self, path, shape):
        if not self.takes_noise:
            raise Unsupported(f"{self.name} takes no noise")
        (noise,) = files.read_tensors(path, ["noise"], self.framework)
        if list(noise.shape) != shape:
            given, asked = (" x ".join(map(str, sizes)) for sizes in (noise.shape, shape))
            raise InputError(f"{path}: the given latents are {given}, the case's are {asked}")
        return noise
