"""Verify a log: every checksum, every sequence number, every command taken again, every digest that the venue
journaled on the way, and each snapshot against the state that the log gives there."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pricetime.journal import snapshot
from pricetime.journal.layout import SEQUENCE_MAX
from pricetime.journal.reader import Reader
from pricetime.journal.replay import Replayed, replay
from pricetime.journal.restoration import Restored, first_command, lacking
from pricetime.matching.errors import CheckFailed
from pricetime.matching.interface import EitherEngine


@dataclass(frozen=True)
class CheckedSnapshot:
    """A snapshot on the way. fault: what does not hold of it, one line; None: it is what the log gives, or, where it is
    not `compared`, of commands that the log does not have any more."""

    path: Path
    fault: str | None
    compared: bool = True


@dataclass
class Verified:
    """What was found good. `digest`: 32 bytes over the state after the last command; `event_digest`: of all events,
    (low, high).

    first: the command that it began with. begun_with: the snapshot that was believed for what is before it, where the
    log's beginning was pruned. oldest: the log's first command; those from it to `first` were read, and not matched.
    snapshots: all that are there but that one, the oldest first."""

    sequence: int
    digest: bytes
    event_digest: tuple[int, int]
    replayed: Replayed
    first: int
    oldest: int
    begun_with: Path | None
    snapshots: list[CheckedSnapshot]


def digest_text(digest: tuple[int, int]) -> str:
    """A 128-bit event digest (low, high) as 32 hexadecimal digits."""
    low, high = digest
    return f"{high:016x}{low:016x}"


def verify(directory: str | os.PathLike[str], engine: EitherEngine, *,
           on_progress: Callable[[Replayed], None] | None = None) -> Verified:
    """Read a venue's log from its beginning to its committed position through a new `engine` (either kind).

    CheckFailed names segment, offset and command of the first thing that does not hold of the log; UserError: no log
    there, not readable. What does not hold of snapshots is in the result.
    """
    replayed = Replayed()
    checked: list[CheckedSnapshot] = []
    begun = begin(directory, engine, checked)
    engine, reader, first = begun.engine, begun.reader, begun.engine.sequence + 1
    begun_with = begun.snapshot.path if begun.snapshot else None
    done = {begun_with, *(entry.path for entry in checked)}
    for path in reversed(snapshot.paths(directory)):
        if path not in done:
            reader.until_sequence = int(path.name[:20])
            replay(reader, engine, on_progress=on_progress, counts=replayed)
            checked.append(CheckedSnapshot(path, fault_of(path, reader, engine)))
    reader.until_sequence = SEQUENCE_MAX
    replay(reader, engine, on_progress=on_progress, counts=replayed)
    return Verified(engine.sequence, engine.digest(), engine.event_digest, replayed, first, reader.first_sequence,
                    begun_with, checked)


def begin(directory: str | os.PathLike[str], engine: EitherEngine,
          checked: list[CheckedSnapshot]) -> Restored[EitherEngine]:
    """Where verification begins: the log's first command, or, where the beginning was pruned, the oldest snapshot that
    the log goes on from. `checked` gets those before it."""
    first = first_command(directory)
    if first == 1:
        return Restored(engine, Reader(directory))
    for path in reversed(snapshot.paths(directory)):
        sequence = int(path.name[:20])
        if sequence < first - 1:
            checked.append(CheckedSnapshot(path, None, compared=False))
            continue
        reader = Reader(directory, from_sequence=sequence + 1)
        reader.go_to_first()
        try:
            found = snapshot.read(path)
            snapshot.check_place(found, reader)
            engine = snapshot.load(found, type(engine)())
            if engine.digest() != found.digest:
                raise CheckFailed(f"{path}: the state's digest is {engine.digest().hex()}, expected "
                                  f"{found.digest.hex()}")
            return Restored(engine, reader, found)
        except CheckFailed as error:
            checked.append(CheckedSnapshot(path, str(error)))
    raise CheckFailed(lacking(directory, first, SEQUENCE_MAX, [entry.fault for entry in checked if entry.fault]))


def fault_of(path: Path, reader: Reader, engine: EitherEngine) -> str | None:
    """What is wrong with a snapshot, held against the log and the engine that have come to its command."""
    try:
        found = snapshot.read(path)
        snapshot.check_place(found, reader)
        state = found.state()
    except CheckFailed as error:
        return str(error)
    derived = engine.dump()
    if np.array_equal(np.frombuffer(derived, np.uint8), state) and hashlib.sha256(derived).digest() == found.digest:
        return None
    return (f"{path}: its state is not the one that the log gives: digest {found.digest.hex()}, expected "
            f"{hashlib.sha256(derived).hexdigest()}")
