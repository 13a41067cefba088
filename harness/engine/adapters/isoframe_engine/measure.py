"""Stage times, memory and the time in collectives of one generation."""

import contextlib
import ctypes
import functools
import gc
import os
import time

from isoframe_engine import group


class Stages:
    """When each stage of a generation began and ended, under the names of reports/records/stages.h.

    `clock` waits for the device before it reads the time, or stages that only hand work to a GPU would take none."""

    def __init__(self, clock=time.perf_counter, progress=None, communication=None):
        self._clock = clock
        self._progress = progress or (lambda stage, index=None, of=None: None)
        self._communication = communication or CommunicationClock()
        self._epoch = time.time() - clock()
        self._open = {}
        self.seconds = {}
        self.busy = {}
        self.events = []

    def begin(self, stage, index=-1):
        self._open[stage] = (index, self._clock(), time.thread_time(), self._communication.seconds)

    def end(self, stage, *, joined=False):
        """Ends an occurrence of the stage.  `joined`: it is a piece of the one occurrence that there is."""
        index, began, busy, waited = self._open.pop(stage)
        seconds, busy = self._clock() - began, time.thread_time() - busy
        # As reports/records/stage_event.h lists them; bytes are not counted.
        self.events.append([stage, index, self._epoch + began, seconds, 0, 0, self._communication.seconds - waited])
        if joined and stage in self.seconds:
            self.seconds[stage][-1] += seconds
            self.busy[stage] += busy
        else:
            self.seconds.setdefault(stage, []).append(seconds)
            self.busy[stage] = self.busy.get(stage, 0.0) + busy
        return seconds

    def is_open(self, stage):
        return stage in self._open

    @contextlib.contextmanager
    def stage(self, stage, *, joined=False):
        self.begin(stage)
        yield
        self.end(stage, joined=joined)

    def report(self, stage, index=None, of=None):
        self._progress(stage, index, of)

    def busy_seconds(self):
        """Processor time of this thread in each outer stage: what it waits for others is none of it."""
        return {stage: seconds for stage, seconds in self.busy.items() if "." not in stage and stage != "transformer"}


class Measurement(Stages):
    """One generation from begin to end: `with Measurement(progress) as measured:` around it, `with measured.stage("text"):`
    and `for step in measured.steps(n):` within; then record() has what can be told of it without an engine's help."""

    def __init__(self, progress, *, communication=None, clock=time.perf_counter):
        super().__init__(clock, progress, communication)
        self.total_seconds = 0.0

    def __enter__(self):
        self._has_own_peak = reset_peak_memory()
        self._began = self._clock()
        return self

    def __exit__(self, kind, error, trace):
        self.total_seconds = self._clock() - self._began

    @contextlib.contextmanager
    def stage(self, stage, *, joined=False):
        """Tells isoframe that the stage begins, too."""
        self.report(stage)
        with super().stage(stage, joined=joined):
            yield

    def steps(self, count):
        """The numbers of the denoising steps, which are the whole of the stage `denoise`."""
        self.begin("denoise", count)
        for step in range(count):
            self.report("denoise", step, count)
            self.begin("denoise.step", step)
            yield step
            self.end("denoise.step")
        self.end("denoise")

    def record(self, load_seconds, **more):
        """A rank's record; null is what it was not told: memory in tensors, a GPU.  `more`: fields that the engine knows
        better, or knows beside."""
        return {
            "rank": group.RANK,
            "pid": os.getpid(),
            "device": None,
            "device_memory": None,
            "peak_resident_bytes": peak_resident_bytes() if self._has_own_peak else None,
            "peak_proportional_bytes": None,
            "peak_tensor_bytes": None,
            "load_seconds": load_seconds,
            "total_seconds": self.total_seconds,
            "communication_seconds": self._communication.seconds,
            "stages": self.seconds,
            "busy": self.busy_seconds(),
            **more,
        }


def release_memory():
    """Gives what is not used any more back to the system, so that a peak is the peak of what comes next."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def reset_peak_memory():
    """Lets the kernel's peak of this process begin anew; false where it does not allow that."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        return True
    except OSError:
        return False


def peak_resident_bytes():
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


class CommunicationClock:
    """The seconds inside torch.distributed's collectives, waiting included, on a CPU.  On a GPU a call only hands the
    work on, and waiting for it would change what is measured: `seconds` stays 0 there."""

    def __init__(self):
        self.seconds = 0.0
        self._depth = 0

    def install(self):
        """Wraps the functions through which libraries reach collectives: the direct ones, the functional ones, which
        return before they are done, and the wait that ends those."""
        import torch.distributed
        import torch.distributed._functional_collectives as functional

        direct = ("all_gather", "all_gather_into_tensor", "all_reduce", "all_to_all", "all_to_all_single", "barrier",
                  "broadcast", "recv", "send")
        lazy = ("all_gather_tensor", "all_reduce", "all_to_all_single", "wait_tensor")
        for module, names in ((torch.distributed, direct), (functional, lazy)):
            for name in names:
                setattr(module, name, self._timed(getattr(module, name)))

    def _timed(self, function):
        @functools.wraps(function)
        def timed(*args, **kwargs):
            self._depth += 1
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self._depth -= 1
                # A collective that calls another counts once.
                if self._depth == 0:
                    self.seconds += time.perf_counter() - began

        return timed
