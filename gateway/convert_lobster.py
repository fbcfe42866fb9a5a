"""LOBSTER: published messages (csv) with the book after each -> commands that rebuild that book.

The book is seeded from row 0 of the orderbook file (an order a level: ClOrdID 1, 2, ...), then messages 1, 2, ...
are played: ClOrdID is the number of seeded orders plus the message's row, so that trades can be traced.

    type 1  new order
    type 2  partial cancel: a replace with the new total (filled part included)
    type 3  delete
    type 4  execution: an IOC of the other side at that price and size
    type 5  execution of a hidden order: the visible book does not change, nothing is sent

A partial cancel or delete of an order that was there before the seed takes from the seeded order of its price; one at
a price that the seed did not show has nothing to take from.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from pricetime.gateway import messages as m
from pricetime.gateway.decimals import decimal_of
from pricetime.matching.errors import UserError

DATE = date(2012, 6, 21)
UTC_OFFSET_HOURS = -4  # New York in summer
PRICE_SCALE = 4
TICK_SIZE = decimal_of(100, PRICE_SCALE)
NO_LEVEL = 9_999_999_999  # the price of an empty level of the asks; negative for the bids
NEW, PARTIAL_CANCEL, DELETE, EXECUTION, HIDDEN_EXECUTION = 1, 2, 3, 4, 5
COLUMNS = "time,type,order id,size,price,direction"


@dataclass(slots=True)
class Live:
    """An order that the converter has put into the book: its newest name, total and what is still open."""

    cl_ord_id: int
    total: int
    open: int


class Converter:
    """One message file with the first row of its orderbook file."""

    def __init__(self, symbol: str, day: date = DATE, utc_offset_hours: int = UTC_OFFSET_HOURS) -> None:
        self.symbol = symbol
        zone = timezone(timedelta(hours=utc_offset_hours))
        self._midnight = int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1_000_000_000
        self._live: dict[int, Live] = {}  # by LOBSTER's order id
        self._seeded: dict[tuple[int, int], Live] = {}  # by direction and price

    def messages(self, lines: Iterable[str], first_book: str) -> Iterator[m.Command]:
        """The commands. `first_book`: row 0 of the orderbook file. UserError naming the line that is wrong."""
        row = -1
        for row, line in enumerate(lines):
            try:
                time, type, order_id, size, price, direction = _fields(line)
                if row == 0:
                    yield from self._seed(first_book, self._midnight + time)
                    continue
                message = self._message(row, type, order_id, size, price, direction)
            except (ValueError, KeyError):
                raise UserError(f"line {row + 1}: found {line[:80].strip()!r}, expected {COLUMNS}") from None
            if message is not None:
                message.transact_time = self._midnight + time
                yield message
        if row < 0:
            raise UserError(f"line 1: missing, expected {COLUMNS}")

    def _seed(self, book: str, time: int) -> Iterator[m.Command]:
        yield m.PartyDefinition(participant="lobster", transact_time=time)
        yield m.SessionDefinition(session_name="lobster", participant="lobster")
        yield m.SecurityDefinition(
            symbol=self.symbol,
            currency="USD",
            price_scale=PRICE_SCALE,
            qty_scale=0,
            tick_size=TICK_SIZE,
            lot_size=Decimal(1),
        )
        yield m.TradingSessionStatus(symbol=self.symbol, phase="PreOpen")
        yield m.TradingSessionStatus(symbol=self.symbol, phase="Continuous")
        values = [int(value) for value in book.split(",")]
        if len(values) % 4:
            raise UserError(f"orderbook file, line 1: found {len(values)} columns, expected 4 for each level")
        levels = list(zip(values[0::2], values[1::2], strict=True))
        for index, (price, size) in enumerate(levels):
            if abs(price) == NO_LEVEL or size == 0:
                continue
            direction = 1 if index % 2 else -1
            live = self._seeded[direction, price] = Live(len(self._seeded) + 1, size, size)
            yield self._new(live.cl_ord_id, direction, price, size)

    def _message(self, row: int, type: int, order_id: int, size: int, price: int, direction: int) -> m.Command | None:
        cl_ord_id = len(self._seeded) + row
        if type == NEW:
            self._live[order_id] = Live(cl_ord_id, size, size)
            return self._new(cl_ord_id, direction, price, size)
        live = self._live.get(order_id) or self._seeded.get((direction, price))
        if type == HIDDEN_EXECUTION or live is None:
            return None
        if type == EXECUTION:
            live.open -= size
            return self._new(cl_ord_id, -direction, price, size, time_in_force="IOC")
        if type not in (PARTIAL_CANCEL, DELETE):
            raise ValueError(type)
        return self._reduce(live, cl_ord_id, direction, size)

    def _reduce(self, live: Live, cl_ord_id: int, direction: int, size: int) -> m.Command:
        live.total -= size
        live.open -= size
        common: dict[str, Any] = {
            "session": "lobster", "cl_ord_id": cl_ord_id, "orig_cl_ord_id": live.cl_ord_id, "symbol": self.symbol,
            "side": _side(direction),
        }
        if live.open <= 0:
            return m.OrderCancelRequest(**common)
        live.cl_ord_id = cl_ord_id
        return m.OrderCancelReplaceRequest(**common, ord_type="Limit", order_qty=decimal_of(live.total, 0))

    def _new(
        self, cl_ord_id: int, direction: int, price: int, size: int, time_in_force: m.TimeInForce | None = None
    ) -> m.Command:
        return m.NewOrderSingle(
            session="lobster", cl_ord_id=cl_ord_id, symbol=self.symbol, side=_side(direction), ord_type="Limit",
            price=decimal_of(price, PRICE_SCALE), order_qty=decimal_of(size, 0), time_in_force=time_in_force,
        )


def _side(direction: int) -> m.Side:
    return "Buy" if direction > 0 else "Sell"


def _fields(line: str) -> tuple[int, int, int, int, int, int]:
    """Nanoseconds after midnight, type, order id, size, price, direction."""
    clock, *rest = line.split(",")
    seconds, _, fraction = clock.partition(".")
    type, order_id, size, price, direction = (int(value) for value in rest)
    if direction not in (1, -1):
        raise ValueError(direction)
    return int(seconds) * 1_000_000_000 + int(fraction[:9].ljust(9, "0")), type, order_id, size, price, direction
