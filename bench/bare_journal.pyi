import numpy as np
from numpy.typing import NDArray

def time_bare_append(area: NDArray[np.uint8], lines: NDArray[np.uint8], chained: bool = True) -> tuple[int, int]: ...
