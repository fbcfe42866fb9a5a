"""The log: segments on disk, recovery, reading, snapshots, replay and verification."""

from pricetime.journal.reader import Reader
from pricetime.journal.recovery import Recovered, recover
from pricetime.journal.restoration import Restored, Taken, restore, take_snapshot
from pricetime.journal.snapshot import Snapshot
from pricetime.journal.writer import Writer

__all__ = ["Reader", "Recovered", "Restored", "Snapshot", "Taken", "Writer", "recover", "restore", "take_snapshot"]
