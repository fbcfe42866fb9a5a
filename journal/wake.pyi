import os
from typing import Final

import numpy as np
from numpy.typing import NDArray

TAIL_NAME: Final[str]

class Doze:
    def __init__(self, directory: str | os.PathLike[str]) -> None: ...
    @property
    def can_be_woken(self) -> bool: ...
    def awake(self) -> None: ...
    def wait(self, segment: NDArray[np.uint8], sequence: int, seconds: float) -> None: ...
