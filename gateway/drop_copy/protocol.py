"""What goes over a drop copy's wire: the header of each frame, and points. docs/drop-copy.md draws it.

    client ──► LOGON [+ RESEND_REQUEST]         records of records.pxd
    client ◄── header, then `count` records     one message; at most FRAME_BYTES

Owns the header's layout. A point is a command and one of its events: all up to there, that included.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple, Self

import numpy as np

from pricetime.matching.records import EVENT, LINE_BYTES, RECORD_VERSION, Reason

FRAME_TYPE: Final = 96              # no type of an event or a command
SHAPE: Final = RECORD_VERSION << 4 | 1
FRAME_BYTES: Final = 1 << 16
FRAME_EVENTS: Final = (FRAME_BYTES - LINE_BYTES) // EVENT.itemsize
WHOLE: Final = 0xFFFF_FFFF          # a place: behind all events of the command
LIVE_ONLY: Final = 2**64 - 1        # a sequence number past any end


class Kind(IntEnum):
    """What a frame is."""

    EVENTS = 1          # count EVENT records, two lines each
    LOGGED_ON = 2       # end: how far the venue is; oldest: the oldest point from which a stream can begin
    ENDED = 3           # the stream, or what was asked for, with a reason; begin = end: how far the stream has come
    DEFINITIONS = 4     # count definitions, several lines each: the names behind the ids, as they are now


FRAME = np.dtype({
    "names": ["zero", "type", "shape", "kind", "reason", "number", "begin_sequence", "end_sequence", "begin_place",
              "end_place", "count", "live", "time", "oldest"],
    "formats": ["<u4", "u1", "u1", "u1", "u1", "<u8", "<u8", "<u8", "<u4", "<u4", "<u4", "<u4", "<i8", "<u8"],
    "offsets": [0, 4, 5, 6, 7, 8, 16, 24, 32, 36, 40, 44, 48, 56],
    "itemsize": LINE_BYTES,
})  # fmt: skip


class Point(NamedTuple):
    """Behind this event of this command. WHOLE: behind all of them. (0, WHOLE) is the beginning."""

    sequence: int
    place: int = WHOLE

    @classmethod
    def before(cls, sequence: int) -> Self:
        """Right before a command."""
        return cls(sequence - 1)


START: Final = Point(0)


@dataclass(frozen=True)
class Header:
    """A frame's first line."""

    kind: Kind
    number: int
    begin: Point
    end: Point
    count: int = 0
    live: bool = False
    reason: Reason = Reason.NONE
    time: int = 0
    oldest: int = 0

    def encode(self) -> bytes:
        """Its 64 bytes."""
        row = np.zeros(1, FRAME)
        row[0] = (0, FRAME_TYPE, SHAPE, self.kind, self.reason, self.number, self.begin.sequence, self.end.sequence,
                  self.begin.place, self.end.place, self.count, self.live, self.time, self.oldest)
        return row.tobytes()

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Of a message. ValueError where it has none of this version."""
        if len(payload) < LINE_BYTES or len(payload) % LINE_BYTES:
            raise ValueError(f"{len(payload)} bytes, expected whole lines")
        row = np.frombuffer(payload, FRAME, count=1)[0]
        if row["type"] != FRAME_TYPE or row["shape"] != SHAPE:
            raise ValueError(f"type {row['type']}, shape {row['shape']:#x}, expected {FRAME_TYPE} and {SHAPE:#x}")
        return cls(
            Kind(int(row["kind"])), int(row["number"]),
            Point(int(row["begin_sequence"]), int(row["begin_place"])),
            Point(int(row["end_sequence"]), int(row["end_place"])),
            int(row["count"]), bool(row["live"]), Reason(int(row["reason"])), int(row["time"]), int(row["oldest"]),
        )  # fmt: skip


def events_of(payload: bytes) -> np.ndarray:
    """The events of an EVENTS frame."""
    return np.frombuffer(payload, EVENT, offset=LINE_BYTES)


def behind(events: np.ndarray, point: Point) -> np.ndarray:
    """Those events (in order) that come after a point."""
    first = int(np.searchsorted(events["sequence"], point.sequence, "left"))
    last = int(np.searchsorted(events["sequence"], point.sequence, "right"))
    if point.place == WHOLE:
        return events[last:]
    return events[first + int(np.searchsorted(events["place"][first:last], point.place, "right")):]
