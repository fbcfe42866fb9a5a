"""The log: segments on disk, recovery, reading, replay and verification."""

from pricetime.journal.reader import Reader
from pricetime.journal.recovery import Recovered, recover
from pricetime.journal.writer import Writer

__all__ = ["Reader", "Recovered", "Writer", "recover"]
