from dataclasses import dataclass, field
from typing import Any


@dataclass
class Req:
    sampling_params: Any = None
    generator: Any = None
    extra: dict[str, Any] = field(default_factory=dict)
    output: Any = None

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.sampling_params, name)
