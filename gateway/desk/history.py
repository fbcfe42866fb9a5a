"""What the desk no longer has in memory, from the log: a session's reports by number, and a command by its ClOrdID.

It reads beside everybody else: an engine of its own, from the nearest snapshot, applies what follows. It remembers
where it ended: who asks for a long history part by part is gone on with. And it remembers what it said last.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pricetime.gateway.decoder import Fields
from pricetime.gateway.desk.recent import UNNAMED
from pricetime.gateway.venue import new_engine
from pricetime.journal import layout, snapshot
from pricetime.journal.directory import list_segments, log_folder
from pricetime.journal.reader import EVER
from pricetime.journal.restoration import Restored, first_command, restore
from pricetime.matching.engine import Engine, state_section
from pricetime.matching.errors import CheckFailed, UserError
from pricetime.matching.records import COMMAND, EVENT, LINE_BYTES, POSS_RESEND, LineType

TRIES = 3           # a log that is pruned meanwhile is looked at again


@dataclass(frozen=True)
class Reports:
    """EVENTs, or, where the first asked for is not kept any more, the oldest number that can be had."""

    events: np.ndarray
    oldest: int = 0


@dataclass(frozen=True)
class Earlier:
    """A command that the log has, and its sequence number."""

    sequence: int
    record: bytes


class Pruned(UserError):
    """Whether the log ever had it cannot be told: it may have been in what was pruned."""


class History:
    """A log's past. Never further than `until`: what the desk itself has."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._place: Restored[Engine] | None = None     # where the last answer ended
        self._last = np.zeros(0, EVENT)                 # events of the last block before it
        # The last answers, by their questions: who had to wait so long for one that it asks again, on another
        # connection perhaps, finds it there.
        self._answer: tuple[tuple[int, int], np.ndarray] = (0, 0), self._last
        self._first: tuple[tuple[int, int], np.ndarray] = (0, 0), self._last

    def reports(self, session: int, begin: int, end: int, most: int, until: int) -> Reports:
        """A session's reports from number `begin` to `end`, at most so many, or fewer that were found before."""
        question, found = self._answer
        if question == (session, begin) and len(found):
            return Reports(found[: min(most, end - begin + 1)])
        for _ in range(TRIES):
            try:
                answer = self._reports(session, begin, end, most, until)
            except CheckFailed:
                raise
            except UserError:       # pruned since it was looked at
                self._place = None
            else:
                self._answer = (session, begin), answer.events
                return answer
        raise UserError(f"{self._directory}: the log is pruned faster than it is read")

    def _reports(self, session: int, begin: int, end: int, most: int, until: int) -> Reports:
        place = self._go_on(session, begin)
        if place is None:
            oldest, found = oldest_report(self._directory, session, begin)
            if found is None:
                return Reports(self._last[:0], oldest)
            self._forget()
            place = found
        kept, number = [], begin
        while True:
            mine = self._last
            if len(mine):
                mine = mine[(mine["session"] == session) & (mine["report_number"] >= number)]
                mine = mine[(mine["report_number"] <= end)][: most - (number - begin)]
                kept.append(mine)
                number += len(mine)
            if number > end or number - begin >= most or not self._step(place, until):
                break
        self._place = place
        return Reports(np.concatenate(kept) if kept else self._last[:0])

    def first_reports(self, sequence: int, session: int) -> np.ndarray:
        """All that a command said to a session. UserError, CheckFailed: the log has it no more, or is damaged."""
        question, found = self._first
        if question == (sequence, session):
            return found
        restored = restore(self._directory, new_engine, until_sequence=sequence - 1)
        restored.reader.until_sequence = sequence
        events = [restored.engine.apply(lines) for lines in restored.reader]
        if restored.engine.sequence != sequence:
            raise CheckFailed(f"{self._directory}: the log ends before command {sequence}")
        last = events[-1]
        self._first = (sequence, session), last[(last["sequence"] == sequence) & (last["session"] == session)]
        return self._first[1]

    # ------------------------------------------------------------------------------------------- where to begin

    def _go_on(self, session: int, begin: int) -> Restored[Engine] | None:
        """The place where the last answer ended, if this one begins there or soon behind it."""
        place, self._place = self._place, None
        if place is None:
            return None
        mine = self._last[self._last["session"] == session] if len(self._last) else self._last
        given = mine["report_number"][mine["report_number"] != 0] if len(mine) else np.zeros(0, "u8")
        before = int(given[0]) - 1 if len(given) else self._number_at(place, session)
        return place if before < begin <= self._number_at(place, session) + 1 else None

    def _number_at(self, place: Restored[Engine], session: int) -> int:
        """The last report number that a session had there; beyond all where it was not there yet."""
        try:
            return int(place.engine.session(session)["report_number"][0])
        except KeyError:
            return -1

    def _forget(self) -> None:
        self._last = self._last[:0]

    def _step(self, place: Restored[Engine], until: int) -> bool:
        """One block further; False: it is at the end, or there."""
        place.reader.until_sequence = until
        lines = place.reader.next_block()
        if lines is None:
            return False
        self._last = place.engine.apply(lines)
        return True


def oldest_report(directory: Path, session: int, begin: int) -> tuple[int, Restored[Engine] | None]:
    """The nearest place before a session's report of this number; without one, the oldest number that can be had."""
    oldest = begin
    first = first_command(directory)
    for found in snapshot.candidates(directory, [], until_sequence=layout.SEQUENCE_MAX, until_time=EVER):
        if found.sequence + 1 < first:
            break
        number = report_number_in(found, session)
        if number is None:
            continue
        if number < begin:
            restored = restore(directory, new_engine, until_sequence=found.sequence)
            if restored.snapshot is not None:
                return 0, restored
            break
        oldest = number + 1
    if first > 1:
        return oldest, None
    return 0, restore(directory, new_engine, until_sequence=0)


def report_number_in(found: snapshot.Snapshot, session: int) -> int | None:
    """The last report number of a session in a snapshot, 0 where it has no such session; None: it is damaged."""
    try:
        sessions = state_section(found.state(), "sessions")
    except (CheckFailed, OSError, ValueError, IndexError):
        return None
    return int(sessions["report_number"][session - 1]) if 0 < session <= len(sessions) else 0


# ---------------------------------------------------------------------------------------------- by ClOrdID


def find_command(directory: Path, session: int, cl_ord_id: int, until: int) -> Earlier | None:
    """The command that a session sent with this ClOrdID, at or before command `until`. From the newest segment to the
    oldest: ClOrdIDs only rise, so one of the session's that is lower ends the search. Pruned: the search came to what
    is no more without having met one."""
    begin = 1
    for first_sequence, lines in segments_backwards(directory):
        begin = first_sequence
        if not len(lines):
            continue
        hits = np.flatnonzero(lines["cl_ord_id"] == cl_ord_id)
        hits = hits[named_by(lines[hits], session, until)]
        if len(hits):
            start = int(hits[0])
            record = lines[start : start + int(lines["shape"][start] & 0xF)]
            return Earlier(int(record["sequence"][0]), record.tobytes())
        lower = np.flatnonzero(lines["session"] == session)
        lower = lower[named_by(lines[lower], session, until)]
        if (lines["cl_ord_id"][lower] < cl_ord_id).any():
            return None
    if begin > 1:
        raise Pruned(f"{directory}: pruned before command {begin}")
    return None


def named_by(lines: np.ndarray, session: int, until: int) -> np.ndarray:
    """Which lines begin a command of a session that moved its mark. A further line has another type, whatever stands
    in it."""
    first = (lines["type"] != 0) & (lines["type"] < min(LineType)) & ~np.isin(lines["type"], UNNAMED)
    found: np.ndarray = first & (lines["session"] == session) & (lines["sequence"] <= until)
    return found


def segments_backwards(directory: Path) -> Iterator[tuple[int, np.ndarray]]:
    """First sequence number and lines of each segment, the newest first, mapped or unpacked one at a time."""
    folder = log_folder(directory)
    before = layout.SEQUENCE_MAX
    while True:
        older = [segment for segment in list_segments(folder) if segment.first_sequence < before]
        if not older:
            return
        try:
            content = older[-1].map()
        except FileNotFoundError:
            continue        # renamed, packed or pruned meanwhile
        before = older[-1].first_sequence
        body = content[layout.HEADER_SIZE:]
        yield before, body[: len(body) // LINE_BYTES * LINE_BYTES].view(COMMAND)


def same_content(one: bytes, other: bytes) -> bool:
    """Whether two records say the same, but for when, in which turn and whether for the second time they were sent."""
    return _content(one) == _content(other)


def _content(record: bytes) -> tuple[object, ...]:
    first = Fields(record)
    return (
        first.type, first.shape, first.attributes & ~POSS_RESEND, first.instrument, first.cl_ord_id, first.price,
        first.quantity, first.target, record[LINE_BYTES:],
    )
