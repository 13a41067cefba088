#!/usr/bin/env python3
"""diffusers' HunyuanVideo 1.5 pipelines as an engine of isoframe's (harness/engine/adapters/README.md).

isoframe starts it with the Python of an environment that has diffusers; by hand it does nothing.
"""

import contextlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from diffusers_pipelines import PipelineEngine
from isoframe_engine import Unsupported, group, serve


def require_heads(heads, ranks):
    """Heads that cannot be shared out evenly are padded, as long as no rank has nothing else."""
    padding = -heads % ranks
    if padding >= (heads + padding) // ranks:
        raise Unsupported(f"diffusers cannot share {heads} heads out to ulysses={ranks}")


class DiffusersEngine(PipelineEngine):
    name = package = "diffusers"
    install = "ci/setup --reference makes one that has it"
    # Its two modes for any number of tokens exclude each other, and the plain ones need divisible numbers.
    layouts = ["ulysses", "ring"]

    def _enable_layout(self, pipe, case, degrees):
        if group.WORLD_SIZE > 1:
            import diffusers_parallel

            require_heads(pipe.transformer.config.num_attention_heads, degrees["ulysses"])
            diffusers_parallel.enable(pipe.transformer, degrees["ulysses"], degrees["ring"])

    def _probes(self, pipe, generation, observer):
        from diffusers_probes import Probes

        return Probes(pipe, generation, observer, group.WORLD_SIZE, group.RANK)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(serve(DiffusersEngine()))
