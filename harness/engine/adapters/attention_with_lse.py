"""The attention by which a ring merges the results of its parts."""

import torch


def attention_with_lse(query, key, value, *, scale=None):
    """(attention, logarithm of its sums) of tensors [batch, heads, tokens, channels], in every dtype and on every device
    that an engine takes."""
    if query.device.type == "cpu":
        return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(query, key, value, scale=scale)
    # Takes float32, which flash attention does not; its sums are padded to a multiple of 32 queries.
    result, lse, *_ = torch.ops.aten._scaled_dot_product_efficient_attention(query, key, value, None, True, scale=scale)
    return result, lse[..., : query.shape[2]]
