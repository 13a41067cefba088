from dataclasses import dataclass

from sglang.multimodal_gen.configs.pipeline_configs.base import PipelineConfig
from sglang.multimodal_gen.configs.task_type import ModelTaskType


@dataclass
class DiffusersGenericPipelineConfig(PipelineConfig):
    task_type: ModelTaskType = ModelTaskType.T2I
    dit_precision: str = "bf16"
    vae_precision: str = "bf16"
    vae_tiling: bool = False
    vae_slicing: bool = False


@dataclass
class DiffusersT2VPipelineConfig(DiffusersGenericPipelineConfig):
    task_type: ModelTaskType = ModelTaskType.T2V


@dataclass
class DiffusersI2VPipelineConfig(DiffusersGenericPipelineConfig):
    task_type: ModelTaskType = ModelTaskType.I2V
