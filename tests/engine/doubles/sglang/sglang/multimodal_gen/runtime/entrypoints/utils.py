from dataclasses import dataclass, field
from typing import Any


@dataclass
class GenerationResult:
    samples: Any = None
    frames: Any = None
    prompt: str | None = None
    size: tuple | None = None
    generation_time: float = 0.0
    peak_memory_mb: float = 0.0
    metrics: dict = field(default_factory=dict)
    output_file_path: str | None = None


def prepare_request(server_args, sampling_params, external_trace_header=None):
    from sglang.multimodal_gen.runtime.pipelines_core.schedule_batch import Req

    return Req(sampling_params, extra={"diffusers_kwargs": sampling_params.diffusers_kwargs})
