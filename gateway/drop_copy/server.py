"""The drop copy's server: connections on one ROUTER, each with a stream of its own, served in turn.

    one round:  messages (so many at most) ─► requests ─► streams ─► frames, a few a stream, as its socket takes them

Nobody waits for anybody: a socket that takes nothing is passed over, and its stream is ended when that lasts. Old
points are replayed by threads of their own, a bounded number. Owns the bounds; the venue knows nothing of all this.
"""

import os
import socket
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

import zmq

from pricetime.gateway import sockets
from pricetime.gateway.drop_copy.bounds import Bounds
from pricetime.gateway.drop_copy.feed import Feed, Replay, Seat
from pricetime.gateway.drop_copy.guard import Guard, venue_secret
from pricetime.gateway.drop_copy.pace import Pace
from pricetime.gateway.drop_copy.protocol import START, Header, Kind, Point
from pricetime.gateway.drop_copy.requests import (
    AliveRequest,
    LogonRequest,
    LogoutRequest,
    Request,
    StreamRequest,
    Unreadable,
    requests_of,
)
from pricetime.gateway.drop_copy.stream import Part, Stream
from pricetime.gateway.notes import Notes
from pricetime.journal import logs
from pricetime.journal.restoration import oldest_state
from pricetime.matching.errors import UserError
from pricetime.matching.records import Reason

LOG = logs.Log("drop copy")
NOTED = {"logged_on": "Logons", "refused": "Logons refused", "slow": "connections that did not read"}
ROUTING_ID_BYTES = 5
MESSAGES_A_ROUND = 64
FRAMES_A_TURN = 4
BLOCKS_A_TURN = 16
HEARTBEAT_SECONDS = 1.0         # a connection hears something at least so often
GIVEN_UP = 10                   # times slow_seconds: then its connection is forgotten, too
TURN_MS = 200                   # a look at the clock at least so often
QUEUE_MS = 20                   # while a stream waits for its replay, it is looked whether one has ended so often
BLOCKED_MS = 5                  # while a socket takes nothing, it is tried again so often
OLDEST_SECONDS = 1.0            # the answer to "which is the oldest" holds so long


class Server:
    """Serves a venue's directory on these endpoints, from the thread that calls run(). curve: places in the list of
    those that take CURVE only."""

    def __init__(self, directory: str | os.PathLike[str], endpoints: list[str], bounds: Bounds | None = None,
                 curve: Collection[int] = ()) -> None:
        self.bounds = bounds or Bounds()
        self._folder = Path(directory)
        self._context: zmq.Context[Any] = zmq.Context()
        self._streams: dict[bytes, Stream] = {}
        self._replays: list[tuple[str, Replay]] = []
        self._queue: deque[Stream] = deque()        # streams that wait for their replay
        self._oldest: tuple[float, int | None] = (-OLDEST_SECONDS, None)
        self._by_connection, self._by_session = Pace(self.bounds.logons), Pace(self.bounds.logons)
        self._notes = Notes(LOG, NOTED)
        self._bell, self._ring = socket.socketpair()
        self._bell.setblocking(False)
        self._ring.setblocking(False)
        self._over = False
        try:
            self._router, self.endpoints = sockets.bound_router(
                self._context, endpoints, curve, venue_secret(self._folder) if curve else b"",
                frames=self.bounds.frames)
            self._feed = Feed(directory, self.bounds.events, self.wake)
            self._guard = Guard(self._folder, self._feed.end.sequence) if curve else None
            self._feed.guard = self._guard
            if self._guard is not None:
                self._guard.open(self._context, self._router, [self.endpoints[place] for place in curve])
        except BaseException:
            self._context.destroy(linger=0)
            raise
        self._directory = self._feed.directory
        self._changes = 0               # of keys, that were looked at

    def wake(self) -> None:
        """From any thread: look whether there is something to do."""
        with suppress(OSError):         # full: it is awake
            self._ring.send(b"\0")

    def stop(self) -> None:
        """From any thread: end run()."""
        self._over = True
        self.wake()

    def run(self) -> None:
        """Serve until stop(). What ended the feed ends this, too."""
        self._feed.start()
        poller = zmq.Poller()
        poller.register(self._router, zmq.POLLIN)
        poller.register(self._bell, zmq.POLLIN)
        busy = False
        while not self._over:
            poller.poll(0 if busy else self._patience())
            with suppress(BlockingIOError):
                while self._bell.recv(4096):
                    pass
            if self._feed.failure is not None:
                raise self._feed.failure
            self._take_messages()
            self._look_at_rights()
            self._start_replays()
            busy = self._send_round()
            self._look_at_clock()

    def close(self) -> None:
        """After run() has ended."""
        for _, replay in self._replays:
            replay.end()
        self._feed.end_following()
        if self._guard is not None:
            self._guard.close()
        self._notes.tell(finally_=True)
        self._router.close(linger=0)
        self._context.term()
        self._bell.close()
        self._ring.close()

    def _patience(self) -> int:
        if any(stream.blocked_since for stream in self._streams.values()):
            return BLOCKED_MS
        return QUEUE_MS if self._queue else TURN_MS

    # -------------------------------------------------------------------------------------------- requests

    def _take_messages(self) -> None:
        for _ in range(MESSAGES_A_ROUND):
            try:
                routing, *frames = self._router.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            user = 0 if self._guard is None or not frames else self._guard.user(frames[-1])
            for request in requests_of([frame.bytes for frame in frames]):
                self._take(routing.bytes, user, request)

    def _take(self, routing: bytes, user: int, request: Request) -> None:
        """One request of one connection."""
        stream = self._streams.get(routing)
        if isinstance(request, LogonRequest):
            self._log_on(routing, user, request)
        elif isinstance(request, Unreadable):
            self._refuse(routing, stream, request.reason)
        elif stream is None:
            self._refuse(routing, None, Reason.NOT_LOGGED_ON)
        elif isinstance(request, StreamRequest):
            if stream.streams:
                stream.end(Reason.NONE)
            self._begin(stream, request.after)
        elif isinstance(request, LogoutRequest):
            self._forget(stream)
        elif isinstance(request, AliveRequest) and request.wanted:
            stream.said_at = -HEARTBEAT_SECONDS
        if stream is not None and stream.unread > self.bounds.unread:
            self._notes.say("slow", repr(stream.name), f"session {stream.name!r} asks on and reads nothing: its "
                            "connection is forgotten", level=logs.WARNING, session=stream.name)
            self._forget(stream)

    def _refuse(self, routing: bytes, stream: Stream | None, reason: Reason) -> None:
        """Why not. Of a connection that is logged on the stream goes on."""
        if stream is not None:
            stream.say_ended(reason)
            stream.stop()
            return
        with suppress(zmq.ZMQError):    # a stranger that is gone or does not read has nothing to lose
            self._router.send_multipart([routing, refusal(reason)], zmq.NOBLOCK)

    def _log_on(self, routing: bytes, user: int, request: LogonRequest) -> None:
        old = self._streams.get(routing)
        if old is not None:
            self._forget(old)
        name = request.name or self._directory.by_id.get(request.session, "")
        reason = self._logon_reason(routing, user, name, request.session)
        if reason != Reason.NONE:
            # Names that nobody has are no keys: whoever makes them up has as many as there are lines.
            key = f"{reason.name} of {name!r}" if name in self._directory.names else reason.name
            self._notes.say("refused", key, f"session {name!r} may not log on: {reason.name}", level=logs.WARNING,
                            session=name, reason=reason.name)
            self._refuse(routing, None, reason)
            return
        stream = Stream(routing, name, self._directory.seats[name], user)
        self._streams[routing] = stream
        stream.waiting.append(Part(Kind.LOGGED_ON, end=self._feed.end, oldest=self._oldest_point() or 0))
        stream.add_definitions(self._directory.definitions)
        self._notes.say("logged_on", repr(name), f"session {name!r} logged on", session=name,
                        whole_venue=stream.seat.participant == 0)

    def _logon_reason(self, routing: bytes, user: int, name: str, session: int) -> Reason:
        """Why this session may not log on from there, or NONE."""
        if len(routing) != ROUTING_ID_BYTES or routing[0]:
            return Reason.NOT_AUTHORIZED            # a routing id of the client's own choice
        if not self._by_connection.take(routing):
            return Reason.THROTTLED
        if name not in self._directory.names or session and self._directory.by_id.get(session) != name:
            return Reason.UNKNOWN_SESSION
        reason = self._seat_reason(user, name)
        if reason == Reason.NONE:
            mine = sum(stream.name == name for stream in self._streams.values())
            if len(self._streams) >= self.bounds.connections or mine >= self.bounds.connections_a_session:
                return Reason.THROTTLED
            if not self._by_session.take(name):     # last: who may not sit there takes nothing from those who may
                return Reason.THROTTLED
        return reason

    def _seat_reason(self, user: int, name: str) -> Reason:
        """Why this key (0: none was asked for) may not see what this session may, or NONE."""
        if name in self._directory.disabled:
            return Reason.SESSION_DISABLED
        if name not in self._directory.seats:
            return Reason.NOT_AUTHORIZED
        return Reason.NONE if self._guard is None else self._guard.reason(user, self._directory.seats[name])

    def _look_at_rights(self) -> None:
        """Sessions were defined, or keys: who may no longer see what it sees gets no more of it."""
        changes = 0 if self._guard is None else self._guard.changes
        if self._directory is self._feed.directory and self._changes == changes:
            return
        self._directory, self._changes = self._feed.directory, changes
        for stream in list(self._streams.values()):
            seat: Seat | None = self._directory.seats.get(stream.name)
            reason = self._seat_reason(stream.user, stream.name)
            if reason != Reason.NONE or seat != stream.seat:
                stream.end(reason if reason != Reason.NONE else Reason.NOT_AUTHORIZED)
                self._try(stream)
                self._forget(stream)

    # --------------------------------------------------------------------------------------------- streams

    def _begin(self, stream: Stream, after: Point) -> None:
        """From memory where it has that, else by a replay."""
        after = min(after, self._feed.end)
        stream.waiting.append(Part(Kind.EVENTS, end=after, time=self._feed.time))      # tells where it begins
        cursor = self._feed.find(after)
        if cursor is not None:
            stream.begin(after, cursor, None)
        else:
            stream.begin(after, None, None)
            self._replay(stream)

    def _replay(self, stream: Stream) -> None:
        """From the log, behind what the stream has looked through, when it is its turn; or why not."""
        stream.stop()
        oldest = self._oldest_point()
        wanted = stream.seen.sequence if stream.seen >= Point(stream.seen.sequence) else stream.seen.sequence - 1
        if oldest is None or wanted < oldest:
            stream.end(Reason.RESEND_UNAVAILABLE, oldest or 0)
        else:
            stream.queued = True
            if stream not in self._queue:       # one that asks again keeps its place, and has one
                self._queue.append(stream)

    def _start_replays(self) -> None:
        """In the order in which they were asked for, one a session."""
        if not self._queue:
            return
        self._replays = [(name, replay) for name, replay in self._replays if replay.is_alive()]
        busy = {name for name, _ in self._replays}
        left: deque[Stream] = deque()
        for stream in self._queue:
            if not stream.queued:
                continue            # it asked for something else, or has gone
            if len(self._replays) >= self.bounds.replays or stream.name in busy:
                left.append(stream)
                continue
            stream.queued = False
            stream.replay = Replay(self._folder, stream.seen, self.wake)
            stream.replay.start()
            self._replays.append((stream.name, stream.replay))
            busy.add(stream.name)
        self._queue = left

    def _oldest_point(self) -> int | None:
        """The oldest command behind which a stream can begin; None: there is none just now."""
        since, oldest = self._oldest
        if monotonic() - since >= OLDEST_SECONDS:
            try:
                oldest = oldest_state(self._folder)
            except UserError as error:
                LOG.say("failed", str(error), level=logs.ERROR)
                oldest = None
            self._oldest = (monotonic(), oldest)
        return oldest

    def _send_round(self) -> bool:
        """A few frames of each stream; whether any has more that could go now."""
        more = False
        for stream in list(self._streams.values()):
            more |= self._turn(stream)
        return more

    def _turn(self, stream: Stream) -> bool:
        """A stream's turn: bounded, whatever it has to look through. Whether it could go on at once."""
        blocks = 0
        for _ in range(FRAMES_A_TURN):
            while not stream.waiting:
                if not stream.fill(self._feed, self._replay):
                    return False
                blocks += 1
                if blocks == BLOCKS_A_TURN:
                    return True
            if not self._try(stream):
                return False
        return True

    def _try(self, stream: Stream) -> bool:
        """Send the next frame; whether it went. One whose peer is gone is forgotten."""
        if not stream.waiting:
            return False
        part = stream.waiting[0]
        try:
            frame = stream.header(part, self._feed).encode() + part.body
            self._router.send_multipart([stream.routing, frame], zmq.NOBLOCK)
        except zmq.Again:
            stream.blocked_since = stream.blocked_since or monotonic()
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._forget(stream)
            stream.waiting.clear()
            return False
        stream.waiting.popleft()
        stream.went(part)
        return True

    def _look_at_clock(self) -> None:
        """Heartbeats, the end of streams whose sockets take nothing, lines that are due."""
        now = monotonic()
        self._notes.tell()
        for stream in list(self._streams.values()):
            if stream.blocked_since and now - stream.blocked_since > self.bounds.slow_seconds:
                if stream.streams:
                    self._notes.say("slow", repr(stream.name), f"session {stream.name!r} has read nothing for "
                                    f"{self.bounds.slow_seconds:g} s: its stream is ended", level=logs.WARNING,
                                    session=stream.name)
                    stream.end(Reason.THROTTLED)
                elif now - stream.blocked_since > GIVEN_UP * self.bounds.slow_seconds:
                    self._forget(stream)
            elif not stream.waiting and now - stream.said_at >= HEARTBEAT_SECONDS:
                stream.waiting.append(Part(Kind.EVENTS, end=max(stream.seen, stream.sent), time=self._feed.time))
                self._try(stream)

    def _forget(self, stream: Stream) -> None:
        stream.stop()
        if self._streams.get(stream.routing) is stream:
            del self._streams[stream.routing]


@cache
def refusal(reason: Reason) -> bytes:
    """What a connection that is not logged on is told, and if it asks ten thousand times a second."""
    return Header(Kind.ENDED, 0, START, START, reason=reason).encode()
