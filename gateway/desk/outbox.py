"""Answers on their way to clients: what is long leaves a piece at a time, one client after the other, so that nobody's
keeps the desk from the others. Of one client they leave whole, in their order."""

import time
from collections import deque
from collections.abc import Callable, Iterator

from pricetime.gateway.desk.frames import Frame
from pricetime.gateway.internal import InternalKind


class Outbox:
    """send(frame): to the venue. clock: seconds, from any moment on."""

    def __init__(self, send: Callable[[Frame], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._send, self._clock = send, clock
        self._waiting: dict[int, deque[tuple[Frame, Iterator[bytes]]]] = {}

    def is_busy(self, routing: int) -> bool:
        """Whether an answer to this client has begun and not ended."""
        return routing in self._waiting

    def add(self, frame: Frame, payloads: Iterator[bytes]) -> None:
        """An answer to the client of a frame, with the frame's reason. What is short leaves now."""
        if not self.is_busy(frame.routing):
            if not self._send_next(frame, payloads) or not self._send_next(frame, payloads):
                return
            self._waiting[frame.routing] = deque()
        self._waiting[frame.routing].append((frame, payloads))

    def pump(self, seconds: float) -> bool:
        """Send for so long, or until nothing waits; whether anything does still."""
        until = self._clock() + seconds
        while self._waiting and self._clock() < until:
            for routing, answers in list(self._waiting.items()):
                if not self._send_next(*answers[0]):
                    answers.popleft()
                if not answers:
                    del self._waiting[routing]
        return bool(self._waiting)

    def _send_next(self, frame: Frame, payloads: Iterator[bytes]) -> bool:
        payload = next(payloads, None)
        if payload is not None:
            self._send(frame.answer(InternalKind.DELIVER, payload, frame.reason))
        return payload is not None
