import numpy as np
from numpy.typing import NDArray

from pricetime.journal.writer import Writer
from pricetime.matching.engine import Engine

def run_pipeline(
    engine: Engine, writer: Writer, lines: NDArray[np.void], interval: int = 0, timed: bool = True
) -> tuple[int, int, NDArray[np.int64]]: ...

class BarePipeline:
    def __init__(self, fill: NDArray[np.void], ids: int, live_max: int = ...) -> None: ...
    def run(
        self, lines: NDArray[np.void], commands: NDArray[np.void], interval: int
    ) -> NDArray[np.int64]: ...
