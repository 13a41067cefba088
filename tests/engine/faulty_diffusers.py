"""diffusers as an engine, with a fault in one block's weights: of every run, or of layouts alone (--of-layouts), with one
before it, in block 0 (--twice)."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "harness/engine/adapters"))

from diffusers_engine import DiffusersEngine
from isoframe_engine import group, serve

BLOCK = 1


class FaultyDiffusers(DiffusersEngine):
    def load(self, case, store, progress):
        loaded = super().load(case, store, progress)
        if group.WORLD_SIZE > 1 or "--of-layouts" not in sys.argv:
            transformer = self._pipe.transformer
            if "--twice" in sys.argv:
                transformer.transformer_blocks[0].ff.net[2].weight.data *= 2
            transformer.transformer_blocks[BLOCK].attn.to_out[0].weight.data *= 2
        return loaded


sys.exit(serve(FaultyDiffusers()))
