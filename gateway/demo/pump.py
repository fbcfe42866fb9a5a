"""Pump: many records through one Client, a bounded number of messages in flight, each message's round trip measured.

A message is acknowledged when a report names its last ClOrdID or a later one: a session's commands are worked off in
order, and no report names a ClOrdID that has not been worked off.
"""

from collections import deque
from time import perf_counter_ns

import numpy as np

from pricetime.gateway.client import Client, NoAnswer
from pricetime.gateway.layout import record_starts

WINDOW_MESSAGES = 16
MESSAGE_RECORDS = 64
TIMEOUT_MS = 10_000


class Pump:
    """Plays COMMAND arrays through `client`. `round_trips`: nanoseconds from sending a message to its
    acknowledgement."""

    def __init__(
        self,
        client: Client,
        *,
        window_messages: int = WINDOW_MESSAGES,
        message_records: int = MESSAGE_RECORDS,
        timeout_ms: int = TIMEOUT_MS,
    ) -> None:
        self.client = client
        self.window_messages = window_messages
        self.message_records = message_records
        self.timeout_ms = timeout_ms
        self.round_trips: list[int] = []
        self.acknowledged = client.mark  # highest ClOrdID that a report has named
        self._flight: deque[tuple[int, int]] = deque()  # last ClOrdID and time of each message on its way

    def play(self, lines: np.ndarray) -> None:
        """Send whole records in order; returns when all are acknowledged. NoAnswer where that takes too long."""
        starts = record_starts(lines)
        for first in range(0, len(starts), self.message_records):
            last = first + self.message_records
            end = starts[last] if last < len(starts) else len(lines)
            while len(self._flight) >= self.window_messages:
                self._settle()
            final = starts[min(last, len(starts)) - 1]
            self._flight.append((int(lines["cl_ord_id"][final]), perf_counter_ns()))
            self.client.send(lines[starts[first] : end])
        while self._flight:
            self._settle()

    def _settle(self) -> None:
        """Take one message of reports and settle what it acknowledges."""
        events = self.client.receive(self.timeout_ms)
        if events is None:
            raise NoAnswer(
                f"{self.client.endpoint}: no report for {self.timeout_ms} ms; ClOrdID {self._flight[0][0]} is open"
            )
        now = perf_counter_ns()
        if len(events):
            self.acknowledged = max(self.acknowledged, int(events["cl_ord_id"].max()))
        while self._flight and self._flight[0][0] <= self.acknowledged:
            self.round_trips.append(now - self._flight.popleft()[1])
