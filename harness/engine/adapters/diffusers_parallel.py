"""Context parallelism for HunyuanVideo 1.5 in diffusers 0.42.1, which does not run there as it is.

Each repair has its reason beside it.  They change what a layout needs to compute the single run's numbers and nothing
else: the split of the tokens, the exchanges and the merging of partial attention are diffusers' own.
"""

import types

import torch
import torch.distributed
import torch.nn.functional
from diffusers import ContextParallelConfig
from diffusers.hooks import context_parallel
from diffusers.models import attention_dispatch
from diffusers.models._modeling_parallel import (
    ContextParallelInput,
    ContextParallelOutput,
    ParallelConfig,
    gather_size_by_comm,
)
from diffusers.models.transformers import transformer_hunyuan_video15

from attention_with_lse import attention_with_lse

# diffusers has no plan for this model.  RoPE's tables and the video's tokens are split alike; the condition is split as
# well, because every rank's own attention takes its share of both (a plan that leaves the condition whole, as Wan's does
# for cross-attention, would count the text once a rank); the last layer's output is gathered.
PLAN = {
    "rope": {
        0: ContextParallelInput(split_dim=0, expected_dims=2, split_output=True),
        1: ContextParallelInput(split_dim=0, expected_dims=2, split_output=True),
    },
    "transformer_blocks.0": {
        "hidden_states": ContextParallelInput(split_dim=1, expected_dims=3),
        "encoder_hidden_states": ContextParallelInput(split_dim=1, expected_dims=3),
    },
    "proj_out": ContextParallelOutput(gather_dim=1, expected_dims=3),
}


def resolve_on_own_device(self, config):
    """ModelMixin._resolve_parallel_config, which asks for the machine's accelerator and divides by the number of them:
    on a CPU there is none."""
    if isinstance(config, ContextParallelConfig):
        config = ParallelConfig(context_parallel_config=config)
    parallel = config.context_parallel_config
    mesh = torch.distributed.device_mesh.init_device_mesh(
        self.device.type, parallel.mesh_shape, mesh_dim_names=parallel.mesh_dim_names
    )
    config.setup(torch.distributed.get_rank(), torch.distributed.get_world_size(), self.device, mesh=mesh)
    self._parallel_config = config
    return config


def trim_padding(block, arguments):
    """Block 0's condition without its padding, and every block's mask without it: 1985 padded tokens cannot be halved,
    and a padded share would need a mask of other ranks' keys, which attention makes of its own tokens only.  The
    transformer has put valid tokens first, and a pass has a batch of one, so nothing that counts is cut off."""
    hidden, condition, time, mask, *rest = arguments
    if mask.shape[0] != 1:
        raise ValueError(f"a batch of {mask.shape[0]} passes cannot be trimmed to one length")
    condition = condition[:, : int(mask.sum())]
    return (hidden, condition, time, mask.new_ones(1, condition.shape[1]), *rest)


def trim_padding_of_share(block, arguments):
    """Later blocks receive the share that block 0 left: trimmed already, with a mask that is not."""
    hidden, condition, time, mask, *rest = arguments
    return (hidden, condition, time, mask.new_ones(1, condition.shape[1]), *rest)


whole_dispatch = attention_dispatch.dispatch_attention_fn


def dispatch_without_mask(*arguments, attn_mask=None, parallel_config=None, **settings):
    """Attention whose mask, of this rank's tokens by this rank's tokens, would not fit all ranks' keys.  Without padding
    it masks nothing."""
    if parallel_config is not None:
        attn_mask = None
    return whole_dispatch(*arguments, attn_mask=attn_mask, parallel_config=parallel_config, **settings)


whole_native_forward = attention_dispatch._native_attention_forward_op


def native_forward_with_lse(
    ctx, query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False,
    return_lse=False, **settings
):
    """Native attention that gives the logarithm of its sum as well, by which a ring merges the results of its parts:
    diffusers' own raises ValueError when asked for it."""
    if not return_lse:
        return whole_native_forward(
            ctx, query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa, return_lse, **settings
        )
    result, lse = attention_with_lse(*(x.transpose(1, 2) for x in (query, key, value)), scale=scale)
    return result.transpose(1, 2), lse.transpose(1, 2)


def all_gather_padded(tensor, dim, group):
    """Shares of different lengths gathered along `dim`.  diffusers' own hands Gloo lists of tensors of different sizes,
    which it refuses; NCCL takes them."""
    lengths = gather_size_by_comm(tensor.shape[dim], group)
    tensor = tensor.movedim(dim, 0).contiguous()
    padded = tensor.new_zeros(max(lengths), *tensor.shape[1:])
    padded[: tensor.shape[0]] = tensor
    gathered = [torch.empty_like(padded) for _ in lengths]
    torch.distributed.all_gather(gathered, padded, group=group)
    whole = torch.cat([share[:length] for share, length in zip(gathered, lengths)])
    return whole.movedim(0, dim).contiguous()


def enable(transformer, ulysses, ring):
    """Splits the transformer's tokens among all ranks of the process group."""
    transformer_hunyuan_video15.dispatch_attention_fn = dispatch_without_mask
    attention_dispatch._native_attention_forward_op = native_forward_with_lse
    context_parallel._all_gather_anything = all_gather_padded
    transformer._resolve_parallel_config = types.MethodType(resolve_on_own_device, transformer)
    for index, block in enumerate(transformer.transformer_blocks):
        # Runs before diffusers' own hook, which splits what this one returns.
        block.register_forward_pre_hook(trim_padding if index == 0 else trim_padding_of_share)
    transformer.enable_parallelism(
        config=ContextParallelConfig(
            ulysses_degree=ulysses,
            ring_degree=ring,
            # Tokens need not be divisible by the ranks: neither the video's nor the text's are, as a rule.
            ulysses_anything=ulysses > 1,
            ring_anything=ring > 1,
        ),
        cp_plan=PLAN,
    )
