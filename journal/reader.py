"""Read a log, from any process: blocks of lines as NumPy arrays over the mapped file, checked on the way, up to the
committed position.

A reader takes no lock, writes nothing and never slows the writer down. What is not committed it does not see.
"""

import math
import os
import time
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from pricetime.journal import layout, packed
from pricetime.journal.directory import SegmentFile, list_log, list_segments, log_folder, read_segment, restore
from pricetime.journal.recovery import before, check_chain, follows, oldest_sequence
from pricetime.journal.scan import EXPLANATION, Scan, ScanEnd
from pricetime.journal.wake import Doze
from pricetime.matching.errors import CheckFailed, UserError
from pricetime.matching.records import COMMAND

BLOCK_BYTES = 1 << 20
# Commands that a tail leaves behind a busy writer: the lines that it is about to write are on another page then, and no
# processor fetches ahead from one page into the next.
DISTANCE = layout.PAGE_BYTES // COMMAND.itemsize
EVER = 2**63 - 1
OR_CUT = "or, if the machine went down, start the venue: what was never synced is cut then"


class Reader:
    """The commands of DIR/log from `from_sequence` and `from_time` on (the later of the two) to `until_sequence` or
    `until_time`, in order. Times are nanoseconds since 1970; all four are inclusive.

    Iterating yields blocks: read-only arrays of COMMAND items, whole records, about BLOCK_BYTES each. A record of
    several lines is as many items, of which only the first is a COMMAND; view the others through their own dtypes. A
    block is a view of the mapped file (of memory, where the segment is packed): no copy, valid as long as it is held.
    Iteration ends where the log is committed, and goes on from there when it is started again; `tail` waits.

    verify=False leaves the checksums (not sequence, time and shape) unlooked at. UserError: no log, or it was pruned
    and begins later; CheckFailed: damage, with the place.
    """

    def __init__(self, directory: str | os.PathLike[str], *, from_sequence: int = 1, from_time: int = 0,
                 until_sequence: int = layout.SEQUENCE_MAX, until_time: int = EVER, verify: bool = True) -> None:
        if from_sequence < 1:
            raise UserError(f"sequence number {from_sequence}: expected 1 or more")
        self.folder = log_folder(directory)
        self.until_sequence = until_sequence
        self.until_time = until_time
        self._verify = verify
        self._from = from_sequence
        self._before_time = from_time - 1       # commands at or before it are passed over
        self._late = False
        while not self._open_first():
            pass        # a live writer has renamed that segment since it was listed

    def _open_first(self) -> bool:
        """Go to the segment that holds the first command asked for. False: try again."""
        segments, pruned = list_log(self.folder)
        check_chain(self.folder, segments, pruned)
        if not segments:
            raise UserError(f"{self.folder}: no log segment in it yet; a venue that starts on {self.folder.parent} "
                            "makes one")
        self._first = segments[0].first_sequence
        # Nothing before a segment is later than its previous_time.
        fitting = [segment for segment in segments if segment.first_sequence <= self._from
                   or segment.header["previous_time"] <= self._before_time]
        if not fitting:
            raise self._pruned(segments[0].first_sequence)
        with suppress(FileNotFoundError):
            self._open(fitting[-1], before(fitting[-1]))
            return True
        return False

    def _pruned(self, oldest: int) -> UserError:
        return UserError(f"{self.folder}: the log was pruned: the oldest command that is kept is {oldest}; begin there "
                         "with a snapshot's state, or read an older copy of the log")

    def _open(self, segment: SegmentFile, place: Scan) -> None:
        if not follows(segment, place):
            raise CheckFailed(f"{segment.path}: does not go on where command {place.sequence} ended; "
                              f"{restore(segment.path)}")
        self._bytes = segment.map()
        self._segment = segment
        self._place = Scan(layout.HEADER_SIZE, place.sequence, place.time, place.checksum)

    @property
    def first_sequence(self) -> int:
        """The oldest command that the log had when it was opened: 1, unless it was pruned."""
        return self._first

    @property
    def sequence(self) -> int:
        """The last command that was delivered, or passed on the way to the first."""
        return self._place.sequence

    @property
    def time(self) -> int:
        """Its time."""
        return self._place.time

    @property
    def checksum(self) -> int:
        """Its checksum, which the next record is seeded with."""
        return self._place.checksum

    @property
    def segment_begin(self) -> int:
        """The sequence number that the segment at hand begins with."""
        return self._segment.first_sequence

    @property
    def committed(self) -> int:
        """The committed position as the segment at hand has it: at least what was delivered."""
        return layout.committed(self._bytes)

    @property
    def log_id(self) -> bytes:
        """16 bytes that name this log."""
        return bytes(self._segment.header["log_id"])

    def done(self) -> bool:
        """Whether `until_sequence` or `until_time` is reached."""
        return self._late or self.sequence >= self.until_sequence

    def go_to_first(self) -> None:
        """Pass over all before the first command asked for, as far as it is committed: `sequence`, `time` and
        `checksum` are those of its predecessor then."""
        until, self.until_sequence = self.until_sequence, self._from - 1
        try:
            self.next_block()
        finally:
            self.until_sequence = until

    def __iter__(self) -> Iterator[np.ndarray]:
        while (block := self.next_block()) is not None:
            yield block
        if not self.done():
            self._check_nothing_missing()

    def tail(self, timeout: float | None = None) -> Iterator[np.ndarray]:
        """Like iterating, but waits for more: ends when nothing has come for `timeout` seconds (None: never) or
        `until_` is reached. Where nothing comes it sleeps, and the writer wakes it (wake.pxd).

        Behind a writer that goes on without a rest it keeps a distance, some ten microseconds: a reader that is close
        behind fetches lines that are about to be written, and the writer has to get each of them back."""
        doze, since, left, distance = Doze(self.folder.parent), time.monotonic(), math.inf, 0
        while not self.done():
            block = self.next_block(distance)
            if block is not None:
                doze.awake()
                since, distance = time.monotonic(), DISTANCE
                yield block
                continue
            if distance:
                if not doze.goes_on(self._bytes, self.sequence + 2 * DISTANCE):
                    distance = 0
                continue
            if timeout is not None:
                left = since + timeout - time.monotonic()
                if left <= 0:
                    return
            doze.wait(self._bytes, self.sequence, left)

    def next_block(self, distance: int = 0) -> np.ndarray | None:
        """The next block that is committed now; None where there is none (yet). Without the last `distance` commands of
        the segment at hand."""
        while True:
            committed = layout.committed(self._bytes)
            self._skip(committed)
            start, until = self._place.offset, min(max(committed - distance, 0), self.until_sequence)
            end = ScanEnd.LIMIT
            if self._place.sequence < until:
                end = self._place.go(self._bytes, until, start + BLOCK_BYTES, self._verify, self.until_time)
            if self._place.offset > start:
                return self._bytes[start:self._place.offset].view(COMMAND)
            self._refuse_damage(end)
            if distance and self._place.sequence < min(committed, self.until_sequence):
                return None
            self._late = self._place.sequence < until   # nothing wrong and no step forward: the next one is too late
            self._check_mark()
            if self.done() or not self._next_segment():
                return None

    def _skip(self, committed: int) -> None:
        """Pass over what was not asked for; checked all the same, for the first block's checksums hang on it."""
        until = min(self._from - 1, committed)
        if self._place.sequence < until:
            self._refuse_damage(self._place.go(self._bytes, until, verify=self._verify))
        until = min(self.until_sequence, committed)
        if self._place.time <= self._before_time and self._place.sequence < until:
            self._refuse_damage(self._place.go(self._bytes, until, verify=self._verify, until_time=self._before_time))

    def _refuse_damage(self, end: ScanEnd) -> None:
        if end != ScanEnd.LIMIT:
            place = self._place
            raise CheckFailed(f"{self._segment.path}: damaged at offset {place.offset}, command {place.sequence + 1}: "
                              f"{EXPLANATION[end]}, and the log is committed up to command {self.committed}; "
                              f"{restore(self._segment.path)}, {OR_CUT}")

    def _check_mark(self) -> None:
        """A segment that is marked as complete has the positions that go with the mark: a changed one would hide
        commands."""
        header = self._bytes[:layout.HEADER_SIZE]
        closed = int(header.view(layout.HEADER)[0]["closed"])
        if closed and closed != layout.mark_of_close(header, closed >> 32):
            raise CheckFailed(f"{self._segment.path}: damaged: marked as complete, but not with these positions; "
                              f"{restore(self._segment.path)}")

    def _next_segment(self) -> bool:
        """Go on to the segment that begins where this one ends, if it is there already. UserError: it was pruned."""
        wanted = self._place.sequence + 1
        plain = layout.segment_name(wanted)
        # In the order in which a segment has them: it is found though it gets its number, or is packed, meanwhile.
        for name in (plain, *layout.NEXT_NAMES, plain, plain + packed.SUFFIX):
            with suppress(FileNotFoundError):
                segment = read_segment(self.folder / name)
                if segment is not None and segment.first_sequence == wanted and self._is_later(segment):
                    self._open(segment, self._place)
                    return True
        self._refuse_pruned(wanted)
        return False

    def _refuse_pruned(self, wanted: int) -> None:
        """Whoever waited for a segment that is removed would wait for ever. Only behind one that is marked as complete
        is there anything to prune."""
        closed = self._bytes[:layout.HEADER_SIZE].view(layout.HEADER)[0]["closed"]
        if closed and (oldest := oldest_sequence(self.folder)) > wanted:
            raise self._pruned(oldest)

    def _is_later(self, segment: SegmentFile) -> bool:
        """Whether this is not the segment at hand, nor an earlier run's: an empty one has the number that is wanted
        next, and a later run takes its place. Both may be there, and both be empty."""
        here = self._segment
        return segment.first_sequence != here.first_sequence or bool(segment.header["run"] > here.header["run"])

    def _check_nothing_missing(self) -> None:
        """At the end of a log: no segment may be there that begins further on, nor be promised by this one's mark."""
        promised = np.frombuffer(self._bytes[:layout.HEADER_SIZE], layout.HEADER)[0]["closed"] >> 32 == layout.FULL
        firsts = [segment.first_sequence for segment in list_segments(self.folder)]
        # Looked at after the list: where a next segment is listed, all of this one is appended, if not committed yet.
        wanted = self._place.sequence + 1
        if wanted in firsts or self._has_more():
            return
        later = [first for first in firsts if first > wanted]
        if not later and not promised:
            return
        oldest = oldest_sequence(self.folder)
        if oldest > wanted:
            raise self._pruned(oldest)      # while it was read
        missing = self.folder / layout.segment_name(wanted)
        why = f"the log goes on with {layout.segment_name(later[0])}" if later else (
            f"{self._segment.name} says that the log goes on there")
        raise CheckFailed(f"{missing}: missing: {why}; {restore(missing)}, {OR_CUT}")

    def _has_more(self) -> bool:
        """Whether a record is in the segment at hand behind what is read, committed or not."""
        place = self._place
        ahead = Scan(place.offset, place.sequence, place.time, place.checksum)
        ahead.go(self._bytes, place.sequence + 1)
        return ahead.sequence > place.sequence
