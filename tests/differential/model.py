"""What must hold whatever the rules of matching are, seen from outside: from the commands, their events and the dump.

No engine is in here and no rule of how orders meet. `observe` looks at each command's events, `look_at` at a canonical
state: quantities are conserved, an order ends once, numbers have no gaps, nobody trades beyond limit, band or collar.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import commands as c
from differential.canonical import State

from pricetime.matching import records
from pricetime.matching.records import CommandType, EventType, OrdStatus, Reason

REPORTS = range(EventType.NEW, EventType.RESTATED + 1)
ENDED = {EventType.CANCELED, EventType.EXPIRED}
SELLS = {c.SELL, c.SELL_SHORT}
WITH_ORDER = {CommandType.NEW_ORDER_SINGLE, CommandType.ORDER_CANCEL_REPLACE_REQUEST}
SHARD = (1 << 56) - 1
LARGE = 60      # from so many orders on a side on, one trade in 16 is held against all of them


@dataclass(slots=True)
class Ordered:
    """An order as its reports tell it."""

    session: int
    participant: int
    instrument: int
    sells: bool
    ord_type: int
    total: int
    open: int
    filled: int = 0
    cancelled: int = 0
    price: int | None = None
    self_match_id: int = 0
    waits: bool = False         # a stop that was not triggered, or AtTheClose: it may not be in the book
    plain: bool = True          # neither iceberg nor hidden
    place: int = 0              # when it took its place in the queue, where that is known; 0: it is not


@dataclass(slots=True)
class Traded:
    """An instrument's prices, as rule 12 needs them."""

    phase: int = c.CONTINUOUS
    last: int | None = None
    auction: int | None = None
    reference: int | None = None
    middle: int | None = None   # of the dynamic band, for this command
    collar: int | None = None
    dynamic: int | None = None
    static: int | None = None


class Broken(AssertionError):
    """Something that always holds did not."""


def claim(holds: bool, what: str, event: object = "") -> None:
    if not holds:
        raise Broken(f"{what} {event}")


@dataclass
class Model:
    """All that has been said so far, and what follows from it."""

    live: dict[int, Ordered] = field(default_factory=dict)
    ended: dict[int, int] = field(default_factory=dict)         # OrderID -> the ExecID that ended it
    reported: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    positions: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    traded: dict[int, Traded] = field(default_factory=lambda: defaultdict(Traded))
    last_order_id: int = 0
    last_exec_id: int = 0
    last_trd_match_id: int = 0
    moves: int = 0
    resting_side: tuple[c.Event, Ordered] | None = None
    books: dict[tuple[int, bool], dict[int, Ordered]] = field(default_factory=lambda: defaultdict(dict))
    incoming: tuple[int, int | None] = (0, None)    # the order that came in, and the reference when it began to match

    # -------------------------------------------------------------------------------------------- a command

    def observe(self, record: bytes, events: list[c.Event]) -> None:
        """One command and its events."""
        self.command = c.layout.COMMAND.unpack(record)
        self.advanced = c.layout.further_line(record, c.layout.ADVANCED_LINE) if len(record) > 64 else None
        self.incoming = (0, None)
        for traded in self.traded.values():
            traded.middle = traded.last
        for place, event in enumerate(events):
            claim(event.place == place, "places count from 0", event)
            if event.report_number:
                claim(event.report_number == self.reported[event.session] + 1, "report numbers have a gap", event)
                self.reported[event.session] += 1
            if event.type in REPORTS:
                self.report(event)
            elif event.type == EventType.SESSION_STATUS:
                self.phase(event)
        claim(self.resting_side is None, "a trade has one side only")
        if not any(event.type == EventType.BUSINESS_MESSAGE_REJECT for event in events):
            self.carried_out(record)

    def carried_out(self, record: bytes) -> None:
        """What an administrative command said, where it was not refused."""
        if self.command.type == CommandType.POSITION_ADJUST:
            self.positions[self.command.target, self.command.instrument] = self.command.quantity
        if self.command.type != CommandType.SECURITY_DEFINITION:
            return
        limits = c.layout.further_line(record, c.layout.INSTRUMENT_LIMITS_LINE)
        traded = self.traded[self.command.instrument]
        if limits is not None:
            for bit, name, value in (
                (records.HAS_REFERENCE_PRICE, "reference", limits.reference_price),
                (records.HAS_COLLAR, "collar", limits.collar),
                (records.HAS_DYNAMIC_BAND, "dynamic", limits.dynamic_band),
                (records.HAS_STATIC_BAND, "static", limits.static_band),
            ):
                if limits.presence & bit:
                    setattr(traded, name, value)

    def phase(self, event: c.Event) -> None:
        traded = self.traded[event.instrument]
        traded.phase = event.leaves_qty
        self.incoming = (0, None)
        if event.last_qty:
            traded.last = traded.auction = traded.middle = event.last_px
        if event.leaves_qty == c.CLOSED and traded.last is not None:
            traded.reference, traded.last = traded.last, None

    # -------------------------------------------------------------------------------------------- a report

    def report(self, event: c.Event) -> None:
        """One execution report: what it says of its order follows from what was said before."""
        if event.report_number == 0:
            claim(event.type == EventType.CANCELED and self.ended.get(event.order_id) == event.exec_id,
                  "an unnumbered report is no copy of the one that ended the order", event)
            return
        self.last_exec_id += 1
        claim(event.exec_id & SHARD == self.last_exec_id, "ExecIDs have a gap", event)
        if event.type == EventType.REJECTED:
            claim(event.order_id == 0 and event.reason != 0, "a rejected order has an OrderID, or no reason", event)
            return
        claim(event.order_id not in self.ended, "an order that has ended is reported", event)
        if event.type == EventType.NEW:
            self.new(event)
            return
        order = self.live.get(event.order_id)
        claim(order is not None, "an order that was never new is reported", event)
        claim((event.instrument, event.participant) == (order.instrument, order.participant), "it changed hands", event)
        if event.type == EventType.TRADE:
            self.trade(event, order)
        elif event.type in ENDED:
            claim(event.leaves_qty == 0 and event.cum_qty == order.filled, "what ended is not closed", event)
            order.cancelled += order.open
            order.open = 0
        elif event.type == EventType.REPLACED:
            self.replaced(event, order)
        elif event.type == EventType.TRIGGERED:
            claim(order.waits and event.leaves_qty == order.open, "triggered, though it did not wait", event)
            order.waits, order.ord_type = False, event.attributes >> records.ORD_TYPE_SHIFT & records.ORD_TYPE_MASK
            self.joins(order, event)
        else:
            self.restated(event, order)
        self.conserved(event, order)

    def new(self, event: c.Event) -> None:
        self.last_order_id += 1
        claim(event.order_id & SHARD == self.last_order_id, "OrderIDs have a gap", event)
        claim(event.cum_qty == 0 and event.leaves_qty > 0, "a new order has nothing open", event)
        order = Ordered(
            event.session, event.participant, event.instrument, event.attributes & 3 in SELLS,
            event.attributes >> records.ORD_TYPE_SHIFT & records.ORD_TYPE_MASK, event.leaves_qty, event.leaves_qty)
        self.live[event.order_id] = self.books[order.instrument, order.sells][event.order_id] = order
        self.advanced_of(order)
        self.joins(order, event)
        self.conserved(event, order)

    def advanced_of(self, order: Ordered) -> None:
        """What only the command says, where it is accepted."""
        line = self.advanced
        if line is not None and line.presence & records.HAS_SELF_MATCH_PREVENTION:
            order.self_match_id = line.self_match_id
        if line is not None and line.presence & records.HAS_DISPLAY_QUANTITY:
            order.plain = False

    def joins(self, order: Ordered, event: c.Event) -> None:
        """The order takes a place."""
        self.moves += 1
        self.incoming = (0, None)
        tif = event.attributes >> records.TIME_IN_FORCE_SHIFT & records.TIME_IN_FORCE_MASK
        order.price = event.price if event.attributes & records.HAS_PRICE else None
        order.waits = order.ord_type in (c.STOP, c.STOP_LIMIT) or tif == c.AT_THE_CLOSE
        order.place = self.moves if order.plain and not order.waits else 0

    def replaced(self, event: c.Event, order: Ordered) -> None:
        claim(event.cum_qty == order.filled, "a replace changes what is filled", event)
        if event.reason == Reason.ORDER_MOVED:
            order.open = event.leaves_qty       # the new owner's report follows and says what changed
            order.total = order.filled + order.cancelled + order.open
            return
        order.session = event.session
        order.total, order.open = event.leaves_qty + order.filled + order.cancelled, event.leaves_qty
        self.advanced_of(order)
        self.joins(order, event)
        order.place = 0         # it may have kept its place

    def restated(self, event: c.Event, order: Ordered) -> None:
        if event.reason == Reason.SELF_MATCH:
            claim(0 < event.leaves_qty < order.open, "a decrement takes nothing", event)
            order.cancelled += order.open - event.leaves_qty
            order.open = event.leaves_qty
        else:
            claim(event.reason == Reason.LEFT_OVER_AS_LIMIT, "restated for no reason", event)
            claim(order.ord_type == c.LEFT_OVER and order.filled > 0, "nothing of it has traded", event)
            claim(event.leaves_qty == order.open and event.attributes & records.HAS_PRICE, "no limit order", event)
            order.ord_type = c.LIMIT
            self.joins(order, event)
            order.place = 0     # after an uncross in OrderID order, else now

    def conserved(self, event: c.Event, order: Ordered) -> None:
        claim(order.total == order.open + order.filled + order.cancelled, f"not conserved: {order}", event)
        claim((event.leaves_qty, event.cum_qty) == (order.open, order.filled), f"not as told: {order}", event)
        status = event.status_flags & 15
        if event.type == EventType.TRADE:
            filled = OrdStatus.ORDER_PARTIALLY_FILLED if order.open else OrdStatus.ORDER_FILLED
            claim(status == filled, "another OrdStatus", event)
        if order.open == 0:
            del self.live[event.order_id], self.books[order.instrument, order.sells][event.order_id]
            self.ended[event.order_id] = event.exec_id

    # --------------------------------------------------------------------------------------------- a trade

    def trade(self, event: c.Event, order: Ordered) -> None:
        claim(0 < event.last_qty <= order.open, "more is traded than is open", event)
        order.open -= event.last_qty
        order.filled += event.last_qty
        sign = -1 if order.sells else 1
        self.positions[order.participant, order.instrument] += sign * event.last_qty
        if order.price is not None:
            claim(event.last_px * sign <= order.price * sign, "traded beyond its limit", event)
        first, self.resting_side = self.resting_side, None
        if first is None:
            self.last_trd_match_id += 1
            claim(event.trd_match_id & SHARD == self.last_trd_match_id, "TrdMatchIDs have a gap", event)
            self.resting_side = event, order
            return
        first, resting = first
        same = ("trd_match_id", "last_px", "last_qty", "instrument")
        claim(all(getattr(first, name) == getattr(event, name) for name in same), "two sides of no trade", event)
        claim((first.attributes & 3 in SELLS) != order.sells, "both on one side", event)
        traded = self.traded[event.instrument]
        if not event.status_flags >> 4 & records.AGGRESSOR:
            price = traded.auction
            claim(price == event.last_px, "a trade of an uncross at another price", event)
            claim(order.sells, "the buy side's report comes first", event)
            return
        self.met(first, resting, event, order, traded)
        traded.last = event.last_px

    def met(self, first: c.Event, resting: Ordered, event: c.Event, incoming: Ordered, traded: Traded) -> None:
        """A trade in Continuous, of an incoming order with a resting one."""
        claim(traded.phase == c.CONTINUOUS, "a trade outside Continuous", event)
        claim(first.price == first.last_px, "not the resting order's price", first)
        ids = {resting.self_match_id, incoming.self_match_id}
        own = resting.participant == incoming.participant and len(ids) == 1 and ids != {0}
        claim(not own, "a participant traded with itself", event)
        if self.incoming[0] != event.order_id:
            self.incoming = (event.order_id, traded.reference if traded.last is None else traded.last)
        sign = -1 if incoming.sells else 1
        reference = self.incoming[1]
        if traded.collar is not None and reference is not None:
            claim((event.last_px - reference) * sign <= traded.collar, "a trade beyond the collar", event)
        middle = traded.auction if traded.auction is not None else traded.reference
        for name, band, centre in (("dynamic", traded.dynamic, traded.middle), ("static", traded.static, middle)):
            if band is not None and centre is not None:
                claim(abs(event.last_px - centre) <= band, f"a trade outside the {name} band", event)
        self.best_and_oldest(first, resting, incoming)

    def best_and_oldest(self, first: c.Event, resting: Ordered, incoming: Ordered) -> None:
        """No order in the book that stands better than the one that traded; of plain ones, none that is older."""
        sign = 1 if incoming.sells else -1
        book = self.books[first.instrument, not incoming.sells]
        if len(book) > LARGE and first.trd_match_id % 16:
            return
        for order in book.values():
            if order is resting or order.waits or order.price is None:
                continue
            claim(order.price * sign <= first.last_px * sign, f"traded through {order}", first)
            if resting.place and order.place and order.price == first.last_px:
                claim(order.place > resting.place, f"traded before the older {order}", first)

    # --------------------------------------------------------------------------------------------- a state

    def look_at(self, state: State) -> None:
        """The canonical state has what the events told, in the order of rule 9, and no book that is crossed."""
        rows = {order["order_id"]: order for book in state.books for order in book.all}
        claim(rows.keys() == self.live.keys(), f"other orders live: {rows.keys() ^ self.live.keys()}")
        for id, row in rows.items():
            order = self.live[id]
            claim((order.open, order.filled, order.session) == (row["leaves_qty"], row["cum_qty"], row["session"]),
                  f"not as told: {order}", row)
        positions = {key: value for key, value in self.positions.items() if value}
        held = {(int(row["participant"]), int(row["instrument"])): int(row["position"]) for row in state.accounts}
        claim({key: value for key, value in held.items() if value} == positions, f"positions {held}, not {positions}")
        sums: dict[int, int] = defaultdict(int)
        for (_, instrument), position in held.items():
            sums[instrument] += position
        for instrument, book in zip(state.instruments, state.books, strict=True):
            id = int(instrument["id"])
            adjusted = int(instrument["position_adjusted"])
            claim(sums[id] % (1 << 64) == adjusted, f"positions in {id} do not add up to {adjusted}: {held}")
            book.in_order()
            if instrument["phase"] == c.CONTINUOUS:
                book.not_crossed()
