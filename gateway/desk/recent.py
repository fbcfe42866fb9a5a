"""What came last, in NumPy rings of a fixed size: events, to be sent again, and commands, to be compared. What a search
looks at has a column of its own, so that it reads a few bytes a row."""

from typing import Any

import numpy as np

from pricetime.matching.records import COMMAND, EVENT, CommandType, LineType

FIRST_FURTHER = min(LineType)
UNNAMED = (CommandType.LOGON, CommandType.LOGOUT, CommandType.DISCONNECT)   # their ClOrdID is not looked at


class Ring:
    """Rows in columns: the last `capacity` of all that were appended."""

    def __init__(self, capacity: int, **columns: Any) -> None:
        self.capacity = capacity
        self.columns = {name: np.zeros(capacity, dtype) for name, dtype in columns.items()}
        self.count = 0      # of all that were ever appended

    def append(self, **rows: np.ndarray) -> None:
        """Rows for every column; of more than it holds, the last."""
        size = len(next(iter(rows.values())))
        passed = max(0, size - self.capacity)
        start = (self.count + passed) % self.capacity
        first = min(size - passed, self.capacity - start)
        for name, values in rows.items():
            column = self.columns[name]
            column[start : start + first] = values[passed : passed + first]
            column[: size - passed - first] = values[passed + first :]
        self.count += size

    @property
    def size(self) -> int:
        """Rows that are here."""
        return min(self.count, self.capacity)

    @property
    def head(self) -> int:
        """Where the oldest row lies."""
        return self.count % self.capacity if self.count > self.capacity else 0

    def in_order(self, hits: np.ndarray) -> np.ndarray:
        """Ascending places as they came: the older ones lie behind the head."""
        if not self.head:
            return hits
        cut = int(np.searchsorted(hits, self.head))
        return np.concatenate((hits[cut:], hits[:cut]))


class RecentEvents:
    """The last events of all sessions. since: all those of commands behind it are here."""

    def __init__(self, capacity: int, since: int) -> None:
        self._ring = Ring(capacity, events=EVENT, session="<u4", sequence="<u8")
        self.since = since

    def append(self, events: np.ndarray) -> None:
        """Events of whole commands, in order. The venue's own are left out: nobody asks for them."""
        events = events[events["session"] != 0]
        if not len(events):
            return
        ring, held = self._ring, self._ring.size
        lost = held + len(events) - ring.capacity       # the oldest: of what is held, then of what comes
        if lost > held:
            self.since = int(events["sequence"][lost - held - 1])
        elif lost > 0:
            self.since = int(ring.columns["sequence"][(ring.head + lost - 1) % ring.capacity])
        ring.append(events=events, session=events["session"], sequence=events["sequence"])

    def reports(self, session: int, begin: int, end: int, most: int) -> np.ndarray | None:
        """A session's reports from number `begin` to `end`, at most so many; None where the first is not here."""
        ring = self._ring
        places = ring.in_order(np.flatnonzero(ring.columns["session"] == session))
        numbers = ring.columns["events"]["report_number"][places]
        numbered = numbers != 0
        places, numbers = places[numbered], numbers[numbered]
        first = int(np.searchsorted(numbers, begin))
        if first == len(numbers) or numbers[first] != begin:
            return None
        last = int(np.searchsorted(numbers, end, side="right"))
        found: np.ndarray = ring.columns["events"][places[first : min(last, first + most)]]
        return found

    def of_command(self, sequence: int, session: int) -> np.ndarray | None:
        """All that a command said to a session; None where it is not here any more."""
        if sequence <= self.since:
            return None
        columns = self._ring.columns
        hits = np.flatnonzero((columns["sequence"] == sequence) & (columns["session"] == session))
        found: np.ndarray = columns["events"][self._ring.in_order(hits)]
        return found


class RecentCommands:
    """The last lines of commands. A search for a ClOrdID looks at eight bytes a line."""

    def __init__(self, capacity: int) -> None:
        self._ring = Ring(capacity, lines=COMMAND, cl_ord_id="<i8")

    def append(self, lines: np.ndarray) -> None:
        """Lines of whole records, in order."""
        named = (lines["type"] < FIRST_FURTHER) & ~np.isin(lines["type"], UNNAMED)
        names = np.where(named, lines["cl_ord_id"], 0)
        self._ring.append(lines=lines, cl_ord_id=names)

    def find(self, session: int, cl_ord_id: int) -> bytes | None:
        """The record that a session sent with this ClOrdID; None where it is not here."""
        ring = self._ring
        lines = ring.columns["lines"]
        for place in np.flatnonzero(ring.columns["cl_ord_id"] == cl_ord_id):
            if lines["session"][place] == session:
                rows = (int(place) + np.arange(lines["shape"][place] & 0xF)) % ring.capacity
                return bytes(lines[rows].tobytes())
        return None
