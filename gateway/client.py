"""Order entry for Python: one session over one DEALER socket, binary lines out, reports in. Synchronous; one thread.

Owns the socket and the waiting; what is sent and what an answer means is client_session.py's, the methods that make
orders are client_orders.py's. It keeps no orders: what a report says is the caller's.

    with Client("tcp://127.0.0.1:7001", "alice") as client:
        order = client.buy("ACME", 10, "100.25")
        for report in client.reports():
            print(report)
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self, TypedDict, Unpack

import numpy as np

from pricetime.gateway.client_arguments import flag, milliseconds, seconds, session_name
from pricetime.gateway.client_connection import Connection
from pricetime.gateway.client_errors import (
    NoAnswer,
    Refused,
    ReportGap,
    ResendUnavailable,
    SessionEnded,
    TooManyOutstanding,
    silence,
)
from pricetime.gateway.client_line import Line, load_keys
from pricetime.gateway.client_listing import REFUSED_MAX
from pricetime.gateway.client_orders import OrderEntry
from pricetime.gateway.client_questions import Request
from pricetime.gateway.client_session import ClientSession
from pricetime.gateway.client_state import Logged, Policy, State
from pricetime.gateway.client_wire import check_message, request
from pricetime.gateway.order_options import whole
from pricetime.matching.errors import UserError
from pricetime.matching.records import EVENT, EVENT_LINE, CommandType, Reason

__all__ = [
    "Client", "Logged", "NoAnswer", "Refused", "ReportGap", "ResendUnavailable", "SessionEnded", "TooManyOutstanding",
]  # fmt: skip


class ConnectOptions(TypedDict, total=False):
    """What the constructors of Client and AsyncClient take by name; defaults are Connected's."""

    full_reports: bool
    timeout_ms: int
    heartbeat_ms: int
    next_report_number: int
    reconnect: bool
    reconnect_ms: int
    outstanding_max: int
    key: str | Path | None
    venue_key: str | Path | None


class Connected(OrderEntry):
    """What Client and AsyncClient have in common beside orders: their options, and what can be read."""

    def __init__(
        self,
        endpoint: str,
        session: str,
        *,
        full_reports: bool = False,
        timeout_ms: int = 5_000,
        heartbeat_ms: int = 10_000,
        next_report_number: int = 0,
        reconnect: bool = True,
        reconnect_ms: int = 60_000,
        outstanding_max: int = 65_536,
        key: str | Path | None = None,
        venue_key: str | Path | None = None,
    ) -> None:
        self.endpoint, self.session = endpoint, session_name(session)
        self.full_reports = flag(full_reports, "full_reports")
        self.timeout_ms = milliseconds(timeout_ms, "timeout_ms")
        self.heartbeat_ms = milliseconds(heartbeat_ms, "heartbeat_ms")
        policy = Policy(
            full_reports=full_reports,
            timeout=self.timeout_ms / 1000,
            heartbeat=self.heartbeat_ms / 1000,
            reconnect=flag(reconnect, "reconnect"),
            patience=whole(reconnect_ms, "reconnect_ms", 0) / 1000,
            outstanding_max=whole(outstanding_max, "outstanding_max", 1),
        )
        number = whole(next_report_number, "next_report_number", 0)
        self._core = ClientSession(endpoint, session, policy, number)
        self._line = Line(endpoint, load_keys(key, venue_key), self.timeout_ms, watched=reconnect)

    @property
    def logged(self) -> Logged:
        """The answer to the last Logon."""
        return self._core.logged

    @property
    def mark(self) -> int:
        """The highest ClOrdID that the session has used."""
        return self._core.mark

    @property
    def next_report_number(self) -> int:
        """Of the report that the caller gets next: what a program keeps that is to be started anew. It may be set: to
        go on without reports that no one has any more."""
        for block in self._core.reports:
            numbers = block["report_number"]
            if numbers.any():
                return int(numbers[numbers != 0][0])
        return self._core.order.due

    @next_report_number.setter
    def next_report_number(self, number: int) -> None:
        self._core.order.begin(whole(number, "next_report_number", 1), 0)

    @property
    def outstanding(self) -> int:
        """How many commands wait for their reports. 0 without reconnect: then nobody counts them."""
        return len(self._core.outstanding)

    def _check_begun(self) -> None:
        """Nothing can be asked, and nothing comes, before the first logon()."""
        if not self._line.opened:
            raise UserError("the client is closed" if self._line.closed else "the client is not logged on: logon()")

    def _check_left(self) -> None:
        """After a logout(): what was sent is answered, or the error tells why that is not known."""
        if self._core.final is not None and len(self._core.outstanding):
            raise self._core.final

    def _parties(self) -> int:
        """How many participants and sessions are known by name, beside the one that this client goes by."""
        directory = self.codec.directory
        return sum(id != 0 for table in (directory.participants, directory.sessions) for id in table.by_id)

    def _heard_of(self, asked: tuple[Connection, int]) -> Callable[[], bool]:
        """Whether what was asked is answered, or was lost with its connection."""
        core = self._core
        return lambda: core.tested == asked or core.connection is not asked[0]

    def _take_parties(self, reason: int | None) -> None:
        """The list of names is at its end: refused, or of this session at least."""
        if reason is not None or not self._parties():
            raise Refused(reason or Reason.NOT_AUTHORIZED,
                          "the venue does not tell this session who its participants are")
        self.codec.directory.sessions.by_id.pop(0, None)    # its own, as long as nobody knew its id

    def _ready(self) -> bool:
        """It is logged on, knows the instruments, and did not use up what it may send in this second."""
        core = self._core
        return core.state is State.UP and core.listed and monotonic() >= core.pace.at

    def _up_to_date(self) -> bool:
        """All that was kept has been sent, and no report is known to be missing: a Logout may follow."""
        return self._core.speaks and not self._core.order.missing

    def _open(self) -> None:
        """A new connection, and a Logon on it."""
        self._line.open()
        self._core.begin(monotonic())

    def _open_again(self, now: float) -> None:
        """The same for a connection that was lost: where there is no socket to be had, later."""
        try:
            self._open()
        except UserError as error:
            self._core.begin(now)
            self._core.lost(now, error)

    def _cut(self, now: float) -> None:
        """The connection is gone, where the socket's monitor says so."""
        error = self._line.trouble()
        if isinstance(error, Refused) and not self._core.logged.next_report_number:
            self._core.end(error)
        elif error is not None:
            self._core.lost(now, error)


class Client(Connected):
    """One session at a venue. It logs on when it is made (or at logon(), with connect=False).

    endpoint: of the venue. session: name. full_reports: both lines of each event: reports are EVENT, not EVENT_LINE
    (what is no report has zeros in the second line). timeout_ms: how long an answer may take (a list of instruments
    comes in several). key, venue_key: files of the client's secret and the venue's public key, where the endpoint has
    CURVE. heartbeat_ms: HeartBtInt: after so long without a message each side sends a heartbeat, this one while it
    waits; a client that neither sends nor waits must call heartbeat() itself. next_report_number: what the attribute of
    that name was when the session's last client ended, for a program that was started anew: it gets what came since (1:
    from the session's first report).

    reconnect: after a lost connection it logs on again by itself, asks for the reports that it missed, and sends again
    the commands that the venue did not journal: each counts once, each report comes once and in order. It tries for
    reconnect_ms, and keeps outstanding_max commands. Without: SessionEnded, ReportGap, NoAnswer; then logon(), and send
    what is above the mark that it returns.
    """

    def __init__(
        self, endpoint: str, session: str, *, connect: bool = True, **options: Unpack[ConnectOptions]
    ) -> None:
        super().__init__(endpoint, session, **options)
        if flag(connect, "connect"):
            try:
                self.logon()
            except BaseException:
                self.close()
                raise

    # -------------------------------------------------------------------------------------------- session

    def logon(self) -> Logged:
        """Begin anew on a new connection. Refused, NoAnswer."""
        self._core.restart()
        self._open()
        self._flush()
        self._until(self._ready, listing=True)
        return self.logged

    def load_instruments(self) -> None:
        """Ask for the instruments that came since: their names and scales."""
        self._check_begun()
        self._core.list_instruments(monotonic())
        self._flush()
        self._until(lambda: self._core.listed, listing=True)

    def load_parties(self) -> None:
        """Ask for the names of all participants and sessions, so that commands may name them. Refused without the
        right Operate, Risk or DropCopy."""
        self._check_begun()
        before, tries, reason = -1, 0, None
        while (known := self._parties()) != before:
            before = known
            while (reason := self._ask_parties(known)) == Reason.THROTTLED:
                self._core.pace.refused(monotonic())
                if (tries := tries + 1) > REFUSED_MAX:
                    break
            if reason is not None:
                break
        self._take_parties(reason)

    def _ask_parties(self, known: int) -> int | None:
        """One part of the list, in its turn, and again where the connection was lost with it; why it was refused."""
        core = self._core
        while True:
            self._until(lambda: core.state is State.UP and monotonic() >= core.pace.at, listing=True)
            asked = core.ask_behind(request(CommandType.PARTY_LIST_REQUEST, target=known), monotonic())
            self._flush()
            self._until(self._heard_of(asked))
            if core.tested == asked:
                return core.behind.reason(asked[1])

    def logout(self) -> None:
        """End the session at the venue; what was not sent yet is sent before, and what was missed comes before."""
        self._check_begun()
        if self._core.policy.reconnect:
            if self._core.state is State.ENDED:
                return
            self._until(self._up_to_date, listing=True)
        self._core.logout(monotonic())
        self._flush()
        self._until(lambda: self._core.state is State.ENDED)
        self._check_left()

    def heartbeat(self) -> None:
        """Say that this client is still there."""
        self._check_begun()
        if self._core.state is State.UP or not self._core.policy.reconnect:
            self._core.connection.heartbeat(monotonic())
            self._flush()

    def close(self) -> None:
        """Close the socket without a Logout: the venue notices by itself."""
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._line.opened and not self._line.closed:
                self.logout()
        finally:
            self.close()

    # -------------------------------------------------------------------------------- orders and reports

    def send(self, lines: np.ndarray) -> None:
        """Send whole records (COMMAND lines, at most 1,024) as one message, numbered, in a copy.

        With `reconnect` it waits until there is room for them among the outstanding ones: NoAnswer where none comes."""
        core = self._core
        self._check_begun()
        if self._line.closed:
            raise UserError("the client is closed")
        if core.policy.reconnect:
            if core.state is State.ENDED:
                raise core.final or UserError("the client has logged out: logon()")
            check_message(lines)
            if core.room(len(lines)) < 0 <= core.policy.outstanding_max - len(lines):
                self._until(lambda: core.room(len(lines)) >= 0)
        core.send(lines, monotonic())
        self._flush()

    def reports(self, timeout_ms: int | None = None) -> Iterator[np.void]:
        """Each event that comes, as EVENT_LINE (or EVENT) rows, until none has come for timeout_ms (None: the
        client's).

        Raises what receive() raises. Sends heartbeats while it waits.
        """
        while (block := self.receive(timeout_ms)) is not None:
            if len(block) > 1:
                self._core.reports.appendleft(block[1:])    # whoever stops here loses none
            yield block[0]

    def receive(self, timeout_ms: int | None = None) -> np.ndarray | None:
        """The next reports that come together, as an array of EVENT_LINE (with full_reports EVENT); None where
        none came in time.

        SessionEnded, Refused (a message was not readable), ReportGap, NoAnswer; what came before is given before.
        """
        self._check_begun()
        core = self._core
        deadline = monotonic() + seconds(self.timeout_ms if timeout_ms is None else timeout_ms)
        while not core.reports:
            if core.errors:
                raise core.errors.popleft()
            if core.policy.reconnect and core.final is not None:
                raise core.final
            self._step(deadline)
            if monotonic() >= deadline and not core.reports and not core.errors:
                return None
        return core.reports.popleft()

    def settle(self, timeout_ms: int | None = None) -> None:
        """Wait until every command is answered and no report is missing: the reports are there to be taken then.
        NoAnswer."""
        self._check_begun()
        self._until(lambda: not len(self._core.outstanding) and not self._core.order.missing, timeout_ms)

    def order_status(
        self, symbol: str, orig_cl_ord_id: int | None = None, *, order_id: int | None = None
    ) -> np.void:
        """What an order is now, by its newest ClOrdID or by OrderID: an ORDER_STATUS row, whose `sequence` is the
        command as of which it holds; its reason is UNKNOWN_ORDER where none is live. Refused, NoAnswer."""
        row: np.void = self._ask(self._status_request(symbol, orig_cl_ord_id, order_id), many=False).rows[0][0]
        return row

    def open_orders(self, symbol: str | None = None) -> np.ndarray:
        """The participant's live orders, in one instrument or in all, in the order of their OrderIDs: ORDER_STATUS
        rows. Refused, NoAnswer."""
        rows = self._ask(self._mass_status_request(symbol), many=True).rows
        return np.concatenate(rows) if rows else np.zeros(0, EVENT if self.full_reports else EVENT_LINE)

    def _ask(self, lines: np.ndarray, many: bool) -> Request:
        asked = self._core.ask(lines, monotonic(), many)
        try:
            self._flush()
            self._until(lambda: asked.done)
        finally:
            self._core.questions.forget(asked)
        if asked.error is not None:
            raise asked.error
        return asked

    # ------------------------------------------------------------------------------------------- the socket

    def _until(self, done: Callable[[], bool], timeout_ms: int | None = None, listing: bool = False) -> None:
        """Go on until something holds. The errors that come; NoAnswer where it takes too long. listing: each part of
        a list has that time, and the pauses between them are not counted."""
        timeout_ms = self.timeout_ms if timeout_ms is None else timeout_ms
        core, deadline = self._core, monotonic() + seconds(timeout_ms)
        while not done():
            if self._line.closed:
                raise UserError("the client is closed")
            if core.errors:
                raise core.errors.popleft()
            if core.final is not None and core.policy.reconnect:
                raise core.final
            if listing and core.state is State.UP:
                deadline = max(deadline, core.listing.until(timeout_ms / 1000), core.pace.at + timeout_ms / 1000)
            if monotonic() >= deadline:
                raise silence(self.endpoint, timeout_ms)
            self._step(deadline)

    def _step(self, until: float) -> None:
        """Take what is there, or do what is due, or wait for either."""
        core, line, now = self._core, self._line, monotonic()
        payloads = line.received()
        for payload in payloads:
            core.take(payload, now)
        if not payloads:
            self._cut(now)
            core.tick(now)
            if core.state is State.AWAY and line.opened and now >= core.retry_at:
                self._open_again(now)
        self._flush()
        if not payloads and not core.errors:
            line.wait(min(until, core.due(now)))

    def _flush(self) -> None:
        """Hand over what is to be sent."""
        core = self._core
        while core.connection.outgoing and core.state is not State.AWAY:
            if not self._line.send(core.connection.outgoing[0]):
                error = NoAnswer(f"{self.endpoint} took no message for {self.timeout_ms} ms: is the venue running?")
                if not core.policy.reconnect:
                    core.connection.outgoing.popleft()
                    raise error
                core.lost(monotonic(), error)
                return
            core.connection.outgoing.popleft()
