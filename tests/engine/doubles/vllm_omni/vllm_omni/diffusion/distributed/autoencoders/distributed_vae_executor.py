from dataclasses import dataclass
from typing import Any


@dataclass
class TileTask:
    tile_id: int
    grid_coord: tuple[int, ...]
    tensor: Any
    workload: int | float = 1
