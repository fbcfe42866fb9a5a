import numpy as np
from numpy.typing import NDArray

from pricetime.matching.engine import Engine

def drive(engine: Engine, lines: NDArray[np.uint8]) -> tuple[int, int]: ...
