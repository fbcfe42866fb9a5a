import numpy as np
from numpy.typing import NDArray

from pricetime.journal.writer import Writer

def time_writer(writer: Writer, lines: NDArray[np.void], batch: int) -> int: ...
def time_batches(
    writer: Writer, lines: NDArray[np.void], batch: int, pace: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...
