from dataclasses import dataclass, field
from typing import Any


@dataclass
class OmniRequestOutput:
    request_id: str = ""
    prompt: Any = None
    finished: bool = True
    final_output_type: str = "text"
    images: list = field(default_factory=list)
    latents: Any = None
    stage_durations: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float = 0.0
    error: str | None = None
