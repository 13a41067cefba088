"""A model of a few numbers, with the parts and names that HunyuanVideo 1.5 has in diffusers: what the doubles of engines
generate with.  Everything that a case asks for changes its frames."""

import ctypes
import math
import multiprocessing
import os
import signal
import types

import torch

SPACE, TIME, CHANNELS = 16, 4, 32


def processes():
    """Those of workers begin anew, as the packages start them, or as copies of the engine's, which takes no seconds."""
    return multiprocessing.get_context(os.environ.get("DOUBLE_STARTS", "fork"))


def end_with_parent():
    """Lets the kernel end this worker when the engine's process has ended, however that came about."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Transformer(torch.nn.Module):
    def __init__(self, dtype):
        super().__init__()
        block = torch.nn.Module()
        block.norm1 = torch.nn.Module()
        block.norm1.linear = torch.nn.Linear(1, 1, dtype=dtype)
        self.transformer_blocks = torch.nn.ModuleList([block])
        self.config = types.SimpleNamespace(num_attention_heads=4)

    @property
    def device(self):
        return next(self.parameters()).device

    def forward(self, hidden_states, timestep, encoder_hidden_states, image_embeds, return_dict=True, **_):
        if os.environ.get("DOUBLE_FAILS") == "transformer":
            raise RuntimeError("CUDA error: an illegal memory access\nwas encountered")
        text, image = encoder_hidden_states.mean(), image_embeds.mean()
        return (hidden_states[:, :CHANNELS] * 0.5 + text + image + hidden_states[:, CHANNELS : 2 * CHANNELS] * 0.1,)


class Scheduler:
    def set_timesteps(self, sigmas=None, device=None):
        self.timesteps = torch.tensor([1000.0 * sigma for sigma in sigmas])
        self._step = 1.0 / len(sigmas)

    def step(self, model_output, timestep, sample, return_dict=True):
        return (sample - self._step * model_output.to(sample.dtype),)


class Decoder(torch.nn.Module):
    def forward(self, hidden_states):
        time = (hidden_states.shape[2] - 1) * TIME + 1 - (os.environ.get("DOUBLE_FAILS") == "decoder")
        picture = torch.tanh(hidden_states[:, :3]).repeat_interleave(SPACE, 3).repeat_interleave(SPACE, 4)
        return picture.repeat_interleave(TIME, 2)[:, :, -time:]


class Encoder(torch.nn.Module):
    def forward(self, hidden_states):
        latents = torch.nn.functional.avg_pool3d(hidden_states.float(), (1, SPACE, SPACE)).to(hidden_states.dtype)
        return latents.repeat(1, 11, 1, 1, 1)[:, :CHANNELS]


class Vae(torch.nn.Module):
    """Its members for tiling, its loop over tiles and its calls are those of AutoencoderKLHunyuanVideo15."""

    spatial_compression_ratio, temporal_compression_ratio = SPACE, TIME

    def __init__(self, dtype):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1, dtype=dtype))
        self.decoder, self.encoder = Decoder(), Encoder()
        self.config = types.SimpleNamespace(latent_channels=CHANNELS, scaling_factor=1.0)
        self.use_tiling = False
        self.tile_sample_min_height = self.tile_sample_min_width = 256
        self.tile_latent_min_height = self.tile_latent_min_width = 256 // SPACE
        self.tile_overlap_factor = 0.25

    @property
    def dtype(self):
        return self.weight.dtype

    def encode(self, x):
        return self._encode(x)

    def _encode(self, x):
        return self.encoder(x)

    def decode(self, z, return_dict=True):
        return (self._decode(z),)

    def _decode(self, z):
        _, _, _, height, width = z.shape
        if self.use_tiling and (width > self.tile_latent_min_width or height > self.tile_latent_min_height):
            return self.tiled_decode(z)
        return self.decoder(z)

    def tiled_decode(self, z):
        return self.joined(z, lambda row, column, tile: self.decoder(tile))

    def joined(self, z, decode):
        """The picture of its tiles, which overlap without a blend: each shows what its tile alone gives."""
        size = self.tile_latent_min_height
        stride = int(size * (1 - self.tile_overlap_factor))
        limit = stride * SPACE
        rows = []
        for row, top in enumerate(range(0, z.shape[3], stride)):
            tiles = []
            for column, left in enumerate(range(0, z.shape[4], stride)):
                tile = decode(row, column, z[:, :, :, top : top + size, left : left + size])
                tiles.append(tile[..., :limit, :limit] * (1 - 0.01 * (row + column)))
            rows.append(torch.cat(tiles, -1))
        return torch.cat(rows, -2)


def text_of(prompt, dtype):
    """Hidden states of a prompt: other words, other numbers."""
    return torch.tensor([[[sum(map(ord, prompt)) % 97 / 97.0 + 0.01 * len(prompt)]]], dtype=dtype)


def drawn(latents_shape, generator, dtype):
    return torch.randn(latents_shape, generator=generator, device=generator.device, dtype=dtype)


def sigmas_of(steps):
    return [1.0 - step / steps for step in range(steps)]


def latents_shape(height, width, frames):
    return (1, CHANNELS, (frames - 1) // TIME + 1, height // SPACE, width // SPACE)


def picture_of(image, height, width, dtype):
    """The first frame as a tensor; an image of another size is stretched, as an engine would do it."""
    data = torch.frombuffer(bytearray(image.resize((width, height)).tobytes()), dtype=torch.uint8)
    return (data.reshape(1, height, width, 3).permute(0, 3, 1, 2).unsqueeze(2).float() / 127.5 - 1).to(dtype)


def is_dtype(name):
    return getattr(torch, os.environ.get("DOUBLE_LOADS", name))


def pictures_of(video):
    """F pictures of 8 bits, or one fewer where the double is to lose one."""
    frames = ((video[0] * 0.5 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 3, 0).numpy()
    return list(frames)[: len(frames) - (os.environ.get("DOUBLE_FAILS") == "frames")]


def is_close_to_one(scale):
    return math.isclose(scale, 1.0)
