from dataclasses import dataclass


@dataclass
class PipelineConfig:
    dit_precision: str = "bf16"
    vae_precision: str = "fp32"
    vae_tiling: bool = True
    vae_slicing: bool = False
