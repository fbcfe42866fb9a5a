"""Rebuild an engine's state from a log: read, check, apply. The same for the fast engine and for the plain one."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pricetime.journal.drive import drive
from pricetime.journal.reader import Reader
from pricetime.matching.engine import Engine
from pricetime.matching.errors import CheckFailed
from pricetime.matching.interface import EitherEngine
from pricetime.matching.records import EventType

OnBlock = Callable[[np.ndarray, np.ndarray], None]      # gets lines, and the events that they made


@dataclass
class Replayed:
    """What a replay did. `seconds`: elapsed, reading and checking included."""

    commands: int = 0
    events: int = 0
    trades: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Commands a second."""
        return self.commands / self.seconds if self.seconds else 0.0


def replay(reader: Reader, engine: EitherEngine, *, on_block: OnBlock | None = None,
           on_progress: Callable[[Replayed], None] | None = None, counts: Replayed | None = None) -> Replayed:
    """Apply every command of `reader` to `engine` (either kind), which stands right before the first of them.

    on_block(lines, events) gets each block with its EVENT array; without it events are only counted, which is faster.
    on_progress gets the counts after each block; `counts`, of a part before this one, are gone on with. CheckFailed:
    damage, a command that this engine does not take, or a journaled digest that is not the engine's; the message names
    the command.
    """
    counts = Replayed() if counts is None else counts
    start = time.perf_counter() - counts.seconds
    for lines in reader:
        before = engine.sequence
        try:
            if on_block is None and isinstance(engine, Engine):
                events, trades = drive(engine, lines.view(np.uint8))
            else:
                events, trades = apply(engine, lines, on_block)
        except (ValueError, CheckFailed) as error:
            raise CheckFailed(f"{reader.folder}: command {engine.sequence + 1}: {error}") from error
        counts.commands += engine.sequence - before
        counts.events += events
        counts.trades += trades
        counts.seconds = time.perf_counter() - start
        if on_progress is not None:
            on_progress(counts)
    counts.seconds = time.perf_counter() - start
    return counts


def apply(engine: EitherEngine, lines: np.ndarray, on_block: OnBlock | None) -> tuple[int, int]:
    """One block through the Python interface that both engines have: (events, trades)."""
    events = engine.apply(lines)
    refused = events[events["sequence"] == 0]
    if len(refused):
        raise CheckFailed(f"refused at the door (reason {refused[0]['reason']}); a venue journals no such command")
    if on_block is not None:
        on_block(lines, events)
    return len(events), int(np.count_nonzero(events["type"] == EventType.TRADE)) // 2
