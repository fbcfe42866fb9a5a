from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

class ScanEnd(IntEnum):
    LIMIT = 0
    HOLE = 1
    FULL = 2
    BAD_SHAPE = 3
    BAD_VERSION = 4
    BAD_SEQUENCE = 5
    BAD_TIME = 6
    BAD_CHECKSUM = 7

EXPLANATION: Final[dict[ScanEnd, str]]

class Scan:
    def __init__(self, offset: int, sequence: int, time: int, checksum: int) -> None: ...
    @property
    def offset(self) -> int: ...
    @property
    def sequence(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def checksum(self) -> int: ...
    def go(
        self, segment: NDArray[np.uint8], until: int, stop: int = ..., verify: bool = True, until_time: int = ...
    ) -> ScanEnd: ...

def first_not_zero(segment: NDArray[np.uint8], offset: int) -> int | None: ...
def ends_with(segment: NDArray[np.uint8], sequence: int, time: int, checksum: int) -> bool: ...
