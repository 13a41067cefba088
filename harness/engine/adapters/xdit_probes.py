"""isoframe's probe points in xDiT's transformer: those of diffusers' pipelines, but for how its tokens are split and its
attention is called."""

import torch
from xfuser.core.distributed import get_runtime_state
from xfuser.model_executor.models.transformers import transformer_hunyuan_video15

from diffusers_probes import Probes
from isoframe_engine.recording import HEADS_OF_TOKENS, TOKENS, TOKENS_OF_HEADS


class XditProbes(Probes):
    def attach(self, stack):
        super().attach(stack)
        self._after(self._pipe.transformer, "_gather_and_unpad", self._show_gathered)

    def _split_video(self, whole):
        """Shares as long as each other, of which the last end in padding."""
        held = -(-whole // self._ranks)
        begin = min(self._rank * held, whole)
        return begin, min(held, whole - begin), held

    def _split_condition(self, whole):
        """A part if all ranks' would be equally long, else the whole of it on each."""
        if self._ranks == 1 or not get_runtime_state().split_text_embed_in_sp:
            return 0, whole, False
        return self._rank * (whole // self._ranks), whole // self._ranks, True

    def _show_condition_tokens(self, condition):
        shares = [(1, self._condition_begin, self._condition)] if self._has_part else []
        self._show(self._place, "condition_tokens", condition, TOKENS, shares=shares)

    def _show_projected(self, result):
        result = result[:, : self._length]
        self._show(self._place, "proj_out", result, TOKENS, shares=[(1, self._begin, self._tokens)])

    def _show_gathered(self, result, arguments, named):
        self._show(self._place, "proj_out.gathered", result, TOKENS)

    def _watch_attention(self):
        self._before(transformer_hunyuan_video15, "USP", self._show_heads_in)
        self._after(transformer_hunyuan_video15, "USP", self._show_heads_out)

    def _show_heads_in(self, arguments, named):
        for name, value in zip(("query", "key", "value"), arguments):
            # A condition that every rank has whole comes apart from the video.
            joint = named.get(f"joint_{name}")
            both = value if joint is None else torch.cat([value, joint], 2)
            self._show_both(
                f"transformer_blocks.attn.{name}", both.transpose(1, 2), TOKENS_OF_HEADS, heads=2, is_copy=joint is not None
            )

    def _show_heads_out(self, result, arguments, named):
        self._show_both("transformer_blocks.attn.heads", result, HEADS_OF_TOKENS, heads=1)
