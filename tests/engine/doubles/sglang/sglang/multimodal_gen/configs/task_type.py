from enum import Enum, auto


class ModelTaskType(Enum):
    I2V = auto()
    T2V = auto()
    TI2V = auto()
    T2I = auto()
