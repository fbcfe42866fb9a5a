from typing import Final

import numpy as np
from numpy.typing import NDArray

HEADER_SIZE: Final[int]
PAGE_BYTES: Final[int]
IDENTITY_SIZE: Final[int]
FORMAT: Final[int]
BYTE_ORDER: Final[int]
RULES: Final[int]
MAGIC: Final[int]
SEQUENCE_MAX: Final[int]
SEGMENT_BYTES_MIN: Final[int]
POSITIONS: Final[tuple[str, str, str]]
NEXT_NAMES: Final[tuple[str, str]]
DURABILITIES: Final[dict[str, int]]
HEADER: Final[np.dtype[np.void]]
FULL: Final[int]
CLOSED: Final[int]

_Bytes = bytes | bytearray | memoryview | NDArray[np.uint8]

def segment_name(first_sequence: int) -> str: ...
def identity_checksum(header: _Bytes) -> int: ...
def mark_of_close(header: _Bytes, mark: int) -> int: ...
def seed_of_log(log_id: bytes) -> int: ...
def committed(segment: NDArray[np.uint8]) -> int: ...
