"""The client of a drop copy: every report that its session may see, from any point on, none missing. Synchronous.

    with DropCopy("tcp://127.0.0.1:7002", "auditor", after=0) as copy:
        for event in copy:
            print(event["sequence"], event["place"], event["order_id"])
        ...
    DropCopy(endpoint, "auditor", after=copy.point)         # goes on where that one was

Owns the check that no frame is missing. What it has shown counts as seen: `point` is behind the last event taken.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import numpy as np
import zmq

from pricetime.gateway import messages as m
from pricetime.gateway.client_arguments import check_endpoint, milliseconds, seconds, session_name
from pricetime.gateway.client_errors import NoAnswer, Refused
from pricetime.gateway.client_line import Keys, load_keys, needs_ipv6
from pricetime.gateway.codec import Codec
from pricetime.gateway.drop_copy.protocol import LIVE_ONLY, START, Header, Kind, Point, behind, events_of
from pricetime.gateway.field_checks import shown
from pricetime.gateway.layout import record_starts
from pricetime.matching.errors import UserError
from pricetime.matching.records import COMMAND, LINE_BYTES, RECORD_VERSION, CommandType, Reason

SILENT_SECONDS = 5.0        # a drop copy says something every second


class StreamEnded(Refused):
    """The drop copy has ended the stream (`reason`): THROTTLED, this client was too slow;
    NOT_AUTHORIZED, the session may no longer see it. Ask again from `point`."""

    def __init__(self, reason: int, point: Point) -> None:
        self.point = point
        super().__init__(reason, f"the stream was ended behind command {point.sequence}")


class ResendUnavailable(StreamEnded):
    """So old a point cannot be had any more: `oldest` is the command behind which a stream can begin."""

    def __init__(self, reason: int, point: Point, oldest: int) -> None:
        super().__init__(reason, point)
        self.oldest = oldest
        self.args = (f"what is behind command {point.sequence} is no longer kept; the oldest that can be had is behind "
                     f"command {oldest}: {self.reason.name}",)


class FrameGap(UserError):
    """A frame was lost on the way. Ask again from `point`."""

    def __init__(self, point: Point, what: str) -> None:
        self.point = point
        super().__init__(f"{what}: log on again from {tuple(point)}")


@dataclass(frozen=True)
class Frame:
    """What came in one message: the events behind `header.begin` up to `header.end`."""

    header: Header
    events: np.ndarray


class DropCopy:
    """A stream of EVENT records. It logs on and asks when it is made.

    after: a Point (sequence, place), or a command's sequence number: what comes behind it; 0: all there is; None: only
    what is to come. timeout_ms: how long an answer may take. key, venue_key: files of the client's secret and the
    venue's public key, where the endpoint has CURVE.

    point: behind the last event taken. live: whether that was the log's end when it was sent. oldest: the oldest
    command behind which a stream can begin. codec: has the names that this session may know:
    codec.events(frame.events).
    Refused, ResendUnavailable, NoAnswer."""

    def __init__(self, endpoint: str, session: str, *, after: Point | tuple[int, int] | int | None = None,
                 timeout_ms: int = 5_000, key: str | Path | None = None, venue_key: str | Path | None = None) -> None:
        self.endpoint, self.session = endpoint, session_name(session)
        self.timeout_ms = milliseconds(timeout_ms, "timeout_ms")
        self.codec = Codec()
        self.live, self.oldest, self.point = False, 0, START
        self._asked = point_of(after)
        self._frames: deque[Frame] = deque()
        self._number = 0
        self._end: Point | None = None      # of the last frame of the stream
        self._heard = monotonic()
        keys = load_keys(key, venue_key)
        # The process's context: one of our own would wait for ever for the socket of a client that nobody closed.
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        try:
            self._connect(keys)
            self._log_on()
        except BaseException:
            self.close()
            raise

    def _connect(self, keys: Keys | None) -> None:
        if keys is not None:
            self._socket.curve_publickey, self._socket.curve_secretkey = keys.public, keys.secret
            self._socket.curve_serverkey = keys.venue
        self._socket.setsockopt(zmq.SNDTIMEO, self.timeout_ms)
        self._socket.setsockopt(zmq.RCVHWM, 16)     # who is slow is to notice it there, not by memory here
        self._socket.setsockopt(zmq.LINGER, 100)
        check_endpoint(self.endpoint)
        self._socket.setsockopt(zmq.IPV6, int(bool(needs_ipv6(self.endpoint))))
        try:
            self._socket.connect(self.endpoint)
        except (zmq.ZMQError, TypeError, ValueError) as error:      # ValueError: a str that is no Unicode
            why = error.strerror if isinstance(error, zmq.ZMQError) else "not text"
            raise UserError(f"cannot connect to {shown(self.endpoint)}: {why}; expected tcp://HOST:PORT or ipc://PATH"
                            ) from None

    def _log_on(self) -> None:
        logon = self.codec.encode(m.Logon(session_name=self.session)).copy()
        logon["sequence"][0] = 1
        try:
            self._socket.send(logon.tobytes() + request(self._asked))
        except zmq.Again:
            raise NoAnswer(f"{self.endpoint} took nothing for {self.timeout_ms} ms: is a drop copy running?") from None
        deadline = monotonic() + self.timeout_ms / 1000
        while self._number == 0:
            left = deadline - monotonic()
            if left <= 0 or not self._socket.poll(int(left * 1000)):
                raise NoAnswer(f"{self.endpoint} did not answer within {self.timeout_ms} ms: is a drop copy there? "
                               "One with CURVE answers only to a key that it knows, and to its own public key")
            self._take(self._socket.recv())

    # -------------------------------------------------------------------------------------------- reading

    def __iter__(self) -> Iterator[np.void]:
        """Each event, for ever."""
        while True:
            yield from self.events(None)

    def events(self, timeout_ms: int | None) -> Iterator[np.void]:
        """Each event that comes, until none has come for so long (None: for ever)."""
        while (frame := self.receive(timeout_ms)) is not None:
            for event in behind(frame.events, self.point):
                self.point = Point(int(event["sequence"]), int(event["place"]))
                yield event
            self.point = frame.header.end

    def frames(self, timeout_ms: int | None) -> Iterator[Frame]:
        """Each frame with events, until none has come for so long (None: for ever)."""
        while (frame := self.receive(timeout_ms)) is not None:
            self.point = frame.header.end
            yield frame

    def receive(self, timeout_ms: int | None) -> Frame | None:
        """The next frame with events; None where none came in time. `point` is the caller's to move.

        StreamEnded, ResendUnavailable, FrameGap; NoAnswer where nothing comes any more, heartbeats included."""
        deadline = None if timeout_ms is None else monotonic() + seconds(timeout_ms)
        while not self._frames:
            left = SILENT_SECONDS if deadline is None else min(SILENT_SECONDS, max(0.0, deadline - monotonic()))
            if self._socket.poll(int(left * 1000)):
                self._take(self._socket.recv())
            elif monotonic() - self._heard > SILENT_SECONDS:
                raise NoAnswer(f"{self.endpoint} has said nothing for {SILENT_SECONDS:.0f} s: is it running?")
            elif deadline is not None and monotonic() >= deadline:
                return None
            if deadline is not None and not self._frames and monotonic() >= deadline:
                return None
        return self._frames.popleft()

    def _take(self, payload: bytes) -> None:
        """One message."""
        self._heard = monotonic()
        try:
            header = Header.decode(payload)
        except ValueError as error:
            raise UserError(f"{self.endpoint} is no drop copy of this version: {error}") from None
        if header.number != self._number + 1 and header.number:
            raise FrameGap(self.point, f"frame {header.number} came, {self._number + 1} was due")
        self._number = header.number
        if header.kind == Kind.ENDED:
            raise self._ended(header)
        if header.kind == Kind.LOGGED_ON:
            self.oldest = header.oldest
        elif header.kind == Kind.DEFINITIONS:
            follow(self.codec, payload[LINE_BYTES:])
        else:
            self._take_events(header, payload)

    def _take_events(self, header: Header, payload: bytes) -> None:
        if self._end is None:
            if self._asked.sequence != LIVE_ONLY and header.begin != self._asked:
                raise UserError(f"the venue's log ends at command {header.begin.sequence}, before "
                                f"{self._asked.sequence}: it was cut since; what came after is not in it")
            self.point = self._end = header.begin
        if header.begin != self._end:
            raise FrameGap(self.point, f"a frame begins at {tuple(header.begin)}, the one before ended at "
                                       f"{tuple(self._end)}")
        self._end, self.live = header.end, header.live
        if header.count:
            self._frames.append(Frame(header, events_of(payload)))
        elif not self._frames:
            self.point = max(self.point, header.end)

    def _ended(self, header: Header) -> Refused:
        if not self._number:
            return Refused(header.reason, f"session {self.session!r} cannot log on")
        if header.reason == Reason.RESEND_UNAVAILABLE:
            return ResendUnavailable(header.reason, header.end, header.oldest)
        return StreamEnded(header.reason, header.end)

    # ---------------------------------------------------------------------------------------------- ending

    def close(self) -> None:
        """End it. `point` stays."""
        with suppress(zmq.ZMQError):
            self._socket.send(logout(), zmq.NOBLOCK)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def point_of(after: Point | tuple[int, int] | int | None) -> Point:
    """What `after` names. UserError."""
    if after is None:
        return Point(LIVE_ONLY)
    numbers = (after,) if isinstance(after, int) and not isinstance(after, bool) else after
    if isinstance(numbers, tuple) and len(numbers) in (1, 2) and all(type(number) is int for number in numbers):
        point = Point(*numbers)
        if 0 <= point.sequence < 2**64 and 0 <= point.place < 2**32:
            return point
    raise UserError(f"after: found {shown(after)}, expected a command's sequence number, or (sequence, place)")


def line(type: CommandType) -> np.ndarray:
    """A record of one line."""
    record = np.zeros(1, COMMAND)
    record[0]["type"], record[0]["shape"] = type, RECORD_VERSION << 4 | 1
    return record


def logout() -> bytes:
    """A LOGOUT."""
    return line(CommandType.LOGOUT).tobytes()


def request(after: Point) -> bytes:
    """A RESEND_REQUEST for everything behind a point."""
    record = line(CommandType.RESEND_REQUEST)
    record[0]["sequence"], record[0]["target"], record[0]["quantity"] = 2, after.sequence, after.place
    return record.tobytes()


def follow(codec: Codec, definitions: bytes) -> None:
    """Take names."""
    lines = np.frombuffer(definitions, COMMAND)
    for start in record_starts(lines).tolist():
        size = int(lines[start]["shape"]) & 0xF
        codec.follow(definitions[start * LINE_BYTES:(start + size) * LINE_BYTES])
