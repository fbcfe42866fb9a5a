"""A venue's stat page as Python sees it: read, checked, percentiles, and the difference of two readings.

    reader = StatReader(directory)
    before = reader.read()
    ...
    reading = reader.read().since(before)           # what happened between the two
    reading.counters["commands"], reading.reply.percentile(99)

Reads only, from any process, and disturbs nobody. Owns what the counters are called and mean to a person; the layout is
stat_layout.pxd's.
"""

import mmap
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pricetime.gateway.stat_page import (
    BOUNDS,
    COUNTERS,
    HANDSHAKES,
    PAGE_BYTES,
    STAT,
    STAT_NAME,
    names_checksum,
    words_of,
)
from pricetime.matching.errors import UserError
from pricetime.matching.records import Reason

MAGIC = 0x544154534D495450
VERSION = 2
BYTE_ORDER = 0x01020304
TRIES = 10
SILENT_SECONDS = 2.0        # the hot thread looks at itself twenty times a second when nothing comes
COUNTER_HELP = {
    "messages": "messages taken",
    "commands": "commands journaled",
    "refused": "records refused at the door",
    "reports": "events that left",
    "dropped": "events of sessions without a connection",
    "answers": "messages sent",
    "disconnects": "connections ended by the venue",
    "throttled": "records refused because they came too fast",
    "log_errors": "commands refused because the log took none",
    "batches": "batches",
}
DURATION_HELP = {
    "reply": "from a batch's first message taken to its last reply handed to ZeroMQ, each command counted",
    "append": "a command into the log, one in 64",
    "match": "a command matched and its events routed, one in 64",
    "sync": "a sync of the log, at durability level power",
}


class NoStat(UserError):
    """There is no page to read, or not yet."""


@dataclass(frozen=True)
class Durations:
    """A histogram: how many took how long."""

    counts: NDArray[np.uint64]
    sum: int
    longest: int

    @property
    def count(self) -> int:
        """How many."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        """Nanoseconds; 0 where there are none."""
        count = self.count
        return self.sum / count if count else 0.0

    def percentile(self, percent: float) -> float:
        """Nanoseconds within which so many percent were done, to within 1.6%; 0 where there are none."""
        cumulated = np.cumsum(self.counts)
        if not len(cumulated) or not cumulated[-1]:
            return 0.0
        thousandths = round(percent * 1000)         # exact: 99.9% of 5,000 are 4,995, and not one more
        wanted = max(1, -(-int(cumulated[-1]) * thousandths // 100_000))
        bucket = int(np.searchsorted(cumulated, wanted))
        lowest, width = int(BOUNDS[bucket]), int(BOUNDS[bucket + 1]) - int(BOUNDS[bucket])
        middle = lowest + (width - 1) / 2
        return min(middle, float(self.longest)) if self.longest >= lowest else middle

    def since(self, before: "Durations") -> "Durations":
        """What came after `before`. The longest is, unless it is a new one, the end of the last bucket that has any."""
        counts = self.counts - before.counts
        used = np.flatnonzero(counts)
        longest = 0
        if len(used):
            longest = self.longest
            if self.longest == before.longest:
                longest = min(int(BOUNDS[used[-1] + 1]) - 1, self.longest)
        return Durations(counts, self.sum - before.sum, longest)


@dataclass(frozen=True)
class Reading:
    """A page at one moment, or what changed between two (`seconds` apart then; 0: since the start).

    looked_ago: seconds since the venue's thread last wrote; started, ended: UTC nanoseconds; ended 0: it has not.
    refused: records, by Reason, those that are; handshakes: refused ones at endpoints with CURVE, by every reason."""

    run: int
    process: int
    started: int
    ended: int
    looked_ago: float
    appended: int
    committed: int
    connections: int
    counters: dict[str, int]
    refused: dict[str, int]
    handshakes: dict[str, int]
    durations: dict[str, Durations]
    at: float
    seconds: float = 0.0

    @property
    def reply(self) -> Durations:
        """From received to reply handed over."""
        return self.durations["reply"]

    @property
    def state(self) -> str:
        """runs, stopped, gone (its process is no more) or stuck (it is, and its thread does nothing)."""
        if self.ended:
            return "stopped"
        if self.looked_ago < SILENT_SECONDS:
            return "runs"
        return "stuck" if alive(self.process) else "gone"

    def since(self, before: "Reading") -> "Reading":
        """What happened since `before`; all of it where the venue was started anew meanwhile."""
        seconds = self.at - before.at
        if (before.run, before.started) != (self.run, self.started):
            return replace(self, seconds=seconds)
        return replace(
            self,
            counters={name: value - before.counters[name] for name, value in self.counters.items()},
            refused={name: value - before.refused.get(name, 0) for name, value in self.refused.items()
                     if value != before.refused.get(name, 0)},
            handshakes={name: value - before.handshakes[name] for name, value in self.handshakes.items()},
            durations={name: value.since(before.durations[name]) for name, value in self.durations.items()},
            seconds=seconds,
        )


def alive(process: int) -> bool:
    """Whether there is such a process here."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass    # another user's
    return process > 0


class StatReader:
    """Reads the page of a venue's directory, or page.read() of one in plain memory (bytes)."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.path = Path(directory) / STAT_NAME

    def read(self) -> Reading:
        """The page now. NoStat: there is none, or a venue is about to start; UserError: of another pricetime."""
        for _ in range(TRIES):
            page = self._words()
            again = self._words()
            if identity(page) == identity(again):
                return reading_of(page, str(self.path))
        raise NoStat(f"{self.path}: the venue is started anew again and again")

    def _words(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size != PAGE_BYTES:
                    raise UserError(f"{self.path}: {size} bytes, expected {PAGE_BYTES}: of another version; use "
                                    "the pricetime that runs the venue")
                with mmap.mmap(file.fileno(), PAGE_BYTES, access=mmap.ACCESS_READ) as mapped, \
                        memoryview(mapped) as view:
                    return words_of(view)
        except FileNotFoundError:
            what = "no venue has run there yet" if self.path.parent.is_dir() else "no such directory"
            raise NoStat(f"{self.path}: {what}; expected the directory of a venue that runs or has run") from None
        except OSError as error:
            raise UserError(f"{self.path}: cannot be read: {(error.strerror or str(error)).lower()}") from None


def identity(page: bytes) -> tuple[int, int, int]:
    """What differs when a venue was started anew."""
    row = np.frombuffer(page, STAT)[0]
    return int(row["magic"]), int(row["run"]), int(row["started"])


def reading_of(page: bytes, name: str = "the page") -> Reading:
    """A page's bytes. NoStat, UserError."""
    row = np.frombuffer(page, STAT)[0]
    if not row["magic"]:
        raise NoStat(f"{name}: a venue is starting there, or could not; look again in a moment")
    expected = (MAGIC, BYTE_ORDER, VERSION, PAGE_BYTES, names_checksum())
    if tuple(int(row[key]) for key in ("magic", "byte_order", "version", "bytes", "names")) != expected:
        raise UserError(f"{name}: not the page of this version; use the pricetime that runs the venue")
    now = time.monotonic_ns()
    return Reading(
        run=int(row["run"]),
        process=int(row["process"]),
        started=int(row["started"]),
        ended=int(row["ended"]),
        looked_ago=max(0.0, (now - int(row["looked"])) / 1e9),
        appended=int(row["appended"]),
        committed=int(row["committed"]),
        connections=int(row["connections"]),
        counters=dict(zip(COUNTERS, row["counters"].tolist(), strict=False)),
        refused={name_of(reason): int(row["refused"][reason]) for reason in np.flatnonzero(row["refused"]).tolist()},
        handshakes=dict(zip(HANDSHAKES, row["handshakes"].tolist(), strict=False)),
        durations={
            key: Durations(row[key]["counts"].copy(), int(row[key]["sum"]), int(row[key]["longest"]))
            for key in DURATION_HELP
        },
        at=now / 1e9,
    )


def name_of(reason: int) -> str:
    """A Reason by name; one that this version lacks by its number."""
    try:
        return Reason(reason).name
    except ValueError:
        return str(reason)
