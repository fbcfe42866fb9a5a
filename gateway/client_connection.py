"""One connection of a client, from its Logon to its end: message numbers, and heartbeats of both sides with FIX's
meaning. Owns what goes out on it; the session that outlives it is client_session.py's."""

from collections import deque

import numpy as np

from pricetime.gateway.client_errors import NoAnswer
from pricetime.gateway.client_wire import request
from pricetime.gateway.layout import record_starts
from pricetime.matching.records import CommandType

TEST_PERIODS = 1.2      # of heartbeats without a word from the venue: then a TestRequest goes out
SILENT_PERIODS = 2.4    # then the venue counts as gone


class Connection:
    """outgoing: payloads to be sent. period: HeartBtInt in seconds. message_number: the newest that was used."""

    def __init__(self, endpoint: str, period: float, now: float) -> None:
        self.endpoint, self.period = endpoint, period
        self.outgoing: deque[bytes] = deque()
        self.message_number = self.test_id = 0
        self._sent_at = self._heard_at = now
        self._tested_at: float | None = None

    def transmit(self, lines: np.ndarray, now: float, starts: np.ndarray | None = None) -> None:
        """Number whole records and put them out; in a copy, unless the caller says where they start."""
        if starts is None:
            lines, starts = lines.copy(), record_starts(lines)
        lines["sequence"][starts] = np.arange(self.message_number + 1, self.message_number + 1 + len(starts))
        self.message_number += len(starts)
        self._sent_at = now
        self.outgoing.append(lines.tobytes())

    def heartbeat(self, now: float, answer_to: int = 0) -> None:
        """Say that this client is still there."""
        self.transmit(request(CommandType.HEARTBEAT, target=answer_to), now)

    def test_request(self) -> np.ndarray:
        """A TestRequest of its own: the answer to it has `test_id`."""
        self.test_id += 1
        return request(CommandType.TEST_REQUEST, target=self.test_id)

    def hear(self, now: float) -> None:
        """The venue is there."""
        self._heard_at, self._tested_at = now, None

    def tick(self, now: float) -> NoAnswer | None:
        """A heartbeat or a TestRequest, where one is due; the error, where the venue answers none."""
        if self._tested_at is not None and now - self._tested_at > (SILENT_PERIODS - TEST_PERIODS) * self.period:
            silence = now - self._heard_at
            return NoAnswer(
                f"{self.endpoint} has said nothing for {silence:.1f} s, heartbeats included: is the venue running?"
            )
        if self._tested_at is None and now - self._heard_at > TEST_PERIODS * self.period:
            self._tested_at = now
            self.transmit(self.test_request(), now)
        elif now - self._sent_at >= self.period:
            self.heartbeat(now)
        return None

    def due(self) -> float:
        """When tick() is to be called."""
        if self._tested_at is None:
            return min(self._sent_at, self._heard_at + (TEST_PERIODS - 1) * self.period) + self.period
        return min(self._sent_at + self.period, self._tested_at + (SILENT_PERIODS - TEST_PERIODS) * self.period)
