from dataclasses import dataclass, field
from typing import Any

from sglang.multimodal_gen.configs.sample.sampling_params import SamplingParams


@dataclass
class DiffusersGenericSamplingParams(SamplingParams):
    num_frames: int = 1
    height: int = 1024
    width: int = 1024
    num_inference_steps: int = 30
    guidance_scale: float = 7.5
    negative_prompt: str = ""
    diffusers_kwargs: dict[str, Any] = field(default_factory=dict)
