from typing import Any

from numpy.typing import NDArray

from pricetime.gateway.door_table import DoorTable
from pricetime.gateway.stat_page import StatPage
from pricetime.gateway.world import Storage, Transport
from pricetime.matching.engine import Engine
from pricetime.matching.records import Reason

CLOCKS: dict[str, int]
BEFORE_LOGON_PER_SECOND: int
DIGEST_EVERY: int
MAX_CONNECTIONS: int
HEARTBEAT_TIMEOUT_MS: int
MESSAGE_BYTES: int

class Loop:
    def __init__(
        self,
        engine: Engine,
        transport: Transport,
        storage: Storage,
        *,
        clock: str = "machine",
        max_connections: int = ...,
        heartbeat_timeout_ms: int = ...,
        digest_every: int = ...,
        messages_per_second: int = ...,
        orders_per_second: int = ...,
        before_logon_per_second: int = ...,
        secret: bytes = ...,
        keys: DoorTable | None = ...,
        local: bool = ...,
        stat: StatPage | None = ...,
    ) -> None: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def transport(self) -> Transport: ...
    @property
    def storage(self) -> Storage: ...
    def run(self) -> None: ...
    def round(self, wait: bool = False) -> int: ...
    def stop(self) -> None: ...
    def journal(self, lines: NDArray[Any]) -> None: ...
    def journal_digest(self) -> None: ...
    def set_time(self, utc: int, monotonic: int) -> None: ...
    @property
    def keys(self) -> DoorTable | None: ...
    def key_changes(self, after: int = 0) -> list[tuple[int, int]]: ...
    @property
    def instruments(self) -> int: ...
    @property
    def stat(self) -> StatPage: ...
    @property
    def desk_wanted(self) -> bool: ...
    @property
    def connections(self) -> int: ...
    @property
    def counters(self) -> dict[str, int]: ...
    def phase_changes(self, after: int = 0) -> list[tuple[int, int, int, str, int, Reason]]: ...
    @property
    def last_log_error(self) -> int: ...
