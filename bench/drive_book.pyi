import numpy as np
from numpy.typing import NDArray

from pricetime.matching.engine import Engine

def time_engine(engine: Engine, lines: NDArray[np.void]) -> tuple[int, int, int]: ...
