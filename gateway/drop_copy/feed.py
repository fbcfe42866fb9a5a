"""Events of a log, block by block, as whoever may see them gets them: the live feed, which all streams share, and a
replay, which one stream has for itself.

    log ──► Feed (a thread, an engine)   ──► the last blocks, in memory ──► every stream that has come so far
    log ──► Replay (a thread, an engine) ──► a few blocks ahead         ──► one stream, until it has come so far

Owns what is kept, and bounds. Each thread reads for itself; only whole blocks pass between them.
"""

import os
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from pricetime.gateway.drop_copy.names import (
    EVERYBODY,
    Definitions,
    instrument_record,
    participant_record,
    session_record,
)
from pricetime.gateway.drop_copy.protocol import WHOLE, Point, behind
from pricetime.journal.drive import drive
from pricetime.journal.layout import SEQUENCE_MAX
from pricetime.journal.reader import Reader
from pricetime.journal.replay import replay
from pricetime.journal.restoration import restore
from pricetime.matching.engine import Engine
from pricetime.matching.errors import CheckFailed, UserError
from pricetime.matching.records import DISABLED, RIGHT_DROP_COPY, RIGHT_OPERATE, CommandType

LOOK_SECONDS = 0.2
AHEAD = 4                   # blocks that a replay makes before its stream has taken them
DEFINING = (CommandType.PARTY_DEFINITION, CommandType.SESSION_DEFINITION, CommandType.SECURITY_DEFINITION)


@dataclass(frozen=True)
class Block:
    """Whole commands, and what they came to: events of `begin` (exclusive) up to `end`."""

    begin: Point
    end: Point
    events: np.ndarray
    time: int
    defines: bool = False

    def seen_by(self, participant: int, after: Point) -> np.ndarray:
        """The events for who may see a participant's (EVERYBODY: all), behind a point."""
        events = self.events if after <= self.begin else behind(self.events, after)
        return events if participant == EVERYBODY else events[events["participant"] == participant]


@dataclass(frozen=True)
class Seat:
    """A session that may log on here: whose reports it gets. participant EVERYBODY: the whole venue's."""

    session: int
    participant: int


@dataclass
class Directory:
    """Who there is, as of one command; never changed, replaced as a whole."""

    seats: dict[str, Seat] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    by_id: dict[int, str] = field(default_factory=dict)
    definitions: Definitions = field(default_factory=lambda: Definitions([]))


def directory_of(engine: Engine) -> Directory:
    """From an engine's tables."""
    seats, disabled, by_id = {}, set(), {}
    for row in engine.sessions:
        name, flags = row["name"].decode(), int(row["flags"])
        by_id[int(row["id"])] = name
        if flags & DISABLED:
            disabled.add(name)
        if flags & RIGHT_DROP_COPY:
            seats[name] = Seat(int(row["id"]), EVERYBODY if flags & RIGHT_OPERATE else int(row["participant"]))
    return Directory(seats, frozenset(disabled), frozenset(by_id.values()), by_id, definitions_of(engine))


def definitions_of(engine: Engine) -> Definitions:
    """A record for each name that events have an id of."""
    return Definitions([
        *((int(row["id"]), participant_record(row)) for row in engine.participants),
        *((int(row["participant"]), session_record(row)) for row in engine.sessions),
        *((EVERYBODY, instrument_record(row)) for row in engine.instruments),
    ])


def apply_block(engine: Engine, lines: np.ndarray) -> Block:
    """One block of the log through an engine. CheckFailed where it does not take it."""
    begin = Point(engine.sequence)
    events = engine.apply(lines)
    if len(events) and not events["sequence"].all():
        raise CheckFailed(f"command {engine.sequence + 1}: refused at the door; a venue journals no such command")
    return Block(begin, Point(engine.sequence), events, engine.time, bool(np.isin(lines["type"], DEFINING).any()))


class Taker(Protocol):
    """Who looks at the log as it passes."""

    def take(self, lines: np.ndarray) -> None:
        """One block."""


class Feed(threading.Thread):
    """The live feed. `blocks` are at most so many events, the newest ones; on_block is called in this thread.

    guard: is shown each block of the log. failure: why it has ended, where it has."""

    def __init__(self, directory: str | os.PathLike[str], events_kept: int, on_block: Callable[[], None]) -> None:
        super().__init__(name="drop copy feed", daemon=True)
        self._folder, self._kept, self._on_block = directory, events_kept, on_block
        self._lock = threading.Lock()
        self._blocks: deque[Block] = deque()
        self._first = 0                     # number of the oldest block that is kept
        self._events = 0
        self._engine, self._reader = self._catch_up()
        self.directory = directory_of(self._engine)
        self.end = self.begin = Point(self._engine.sequence)
        self.time = self._engine.time
        self.guard: Taker | None = None
        self.failure: BaseException | None = None
        self._over = threading.Event()

    def _catch_up(self) -> tuple[Engine, Reader]:
        now = restore(self._folder, Engine)
        replay(now.reader, now.engine)      # to where the log is: what is before is a replay's
        return now.engine, now.reader

    def run(self) -> None:
        """Follow the log until end_following()."""
        try:
            while not self._over.is_set():
                for lines in self._reader.tail(LOOK_SECONDS):
                    if self._over.is_set():
                        return
                    if self.guard is not None:
                        self.guard.take(lines)
                    self._take(apply_block(self._engine, lines))
        except BaseException as error:  # noqa: BLE001  handed to the thread that serves
            self.failure = error
            self._on_block()

    def end_following(self) -> None:
        """Have the thread end, and wait until it has."""
        self._over.set()
        if self.is_alive():
            self.join()

    def _take(self, block: Block) -> None:
        if block.defines:
            self.directory = directory_of(self._engine)
        with self._lock:
            self._blocks.append(block)
            self._events += len(block.events) + 1       # an empty one counts, too: their number is bounded
            while self._events > self._kept and len(self._blocks) > 1:
                gone = self._blocks.popleft()
                self._first += 1
                self._events -= len(gone.events) + 1
            self.begin = self._blocks[0].begin
            self.end, self.time = block.end, block.time
        self._on_block()

    def find(self, point: Point) -> int | None:
        """The number of the block that goes on behind a point; None: it is no longer kept."""
        with self._lock:
            if point >= self.end:
                return self._first + len(self._blocks)
            if point < self.begin:
                return None
            low, high = 0, len(self._blocks)
            while low < high:
                middle = (low + high) // 2
                if self._blocks[middle].end <= point:
                    low = middle + 1
                else:
                    high = middle
            return self._first + low

    def block(self, number: int) -> Block | None:
        """That block; None: not there yet. LookupError: no longer kept."""
        with self._lock:
            if number < self._first:
                raise LookupError(number)
            place = number - self._first
            return self._blocks[place] if place < len(self._blocks) else None


class Replay(threading.Thread):
    """Blocks from a point of the log on, in `blocks`, until it is ended; None behind the last, where `failure` says
    why."""

    def __init__(self, directory: str | os.PathLike[str], point: Point, on_block: Callable[[], None]) -> None:
        super().__init__(name="drop copy replay", daemon=True)
        self._folder, self._point, self._on_block = directory, point, on_block
        self._over = threading.Event()
        self.blocks: queue.Queue[Block | None] = queue.Queue(AHEAD)
        self.failure: UserError | None = None

    def run(self) -> None:
        """Restore the state at the point, then go on from there."""
        try:
            self._go()
        except UserError as error:
            self.failure = error
        except ValueError as error:     # a command that this engine does not take
            self.failure = CheckFailed(f"{self._folder}: {error}")
        except MemoryError:
            self.failure = UserError("no memory for a replay")
        self._put(None)

    def _go(self) -> None:
        last = self._point.sequence if self._point.place == WHOLE else self._point.sequence - 1
        now = restore(self._folder, Engine, until_sequence=last)
        for lines in now.reader:
            if self._over.is_set():
                return
            drive(now.engine, lines.view(np.uint8))
        now.reader.until_sequence = SEQUENCE_MAX
        while not self._over.is_set():
            for lines in now.reader.tail(LOOK_SECONDS):
                if not self._put(apply_block(now.engine, lines)):
                    return

    def _put(self, block: Block | None) -> bool:
        while not self._over.is_set():
            try:
                self.blocks.put(block, timeout=LOOK_SECONDS)
            except queue.Full:
                continue
            self._on_block()
            return True
        return False

    def end(self) -> None:
        """Stop soon; nothing more is taken from it."""
        self._over.set()

