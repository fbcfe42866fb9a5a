"""Frames that wait: for their turn, a command to be applied, a name to be defined, an answer from the log. Each client
has a lane for each kind, so that what it sent keeps its order, and lanes are served in turn, a frame each: nobody waits
for what another sent. Bounded in frames and in bytes."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from pricetime.gateway.desk.frames import Frame

LANE_FRAMES_MAX = 16_384        # of one client and kind
STRANGER_FRAMES_MAX = 256       # where the client is not logged on
WAITING_BYTES_MAX = 1 << 26     # of all
STRANGERS_BYTES_MAX = 1 << 24   # of those who are not logged on: they take no room from sessions
ALWAYS_BYTES = 4_096            # a first one of this size is always taken: many who flood together keep nobody out
FRAME_BYTES = 384               # of a frame in memory, beside its payload
WAIT_SECONDS = 5.0              # then a frame is answered from what there is, or refused

Lane = tuple[int, int]          # a client's routing, and a kind of frames


@dataclass
class Queue:
    """What waits in one lane, and whether it was a stranger's. since: when the first frame became the first."""

    since: float
    frames: deque[tuple[Frame, bool]] = field(default_factory=deque)


class Lanes:
    """take(frame, late): whether it is done with; late: it has waited long enough. refuse(frame): there is no room."""

    def __init__(self, take: Callable[[Frame, bool], bool], refuse: Callable[[Frame], None],
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._take, self._refuse, self._clock = take, refuse, clock
        self._queues: dict[Lane, Queue] = {}    # in the order of their turns
        self._bytes = {False: 0, True: 0}       # of sessions, of strangers

    def __len__(self) -> int:
        return len(self._queues)

    def add(self, lane: Lane, frame: Frame, now: float, stranger: bool = False) -> None:
        """Take a frame, behind those of its lane. stranger: the client is not logged on, and its lane is short."""
        queue = self._queues.get(lane)
        frames = STRANGER_FRAMES_MAX if stranger else LANE_FRAMES_MAX
        most = STRANGERS_BYTES_MAX if stranger else WAITING_BYTES_MAX
        full = self._bytes[stranger] + size_of(frame) > most
        if queue is not None and len(queue.frames) >= frames or full and (queue or len(frame.payload) > ALWAYS_BYTES):
            self._refuse(frame)
            return
        if queue is None:
            queue = self._queues[lane] = Queue(now)
        queue.frames.append((frame, stranger))
        self._bytes[stranger] += size_of(frame)

    def serve(self, seconds: float) -> bool:
        """Work off what can be by now, for about so long, a frame of each lane in turn; whether anything was."""
        now = self._clock()
        until, some = now + seconds, False
        turns = deque(self._queues)
        while turns and now < until:
            lane = turns.popleft()
            queue = self._queues.pop(lane)      # behind all others, if anything is left in it
            frame, stranger = queue.frames[0]
            done = self._take(frame, now - queue.since > WAIT_SECONDS)
            now = self._clock()
            if done:
                some, queue.since = True, now
                queue.frames.popleft()
                self._bytes[stranger] -= size_of(frame)
            if queue.frames:
                self._queues[lane] = queue
                if done:
                    turns.append(lane)
        return some


def size_of(frame: Frame) -> int:
    """The memory that a frame takes."""
    return len(frame.payload) + FRAME_BYTES
