"""What a client asks a venue and is answered beside the reports: the state of orders, and reports that are missing.

Owns which questions are open and how often something was asked; sends nothing itself."""

from collections.abc import Iterator

import numpy as np

from pricetime.gateway.client_errors import Refused
from pricetime.gateway.client_wire import request
from pricetime.matching.errors import UserError
from pricetime.matching.records import CommandType, EventType

RETRY_S = 0.05              # until what was not sent again is asked for once more, times how often it was
ASKED_AGAIN_MAX = 8         # for the same missing report, until the connection counts as lost


class Request:
    """A question that the venue answers with rows: sent again on a new connection, until it is `done`."""

    def __init__(self, lines: np.ndarray, many: bool) -> None:
        self.lines, self.many = lines, many
        self.rows: list[np.ndarray] = []
        self.done = False
        self.error: UserError | None = None


class Questions:
    """The open ones, by the ClOrdID that each has: one below 0, for commands have all those above."""

    def __init__(self) -> None:
        self._open: dict[int, Request] = {}
        self._number = 0

    def next_number(self) -> int:
        """A ClOrdID that no command has: never journaled, it moves no mark."""
        self._number -= 1
        return self._number

    def new(self, lines: np.ndarray, many: bool) -> Request:
        """A question of one record."""
        lines = lines.copy()
        lines["cl_ord_id"] = number = self.next_number()
        self._open[number] = asked = Request(lines, many)
        return asked

    def forget(self, asked: Request) -> None:
        """Nobody waits for its answer any more."""
        self._open.pop(int(asked.lines["cl_ord_id"][0]), None)

    def again(self) -> Iterator[np.ndarray]:
        """All that are to be sent on a new connection."""
        for asked in self._open.values():
            asked.rows.clear()
            yield asked.lines

    def refused(self, number: int, reason: int) -> bool:
        """The venue refuses one; whether it is one of these."""
        asked = self._open.pop(number, None)
        if asked is not None:
            asked.error, asked.done = Refused(reason, "the request was refused"), True
        return asked is not None

    def take(self, events: np.ndarray) -> np.ndarray | None:
        """ORDER_STATUS, a row, or STATUS_ANSWER, the end of many. What is to be sent once more, as rows were lost."""
        event = events[0]
        number = int(event["cl_ord_id"])
        asked = self._open.get(number)
        if asked is None:
            return None
        if event["type"] == EventType.ORDER_STATUS:
            asked.rows.append(events)
            asked.done = not asked.many
        elif len(asked.rows) != int(event["last_qty"]):
            asked.rows.clear()
            return asked.lines
        else:
            asked.done = True
        if asked.done:
            del self._open[number]
        return None


class Behind:
    """Requests whose answer does not say where it ends: each has a TestRequest behind it, and goes by its number."""

    def __init__(self) -> None:
        self._open: dict[int, int] = {}         # TestRequest by the request's ClOrdID
        self._reasons: dict[int, int] = {}      # by TestRequest

    def begin(self) -> None:
        """A new connection: none is open."""
        self._open.clear()
        self._reasons.clear()

    def new(self, number: int, behind: int) -> int:
        """A request with this ClOrdID."""
        self._open[number] = behind
        return number

    def refused(self, number: int, reason: int) -> bool:
        """The venue refuses one; whether it is one of these."""
        behind = self._open.pop(number, None)
        if behind is not None:
            self._reasons[behind] = reason
        return behind is not None

    def answered(self, behind: int) -> None:
        """The TestRequest is, so the request is done with."""
        self._open = {number: test for number, test in self._open.items() if test != behind}

    def reason(self, behind: int) -> int | None:
        """Why the request was refused, told once; None: it was not."""
        return self._reasons.pop(behind, None)


class Resend:
    """At most one RESEND_REQUEST under way. until: its answer is due by then; None: none is. number: its ClOrdID.
    not_before: of the next one. possible: the venue answers such requests."""

    def __init__(self) -> None:
        self.until: float | None = None
        self.not_before = 0.0
        self.possible = True
        self.number = 0
        self._due = self._times = 0

    def begin(self) -> None:
        """A new connection: nothing is under way."""
        self.until, self._times = None, 0

    def ask(self, due: int, number: int, now: float, timeout: float) -> np.ndarray | None:
        """The request for all reports from `due` on; None: it was asked for too often."""
        if self._due != due:
            self._due, self._times = due, 0
        self._times += 1
        if self._times > ASKED_AGAIN_MAX:
            return None
        self.until, self.not_before, self.number = now + timeout, now, number
        return request(CommandType.RESEND_REQUEST, number, target=due)

    def answered(self, due: int, now: float) -> None:
        """It is answered; what is due now. Where that is what was due before, the next question has time."""
        self.until = None
        if due == self._due:
            self.not_before = now + RETRY_S * self._times

    def refused(self, now: float, pause: float, for_good: bool) -> None:
        """The venue cannot now, or cannot at all. It lives: this was no question in vain."""
        self.until, self.not_before, self._times = None, now + pause, 0
        self.possible = self.possible and not for_good
