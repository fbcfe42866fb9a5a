from typing import Any, Final

from numpy.typing import NDArray

HARDWARE: Final[bool]

_Bytes = bytes | bytearray | memoryview | NDArray[Any]

def crc32c(data: _Bytes, seed: int = 0) -> int: ...
def checksum_record(record: _Bytes, predecessor: int) -> int: ...
def digest_events(events: _Bytes, low: int, high: int) -> tuple[int, int]: ...
