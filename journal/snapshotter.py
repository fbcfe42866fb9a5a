"""The process beside a venue that makes its snapshots by policy, packs old segments and removes those that snapshots
make needless: it tails the log with an engine of its own.

The venue waits for it in nothing. It steps back for whatever else wants the processor, says on standard error what it
could not do, and tries again when the next snapshot is due.
"""

import argparse
import os
import signal
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from pricetime.journal import packing, snapshot
from pricetime.journal.child import LOOK_SECONDS, Child, end_with_parent
from pricetime.journal.drive import drive
from pricetime.journal.replay import replay
from pricetime.journal.restoration import Restored, restore
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError

NICE = 10
ENDING = threading.Event()
PAUSE_SECONDS_MIN = 1.0     # before it is started again, twice as long each time
PAUSE_SECONDS_MAX = 60.0    # at most; when it has run for longer than that, the next pause is short again
FAILURES_MAX = 100          # lines that nobody has asked for; the oldest go


@dataclass(frozen=True)
class Policy:
    """When a snapshot is due: so many commands, or seconds, after the last one; 0: never. keep: how many stay.

    pack_after: how many of the newest segments stay plain; 0: all. prune: whether segments are removed that none of
    these snapshots needs."""

    every_commands: int = 0
    every_seconds: float = 0.0
    keep: int = 3
    pack_after: int = 0
    prune: bool = False

    @property
    def wanted(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.every_commands or self.every_seconds or self.pack_after or self.prune)


class SnapshotProcess:
    """The venue's side: starts the process, starts it again where it has ended by itself, says so, ends it.

    A thread waits for its end. A start that follows soon waits twice as long as the one before."""

    def __init__(self, directory: str | os.PathLike[str], policy: Policy) -> None:
        self._child: Child | None = None
        self._failures: deque[str] = deque(maxlen=FAILURES_MAX)
        self._ending = threading.Event()
        self._lock = threading.Lock()           # one process at a time, none once it ends
        self._arguments = [
            str(Path(directory).absolute()), "--every-commands", str(policy.every_commands), "--every-seconds",
            str(policy.every_seconds), "--keep", str(policy.keep), "--pack-after", str(policy.pack_after),
            *["--prune"] * policy.prune,
        ]  # fmt: skip
        failure = self._start()
        threading.Thread(target=self._keep, args=(failure,), name="snapshots", daemon=True).start()

    def _start(self) -> str:
        """Start the process; why that was not possible, or nothing."""
        with self._lock:
            if self._ending.is_set():
                return ""
            try:
                self._child = Child(__name__, self._arguments)
            except OSError as error:
                return f"does not start: {(error.strerror or str(error)).lower()}"
        return ""

    def _keep(self, failure: str) -> None:
        """The thread: see that there is a process until the venue ends."""
        pause = PAUSE_SECONDS_MIN
        while True:
            since, child = time.monotonic(), self._child
            if child is not None:
                failure = f"has ended (status {child.wait()})"
            if self._ending.is_set():
                return
            if time.monotonic() - since > PAUSE_SECONDS_MAX:
                pause = PAUSE_SECONDS_MIN
            self._child = None
            self._failures.append(f"the process beside the venue {failure}; it is started again in {pause:g} s")
            if self._ending.wait(pause):
                return
            pause = min(2 * pause, PAUSE_SECONDS_MAX)
            failure = self._start()

    @property
    def pid(self) -> int:
        """Number of the process; 0: there is none."""
        child = self._child
        return child.pid if child else 0

    def failure(self) -> str | None:
        """One line, once, for each time that there was no process though the venue ran; None: nothing more to say."""
        return f"snapshots: {self._failures.popleft()}" if self._failures else None

    def end(self) -> None:
        """End it, at once or nearly so."""
        self._ending.set()
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.end()


# ------------------------------------------------------------------------------------------- in the process


def follow(directory: Path, policy: Policy) -> None:
    """Make snapshots and tidy the log for as long as the venue writes; what fails is said."""
    now = restore(directory, Engine)
    last, since = now.snapshot.sequence if now.snapshot else 0, time.monotonic()
    replay(now.reader, now.engine)      # first up to where the log is: what is long past needs none of its own
    tidied = 0
    while True:
        if is_due(policy, now.engine.sequence - last, time.monotonic() - since):
            last, since = now.engine.sequence, time.monotonic()
            make(directory, now, policy.keep)
            tidied = 0
        if tidied != now.reader.segment_begin:
            tidied = now.reader.segment_begin
            tidy_log(directory, policy)
        for lines in now.reader.tail(LOOK_SECONDS):
            drive(now.engine, lines.view(np.uint8))
            if is_due(policy, now.engine.sequence - last, time.monotonic() - since):
                break


def is_due(policy: Policy, commands: int, seconds: float) -> bool:
    """Whether a snapshot is, so many commands and seconds after the last one or the last try."""
    return commands > 0 and (0 < policy.every_commands <= commands or 0 < policy.every_seconds <= seconds)


def make(directory: Path, now: Restored[Engine], keep: int) -> None:
    """One snapshot, and fewer old ones; or a line on why not."""
    try:
        snapshot.write(directory, now.engine, now.reader)
        snapshot.prune(directory, keep)
    except UserError as error:
        if not ENDING.is_set():     # its file was removed under it
            say(str(error))


def tidy_log(directory: Path, policy: Policy) -> None:
    """Prune up to the oldest of the snapshots that are kept, so that a start may take any of them; pack the rest."""
    if not policy.pack_after and not policy.prune:
        return
    try:
        kept = [found.sequence for found in islice(snapshot.lasting(directory), policy.keep)] if policy.prune else []
        packing.tidy(directory, policy.pack_after, min(kept) if len(kept) == policy.keep else 0)
    except UserError as error:
        say(str(error))


def say(line: str) -> None:
    """To the operator, on the venue's standard error."""
    with suppress(OSError):
        print(f"snapshots: {line}", file=sys.stderr, flush=True)


def tidy_up(directory: Path) -> None:
    """Before the end: half a snapshot is removed."""
    ENDING.set()
    with suppress(OSError):
        snapshot.remove_leftovers(directory / snapshot.SNAPSHOT_FOLDER)


def main(arguments: list[str] | None = None) -> int:
    """The process. Never comes back while the venue runs, but for a log that cannot be followed."""
    os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # an interrupt at the terminal is the venue's to answer
    parser = argparse.ArgumentParser(prog="pricetime.journal.snapshotter")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--every-commands", type=int, default=0)
    parser.add_argument("--every-seconds", type=float, default=0.0)
    parser.add_argument("--keep", type=int, default=3)
    parser.add_argument("--pack-after", type=int, default=0)
    parser.add_argument("--prune", action="store_true")
    given = parser.parse_args(arguments)
    tidy = partial(tidy_up, given.directory)
    threading.Thread(target=end_with_parent, args=(given.parent, tidy), daemon=True).start()
    try:
        follow(given.directory, Policy(given.every_commands, given.every_seconds, given.keep, given.pack_after,
                                        given.prune))
    except (UserError, ValueError, OSError, MemoryError) as error:
        say(str(error) or "no memory")
    return 1


if __name__ == "__main__":
    sys.exit(main())
