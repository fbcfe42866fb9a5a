import numpy as np
from numpy.typing import NDArray

START_TIME: int
PRICE_OFFSET: int
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
    sessions: int,
    count: int,
) -> tuple[NDArray[np.void], NDArray[np.void], NDArray[np.void], NDArray[np.void]]: ...
