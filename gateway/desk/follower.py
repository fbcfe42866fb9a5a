"""The desk's own copy of the venue's state: from the newest good snapshot, then behind the log, block by block."""

from pathlib import Path

import numpy as np

from pricetime.gateway.codec import Codec
from pricetime.gateway.desk.recent import RecentCommands, RecentEvents
from pricetime.gateway.venue import new_engine
from pricetime.journal.reader import Reader
from pricetime.journal.restoration import restore
from pricetime.matching.engine import Engine
from pricetime.matching.errors import CheckFailed
from pricetime.matching.records import EVENT, CommandType

DEFINITIONS = (
    CommandType.SECURITY_DEFINITION, CommandType.PARTY_DEFINITION, CommandType.SESSION_DEFINITION,
    CommandType.VENUE_START,
)


class Follower:
    """Engine, names, and what came last, as of the last command that was applied.

    reports: how many events are kept, and how many lines of commands."""

    def __init__(self, directory: Path, reports: int) -> None:
        restored = restore(directory, new_engine)
        self.engine: Engine = restored.engine
        self.notes = restored.notes
        self._reader: Reader = restored.reader
        self.codec = Codec()
        self.codec.directory.load(self.engine)
        self.events = RecentEvents(reports, self.engine.sequence)
        self.commands = RecentCommands(reports)
        self.nothing = np.zeros(0, EVENT)

    @property
    def sequence(self) -> int:
        """The last command that is in the state."""
        return self.engine.sequence

    def has_more(self) -> bool:
        """Whether more of the segment at hand is committed, at the cost of one look at memory."""
        return self._reader.committed > self._reader.sequence

    def step(self) -> bool:
        """Apply one block of what is committed. False: there is none. CheckFailed: it cannot be followed."""
        lines = self._reader.next_block()
        if lines is None:
            return False
        try:
            events = self.engine.apply(lines)
        except ValueError as error:
            raise CheckFailed(f"command {self.engine.sequence + 1}: {error}") from error
        if not events["sequence"].all():
            raise CheckFailed("a command was refused at the door; a venue journals no such command")
        self.events.append(events)
        self.commands.append(lines)
        self._follow(lines, events)
        return True

    def _follow(self, lines: np.ndarray, events: np.ndarray) -> None:
        """Take what was defined, where anything was."""
        starts = np.flatnonzero(np.isin(lines["type"], DEFINITIONS))    # no further line has such a type
        for start in starts:
            self.codec.follow(lines[start : start + int(lines["shape"][start] & 0xF)].tobytes())
        if len(starts):
            self.codec.settle(self.engine, events)
