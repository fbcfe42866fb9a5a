"""The process beside a venue that makes its snapshots by policy, packs old segments and removes those that snapshots
make needless: it tails the log with an engine of its own.

The venue waits for it in nothing. It steps back for whatever else wants the processor, says on standard error what it
could not do, and tries again when the next snapshot is due.
"""

import argparse
import os
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from pricetime.journal import companion, logs, packing, snapshot
from pricetime.journal.child import LOOK_SECONDS
from pricetime.journal.companion import Companion
from pricetime.journal.drive import drive
from pricetime.journal.replay import replay
from pricetime.journal.restoration import Restored, restore
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError

ENDING = threading.Event()
LOG = logs.Log("snapshots")


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


class SnapshotProcess(Companion):
    """The venue's side: a process for a venue's directory, started again where it has ended by itself."""

    def __init__(self, directory: str | os.PathLike[str], policy: Policy) -> None:
        arguments = [
            str(Path(directory).absolute()), "--every-commands", str(policy.every_commands), "--every-seconds",
            str(policy.every_seconds), "--keep", str(policy.keep), "--pack-after", str(policy.pack_after),
            *["--prune"] * policy.prune,
        ]  # fmt: skip
        super().__init__("snapshots", __name__, arguments, without="no snapshot is made")


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
            LOG.say("failed", str(error), level=logs.ERROR)


def tidy_log(directory: Path, policy: Policy) -> None:
    """Prune up to the oldest of the snapshots that are kept, so that a start may take any of them; pack the rest."""
    if not policy.pack_after and not policy.prune:
        return
    try:
        kept = [found.sequence for found in islice(snapshot.lasting(directory), policy.keep)] if policy.prune else []
        packing.tidy(directory, policy.pack_after, min(kept) if len(kept) == policy.keep else 0)
    except UserError as error:
        LOG.say("failed", str(error), level=logs.ERROR)


def tidy_up(given: argparse.Namespace) -> None:
    """Before the end: half a snapshot is removed."""
    ENDING.set()
    with suppress(OSError):
        snapshot.remove_leftovers(given.directory / snapshot.SNAPSHOT_FOLDER)


def main(arguments: list[str] | None = None) -> int:
    """The process. Never comes back while the venue runs, but for a log that cannot be followed."""
    parser = argparse.ArgumentParser(prog="pricetime.journal.snapshotter")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--every-commands", type=int, default=0)
    parser.add_argument("--every-seconds", type=float, default=0.0)
    parser.add_argument("--keep", type=int, default=3)
    parser.add_argument("--pack-after", type=int, default=0)
    parser.add_argument("--prune", action="store_true")
    given = companion.begin(parser, arguments, tidy_up)
    try:
        follow(given.directory, Policy(given.every_commands, given.every_seconds, given.keep, given.pack_after,
                                        given.prune))
    except (UserError, ValueError, OSError, MemoryError) as error:
        LOG.say("failed", str(error) or "no memory", level=logs.ERROR)
    return 1


if __name__ == "__main__":
    sys.exit(main())
