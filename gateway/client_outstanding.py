"""The commands of a client that no report has answered yet, kept so that they can be sent again after a lost
connection. Owns them, in the order of their ClOrdIDs, and their bound; knows no socket and no time but what it is told.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pricetime.gateway.client_wire import LINES_OF_MESSAGE_MAX
from pricetime.gateway.layout import record_starts
from pricetime.matching.records import POSS_RESEND


@dataclass
class Part:
    """The commands of one message. done: so many of them are acknowledged."""

    lines: np.ndarray
    starts: np.ndarray
    ids: np.ndarray
    sent_at: float
    done: int = 0


class Outstanding:
    """acknowledged: the highest ClOrdID that is known to be journaled and answered; refused: those above it that were
    refused at the door, which are not to be sent again. highest: the newest ClOrdID that was kept. unproven: commands
    that a mark named, by ClOrdID: the log's may be another client's."""

    def __init__(self) -> None:
        self.acknowledged = self.highest = 0
        self.refused: set[int] = set()
        self.unproven: dict[int, np.ndarray] = {}
        self._parts: deque[Part] = deque()
        self._count = 0

    def __len__(self) -> int:
        """How many are neither acknowledged nor refused."""
        return self._count - len(self.refused)

    @property
    def oldest_at(self) -> float | None:
        """When the oldest one was sent; None: none waits."""
        return self._parts[0].sent_at if self._parts and len(self) else None

    def keep(self, lines: np.ndarray, starts: np.ndarray, ids: np.ndarray, now: float) -> None:
        """Keep the records with a ClOrdID above all that were kept before: any other is refused as a duplicate.

        starts, ids: where each record begins, and its ClOrdID."""
        if ids[0] <= self.highest or not (ids[1:] > ids[:-1]).all():
            new = ids > np.maximum.accumulate(np.concatenate([[self.highest], ids[:-1]]))
            lines, ids = chosen(lines, starts, new), ids[new]
            starts = record_starts(lines)
            if not len(ids):
                return
        self.highest = int(ids[-1])
        self._parts.append(Part(lines, starts, ids, now))
        self._count += len(ids)

    def waits(self, cl_ord_id: int) -> bool:
        """Whether this one's answer is still to come."""
        return self.acknowledged < cl_ord_id <= self.highest and cl_ord_id not in self.refused

    def record(self, cl_ord_id: int) -> np.ndarray | None:
        """The command with this ClOrdID, where its answer is still to come."""
        if not self.waits(cl_ord_id):
            return None
        part = next(part for part in self._parts if cl_ord_id <= part.ids[-1])
        record = chosen(part.lines, part.starts, part.ids == cl_ord_id)
        return record if len(record) else None

    def acknowledge(self, cl_ord_id: int) -> None:
        """A report names it: a session's commands are worked off in order, so all below are answered, too."""
        if cl_ord_id <= self.acknowledged:
            return
        self.acknowledged = cl_ord_id
        parts = self._parts
        while parts and parts[0].ids[-1] <= cl_ord_id:
            part = parts.popleft()
            self._count -= len(part.ids) - part.done
        if parts and parts[0].ids[0] <= cl_ord_id:
            done = int(np.searchsorted(parts[0].ids, cl_ord_id, side="right"))
            self._count -= done - parts[0].done
            parts[0].done = done
        if self.refused:
            self.refused = {refused for refused in self.refused if refused > cl_ord_id}

    def refuse(self, cl_ord_id: int) -> None:
        """It was refused at the door. Those below it may wait for the disk still. Where none above it was sent, its
        ClOrdID is free again: the venue's mark did not move."""
        if self.waits(cl_ord_id):
            self.refused.add(cl_ord_id)
        while self._parts and self.highest in self.refused:
            self._drop_highest()

    def _drop_highest(self) -> None:
        part = self._parts[-1]
        self.refused.discard(self.highest)
        self._count -= 1
        part.lines, part.ids, part.starts = part.lines[: part.starts[-1]], part.ids[:-1], part.starts[:-1]
        if len(part.ids) == part.done:
            self._parts.pop()
        self.highest = int(self._parts[-1].ids[-1]) if self._parts else self.acknowledged

    def begin(self, mark: int) -> None:
        """A connection begins: all up to the mark is journaled."""
        self.acknowledge(mark)
        self.highest = max(mark, self.highest)

    def messages(self, now: float) -> Iterator[np.ndarray]:
        """All that wait, as whole messages to be sent again."""
        gathered: list[np.ndarray] = []
        for part in self._parts:
            part.sent_at = now
            wanted = part.ids > self.acknowledged
            if self.refused:
                wanted &= ~np.isin(part.ids, list(self.refused))
            lines = part.lines if wanted.all() else chosen(part.lines, part.starts, wanted)
            if sum(map(len, gathered)) + len(lines) > LINES_OF_MESSAGE_MAX:
                yield np.concatenate(gathered)
                gathered = []
            if len(lines):
                gathered.append(lines)
        if gathered:
            yield np.concatenate(gathered)


def chosen(lines: np.ndarray, starts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The records of which `wanted` says so."""
    of_line = np.searchsorted(starts, np.arange(len(lines)), side="right") - 1
    kept: np.ndarray = lines[wanted[of_line]]
    return kept


def possible(lines: np.ndarray, starts: np.ndarray, ids: np.ndarray) -> list[int]:
    """The ClOrdIDs of the records that have PossResend."""
    found: list[int] = ids[lines["attributes"][starts] & POSS_RESEND != 0].tolist()
    return found
