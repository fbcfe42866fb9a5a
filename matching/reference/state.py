"""Venue: everything that the commands so far have made of the venue, as plain Python objects.

Owns the tables of participants, sessions, instruments and live orders, the counters, and the clock of the log. It holds
what is; what happens to it is in the files of the rules (orders, auction, sessions, definitions).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pricetime.matching import records
from pricetime.matching.records import OrdStatus, OrdType, Side, TimeInForce
from pricetime.matching.reference.book import Book

ORDER_CAPACITY_DEFAULT = 131072
ORDER_CAPACITY_MAX = 1 << 24
TABLE_MAX = 65535           # participants, sessions, instruments: of each
SHARD_SHIFT = 56            # the shard's number is in the top 8 bits of OrderID, ExecID and TrdMatchID
QUANTITY_MAX = (1 << 63) - 1


@dataclass(slots=True, eq=False)
class Participant:
    """A firm: it owns sessions."""

    id: int
    name: bytes
    flags: int


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
    """What is traded: its terms, its limits, its phase and its book."""

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
    max_order_quantity: int | None = None
    last_price: int | None = None
    reported: tuple[int, int] = (0, 0)      # price and quantity of the last IndicativePrice of this call
    trade_date: int = 0
    book: Book = field(default_factory=Book, repr=False)

    @property
    def reference(self) -> int | None:
        """The last trade, else the reference price."""
        return self.reference_price if self.last_price is None else self.last_price


Named = Participant | Session | Instrument


@dataclass(slots=True, eq=False, repr=False)
class Order:
    """A live order. Its place in its queue is the book's matter."""

    order_id: int
    cl_ord_id: int
    session: Session
    instrument: Instrument
    side: int
    ord_type: int
    time_in_force: int
    post_only: bool
    price: int | None               # None: a market order
    leaves: int
    filled: int = 0                 # CumQty

    def __str__(self) -> str:
        return (f"order {self.order_id} ({self.session.id}/{self.cl_ord_id} in {self.instrument.id}: "
                f"{self.leaves} open at {self.price}, attributes {self.attributes:#06x})")

    @property
    def is_buy(self) -> bool:
        return self.side == Side.BUY

    @property
    def is_market(self) -> bool:
        return self.ord_type == OrdType.MARKET

    @property
    def limit(self) -> int:
        """The price of an order that has one: every order but a market order."""
        if self.price is None:
            raise AssertionError(f"{self} has no price")
        return self.price

    @property
    def is_immediate(self) -> bool:
        return self.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)

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
    event_digest: tuple[int, int] = ((1 << 64) - 1, (1 << 64) - 1)
    participants: dict[int, Participant] = field(default_factory=dict)     # by id, from 1 without gaps
    sessions: dict[int, Session] = field(default_factory=dict)
    instruments: dict[int, Instrument] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)                 # live ones by OrderID

    def __post_init__(self) -> None:
        first = self.shard << SHARD_SHIFT
        self.last_order_id = self.last_exec_id = self.last_trd_match_id = first

    def quantity_bound(self, instrument: Instrument) -> int:
        """The largest quantity of an order: what the instrument says, and no sum of open ones can wrap."""
        bound = QUANTITY_MAX // self.order_capacity
        return bound if instrument.max_order_quantity is None else min(bound, instrument.max_order_quantity)

    def add(self, order: Order) -> None:
        """Make a live order findable, and let it join its queue."""
        self.orders[order.order_id] = order
        order.session.orders[order.cl_ord_id] = order
        order.instrument.book.add(order)

    def remove(self, order: Order) -> None:
        """Take a live order out of its queue, and forget its names."""
        order.instrument.book.remove(order)
        del self.orders[order.order_id]
        del order.session.orders[order.cl_ord_id]


def by_order_id(orders: Iterable[Order]) -> list[Order]:
    return sorted(orders, key=lambda order: order.order_id)
