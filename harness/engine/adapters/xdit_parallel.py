"""HunyuanVideo 1.5 in xDiT (xfuser 0.7.0), whose runner has fixed names of models, bfloat16 and a generator on a GPU: its
transformer is built here, and put into diffusers' own pipeline.

Each repair has its reason beside it.  They let xDiT run where there is no GPU, and in float32; what it computes is its own,
its fault in uneven videos included, unless a case asks for `mask_padding`.
"""

import os

# xDiT prints what it chooses to standard output, at a level that is read when it is imported.
os.environ.setdefault("LOG_LEVEL", "error")

import torch
import torch.distributed
import xfuser
import xfuser.envs
from xfuser.config import config, xFuserArgs
from xfuser.core.distributed import group_coordinator, parallel_state, runtime_state
from xfuser.core.distributed.attention_backend import ATTENTION_FUNCTION_REGISTRY, AttentionBackendType
from xfuser.model_executor.layers import usp
from xfuser.model_executor.models.transformers.transformer_hunyuan_video15 import xFuserHunyuanVideo15Transformer3DWrapper
from yunchang import globals as sequence_groups

from attention_with_lse import attention_with_lse
from isoframe_engine import InputError, Unsupported, group


def leave_groups():
    """Leaves the groups of an earlier load."""
    if parallel_state.model_parallel_is_initialized():
        parallel_state.destroy_model_parallel()
        parallel_state.destroy_distributed_environment()


def load_transformer(case):
    """xDiT's transformer with the checkpoint's weights."""
    from safetensors import SafetensorError

    try:
        return xFuserHunyuanVideo15Transformer3DWrapper.from_pretrained(
            case["checkpoint"], subfolder="transformer", dtype=getattr(torch, case["dtype"]),
            variant=case.get("variant") or None, local_files_only=True,
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise InputError(f"{case['checkpoint']}: xdit cannot load its transformer: {error}") from error


def repair_for_cpu():
    """Lets xDiT do on a CPU what it does on a GPU."""
    # It takes a CUDA build of torch for a GPU, and would put its groups on one.
    xfuser.envs._is_cuda = lambda: False
    # Without a GPU it does not look for yunchang, which keeps the groups of Ulysses and of the ring: it refuses both, and
    # would give each one rank.
    config.HAS_LONG_CTX_ATTN = parallel_state.HAS_LONG_CTX_ATTN = group_coordinator.HAS_LONG_CTX_ATTN = True
    # For the same reason the exchanges have no groups.
    usp.PROCESS_GROUP = sequence_groups.PROCESS_GROUP


def flash_attention(query, key, value, dropout_p, is_causal, attention_kwargs=None):
    """Attention with the logarithm of its sums, for a ring: the functions that xDiT has for that exist on GPUs only, and
    the one among them that takes float32 gives more sums than queries, which cannot be merged."""
    if dropout_p or is_causal:
        raise ValueError("this model has neither dropout nor causal attention")
    return attention_with_lse(query, key, value)


class Padding:
    """The rows of zeros that xDiT appends to a video whose tokens the ranks cannot share evenly, at the end of the last
    rank's share.  They take part in attention as keys (a key of zeros gets weight, and a value of zeros dilutes the
    rest), unless is_masked."""

    def __init__(self, transformer):
        self.is_masked = False
        # Of the pass: tokens of the whole video, and how many rows each rank holds.
        self.tokens = self.rows = 0
        self._ring_step = 0
        self._chunk = transformer._chunk_and_pad_sequence
        transformer._chunk_and_pad_sequence = self._counting

    def _counting(self, x, rank, ranks, padding, dim):
        self.tokens = x.shape[dim]
        self.rows = (self.tokens + padding) // ranks
        ring = parallel_state.get_ring_parallel_world_size()
        if self.is_masked and ring > 1 and self.tokens <= (ring - 1) * ranks // ring * self.rows:
            # One step of the ring would have no key, and its result could not be merged.
            raise Unsupported(f"mask_padding: with {self.tokens} video tokens the last step of ring={ring} has padding only")
        return self._chunk(x, rank, ranks, padding, dim)

    def valid_rows(self, rank):
        return max(0, min(self.rows, self.tokens - rank * self.rows))

    def without(self, attention):
        """The attention function, without keys that are padding."""

        def masked(query, key, value, **settings):
            if self.is_masked:
                kept = self._valid_keys(key.shape[2], key.device)
                key, value = key[:, :, kept], value[:, :, kept]
            return attention(query, key, value, **settings)

        return masked

    def in_ring(self, ring):
        """The ring attention, whose steps are counted: in each the keys are another rank's."""

        def counted(*arguments, **settings):
            self._ring_step = 0
            return ring(*arguments, **settings)

        return counted

    def _valid_keys(self, keys, device):
        """Indices of the keys that are no padding.  They are [video | text] of each rank of the Ulysses group in turn if
        the text is split as well, else [video] of each, and the whole text after the last."""
        ulysses = parallel_state.get_ulysses_parallel_world_size()
        ring = parallel_state.get_ring_parallel_world_size()
        from_rank = (parallel_state.get_ring_parallel_rank() - self._ring_step) % ring * ulysses
        self._ring_step += 1
        each = keys // ulysses if runtime_state.get_runtime_state().split_text_embed_in_sp else self.rows
        kept = torch.ones(keys, dtype=torch.bool, device=device)
        for number in range(ulysses):
            begin = number * each
            kept[begin + self.valid_rows(from_rank + number) : begin + self.rows] = False
        return kept


own_ring = usp.ring_attn
own_attention = dict(ATTENTION_FUNCTION_REGISTRY)


def enable(pipe, case, ulysses, ring):
    """Splits the transformer's tokens among all ranks of the process group; returns the padding."""
    device = case["device"]
    if device == "cpu":
        repair_for_cpu()
    backend = "gloo" if device == "cpu" else "nccl"
    parallel_state.init_distributed_environment(
        world_size=group.WORLD_SIZE, rank=group.RANK, local_rank=group.LOCAL_RANK, backend=backend
    )
    parallel_state.initialize_model_parallel(
        ulysses_degree=ulysses, ring_degree=ring, sequence_parallel_degree=ulysses * ring, backend=backend
    )
    chosen = attention_backend(case, ring)
    settings, _ = xFuserArgs(ulysses_degree=ulysses, ring_degree=ring, attention_backend=chosen).create_config()
    runtime_state.initialize_runtime_state(pipe, settings)
    padding = Padding(pipe.transformer)
    if group.WORLD_SIZE > 1:
        usp.ring_attn = padding.in_ring(own_ring)
        used = runtime_state.get_runtime_state().attention_backend
        attention = flash_attention if used == AttentionBackendType.SDPA_FLASH else own_attention[used]
        ATTENTION_FUNCTION_REGISTRY[used] = padding.without(attention)
    return padding


def attention_backend(case, ring):
    """The name of the attention that xDiT shall use; None for its own choice, which on a GPU depends on what is installed
    and takes half types only."""
    if case["device"] == "cuda" and case["dtype"] != "float32":
        return None
    return "sdpa_flash" if ring > 1 else "sdpa"
