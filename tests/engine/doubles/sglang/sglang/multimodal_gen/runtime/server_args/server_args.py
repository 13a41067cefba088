from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Optional

from sglang.multimodal_gen.configs.pipeline_configs.base import PipelineConfig


class Backend(str, Enum):
    AUTO = "auto"
    SGLANG = "sglang"
    DIFFUSERS = "diffusers"


@dataclass
class ServerArgs:
    model_path: str
    model_id: str | None = None
    backend: Backend = Backend.AUTO
    attention_backend: str = None
    trust_remote_code: bool = False
    revision: str | None = None
    num_gpus: int = 1
    tp_size: Optional[int] = None
    ulysses_degree: Optional[int] = None
    ring_degree: Optional[int] = None
    scheduler_rpc_timeout: int | None = None
    pipeline_config: PipelineConfig = field(default_factory=PipelineConfig, repr=False)
    component_residency: dict[str, str] | list[str] | str | None = None
    enable_torch_compile: bool = False
    allow_cudnn_tf32: bool = True
    warmup_mode: str | None = None
    output_path: str | None = "outputs/"

    @classmethod
    def from_kwargs(cls, **kwargs: Any):
        kwargs["backend"] = Backend(kwargs["backend"])
        return cls(**kwargs)
