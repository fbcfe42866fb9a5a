"""An engine at a place of a log, from the nearest good snapshot: what a start, a look at an earlier state and the
snapshots themselves begin with.

A snapshot that is not good, or not of this log, is passed over, and that is said; without any, the log's beginning is
where it starts.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pricetime.journal import layout
from pricetime.journal.directory import list_segments, log_folder
from pricetime.journal.reader import EVER, Reader
from pricetime.journal.recovery import oldest_sequence
from pricetime.journal.replay import Replayed, replay
from pricetime.journal.snapshot import Snapshot, candidates, check_place, load, passed_over, present, write
from pricetime.matching.engine import Engine
from pricetime.matching.errors import CheckFailed, UserError
from pricetime.matching.interface import EitherEngine

E = TypeVar("E", bound=EitherEngine)


@dataclass
class Restored(Generic[E]):
    """`engine` stands right before the first command that `reader` delivers: replay(reader, engine) goes on.

    snapshot: what it was made of; None: nothing, the engine is new. notes: a line for each snapshot passed over."""

    engine: E
    reader: Reader
    snapshot: Snapshot | None = None
    notes: list[str] = field(default_factory=list)


def restore(directory: str | os.PathLike[str], new_engine: Callable[[], E], *,
            until_sequence: int = layout.SEQUENCE_MAX, until_time: int = EVER) -> Restored[E]:
    """An engine (either kind) of the newest good snapshot at or before `until_sequence` and `until_time`, or a new one,
    and the reader of what comes behind it up to there.

    Only the log behind the snapshot is read. CheckFailed, UserError: the log is damaged there, or lacks what is needed.
    """
    notes: list[str] = []
    first = first_command(directory)
    for found in candidates(directory, notes, until_sequence=until_sequence, until_time=until_time):
        if found.sequence + 1 < first:
            notes.append(passed_over(f"{found.path}: the log begins with command {first}, further on"))
            continue
        reader = Reader(directory, from_sequence=found.sequence + 1, until_sequence=until_sequence,
                        until_time=until_time)
        reader.go_to_first()
        try:
            check_place(found, reader)
            return Restored(load(found, new_engine()), reader, found, notes)
        except CheckFailed as error:
            notes.append(passed_over(error))
    if first > 1:
        refuse_earlier(directory, first)
        raise CheckFailed(lacking(directory, first, until_sequence, notes))
    reader = Reader(directory, until_sequence=until_sequence, until_time=until_time)
    return Restored(new_engine(), reader, None, notes)


def refuse_earlier(directory: str | os.PathLike[str], first: int) -> None:
    """UserError where a later state than the one asked for can be had: nothing is damaged then."""
    oldest = oldest_snapshot(directory, first)
    if oldest is not None:
        raise UserError(f"{log_folder(directory)}: the log was pruned, and the oldest state that can be had is that of "
                        f"the snapshot behind command {oldest}; ask for that or a later one, or read an older copy "
                        "of the log")


def oldest_snapshot(directory: str | os.PathLike[str], first: int) -> int | None:
    """The oldest snapshot from which a log that begins with command `first` goes on; None: there is none."""
    found = candidates(directory, [], until_sequence=layout.SEQUENCE_MAX, until_time=EVER)
    return min((snapshot.sequence for snapshot in found if snapshot.sequence + 1 >= first), default=None)


def oldest_state(directory: str | os.PathLike[str]) -> int | None:
    """The oldest command behind which the state can be had: 0 where nothing was pruned; None: no state at all."""
    first = first_command(directory)
    return 0 if first == 1 else oldest_snapshot(directory, first)


def first_command(directory: str | os.PathLike[str]) -> int:
    """The sequence number that a log begins with; 1 where nothing was pruned, or nothing is there yet."""
    return oldest_sequence(log_folder(directory))


def last_command(directory: str | os.PathLike[str]) -> int:
    """The last command that readers may see now."""
    segments = list_segments(log_folder(directory))
    return int(segments[-1].header["committed"]) if segments else 0


def lacking(directory: str | os.PathLike[str], first: int, until: int, notes: list[str]) -> str:
    """One line on a log whose beginning is not there, nor a snapshot to go on from."""
    also = f" ({'; '.join(notes)})" if notes else ""
    if until < first - 1:
        lacks = f"and what is asked for is before it, command {until}"
    else:
        lacks = f"and no good snapshot of command {first - 1}{' or a later one' if until >= first else ''} is there"
    return (f"{log_folder(directory)}: the log begins with command {first}, {lacks}{also}; restore the segments before "
            "it from another copy of the log")


@dataclass(frozen=True)
class Taken:
    """What take_snapshot did. is_new: False where it was there already. seconds: for all of it."""

    snapshot: Snapshot
    is_new: bool
    replayed: Replayed
    notes: list[str]
    seconds: float


def take_snapshot(directory: str | os.PathLike[str], *,
                  on_progress: Callable[[Replayed], None] | None = None) -> Taken:
    """A snapshot of where the log is committed now, beside a running venue or a stopped one: the newest good one is
    loaded, what comes behind it replayed, and the state written.

    UserError: no command there yet, no room, not writable; CheckFailed: the log is damaged.
    """
    start = time.perf_counter()
    restored = restore(directory, Engine)
    engine, reader = restored.engine, restored.reader
    replayed = replay(reader, engine, on_progress=on_progress)
    if not engine.sequence:
        raise UserError(f"{log_folder(directory)}: no command in it yet: there is nothing to make a snapshot of")
    before = present(directory, reader)
    made = write(directory, engine, reader) if before is None else before
    return Taken(made, before is None, replayed, restored.notes, time.perf_counter() - start)
