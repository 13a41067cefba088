from dataclasses import dataclass, field
from typing import Any


@dataclass
class OmniDiffusionSamplingParams:
    max_sequence_length: int | None = None
    do_classifier_free_guidance: bool = False
    output_type: str | None = None
    num_outputs_per_prompt: int = 1
    seed: int | None = None
    generator: Any = None
    generator_device: str | None = None
    cfg_normalize: bool = False
    resolution: int = 640
    latents: Any = None
    num_frames: int = 1
    num_frames_round_down: bool = False
    height: int | None = None
    width: int | None = None
    timesteps: Any = None
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    guidance_scale_provided: bool = False
    guidance_rescale: float = 0.0
    eta: float = 0.0
    sigmas: list[float] | None = None
    true_cfg_scale: float | None = None
    return_trajectory_latents: bool = False
    extra_args: dict[str, Any] = field(default_factory=dict)
    save_output: bool = True
    return_frames: bool = False
