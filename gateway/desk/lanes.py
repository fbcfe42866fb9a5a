"""Frames that wait: for a command to be applied, a name to be defined, an answer from the log. Each client has a lane
for each kind, so that what it sent keeps its order and nobody waits for another. Bounded in frames and in bytes."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from pricetime.gateway.desk.frames import Frame

LANE_FRAMES_MAX = 256           # of one client and kind
WAITING_BYTES_MAX = 1 << 26     # of all
WAIT_SECONDS = 5.0              # then a frame is answered from what there is, or refused

Lane = tuple[int, int]          # a client's routing, and a kind of frames


@dataclass
class Queue:
    """What waits in one lane. since: when its first frame became the first."""

    since: float
    frames: deque[Frame] = field(default_factory=deque)


class Lanes:
    """take(frame, late): whether it is done with; late: it has waited long enough. refuse(frame): there is no room."""

    def __init__(self, take: Callable[[Frame, bool], bool], refuse: Callable[[Frame], None]) -> None:
        self._take, self._refuse = take, refuse
        self._queues: dict[Lane, Queue] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._queues)

    def add(self, lane: Lane, frame: Frame, now: float) -> None:
        """Take a frame, behind those of its lane."""
        queue = self._queues.get(lane)
        if queue is None and self._take(frame, False):
            return
        if queue is None:
            queue = self._queues[lane] = Queue(now)
        size = len(frame.payload)
        if len(queue.frames) >= LANE_FRAMES_MAX or self._bytes + size > WAITING_BYTES_MAX:
            self._refuse(frame)
            return
        queue.frames.append(frame)
        self._bytes += size

    def retry(self, now: float) -> None:
        """Take what can be taken by now."""
        for lane, queue in list(self._queues.items()):
            while queue.frames and self._take(queue.frames[0], now - queue.since > WAIT_SECONDS):
                self._bytes -= len(queue.frames.popleft().payload)
                queue.since = now
            if not queue.frames:
                del self._queues[lane]
