"""Order entry for Python: one session over one DEALER socket, binary lines out, reports in. Synchronous; one thread.

Owns the numbering of messages, the check that no report is missing, and heartbeats while it waits. It keeps no orders:
what a report says is the caller's. After any SessionEnded or ReportGap: logon() again, and send what is above the mark
that it returns.

    with Client("tcp://127.0.0.1:7001", "alice") as client:
        order = client.buy("ACME", 10, "100.25")
        for report in client.reports():
            print(report)
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Self, Unpack

import numpy as np
import zmq

from pricetime.gateway import messages as m
from pricetime.gateway.codec import Codec
from pricetime.gateway.field_checks import shown
from pricetime.gateway.layout import record_starts
from pricetime.gateway.order_options import (
    NewOrderOptions,
    Number,
    OrderOptions,
    attributes_of,
    exact,
    ord_type_of,
    whole,
)
from pricetime.matching.errors import UserError
from pricetime.matching.records import COMMAND, EVENT, EVENT_LINE, EVENT_LINES, LINE_BYTES, EventType, Reason

LINES_OF_MESSAGE_MAX = 1024  # docs/protocol.md
DEFINITION_LINES = 3  # no event has so many
SILENT_PERIODS = 3  # of heartbeats, until a venue counts as gone
NO_REPORTS = (
    EventType.HEARTBEAT_ANSWER,
    EventType.TEST_REQUEST_EVENT,
    EventType.LOGON_ANSWER,
    EventType.LOGOUT_ANSWER,
    EventType.REJECT,
    EventType.BUSINESS_MESSAGE_REJECT,
)
ENDED = (Reason.MSG_SEQ_NUM_OUT_OF_TURN, Reason.NOT_LOGGED_ON)


class Refused(UserError):
    """The venue refused a Logon or could not read a message. `reason` is a Reason."""

    def __init__(self, reason: int, what: str) -> None:
        self.reason = Reason(reason)
        super().__init__(f"{what}: {self.reason.name}")


class SessionEnded(Refused):
    """The venue has ended the session: a message was lost, or the client was silent too long. logon() begins anew."""


class ReportGap(UserError):
    """Reports were lost on the way: `expected` is the number that did not come."""

    def __init__(self, expected: int, found: int) -> None:
        self.expected, self.found = expected, found
        super().__init__(f"report {expected} is missing, {found} came: log on again")


class NoAnswer(UserError):
    """The venue did not answer in time."""


@dataclass(frozen=True)
class Logged:
    """The answer to a Logon: the highest ClOrdID that is journaled, the number of the next report, and how many reports
    were given since the number that this client knew as its next one: they are in the venue's log. Where it knew none
    (a new Client without `next_report_number`) all that the session ever had count as known: 0."""

    mark: int
    next_report_number: int
    missed: int = 0


class Client:
    """One session at a venue. It logs on when it is made (or at logon(), with connect=False).

    endpoint: of the venue. session: name. full_reports: both lines of each event: reports are EVENT, not EVENT_LINE
    (what is no report has zeros in the second line). timeout_ms: how long an answer may take. heartbeat_ms: after so
    long without a message a heartbeat goes out while the client waits, and NoAnswer is raised where the venue has
    answered none of three; a client that neither sends nor waits must call heartbeat() itself. next_report_number: what
    the attribute of that name was when the session's last client ended, for a program that was started anew: then
    `logged.missed` counts from there (1: from the session's first report).

    logged: the answer to the last Logon. next_report_number: of the report that is due next.
    """

    def __init__(
        self,
        endpoint: str,
        session: str,
        *,
        full_reports: bool = False,
        timeout_ms: int = 5_000,
        heartbeat_ms: int = 5_000,
        next_report_number: int = 0,
        connect: bool = True,
    ) -> None:
        if not isinstance(session, str):
            raise UserError(f"session: found {shown(session)}, expected its name")
        self.endpoint, self.session, self.full_reports = endpoint, session, full_reports
        self.timeout_ms, self.heartbeat_ms = timeout_ms, heartbeat_ms
        self.mark = 0
        self.next_report_number = whole(next_report_number, "next_report_number", 0)
        self.logged = Logged(0, 0)
        self._codec = Codec()
        self._codec.directory.take_session(0, session, 0)  # the venue stamps the session's id
        self._message_number = 0
        self._events: deque[np.ndarray] = deque()
        self._answers: deque[np.void] = deque()
        self._sent_at = self._heard_at = monotonic()
        self._context = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        if connect:
            try:
                self.logon()
            except BaseException:
                self.close()
                raise

    # -------------------------------------------------------------------------------------------- session

    def logon(self) -> Logged:
        """Begin anew on a new connection: message number 1. Refused, NoAnswer."""
        self._connect()
        self._events.clear()
        self._answers.clear()
        self._heard_at = monotonic()
        had, self.next_report_number = self.next_report_number, 0
        self._message_number = 0
        self._send(
            m.Logon(session_name=self.session, full_reports=self.full_reports, heart_bt_int=self.heartbeat_ms)
        )
        answer = self._answer(EventType.LOGON_ANSWER)
        self.mark, number = int(answer["cl_ord_id"]), int(answer["order_id"])
        self.next_report_number = number
        self.logged = Logged(self.mark, number, max(0, number - had) if had else 0)
        self._codec.directory.instruments.by_id.clear()
        self._codec.directory.instruments.by_name.clear()
        self.load_instruments()
        return self.logged

    @property
    def codec(self) -> Codec:
        """Has the names and scales of the instruments that the venue told of: codec.events() takes full reports."""
        return self._codec

    def load_instruments(self) -> None:
        """Ask for the instruments that came since: their names and scales."""
        table = self._codec.directory.instruments
        before = -1
        while len(table.by_id) != before:
            before = len(table.by_id)
            request = self._codec.encode(m.SecurityListRequest(session=self.session)).copy()
            request["instrument"] = before + 1
            self.send(
                np.concatenate(
                    [request, self._codec.encode(m.TestRequest(session=self.session, test_req_id=before + 1))]
                )
            )
            self._answer(EventType.HEARTBEAT_ANSWER)

    def load_parties(self) -> None:
        """Ask for the names of all participants and sessions, so that commands may name them. Refused without the
        right Operate, Risk or DropCopy."""
        directory, before, known = self._codec.directory, -1, 0
        while known != before:
            before = known
            request = self._codec.encode(m.PartyListRequest(session=self.session)).copy()
            request["target"] = known       # how many of the list are here
            question = m.TestRequest(session=self.session, test_req_id=known + 1)
            self.send(np.concatenate([request, self._codec.encode(question)]))
            self._answer(EventType.HEARTBEAT_ANSWER)
            known = sum(id != 0 for table in (directory.participants, directory.sessions) for id in table.by_id)
        if not known:       # this session at least is in the list
            raise Refused(Reason.NOT_AUTHORIZED, "the venue does not tell this session who its participants are")
        directory.sessions.by_id.pop(0, None)       # its own, as long as nobody knew its id

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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
        except (zmq.ZMQError, TypeError) as error:
            why = error.strerror if isinstance(error, zmq.ZMQError) else "not text"
            raise UserError(
                f"cannot connect to {self.endpoint}: {why}; expected tcp://HOST:PORT or ipc://PATH"
            ) from None

    # --------------------------------------------------------------------------------------------- orders

    def buy(
        self, symbol: str, quantity: Number, price: Number | None = None, **options: Unpack[NewOrderOptions]
    ) -> int:
        """A Buy: Limit at `price`, Market without one; with stop_price StopLimit and Stop. Its ClOrdID.

        options: NewOrderOptions of order_options.py."""
        return self._order("Buy", symbol, quantity, price, options)

    def sell(
        self, symbol: str, quantity: Number, price: Number | None = None, **options: Unpack[NewOrderOptions]
    ) -> int:
        """A Sell; as buy()."""
        return self._order("Sell", symbol, quantity, price, options)

    def cancel(self, symbol: str, orig_cl_ord_id: int | None = None, *, order_id: int | None = None) -> int:
        """Cancel an order of this session by its newest ClOrdID, or any of the participant's by OrderID.

        Returns the cancel's ClOrdID."""
        number = self._next_cl_ord_id(None)
        self._send(
            m.OrderCancelRequest(
                session=self.session, cl_ord_id=number, symbol=symbol, orig_cl_ord_id=orig_cl_ord_id, order_id=order_id
            )
        )
        return number

    def replace(
        self,
        symbol: str,
        orig_cl_ord_id: int | None = None,
        quantity: Number | None = None,
        price: Number | None = None,
        *,
        order_id: int | None = None,
        **options: Unpack[OrderOptions],
    ) -> int:
        """Change an order; quantity is the new total, filled part included. Its new ClOrdID.

        What is not given stays as it is. options: OrderOptions of order_options.py."""
        number = self._next_cl_ord_id(options.pop("cl_ord_id", None))
        self._send(
            m.OrderCancelReplaceRequest(
                session=self.session,
                cl_ord_id=number,
                symbol=symbol,
                orig_cl_ord_id=orig_cl_ord_id,
                order_id=order_id,
                order_qty=exact(quantity, "quantity"),
                price=exact(price, "price"),
                **attributes_of({**options}, OrderOptions, "OrderCancelReplaceRequest"),
            )
        )
        return number

    def mass_cancel(self, symbol: str | None = None, side: m.Side | None = None, *, session_id: int = 0) -> int:
        """Cancel all orders of this session's participant: of one instrument, side or session only, where given.

        Names of sessions are not on the wire: session_id is a SessionID of the log.
        A CANCELED for each of them goes to its owner, then ORDER_MASS_CANCEL_REPORT with their number (last_qty) comes
        here. The command's ClOrdID."""
        target = whole(session_id, "session_id", 0, "a SessionID of the log: names of sessions are not on the wire")
        number = self._next_cl_ord_id(None)
        message = m.OrderMassCancelRequest(session=self.session, cl_ord_id=number, symbol=symbol, side=side)
        lines = self._encoded(message).copy()
        lines["target"][0] = target
        self.send(lines)
        return number

    def kill_switch(self, participant_id: int, on: bool = True) -> int:
        """Block a participant and cancel all its orders, or lift the block; it takes the right Risk or Operate.

        Names of participants are not on the wire: the id is its PartyID in the log. The command's ClOrdID."""
        whole(participant_id, "participant_id", 1, "a PartyID of the log: names of participants are not on the wire")
        number, name = self._next_cl_ord_id(None), str(participant_id)
        self._codec.directory.take_participant(participant_id, name)
        self._send(m.KillSwitch(session=self.session, cl_ord_id=number, participant=name, on=on))
        return number

    def set_phase(self, symbol: str, phase: m.Phase) -> int:
        """Change the phase of an instrument; the session needs the right to operate. The command's ClOrdID."""
        number = self._next_cl_ord_id(None)
        self._send(m.TradingSessionStatus(session=self.session, cl_ord_id=number, symbol=symbol, phase=phase))
        return number

    def _order(
        self, side: m.Side, symbol: str, quantity: Number, price: Number | None, options: NewOrderOptions
    ) -> int:
        number = self._next_cl_ord_id(options.pop("cl_ord_id", None))
        left_over_as_limit = options.pop("left_over_as_limit", False)
        if not isinstance(left_over_as_limit, bool):
            raise UserError(f"left_over_as_limit: found {shown(left_over_as_limit)}, expected True or False")
        self._send(
            m.NewOrderSingle(
                session=self.session,
                cl_ord_id=number,
                symbol=symbol,
                side=side,
                ord_type=ord_type_of(price, options.get("stop_price"), left_over_as_limit),
                price=exact(price, "price"),
                order_qty=exact(quantity, "quantity"),
                **attributes_of({**options}, NewOrderOptions, "NewOrderSingle"),
            )
        )
        return number

    def _next_cl_ord_id(self, wanted: int | None) -> int:
        return self.mark + 1 if wanted is None else wanted

    def _send(self, message: m.Command) -> None:
        self.send(self._encoded(message))

    def _encoded(self, message: m.Command) -> np.ndarray:
        return self._codec.encode(message)

    def send(self, lines: np.ndarray) -> None:
        """Send whole records (COMMAND lines, at most 1,024) as one message, numbered, in a copy."""
        if self._socket is None:
            raise UserError("the client is closed")
        if not isinstance(lines, np.ndarray) or lines.dtype != COMMAND or not 1 <= len(lines) <= LINES_OF_MESSAGE_MAX:
            raise UserError(f"lines: found {shown(lines)}, expected 1 to {LINES_OF_MESSAGE_MAX} COMMAND lines")
        lines = lines.copy()
        starts = record_starts(lines)
        lines["sequence"][starts] = np.arange(self._message_number + 1, self._message_number + 1 + len(starts))
        self._message_number += len(starts)
        self.mark = max(self.mark, int(lines["cl_ord_id"][starts].max()))
        self._sent_at = monotonic()
        try:
            self._socket.send(lines.tobytes())
        except zmq.Again:
            raise NoAnswer(f"{self.endpoint} took no message for {self.timeout_ms} ms: is the venue running?") from None

    # -------------------------------------------------------------------------------------------- reports

    def reports(self, timeout_ms: int | None = None) -> Iterator[np.void]:
        """Each event that comes, as EVENT_LINE (or EVENT) rows, until none has come for timeout_ms (None: the
        client's).

        SessionEnded, Refused (a message was not readable), ReportGap. Sends heartbeats while it waits.
        """
        while (block := self.receive(timeout_ms)) is not None:
            yield from block

    def receive(self, timeout_ms: int | None = None) -> np.ndarray | None:
        """The next reports that come together, as an array of EVENT_LINE (with full_reports EVENT); None where
        none came in time.

        Raises what reports() raises; what came before is still there for the next call.
        """
        if self._events or self._receive(self.timeout_ms if timeout_ms is None else timeout_ms):
            return self._events.popleft()
        return None

    def _receive(self, timeout_ms: float) -> bool:
        """Wait for something new; whether an event is there. Answers to the client itself are put aside."""
        deadline = monotonic() + timeout_ms / 1000
        period = self.heartbeat_ms / 1000
        while not self._events:
            now = monotonic()
            if now - self._sent_at > period:
                self.heartbeat()
            if self._socket is None or not self._socket.poll(int(max(0, min(deadline - now, period / 2) * 1000))):
                self._check_alive()
                if monotonic() >= deadline:
                    return False
                continue
            self._heard_at = monotonic()
            self._take(self._socket.recv())
        return True

    def _check_alive(self) -> None:
        """A venue answers heartbeats: one that says nothing for three of their periods is not there."""
        silence = monotonic() - self._heard_at
        if silence > SILENT_PERIODS * self.heartbeat_ms / 1000:
            raise NoAnswer(
                f"{self.endpoint} has said nothing for {silence:.0f} s, heartbeats included: is the venue running?"
            )

    def _take(self, payload: bytes) -> None:
        """Sort one message from the venue: events, answers, definitions. What comes together stays together."""
        lines = np.frombuffer(payload, EVENT_LINE)
        starts = record_starts(lines)
        counts = lines["shape"][starts] & 0xF
        for start in starts[counts >= DEFINITION_LINES]:
            self._codec.follow(payload[start * LINE_BYTES : (start + int(lines["shape"][start] & 0xF)) * LINE_BYTES])
        events = (whole_events if self.full_reports else first_lines)(lines, starts[counts < DEFINITION_LINES])
        special = np.flatnonzero(np.isin(events["type"], NO_REPORTS))
        before = 0
        for place in special:
            self._take_reports(events[before:place])
            self._take_answer(events[place : place + 1])
            before = int(place) + 1
        self._take_reports(events[before:])

    def _take_reports(self, events: np.ndarray) -> None:
        """Reports come without gaps. What comes before the answer to a Logon is the old connection's end."""
        if not len(events):
            return
        numbers = events["report_number"][events["report_number"] != 0]
        if self.next_report_number and len(numbers):
            expected = np.arange(self.next_report_number, self.next_report_number + len(numbers), dtype=numbers.dtype)
            wrong = np.flatnonzero(numbers != expected)
            if len(wrong):
                raise ReportGap(int(expected[wrong[0]]), int(numbers[wrong[0]]))
            self.next_report_number += len(numbers)
        self._events.append(events)

    def _take_answer(self, events: np.ndarray) -> None:
        """One event that may be an answer to the client itself."""
        event = events[0]
        kind, reason = event["type"], event["reason"]
        if kind == EventType.HEARTBEAT_ANSWER:
            if event["order_id"]:
                self._answers.append(event)
        elif kind == EventType.TEST_REQUEST_EVENT:
            self.heartbeat()
        elif kind in (EventType.LOGON_ANSWER, EventType.LOGOUT_ANSWER):
            self._answers.append(event)
        elif kind == EventType.REJECT:
            raise Refused(reason, f"message not readable at byte {event['order_id']}")
        elif reason in ENDED:
            raise SessionEnded(reason, f"session {self.session!r} was ended by the venue")
        elif self.next_report_number == 0:
            raise Refused(reason, f"session {self.session!r} cannot log on")
        else:
            self._take_reports(events)

    def _answer(self, kind: EventType) -> np.void:
        """Wait for an answer to the client itself; reports that come meanwhile are kept."""
        deadline = monotonic() + self.timeout_ms / 1000
        while True:
            while self._answers:
                answer = self._answers.popleft()
                if answer["type"] == kind:
                    return answer
            left = deadline - monotonic()
            if self._socket is None or left <= 0 or not self._socket.poll(int(left * 1000)):
                raise NoAnswer(f"{self.endpoint} did not answer within {self.timeout_ms} ms: is a venue running there?")
            self._take(self._socket.recv())


def first_lines(lines: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The first line of each event."""
    firsts: np.ndarray = lines[starts]
    return firsts


def whole_events(lines: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Both lines of each event as one EVENT; zeros where an answer has but one."""
    events = np.zeros((len(starts), EVENT_LINES), EVENT_LINE)
    events[:, 0] = lines[starts]
    whole = (lines["shape"][starts] & 0xF) == EVENT_LINES
    events[whole, 1] = lines[starts[whole] + 1]
    whole_lines: np.ndarray = events.reshape(-1).view(EVENT)
    return whole_lines
