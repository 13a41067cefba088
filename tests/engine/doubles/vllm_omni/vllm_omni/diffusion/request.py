from dataclasses import dataclass
from typing import Any


@dataclass
class OmniDiffusionRequest:
    prompt: Any
    sampling_params: Any
    request_id: str

    def __post_init__(self):
        if self.sampling_params.guidance_scale is not None:
            self.sampling_params.guidance_scale_provided = True
        else:
            self.sampling_params.guidance_scale = 1.0
