#!/usr/bin/env python3
"""Records outputs of diffusers' AutoencoderKLHunyuanVideo15 for seeded weights and inputs: data/reference.safetensors.

Run it with the Python of the reference environment (ci/setup). Weights and inputs are not stored: vae_test.cpp makes
them again from the same seeds. Of large results only every n-th element is kept.
"""

import math
import pathlib

import torch
from diffusers import AutoencoderKLHunyuanVideo15
from safetensors.torch import save_file

CONFIG = dict(
    in_channels=3,
    out_channels=3,
    latent_channels=4,
    block_out_channels=(24, 24, 48, 48, 24),
    layers_per_block=1,
    spatial_compression_ratio=16,
    temporal_compression_ratio=4,
)

# name: frames, height and width in latents, tile in pixels and overlap (None: untiled), every n-th element kept
DECODE = {
    "untiled": ((3, 5, 7), None, 13),
    "untiled_one_frame": ((1, 3, 5), None, 3),
    "tiled_frames": ((3, 5, 7), (64, 0.25), 29),
    "tiled_64_25": ((1, 5, 7), (64, 0.25), 5),
    "tiled_64_75": ((1, 5, 7), (64, 0.75), 5),
    "tiled_32_50": ((1, 5, 7), (32, 0.5), 5),
    "tiled_32_0": ((1, 5, 7), (32, 0.0), 5),
}
# name: frames, height and width in pixels, tile and overlap as above
ENCODE = {
    "encoded": ((5, 32, 48), None),
    "encoded_one_frame": ((1, 48, 32), None),
    "encoded_tiled_64_25": ((1, 80, 112), (64, 0.25)),
    "encoded_tiled_64_75": ((1, 80, 112), (64, 0.75)),
    "encoded_tiled_32_50": ((5, 48, 80), (32, 0.5)),
    "encoded_tiled_32_0": ((1, 48, 80), (32, 0.0)),
}


def seed_of(name):
    """FNV-1a, 32 bits."""
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value


def noise(name, shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed_of(name)))


def parameter(name, shape):
    values = noise(name, shape)
    if name.endswith("gamma"):
        return 1.0 + 0.1 * values
    if name.endswith("bias"):
        return 0.1 * values
    return values * (1.0 / math.sqrt(math.prod(shape[1:])))


def set_tiling(vae, tiling):
    vae.use_tiling = tiling is not None
    if tiling is not None:
        tile, vae.tile_overlap_factor = tiling
        vae.tile_sample_min_height = vae.tile_sample_min_width = tile
        vae.tile_latent_min_height = vae.tile_latent_min_width = tile // 16


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    vae = AutoencoderKLHunyuanVideo15(**CONFIG).eval()
    vae.load_state_dict({name: parameter(name, value.shape) for name, value in vae.state_dict().items()})
    recorded = {}
    for name, ((frames, height, width), tiling, step) in DECODE.items():
        set_tiling(vae, tiling)
        frames_out = vae.decode(noise("latents", (1, 4, frames, height, width)), return_dict=False)[0]
        recorded[name] = frames_out.flatten()[::step].clone()
    for name, ((frames, height, width), tiling) in ENCODE.items():
        set_tiling(vae, tiling)
        posterior = vae.encode(noise("video", (1, 3, frames, height, width))).latent_dist
        recorded[name] = posterior.parameters.contiguous()
    save_file(recorded, pathlib.Path(__file__).parent / "data" / "reference.safetensors")


if __name__ == "__main__":
    main()
