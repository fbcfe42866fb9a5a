import numpy as np
from numpy.typing import NDArray

from pricetime.gateway.loop import Loop
from pricetime.gateway.world import Transport

class PacedTransport(Transport):
    def __init__(self, peers: int = 1) -> None: ...
    def run(
        self, loop: Loop, lines: NDArray[np.void], interval: int = 0, timed: bool = False
    ) -> tuple[int, NDArray[np.int64]]: ...
