"""Order entry for Python: one session over one DEALER socket, binary lines out, reports in. Synchronous; one thread.

Owns the numbering of messages, the check that no report is missing, and heartbeats while it waits. It keeps no orders: what a report
says is the caller's. After any SessionEnded or ReportGap: logon() again, and send what is above the mark that it returns.

    with Client("tcp://127.0.0.1:7001", "alice") as client:
        order = client.buy("ACME", 10, "100.25")
        for report in client.reports():
            print(report)
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from time import monotonic
from types import TracebackType
from typing import Any, Self

import numpy as np
import zmq

from pricetime.gateway import messages as m
from pricetime.gateway.codec import Codec
from pricetime.matching.errors import UserError
from pricetime.matching.records import EVENT_LINE, LINE_BYTES, EventType, Reason

Number = Decimal | int | str
DEFINITION_LINES = 3                # no event has so many
SHAPE = EVENT_LINE.fields["shape"][1]
ENDED = (Reason.MSG_SEQ_NUM_OUT_OF_TURN, Reason.NOT_LOGGED_ON)


class Refused(UserError):
    """The venue refused a Logon or could not read a message. `reason` is a Reason."""

    def __init__(self, reason: int, what: str) -> None:
        self.reason = Reason(reason)
        super().__init__(f"{what}: {self.reason.name}")


class SessionEnded(Refused):
    """The venue has ended the session: a message was lost or the client was silent for too long. logon() begins anew."""


class ReportGap(UserError):
    """Reports were lost on the way: `expected` is the number that did not come."""

    def __init__(self, expected: int, found: int) -> None:
        self.expected, self.found = expected, found
        super().__init__(f"report {expected} is missing, {found} came: log on again")


class NoAnswer(UserError):
    """The venue did not answer in time."""


@dataclass(frozen=True)
class Logged:
    """The answer to a Logon: the highest ClOrdID that is journaled, and the number of the next report."""

    mark: int
    next_report_number: int


class Client:
    """One session at a venue. It logs on when it is made (or at logon(), with connect=False).

    endpoint: of the venue. session: name. full_reports: both lines of each event (reports() still yields first lines; see `lines`).
    timeout_ms: how long an answer may take. heartbeat_ms: after so long without sending a heartbeat goes out while it waits; a client that
    neither sends nor waits must call heartbeat() itself.
    """

    def __init__(
        self, endpoint: str, session: str, *, full_reports: bool = False, timeout_ms: int = 5_000, heartbeat_ms: int = 5_000,
        connect: bool = True,
    ) -> None:  # fmt: skip
        self.endpoint, self.session, self.full_reports = endpoint, session, full_reports
        self.timeout_ms, self.heartbeat_ms = timeout_ms, heartbeat_ms
        self.mark = 0
        self.next_report_number = 0
        self._codec = Codec()
        self._codec.directory.take_session(0, session, 0)  # the venue stamps the session's id
        self._message_number = 0
        self._events: deque[Any] = deque()
        self._answers: deque[Any] = deque()
        self._sent_at = monotonic()
        self._context = zmq.Context()
        self._socket: zmq.Socket | None = None
        if connect:
            try:
                self.logon()
            except BaseException:
                self.close()
                raise

    # -------------------------------------------------------------------------------------------- session

    def logon(self) -> Logged:
        """Begin anew on a new connection: message number 1. The mark says which ClOrdIDs are journaled. Refused, NoAnswer."""
        self._connect()
        self._events.clear()
        self._answers.clear()
        self._message_number = self.next_report_number = 0
        self._send(m.Logon(session_name=self.session, full_reports=self.full_reports))
        answer = self._answer(EventType.LOGON_ANSWER)
        self.mark, self.next_report_number = int(answer["cl_ord_id"]), int(answer["order_id"])
        self._codec.directory.instruments.by_id.clear()
        self._codec.directory.instruments.by_name.clear()
        self.load_instruments()
        return Logged(self.mark, self.next_report_number)

    def load_instruments(self) -> None:
        """Ask for the instruments that came since: their names and scales."""
        table = self._codec.directory.instruments
        before = -1
        while len(table.by_id) != before:
            before = len(table.by_id)
            request = self._codec.encode(m.SecurityListRequest(session=self.session)).copy()
            request["instrument"] = before + 1
            self.send(np.concatenate([request, self._codec.encode(m.TestRequest(session=self.session, test_req_id=before + 1))]))
            self._answer(EventType.HEARTBEAT_ANSWER)

    def logout(self) -> None:
        """End the session at the venue."""
        self._send(m.Logout(session=self.session))
        self._answer(EventType.LOGOUT_ANSWER)

    def heartbeat(self) -> None:
        """Say that this client is still there."""
        self._send(m.Heartbeat(session=self.session))

    def close(self) -> None:
        """Close the socket without a Logout: the venue notices by itself."""
        if self._socket is not None:
            self._socket.close(linger=100)
            self._socket = None
        self._context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self.logout()
        finally:
            self.close()

    def _connect(self) -> None:
        if self._socket is not None:
            self._socket.close(linger=0)
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.SNDTIMEO, self.timeout_ms)
        self._socket.setsockopt(zmq.RCVHWM, 0)
        try:
            self._socket.connect(self.endpoint)
        except zmq.ZMQError as error:
            raise UserError(f"cannot connect to {self.endpoint}: {zmq.strerror(error.errno)}; expected tcp://HOST:PORT or ipc://PATH") from None

    # --------------------------------------------------------------------------------------------- orders

    def buy(self, symbol: str, quantity: Number, price: Number | None = None, **options: Any) -> int:
        """A Buy: Limit at `price`, Market without one. Its ClOrdID. options: time_in_force, exec_inst="PostOnly", cl_ord_id, ..."""
        return self._order("Buy", symbol, quantity, price, options)

    def sell(self, symbol: str, quantity: Number, price: Number | None = None, **options: Any) -> int:
        """A Sell; as buy()."""
        return self._order("Sell", symbol, quantity, price, options)

    def cancel(self, symbol: str, orig_cl_ord_id: int | None = None, *, order_id: int | None = None) -> int:
        """Cancel an order of this session by its newest ClOrdID, or one of the participant's by OrderID. The cancel's ClOrdID."""
        number = self._next_cl_ord_id(None)
        self._send(m.OrderCancelRequest(session=self.session, cl_ord_id=number, symbol=symbol, orig_cl_ord_id=orig_cl_ord_id, order_id=order_id))
        return number

    def replace(
        self, symbol: str, orig_cl_ord_id: int | None = None, quantity: Number | None = None, price: Number | None = None,
        *, order_id: int | None = None, **options: Any,
    ) -> int:  # fmt: skip
        """Change an order; quantity is the new total, filled part included. What is not given stays. Its new ClOrdID."""
        number = self._next_cl_ord_id(options.pop("cl_ord_id", None))
        self._send(m.OrderCancelReplaceRequest(
            session=self.session, cl_ord_id=number, symbol=symbol, orig_cl_ord_id=orig_cl_ord_id, order_id=order_id,
            order_qty=exact(quantity, "quantity"), price=exact(price, "price"), **options,
        ))  # fmt: skip
        return number

    def _order(self, side: m.Side, symbol: str, quantity: Number, price: Number | None, options: dict[str, Any]) -> int:
        number = self._next_cl_ord_id(options.pop("cl_ord_id", None))
        self._send(m.NewOrderSingle(
            session=self.session, cl_ord_id=number, symbol=symbol, side=side, ord_type="Market" if price is None else "Limit",
            price=exact(price, "price"), order_qty=exact(quantity, "quantity"), **options,
        ))  # fmt: skip
        return number

    def _next_cl_ord_id(self, wanted: int | None) -> int:
        return self.mark + 1 if wanted is None else wanted

    def _send(self, message: m.Command) -> None:
        self.send(self._codec.encode(message))

    def send(self, lines: np.ndarray) -> None:
        """Send whole records (COMMAND lines, at most 1,024) as one message. Their message numbers are filled in, in a copy."""
        if self._socket is None:
            raise UserError("the client is closed")
        lines = lines.copy()
        start = 0
        while start < len(lines):
            self._message_number += 1
            lines[start]["sequence"] = self._message_number
            self.mark = max(self.mark, int(lines[start]["cl_ord_id"]))
            start += int(lines[start]["shape"] & 0xF)
        self._sent_at = monotonic()
        try:
            self._socket.send(lines.tobytes())
        except zmq.Again:
            raise NoAnswer(f"{self.endpoint} took no message for {self.timeout_ms} ms: is the venue running?") from None

    # -------------------------------------------------------------------------------------------- reports

    def reports(self, timeout_ms: int | None = None) -> Iterator[np.void]:
        """Each event that comes, as EVENT_LINE rows (copies), until none has come for timeout_ms (None: the client's).

        SessionEnded, Refused (a message was not readable), ReportGap. Sends heartbeats while it waits.
        """
        wait = self.timeout_ms if timeout_ms is None else timeout_ms
        while self._events or self._receive(wait):
            while self._events:
                yield self._events.popleft()

    def _receive(self, timeout_ms: float) -> bool:
        """Wait for something new; whether an event is there. Answers to the client itself are put aside."""
        deadline = monotonic() + timeout_ms / 1000
        while not self._events:
            left = deadline - monotonic()
            if monotonic() - self._sent_at > self.heartbeat_ms / 1000:
                self.heartbeat()
            if self._socket is None or not self._socket.poll(max(0, min(left * 1000, self.heartbeat_ms))):
                if left <= 0:
                    return False
                continue
            self._take(self._socket.recv())
        return True

    def _take(self, payload: bytes) -> None:
        """Sort one message from the venue: events, answers, definitions."""
        start = 0
        while start < len(payload):
            lines = payload[start + SHAPE] & 0xF
            if lines >= DEFINITION_LINES:
                self._codec.follow(payload[start : start + lines * LINE_BYTES])
            else:
                self._take_event(np.frombuffer(payload, EVENT_LINE, 1, start)[0])
            start += max(lines, 1) * LINE_BYTES

    def _take_event(self, event: np.void) -> None:
        kind, reason = event["type"], event["reason"]
        if kind == EventType.HEARTBEAT_ANSWER:
            if event["order_id"]:
                self._answers.append(event)
        elif kind in (EventType.LOGON_ANSWER, EventType.LOGOUT_ANSWER):
            self._answers.append(event)
        elif kind == EventType.REJECT:
            raise Refused(reason, f"message not readable at byte {event['order_id']}")
        elif kind == EventType.BUSINESS_MESSAGE_REJECT and reason in ENDED:
            raise SessionEnded(reason, f"session {self.session!r} was ended by the venue")
        elif kind == EventType.BUSINESS_MESSAGE_REJECT and self.next_report_number == 0:
            raise Refused(reason, f"session {self.session!r} cannot log on")
        else:
            self._check_number(int(event["report_number"]))
            self._events.append(event)

    def _check_number(self, number: int) -> None:
        """Reports come without gaps. What comes before the answer to a Logon ends the connection before, and counts there."""
        if number == 0 or self.next_report_number == 0:
            return
        if number != self.next_report_number:
            raise ReportGap(self.next_report_number, number)
        self.next_report_number += 1

    def _answer(self, kind: EventType) -> np.void:
        """Wait for an answer to the client itself; reports that come meanwhile are kept."""
        deadline = monotonic() + self.timeout_ms / 1000
        while True:
            while self._answers:
                answer = self._answers.popleft()
                if answer["type"] == kind:
                    return answer
            left = deadline - monotonic()
            if self._socket is None or left <= 0 or not self._socket.poll(left * 1000):
                raise NoAnswer(f"{self.endpoint} did not answer within {self.timeout_ms} ms: is a venue running there?")
            self._take(self._socket.recv())


def exact(value: Number | None, field: str) -> Decimal | None:
    """A price or quantity as a Decimal. Never from a float: 0.1 is none."""
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, float):
        raise UserError(f"{field}: found the float {value!r}, expected a string, an int or a Decimal: floats are not exact")
    try:
        return Decimal(value)
    except (ArithmeticError, ValueError, TypeError):
        raise UserError(f"{field}: found {value!r}, expected a decimal number") from None
