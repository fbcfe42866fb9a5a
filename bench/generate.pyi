import numpy as np
from numpy.typing import NDArray

START_TIME: int
MID_LEVEL: int

def generate(
    *,
    seed: int,
    new: int,
    ioc: int,
    cancel: int,
    live: int,
    width: int,
    mid_every: int,
    mid_step: int,
    mid_range: int,
    swing: int,
    swing_period: int,
    makes_way: bool,
    sessions: int,
    instruments: int,
    price_offset: int,
    count: int,
) -> tuple[NDArray[np.void], NDArray[np.void], NDArray[np.void], NDArray[np.void]]: ...
