"""A venue without sockets in this process: its loop, log and engine on messages in memory; and orders dealt to
sessions.

For what is to be known of the venue alone: what an order takes from a message in memory to the reply that is handed
over, and what a thousand sessions cost where no kernel is between.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from pricetime.bench.bench_scale import cancels, orders
from pricetime.bench.paced_transport import PacedTransport
from pricetime.bench.venue_server import logons, opening
from pricetime.gateway.log_storage import LogStorage
from pricetime.gateway.loop import Loop
from pricetime.journal.writer import Writer
from pricetime.matching.engine import Engine, touch
from pricetime.matching.records import Side

DEALT = 1_000               # orders that are in the book at most: the largest number of sessions
PRICE = 10_000


class InsideVenue:
    """A venue with so many sessions, all logged on."""

    def __init__(self, writer: Writer, sessions: int = 1) -> None:
        engine = Engine()
        touch(engine)
        self._transport = PacedTransport(sessions)
        self._loop = Loop(engine, self._transport, LogStorage(writer), heartbeat_timeout_ms=0)
        self._loop.journal(opening(sessions))
        self._transport.run(self._loop, logons(sessions))

    def latencies(self, lines: np.ndarray, rate: int) -> np.ndarray:
        """Nanoseconds from when each was to come to its reply, so many a second, as an int64 array."""
        return self._transport.run(self._loop, lines, 1_000_000_000 // rate, timed=True)[1]

    def work_off(self, lines: np.ndarray) -> float:
        """Nanoseconds of processor time an order where all wait already."""
        return self._transport.run(self._loop, lines)[0] / len(lines)


@contextmanager
def inside_venue(sessions: int = 1) -> Iterator[InsideVenue]:
    """One with a log in a directory of its own, at level `process`."""
    with tempfile.TemporaryDirectory(prefix="pricetime-bench-") as directory, Writer(directory) as writer:
        yield InsideVenue(writer, sessions)


def dealt(sessions: int, count: int, first: int = 0) -> np.ndarray:
    """Orders `first` to `first + count` of an endless row of 1,000 new ones, their 1,000 cancels, and so on, dealt to
    the sessions in turn; nothing trades. The row is the same for every number of sessions: only who sends differs."""
    if DEALT % sessions or count % sessions or first % sessions:
        raise ValueError(f"{count} orders from {first} on are not to be dealt to {sessions} sessions")
    number = first + np.arange(count)
    seat = number % DEALT
    side = np.where(seat % 2 == 0, int(Side.BUY), int(Side.SELL)).astype(np.uint16)
    lines = orders(1, side, np.where(seat % 2 == 0, PRICE - 1 - seat // 2, PRICE + 1 + seat // 2), 10, count)
    gone = cancels(1, lines)
    lines = np.where(number // DEALT % 2 == 0, lines, gone)
    lines["session"] = number % sessions + 1
    lines["cl_ord_id"] = number + 1         # of all sessions together, so that an answer tells whose it is
    lines["target"] = np.where(number // DEALT % 2 == 1, number - DEALT + 1, 0)
    return lines
