"""One connection of a drop copy: what it may see, how far it has come, what is to be sent next. No socket: the server
asks for the next frame, and says whether it went."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from pricetime.gateway.drop_copy.feed import Block, Feed, Replay, Seat
from pricetime.gateway.drop_copy.names import Definitions
from pricetime.gateway.drop_copy.protocol import FRAME_EVENTS, START, Header, Kind, Point
from pricetime.matching.records import Reason


@dataclass
class Part:
    """A frame that is to be sent, but for its number and begin."""

    kind: Kind
    body: bytes = b""
    count: int = 0
    end: Point | None = None
    time: int = 0
    reason: Reason = Reason.NONE
    oldest: int = 0


@dataclass(eq=False)
class Stream:
    """A connection that is logged on. `sent`: the end of the last frame; `seen`: how far the log was looked through.

    cursor: number of the feed's block that comes next; replay: where it reads older ones, queued: will. None of them:
    it asked for nothing. unread: ENDED frames that wait.
    blocked_since: since when its socket takes nothing; 0: it does."""

    routing: bytes
    name: str
    seat: Seat
    user: int = 0
    number: int = 0
    sent: Point = START
    seen: Point = START
    cursor: int | None = None
    replay: Replay | None = None
    queued: bool = False
    unread: int = 0
    waiting: deque[Part] = field(default_factory=deque)
    blocked_since: float = 0.0
    said_at: float = field(default_factory=monotonic)

    @property
    def streams(self) -> bool:
        """Whether it asked for events, and gets them."""
        return self.cursor is not None or self.replay is not None or self.queued

    def begin(self, after: Point, cursor: int | None, replay: Replay | None) -> None:
        """A new stream, from a point on."""
        self.sent = self.seen = after
        self.cursor, self.replay = cursor, replay

    def end(self, reason: Reason, oldest: int = 0) -> None:
        """Nothing more of this stream; a frame will say so."""
        self.stop()
        self.waiting = deque(part for part in self.waiting if part.kind != Kind.EVENTS)
        self.say_ended(reason, oldest)

    def say_ended(self, reason: Reason, oldest: int = 0) -> None:
        """A frame that says that it ended, or that what was asked for cannot be."""
        self.waiting.append(Part(Kind.ENDED, reason=reason, oldest=oldest, end=self.sent))
        self.unread += 1

    def stop(self) -> None:
        """Let go of what it reads from."""
        if self.replay is not None:
            self.replay.end()
        self.cursor = self.replay = None
        self.queued = False

    def add_definitions(self, definitions: Definitions) -> None:
        """The names that it may see, in as many frames as they need."""
        for body, count in definitions.bodies(self.seat.participant):
            self.waiting.append(Part(Kind.DEFINITIONS, body, count))

    def add_block(self, block: Block) -> None:
        """The events of a block that it may see, behind what it has looked through."""
        events = block.seen_by(self.seat.participant, self.seen)
        for start in range(0, len(events), FRAME_EVENTS):
            part = events[start:start + FRAME_EVENTS]
            last = start + FRAME_EVENTS >= len(events)
            end = block.end if last else Point(int(part[-1]["sequence"]), int(part[-1]["place"]))
            self.waiting.append(Part(Kind.EVENTS, part.tobytes(), len(part), end, int(part[-1]["time"])))
        self.seen = max(self.seen, block.end)

    def fill(self, feed: Feed, again: Callable[["Stream"], None]) -> bool:
        """Take the next block, if there is one; whether there was. again: it was overtaken, and needs a replay."""
        if self.replay is not None:
            return self._fill_from_replay(self.replay, feed)
        if self.cursor is None:
            return False
        try:
            block = feed.block(self.cursor)
        except LookupError:
            if self.blocked_since:
                self.end(Reason.THROTTLED)
            else:
                again(self)
            return True
        if block is None:
            return False
        if block.defines:
            self.add_definitions(feed.directory.definitions)
        self.cursor += 1
        self.add_block(block)
        return True

    def _fill_from_replay(self, replay: Replay, feed: Feed) -> bool:
        if replay.blocks.empty():
            return False
        block = replay.blocks.get_nowait()
        if block is None:
            self.end(Reason.RESEND_UNAVAILABLE)
            return True
        self.add_block(block)
        cursor = feed.find(self.seen)
        if cursor is not None:          # from here on memory has it
            replay.end()
            self.cursor, self.replay = cursor, None
        return True

    def header(self, part: Part, feed: Feed) -> Header:
        """Of the next frame."""
        end = part.end if part.end is not None else self.sent
        begin = end if part.kind == Kind.LOGGED_ON else self.sent
        return Header(part.kind, self.number + 1, begin, end, part.count, self.streams and end >= feed.end, part.reason,
                      part.time, part.oldest)

    def went(self, part: Part) -> None:
        """That frame was taken."""
        self.number += 1
        self.unread -= part.kind == Kind.ENDED
        if part.kind == Kind.EVENTS and part.end is not None:
            self.sent = part.end
        self.blocked_since = 0.0
        self.said_at = monotonic()
