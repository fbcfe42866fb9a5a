from typing import Any, Final

from numpy.typing import NDArray

HARDWARE: Final[bool]

Bytes = bytes | bytearray | memoryview | NDArray[Any]

def crc32c(data: Bytes, seed: int = 0) -> int: ...
def checksum_record(record: Bytes, predecessor: int) -> int: ...
def digest_events(events: Bytes, low: int, high: int) -> tuple[int, int]: ...
