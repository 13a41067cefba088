"""Stage times, memory and the time in collectives of one generation."""

import contextlib
import ctypes
import functools
import gc
import time


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
