from dataclasses import dataclass, field
from typing import Any

import torch


@dataclass
class DiffusionParallelConfig:
    pipeline_parallel_size: int = 1
    data_parallel_size: int | None = None
    tensor_parallel_size: int = 1
    sequence_parallel_size: int | None = None
    ulysses_degree: int = 1
    ring_degree: int = 1
    ulysses_mode: str = "strict"
    cfg_parallel_size: int = 1
    vae_patch_parallel_size: int = 1
    vae_parallel_mode: str = "tile"
    mask_sp_padding: bool = False

    def __post_init__(self):
        self.sequence_parallel_size = self.sequence_parallel_size or self.ulysses_degree * self.ring_degree
        self.world_size = self.tensor_parallel_size * self.sequence_parallel_size * self.cfg_parallel_size


@dataclass
class OmniDiffusionConfig:
    model: str | None = None
    model_class_name: str | None = None
    dtype: torch.dtype = torch.bfloat16
    parallel_config: DiffusionParallelConfig = field(default_factory=DiffusionParallelConfig)
    cache_backend: str | None = "none"
    distributed_executor_backend: str | None = None
    trust_remote_code: bool = False
    revision: str | None = None
    num_gpus: int | None = None
    output_type: str = "pil"
    vae_use_slicing: bool = False
    vae_use_tiling: bool = False
    enforce_eager: bool = False
    worker_extension_cls: str | None = None
    diffusion_load_format: str = "default"
    flow_shift: float | None = None
    enable_diffusion_pipeline_profiler: bool = False


@dataclass
class DiffusionOutput:
    output: Any = None
    error: str | None = None
    stage_durations: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float = 0.0
