#!/usr/bin/env python3
"""xDiT's transformer in diffusers' HunyuanVideo 1.5 pipelines, as an engine (harness/engine/adapters/README.md).

isoframe starts it with the Python of an environment that has xfuser; by hand it does nothing.
"""

import contextlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from diffusers_pipelines import PipelineEngine
from isoframe_engine import Unsupported, group, serve
from isoframe_engine.case import setting


class XditEngine(PipelineEngine):
    name = "xdit"
    package = "xfuser"
    install = "ci/setup --xdit makes one that has it"
    layouts = ["ulysses", "ring"]
    takes_layouts_together = True
    # mask_padding: the rows that xDiT appends to an uneven video are left out as keys, which it does not do itself.
    options = {"mask_padding": (bool, False)}

    def _meet(self, case, store):
        import xdit_parallel

        xdit_parallel.leave_groups()
        group.meet(store, case["device"], float(setting(case, "meeting_seconds", (int, float))), even_alone=True)

    def _parts(self, torch, case):
        import xdit_parallel

        return {"transformer": xdit_parallel.load_transformer(case)}

    def _enable_layout(self, pipe, case, degrees):
        import xdit_parallel

        heads, ranks = pipe.transformer.config.num_attention_heads, degrees["ulysses"]
        if heads % ranks != 0:
            raise Unsupported(f"xdit cannot share {heads} heads out to ulysses={ranks}")
        self._padding = xdit_parallel.enable(pipe, case, degrees["ulysses"], degrees["ring"])

    def _apply_options(self, options):
        self._padding.is_masked = options["mask_padding"]

    def _probes(self, pipe, generation, observer):
        from xdit_probes import XditProbes

        return XditProbes(pipe, generation, observer, group.WORLD_SIZE, group.RANK)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(serve(XditEngine()))
