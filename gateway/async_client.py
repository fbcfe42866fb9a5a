"""Order entry for asyncio: the same session, options and methods as Client, with the event loop doing the waiting.

Owns the socket's place in the event loop. Commands are handed over at once and return their ClOrdID; what waits for the
venue is awaited. Heartbeats, reconnecting and what is sent again go on while nothing is awaited at all.

    async with AsyncClient("tcp://127.0.0.1:7001", "alice") as client:
        client.buy("ACME", 10, "100.25")
        async for report in client.reports():
            print(report)
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from time import monotonic
from types import TracebackType
from typing import Self

import numpy as np

from pricetime.gateway.client import Connected
from pricetime.gateway.client_arguments import seconds
from pricetime.gateway.client_errors import silence
from pricetime.gateway.client_listing import REFUSED_MAX
from pricetime.gateway.client_questions import Request
from pricetime.gateway.client_state import Logged, State
from pricetime.gateway.client_wire import request
from pricetime.matching.errors import UserError
from pricetime.matching.records import EVENT, EVENT_LINE, CommandType, Reason

BLOCKS_MAX = 4_096      # of reports that nobody took: then no more are read, until they are or an answer is awaited
FULL_PAUSE_S = 0.01     # until a message is tried again that libzmq had no room for


class AsyncClient(Connected):
    """One session at a venue, in one event loop. `await logon()` or `async with` begins it.

    Its options are Client's. send() and the methods that make orders wait for nothing: TooManyOutstanding where
    outstanding_max commands are without reports; `await settle()` waits until they have them.
    """

    _loop: asyncio.AbstractEventLoop | None = None
    _timer: asyncio.TimerHandle | None = None
    _watched: tuple[int, ...] = ()
    _awaited = 0            # answers that somebody waits for: they come behind the reports

    def _check_begun(self) -> None:
        super()._check_begun()
        if self._loop is not None and self._loop.is_closed() and not self._line.closed:
            raise UserError("the event loop in which the client logged on is closed: logon() in the one that runs")

    # -------------------------------------------------------------------------------------------- session

    async def logon(self) -> Logged:
        """Begin anew on a new connection. Refused, NoAnswer."""
        if (loop := asyncio.get_running_loop()) is not self._loop:
            self._loop, self._news = loop, asyncio.Event()      # in the same one others may wait for news
        self._core.restart()
        self._open()
        self._work()
        await self._until(self._ready, listing=True)
        return self.logged

    async def load_instruments(self) -> None:
        """Ask for the instruments that came since: their names and scales."""
        self._check_begun()
        self._core.list_instruments(monotonic())
        self._work()
        await self._until(lambda: self._core.listed, listing=True)

    async def load_parties(self) -> None:
        """Ask for the names of all participants and sessions: as Client.load_parties()."""
        self._check_begun()
        before, tries, reason = -1, 0, None
        while (known := self._parties()) != before and reason is None:
            before = known
            while (reason := await self._ask_parties(known)) == Reason.THROTTLED:
                self._core.pace.refused(monotonic())
                if (tries := tries + 1) > REFUSED_MAX:
                    break
        self._take_parties(reason)

    async def _ask_parties(self, known: int) -> int | None:
        """One part of the list, in its turn, and again where the connection was lost with it; why it was refused."""
        core = self._core
        while True:
            await self._until(lambda: core.state is State.UP and monotonic() >= core.pace.at, listing=True)
            asked = core.ask_behind(request(CommandType.PARTY_LIST_REQUEST, target=known), monotonic())
            self._work()
            await self._until(self._heard_of(asked))
            if core.tested == asked:
                return core.behind.reason(asked[1])

    async def logout(self) -> None:
        """End the session at the venue; what was not sent yet is sent before, and what was missed comes before."""
        self._check_begun()
        core = self._core
        if core.policy.reconnect:
            if core.state is State.ENDED:
                return
            await self._until(self._up_to_date, listing=True)
        core.logout(monotonic())
        self._work()
        await self._until(lambda: core.state is State.ENDED)
        self._check_left()

    def close(self) -> None:
        """Close the socket without a Logout: the venue notices by itself."""
        if self._timer is not None:
            self._timer.cancel()
        self._unwatch()
        self._line.close()
        if self._loop is not None:
            self._news.set()

    async def __aenter__(self) -> Self:
        try:
            await self.logon()
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._line.opened and not self._line.closed:
                await self.logout()
        finally:
            self.close()

    # -------------------------------------------------------------------------------- orders and reports

    def send(self, lines: np.ndarray) -> None:
        """Send whole records (COMMAND lines, at most 1,024) as one message, numbered, in a copy."""
        self._check_begun()
        if self._line.closed:
            raise UserError("the client is closed")
        if self._core.policy.reconnect and self._core.state is State.ENDED:
            raise self._core.final or UserError("the client has logged out: logon()")
        self._core.send(lines, monotonic())
        self._work()

    async def reports(self, timeout_ms: int | None = None) -> AsyncIterator[np.void]:
        """Each event that comes, as EVENT_LINE (or EVENT) rows, for ever or until none has come for timeout_ms, or the
        session has ended by logout(). Raises what receive() raises."""
        while (block := await self.receive(timeout_ms)) is not None:
            if len(block) > 1:
                self._core.reports.appendleft(block[1:])    # whoever stops here loses none
            yield block[0]

    async def receive(self, timeout_ms: int | None = None) -> np.ndarray | None:
        """The next reports that come together, as an array of EVENT_LINE (with full_reports EVENT); None where none
        came in time, or none will.

        SessionEnded, Refused (a message was not readable), ReportGap, NoAnswer; what came before is given before.
        """
        self._check_begun()
        core = self._core
        deadline = None if timeout_ms is None else monotonic() + seconds(timeout_ms)
        while not core.reports:
            if core.errors:
                raise core.errors.popleft()
            if core.final is not None:
                raise core.final
            if core.state is State.ENDED or self._line.closed or not await self._change(deadline):
                return None
        if len(core.reports) == BLOCKS_MAX:
            asyncio.get_running_loop().call_soon(self._work)
        return core.reports.popleft()

    async def settle(self, timeout_ms: int | None = None) -> None:
        """Wait until every command is answered and no report is missing: the reports are there to be taken then.
        NoAnswer."""
        self._check_begun()
        await self._until(lambda: not len(self._core.outstanding) and not self._core.order.missing, timeout_ms)

    async def order_status(
        self, symbol: str, orig_cl_ord_id: int | None = None, *, order_id: int | None = None
    ) -> np.void:
        """What an order is now: as Client.order_status()."""
        row: np.void = (await self._ask(self._status_request(symbol, orig_cl_ord_id, order_id), many=False)).rows[0][0]
        return row

    async def open_orders(self, symbol: str | None = None) -> np.ndarray:
        """The participant's live orders: as Client.open_orders()."""
        rows = (await self._ask(self._mass_status_request(symbol), many=True)).rows
        return np.concatenate(rows) if rows else np.zeros(0, EVENT if self.full_reports else EVENT_LINE)

    async def _ask(self, lines: np.ndarray, many: bool) -> Request:
        asked = self._core.ask(lines, monotonic(), many)
        try:
            self._work()
            await self._until(lambda: asked.done)
        finally:
            self._core.questions.forget(asked)
        if asked.error is not None:
            raise asked.error
        return asked

    # ------------------------------------------------------------------------------------------- the loop

    async def _until(self, done: Callable[[], bool], timeout_ms: int | None = None, listing: bool = False) -> None:
        """Wait until something holds. The errors that come; NoAnswer where it takes too long. listing: as Client."""
        timeout_ms = self.timeout_ms if timeout_ms is None else timeout_ms
        core, deadline = self._core, monotonic() + seconds(timeout_ms)
        full = self._full()
        self._awaited += 1
        try:
            if full:
                self._work()
            while not done():
                if core.errors:
                    raise core.errors.popleft()
                if core.final is not None:
                    raise core.final
                if self._line.closed:
                    raise UserError("the client is closed")
                if listing and core.state is State.UP:
                    deadline = max(deadline, core.listing.until(timeout_ms / 1000), core.pace.at + timeout_ms / 1000)
                if not await self._change(deadline):
                    raise silence(self.endpoint, timeout_ms)
        finally:
            self._awaited -= 1

    async def _change(self, deadline: float | None) -> bool:
        """Wait for news; whether any came before the deadline."""
        self._news.clear()
        try:
            await asyncio.wait_for(self._news.wait(), None if deadline is None else max(0.0, deadline - monotonic()))
        except TimeoutError:
            return False
        return True

    def _full(self) -> bool:
        """Whether no more is read: nobody takes the reports that are there, nor waits for an answer behind them."""
        return not self._awaited and len(self._core.reports) >= BLOCKS_MAX

    def _work(self) -> None:
        """Take what is there, do what is due, hand over what is to be sent. Whoever waits looks again.

        libzmq's descriptor tells of a change once, and a send may swallow it: so all is taken each time."""
        core, line = self._core, self._line
        if line.closed or self._loop is None:
            return
        now, most = monotonic(), len(core.reports) + BLOCKS_MAX     # others have their turn in between
        while not self._full() and len(core.reports) < most and (payloads := line.received()):
            for payload in payloads:
                core.take(payload, now)
        if self._full():
            core.connection.hear(now)      # what the venue says lies there unread
        self._cut(now)
        core.tick(now)
        if core.state is State.AWAY and now >= core.retry_at:
            self._open_again(now)
        full = not self._flush()
        if self._line.readable() and not self._full():
            self._loop.call_soon(self._work)
        self._watch()
        self._news.set()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(FULL_PAUSE_S if full else core.due(now) - now, self._work)

    def _open(self) -> None:
        self._unwatch()
        super()._open()

    def _flush(self) -> bool:
        """Hand over what is to be sent; whether all was taken."""
        core = self._core
        while core.connection.outgoing and core.state is not State.AWAY:
            if not self._line.send(core.connection.outgoing[0], wait=False):
                return False
            core.connection.outgoing.popleft()
        return True

    def _watch(self) -> None:
        """Be called when the socket, or its monitor, has something."""
        if self._loop is not None and not self._watched:
            self._watched = self._line.descriptors()
            for descriptor in self._watched:
                self._loop.add_reader(descriptor, self._work)

    def _unwatch(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            for descriptor in self._watched:
                self._loop.remove_reader(descriptor)
        self._watched = ()
