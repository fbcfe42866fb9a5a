"""Venue: everything that the commands so far have made of the venue, as plain Python objects.

Owns the tables of participants, accounts, sessions, instruments and live orders, the counters, and the clock of the
log. It holds what is; what happens to it is in the files of the rules.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pricetime.matching import records
from pricetime.matching.records import OrdStatus, OrdType, Side, Standing, TimeInForce
from pricetime.matching.reference.book import Book

ORDER_CAPACITY_DEFAULT = 131072
ORDER_CAPACITY_MAX = 1 << 24
TABLE_MAX = 65535           # participants, sessions, instruments: of each
ACCOUNTS_MAX = 1 << 20
SHARD_SHIFT = 56            # the shard's number is in the top 8 bits of OrderID, ExecID and TrdMatchID
INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1

PRICED = (OrdType.LIMIT, OrdType.STOP_LIMIT)
STOPS = (OrdType.STOP, OrdType.STOP_LIMIT)
MARKETS = (OrdType.MARKET, OrdType.MARKET_WITH_LEFT_OVER_AS_LIMIT)
IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)


class Notional(NamedTuple):
    """A limit of a value: `amount` in units of 10^-scale of the currency."""

    amount: int
    scale: int


@dataclass(slots=True, eq=False)
class NotionalLimits:
    """Rule 13: limits of value, of an account, or of a participant in one currency. None: no limit."""

    order: Notional | None = None
    gross: Notional | None = None


@dataclass(slots=True, eq=False)
class Rate:
    """Rule 13: the bucket of a message rate. `level` counts tokens times the interval."""

    tokens: int
    interval: int
    level: int
    time: int               # when it was last filled


@dataclass(slots=True, eq=False)
class Participant:
    """A firm: it owns sessions, and what risk counts."""

    id: int
    name: bytes
    flags: int                      # DISABLED
    blocked: bool = False           # by its kill switch
    open_orders_limit: int | None = None
    rate: Rate | None = None
    notional: dict[bytes, NotionalLimits] = field(default_factory=dict)         # by currency, as first set
    accounts: dict[int, "Account"] = field(default_factory=dict, repr=False)    # by instrument

    def orders(self) -> Iterator["Order"]:
        """Its live orders, in no particular order."""
        for account in self.accounts.values():
            yield from account.orders.values()


@dataclass(slots=True, eq=False)
class Account:
    """Rule 13: a participant in an instrument. Limits that are None are none."""

    participant: Participant
    instrument: "Instrument"
    position: int = 0
    order_quantity_limit: int | None = None
    open_orders_limit: int | None = None
    open_quantity_limit: int | None = None
    position_limit: int | None = None
    notional: NotionalLimits = field(default_factory=NotionalLimits)
    orders: dict[int, "Order"] = field(default_factory=dict, repr=False)        # live ones by OrderID


@dataclass(slots=True, eq=False)
class Session:
    """One login of a participant, with what must survive a restart: mark and report number."""

    id: int
    name: bytes
    participant: Participant
    flags: int
    logged_on: bool
    mark: int = 0                   # highest ClOrdID journaled
    report_number: int = 0          # last one given
    orders: dict[int, "Order"] = field(default_factory=dict, repr=False)    # live ones by ClOrdID


@dataclass(slots=True, eq=False)
class Instrument:
    """What is traded: its terms, its limits, its phase, its book, and the orders that are off the book."""

    id: int
    name: bytes
    currency: bytes
    flags: int
    terms_flags: int
    price_scale: int
    qty_scale: int
    iceberg_parts_max: int
    tick_size: int
    lot_size: int
    phase: int
    reference_price: int | None = None
    collar: int | None = None
    dynamic_band: int | None = None
    static_band: int | None = None
    call_duration: int | None = None        # nanoseconds
    max_order_quantity: int | None = None
    last_price: int | None = None
    auction_price: int | None = None        # of the last uncross that traded
    call_end: int = 0                       # of a VolatilityCall; 0: it has none
    reported: tuple[int, int] = (0, 0)      # price and quantity of the last IndicativePrice of this call
    trade_date: int = 0
    position_adjusted: int = 0              # what PositionAdjust has put here of all participants, modulo 2^64
    book: Book = field(default_factory=Book, repr=False)
    stops: dict[int, "Order"] = field(default_factory=dict, repr=False)     # rule 10: those that wait, by OrderID
    aside: dict[int, "Order"] = field(default_factory=dict, repr=False)     # rule 6: AtTheClose outside ClosingCall

    @property
    def reference(self) -> int | None:
        """The last trade, else the reference price: what rules 6, 10, 12 and 13 measure by."""
        return self.reference_price if self.last_price is None else self.last_price

    @property
    def allows_negative(self) -> bool:
        """Prices of zero and below."""
        return bool(self.terms_flags & records.PRICE_MAY_BE_NEGATIVE)

    @property
    def allows_hidden(self) -> bool:
        return bool(self.terms_flags & records.HIDDEN_ALLOWED)

    def orders(self) -> Iterator["Order"]:
        """Every live order: rule 9's order of the state."""
        yield from self.book.orders()
        waiting = sorted(self.stops.values(), key=lambda stop: (stop.urgency, stop.age))
        yield from (stop for stop in waiting if stop.is_buy)
        yield from (stop for stop in waiting if not stop.is_buy)
        yield from sorted(self.aside.values(), key=lambda order: order.age)


Named = Participant | Session | Instrument


@dataclass(slots=True, eq=False, repr=False)
class Order:
    """An order, live or about to be. Its place in its queue is the book's matter."""

    order_id: int
    cl_ord_id: int
    session: Session
    instrument: Instrument
    side: int
    ord_type: int
    time_in_force: int
    post_only: bool
    price: int | None               # None: it has none
    leaves: int                     # open quantity
    filled: int = 0                 # CumQty
    display_quantity: int | None = None     # above 0: an iceberg; 0: hidden; None: shown with all its quantity
    min_quantity: int | None = None
    stop_price: int | None = None
    expire_time: int | None = None
    self_match_id: int = 0          # 0: no self-match prevention
    self_match_instruction: int = 0
    standing: int = int(Standing.IN_THE_BOOK)
    shown: int = 0                  # of an iceberg in the book: what its queue shows of it
    age: int = 0                    # rule 1; 0 of an order whose place says all
    risk_price: int = 0             # rule 13

    def __str__(self) -> str:
        return (f"order {self.order_id} ({self.session.id}/{self.cl_ord_id} in {self.instrument.id}: "
                f"{self.leaves} open at {self.price}, attributes {self.attributes:#06x})")

    @property
    def participant(self) -> Participant:
        return self.session.participant

    @property
    def is_buy(self) -> bool:
        return self.side == Side.BUY

    @property
    def is_market(self) -> bool:
        """It trades without a price of its own: Market, and MarketWithLeftOverAsLimit as long as it is one."""
        return self.ord_type in MARKETS

    @property
    def is_stop(self) -> bool:
        return self.ord_type in STOPS

    @property
    def is_immediate(self) -> bool:
        return self.time_in_force in IMMEDIATE

    @property
    def is_iceberg(self) -> bool:
        return self.display_quantity is not None and self.display_quantity > 0

    @property
    def is_hidden(self) -> bool:
        return self.display_quantity == 0

    @property
    def limit(self) -> int:
        """The price of an order that has one."""
        if self.price is None:
            raise AssertionError(f"{self} has no price")
        return self.price

    @property
    def trigger(self) -> int:
        """The StopPx of an order that has one."""
        if self.stop_price is None:
            raise AssertionError(f"{self} has no StopPx")
        return self.stop_price

    @property
    def urgency(self) -> int:
        """Rule 10: of stops on one side the lower is elected by the earlier price."""
        return self.trigger if self.is_buy else -self.trigger

    @property
    def displayed(self) -> int:
        """What a queue shows of it: rule 4's shown part of an iceberg, nothing of a hidden order, else all."""
        if self.display_quantity is None:
            return self.leaves
        return self.shown

    @property
    def total(self) -> int:
        """OrderQty."""
        return self.leaves + self.filled

    @property
    def attributes(self) -> int:
        """Side, order type, time in force, price presence and post-only, as in a command."""
        bits = self.side << records.SIDE_SHIFT | self.ord_type << records.ORD_TYPE_SHIFT
        bits |= self.time_in_force << records.TIME_IN_FORCE_SHIFT
        if self.price is not None:
            bits |= records.HAS_PRICE
        return bits | records.POST_ONLY if self.post_only else bits

    @property
    def status(self) -> OrdStatus:
        """OrdStatus while it lives."""
        return OrdStatus.ORDER_PARTIALLY_FILLED if self.filled else OrdStatus.ORDER_NEW


@dataclass(slots=True, eq=False)
class Venue:
    """The whole state: tables, live orders, counters and the clock of the log."""

    order_capacity: int = ORDER_CAPACITY_DEFAULT
    shard: int = 0
    sequence: int = 0               # last command applied
    time: int = 0                   # of it
    run: int = 0                    # 0: no VenueStart yet
    last_order_id: int = 0
    last_exec_id: int = 0
    last_trd_match_id: int = 0
    last_age: int = 0
    accounts: int = 0               # how many have been opened
    event_digest: tuple[int, int] = ((1 << 64) - 1, (1 << 64) - 1)
    participants: dict[int, Participant] = field(default_factory=dict)     # by id, from 1 without gaps
    sessions: dict[int, Session] = field(default_factory=dict)
    instruments: dict[int, Instrument] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)                 # live ones by OrderID
    timed: dict[int, Order] = field(default_factory=dict)                  # those that are GTD
    calls: dict[int, Instrument] = field(default_factory=dict)             # VolatilityCalls that end by themselves
    middles: dict[int, int | None] = field(default_factory=dict)           # rule 12, of this command: see protection.py

    def __post_init__(self) -> None:
        first = self.shard << SHARD_SHIFT
        self.last_order_id = self.last_exec_id = self.last_trd_match_id = first

    @property
    def quantity_bound(self) -> int:
        """Rule 1: the largest quantity with which no sum of open quantities can wrap."""
        return INT64_MAX // self.order_capacity

    def next_age(self) -> int:
        """Rule 1: the engine's one counter of places."""
        self.last_age += 1
        return self.last_age

    def account(self, participant: Participant, instrument: Instrument) -> Account:
        """Rule 13: the account, opened where it is not there yet; a check has seen that there is room."""
        account = participant.accounts.get(instrument.id)
        if account is None:
            account = participant.accounts[instrument.id] = Account(participant, instrument)
            self.accounts += 1
        return account

    def add(self, order: Order) -> None:
        """Make a live order findable, and let it join its queue, or those that wait off the book."""
        self.orders[order.order_id] = order
        order.session.orders[order.cl_ord_id] = order
        order.participant.accounts[order.instrument.id].orders[order.order_id] = order
        if order.expire_time is not None:
            self.timed[order.order_id] = order
        if order.standing == Standing.IN_THE_BOOK:
            order.instrument.book.add(order)
        elif order.standing == Standing.SET_ASIDE:
            order.instrument.aside[order.order_id] = order
        else:
            order.instrument.stops[order.order_id] = order

    def remove(self, order: Order) -> None:
        """Take a live order from where it stands, and forget its names."""
        if order.standing == Standing.IN_THE_BOOK:
            order.instrument.book.remove(order)
        elif order.standing == Standing.SET_ASIDE:
            del order.instrument.aside[order.order_id]
        else:
            del order.instrument.stops[order.order_id]
        self.timed.pop(order.order_id, None)
        del order.participant.accounts[order.instrument.id].orders[order.order_id]
        del order.session.orders[order.cl_ord_id]
        del self.orders[order.order_id]


def by_order_id(orders: Iterable[Order]) -> list[Order]:
    return sorted(orders, key=lambda order: order.order_id)
