"""What isoframe asks of each of vLLM-Omni's workers: their `worker_extension_cls` (harness/engine/adapters/README.md).

vLLM-Omni mixes the class into its own worker's, and calls its methods on every rank by `collective_rpc`.  An exception
there ends the engine without a word to whoever asked, so each method tells what became of it by a datagram.
"""

import contextlib
import pathlib
import time

from isoframe_engine.watch import Watch
from isoframe_engine.workers import Reporter


class OmniWatch(Watch):
    def _is_conditional_text(self, text):
        return text is self._conditional


class IsoframeExtension:
    """Mixin of vllm_omni's DiffusionWorker, whose `rank` and `model_runner` it uses."""

    def load_model(self, *arguments, **named):
        began = time.perf_counter()
        super().load_model(*arguments, **named)
        self._isoframe_load_seconds = time.perf_counter() - began

    def isoframe_settle(self, address, vae_dtype):
        """Gives the VAE this type, after a load."""
        with reporting(address, self.rank):
            import torch

            pipe = self.model_runner.pipeline
            pipe.vae.to(getattr(torch, vae_dtype))

    def isoframe_arm(self, address, case):
        """Lets the next generation be watched."""
        with reporting(address, self.rank):
            import torch

            pipe = self.model_runner.pipeline
            # A type that it does not know it replaces by bfloat16.
            dtype = next(pipe.transformer.parameters()).dtype
            if dtype != getattr(torch, case["dtype"]):
                raise RuntimeError(f"vLLM-Omni has loaded {dtype}, not {case['dtype']}")
            reporter = Reporter(address, self.rank)
            watch = self._isoframe_watch = OmniWatch(torch, pipe, case, reporter.progress)
            watch.settle()
            forward = pipe.forward

            def watched(*positional, **named):
                # Of this generation only: the runner calls the function itself, not the module.
                del pipe.forward
                with reporter, watch.watching():
                    return forward(*positional, **named)

            pipe.forward = watched

    def isoframe_leave(self, address, directory):
        """Writes the files of the generation that was watched, if there is a folder for them."""
        with reporting(address, self.rank):
            watch, self._isoframe_watch = self._isoframe_watch, None
            if directory is not None:
                watch.write(pathlib.Path(directory), self.rank, self._isoframe_load_seconds)


@contextlib.contextmanager
def reporting(address, rank):
    """Ends with a word on how the block ended, whatever it was."""
    with Reporter(address, rank) as reporter:
        try:
            yield
        except Exception as error:
            reporter.failed(error)
        else:
            reporter.done()
