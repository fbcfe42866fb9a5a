"""Verify a log: every checksum, every sequence number, every command taken again, every digest that the venue
journaled on the way."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from pricetime.journal.reader import Reader
from pricetime.journal.replay import Replayed, replay
from pricetime.matching.interface import EitherEngine


@dataclass
class Verified:
    """What was found good. `digest`: 32 bytes over the state after the last command; `event_digest`: of all events,
    (low, high)."""

    sequence: int
    digest: bytes
    event_digest: tuple[int, int]
    replayed: Replayed


def digest_text(digest: tuple[int, int]) -> str:
    """A 128-bit event digest (low, high) as 32 hexadecimal digits."""
    low, high = digest
    return f"{high:016x}{low:016x}"


def verify(directory: str | os.PathLike[str], engine: EitherEngine, *,
           on_progress: Callable[[Replayed], None] | None = None) -> Verified:
    """Read a venue's log from its beginning to its committed position through a new `engine` (either kind).

    CheckFailed names segment, offset and command of the first thing that does not hold; UserError: no log there, not
    readable.
    """
    reader = Reader(directory)
    replayed = replay(reader, engine, on_progress=on_progress)
    return Verified(engine.sequence, engine.digest(), engine.event_digest, replayed)
