import numpy as np
from numpy.typing import NDArray

from pricetime.gateway.world import Storage, Transport

class SimulatedStorage(Storage):
    room: int | None
    error: int
    slow: bool
    patient: bool
    sync_error: int
    def __init__(self, room: int | None = None, error: int = ...) -> None: ...
    def commit(self, sequence: int | None = None) -> None: ...
    @property
    def appended(self) -> int: ...
    @property
    def published(self) -> int: ...
    @property
    def committed(self) -> int: ...
    @property
    def refused(self) -> int: ...
    @property
    def listened(self) -> int: ...
    def records(self, after: int = ...) -> NDArray[np.void]: ...

class SimulatedTransport(Transport):
    waiting: list[tuple[bytes, bytes] | tuple[bytes, bytes, bool] | tuple[bytes, bytes, bool, int]]
    sent: list[tuple[bytes, bytes, int]]
    waits: list[int]
    unroutable: set[bytes]
    full: set[bytes]
    error: int
    def __init__(self, storage: SimulatedStorage) -> None: ...
