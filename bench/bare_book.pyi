import numpy as np
from numpy.typing import NDArray

BARE_COMMAND: np.dtype[np.void]
KIND_NEW: int
KIND_IOC: int
KIND_CANCEL: int
KIND_REPLACE: int
SIDE_BUY: int
SIDE_SELL: int
LEVELS: int
LEVEL_MIN: int
LEVEL_MAX: int

def time_bare_book(fill: NDArray[np.void], commands: NDArray[np.void], live_max: int = ...) -> int: ...
def bare_trades(fill: NDArray[np.void], commands: NDArray[np.void], live_max: int = ...) -> tuple[int, int]: ...
def trades_checksum(makers: NDArray[np.uint32], levels: NDArray[np.int32], quantities: NDArray[np.int64]) -> int: ...
