"""Shanghai Stock Exchange: a published day of order flow (csv) -> commands that give the exchange's own trades.

Orders come from session "sse" with the input line's seq as ClOrdID, so that trades can be traced; the instrument and
phases from session "operator" with ClOrdIDs of its own. Both are defined at the top by the venue itself (no Session).

    P lines   OpeningCall, from 09:15:00
    C lines   Continuous, from 09:25:00: begins with the uncross
    X lines   ClosingCall, from 14:57:00
    the end   Closed, at 15:00:00: begins with the uncross

A MARKETABLE order is a limit order at the price that the exchange's feed lets one see: the last at which it traded.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any

from pricetime.gateway import messages as m
from pricetime.gateway.decimals import decimal_of
from pricetime.matching.errors import UserError

DATE = date(2023, 7, 11)
CHINA = timezone(timedelta(hours=8))
PRICE_SCALE = 4
TICK_SIZE = decimal_of(100, PRICE_SCALE)
COLUMNS = "seq,time,phase,action,order_id,side,price_x10000,qty,kind"
SIDES: dict[str, m.Side] = {"B": "Buy", "S": "Sell"}
PHASES: dict[str, tuple[m.Phase, str]] = {
    "P": ("OpeningCall", "09:15:00"), "C": ("Continuous", "09:25:00"), "X": ("ClosingCall", "14:57:00"),
}
CLOSE = "15:00:00"


class Converter:
    """One day of one stock."""

    def __init__(self, symbol: str, day: date = DATE) -> None:
        self.symbol = symbol
        self._trade_date = day.year * 10_000 + day.month * 100 + day.day
        self._midnight = int(datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp()) * 1_000_000_000
        self._time = 0
        self._operator_cl_ord_id = 0
        self._seq_of_order: dict[str, int] = {}

    def messages(self, lines: Iterable[str]) -> Iterator[m.Command]:
        """The day's commands. UserError naming the line where the input is not what it should be."""
        phase, number = "", 0
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if number == 1:
                if line != COLUMNS:
                    raise UserError(f"line 1: found {line[:60]!r}, expected {COLUMNS}")
                yield from self._definitions()
                continue
            try:
                fields = line.split(",")
                if fields[2] != phase:
                    phase = fields[2]
                    yield self._status(*PHASES[phase])
                yield self._order(fields)
            except (ValueError, KeyError, IndexError):
                raise UserError(f"line {number}: found {line[:80]!r}, expected {COLUMNS}") from None
        if number == 0:
            raise UserError(f"line 1: missing, expected {COLUMNS}")
        yield self._status("Closed", CLOSE)

    def _definitions(self) -> Iterator[m.Command]:
        time = self._at(PHASES["P"][1])
        rights: dict[str, m.Right] = {"operator": "Operate", "sse": "Trade"}
        for name, right in rights.items():
            yield m.PartyDefinition(participant=name, transact_time=time)
            yield m.SessionDefinition(session_name=name, participant=name, rights=(right,))
        yield m.SecurityDefinition(
            **self._operator(), symbol=self.symbol, currency="CNY", price_scale=PRICE_SCALE, qty_scale=0,
            tick_size=TICK_SIZE, lot_size=decimal_of(1, 0),
        )

    def _status(self, phase: m.Phase, clock: str) -> m.Command:
        return m.TradingSessionStatus(
            **self._operator(),
            transact_time=self._at(clock),
            symbol=self.symbol,
            phase=phase,
            trade_date=self._trade_date,
        )

    def _operator(self) -> dict[str, Any]:
        self._operator_cl_ord_id += 1
        return {"session": "operator", "cl_ord_id": self._operator_cl_ord_id}

    def _order(self, fields: list[str]) -> m.Command:
        seq, clock, _, action, order_id, side, price, quantity, _ = fields
        common: dict[str, Any] = {
            "session": "sse", "cl_ord_id": int(seq), "transact_time": self._at(clock), "symbol": self.symbol,
            "side": SIDES[side],
        }
        if action == "C":
            return m.OrderCancelRequest(**common, orig_cl_ord_id=self._seq_of_order.pop(order_id))
        if action != "N":
            raise ValueError(action)
        self._seq_of_order[order_id] = int(seq)
        return m.NewOrderSingle(
            **common, ord_type="Limit", price=decimal_of(int(price), PRICE_SCALE),
            order_qty=decimal_of(int(quantity), 0),
        )

    def _at(self, clock: str) -> int:
        """UTC nanoseconds of a time of day (HH:MM:SS or HH:MM:SS.mmm); never before the line before."""
        seconds, _, fraction = clock.partition(".")
        hours, minutes, whole = seconds.split(":")
        elapsed = (int(hours) * 60 + int(minutes)) * 60 + int(whole)
        self._time = max(self._time, self._midnight + elapsed * 1_000_000_000 + int(fraction.ljust(9, "0")))
        return self._time
