"""Seeded random command streams: valid and invalid, of every type, for holding one engine against the other.

A stream is a function of its seed and of the events that are shown to it: they tell which orders live, who is logged on
and which phase an instrument is in, so that most commands get somewhere and the rest fail for every reason there is.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import commands as c

from pricetime.matching import records
from pricetime.matching.records import CommandType, EventType, LineType

INT64_MAX = (1 << 63) - 1
EXTREMES = (0, 1, -1, INT64_MAX, -INT64_MAX - 1, INT64_MAX - 1, 1 << 62)
CALLS = (c.PRE_OPEN, c.OPENING_CALL, c.CLOSING_CALL)
DATES = (
    20260105,
    20260106,
    20260107,
    20260108,
    20261301,
    20260132,
    20260100,
    101,
    -20260105,
    10101,
    99991231,
    100000101,
)
NAMES = ("ALPHA", "BETA", "Grüße", "新しい", "", "tab\there", "\x7f", "x" * 48, "\u0085", "\U0001F600", "dup", "dup")
BAD_NAMES = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\x80", b"ok\xe2\x82")


@dataclass
class Shape:
    """What the generator knows of an instrument: enough to price sensibly."""

    tick: int
    lot: int
    centre: int         # in ticks
    negative: bool = False


SHAPES = (
    Shape(tick=1, lot=1, centre=1000),
    Shape(tick=5, lot=10, centre=200),
    Shape(tick=24, lot=3, centre=0, negative=True),
    Shape(tick=1 << 40, lot=1 << 20, centre=3, negative=True),
)


@dataclass
class Live:
    """An order that lives, as its events told it."""

    session: int
    cl_ord_id: int
    instrument: int


@dataclass
class Generator:
    """`stream(count)` yields that many commands; `observe` wants the events of each. Weights: METHODS."""

    seed: int
    dice: random.Random = field(init=False)
    order_capacity: int = field(init=False)     # for the engines that the stream is for
    spread: int = field(init=False)             # how far from the centre prices are, in ticks
    call_share: int = field(init=False)         # weight of calls among the phases, against 40 for Continuous
    time: int = 0
    run: int = 0
    marks: dict[int, int] = field(default_factory=dict)
    live: dict[int, Live] = field(default_factory=dict)         # by OrderID
    ended: list[tuple[int, Live]] = field(default_factory=list)
    phases: dict[int, int] = field(default_factory=dict)
    logged_on: set[int] = field(default_factory=set)
    participants: int = 0
    sessions: int = 0
    instruments: int = 0
    defining: str = ""          # the table that grows if the last command was carried out

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.order_capacity = self.dice.choice((131072, 131072, 1000, 60, 7))
        self.call_share = self.dice.choice((50, 50, 300))
        self.spread = self.dice.choice((3, 6, 6, 40, 5000, 1 << 21, 1 << 45))

    # ---------------------------------------------------------------------------------------------- stream

    def stream(self, count: int) -> Iterator[bytes]:
        """The opening definitions, then random commands, `count` in all."""
        methods, weights = zip(*METHODS, strict=True)
        opening = self.opening()
        yield from opening
        for _ in range(count - len(opening)):
            yield self.dice.choices(methods, weights)[0](self)

    def observe(self, events: Iterable[c.Event]) -> None:
        """Learn what the last command did."""
        events = list(events)
        if self.defining and all(event.type == EventType.COMMAND_ACK for event in events):
            setattr(self, self.defining, getattr(self, self.defining) + 1)
        self.defining = ""
        for event in events:
            if event.type in (EventType.NEW, EventType.REPLACED):
                self.live[event.order_id] = Live(event.session, event.cl_ord_id, event.instrument)
            elif event.type in (EventType.TRADE, EventType.CANCELED, EventType.EXPIRED) and event.leaves_qty == 0:
                order = self.live.pop(event.order_id, None)
                if order is not None:
                    self.ended = [*self.ended[-20:], (event.order_id, order)]
            elif event.type == EventType.SESSION_STATUS:
                self.phases[event.instrument] = event.leaves_qty
            elif event.type == EventType.LOGON_ANSWER:
                self.logged_on.add(event.session)
            elif event.type == EventType.LOGOUT_ANSWER and self.run:
                self.logged_on.discard(event.session)

    def opening(self) -> list[bytes]:
        """Three participants, six sessions, four instruments."""
        stream = [c.define_participant(id, f"party{id}") for id in (1, 2, 3)]
        both = c.TRADER | c.OPERATOR
        for id, attributes in enumerate((c.TRADER, c.TRADER | records.CANCEL_ON_DISCONNECT, c.TRADER, both,
                                         both | records.CANCEL_ON_DISCONNECT | records.RIGHT_RISK, c.OPERATOR), 1):
            stream.append(c.define_session(id, f"session{id}", (id + 1) // 2, attributes))
        for id, shape in enumerate(SHAPES, 1):
            reference = c.limits_line(reference_price=shape.centre * shape.tick) if id % 2 else None
            terms = c.terms_line(shape.tick, shape.lot, negative=shape.negative)
            stream.append(c.define_instrument(id, f"I{id}", terms, reference))
        self.participants, self.sessions, self.instruments = 3, 6, 4
        self.logged_on = set(range(1, 7))
        self.phases = dict.fromkeys(range(1, 5), c.CONTINUOUS)
        return stream

    # ------------------------------------------------------------------------------------------ ingredients

    def chance(self, probability: float) -> bool:
        return self.dice.random() < probability

    def session(self) -> int:
        traders = sorted(self.logged_on - {6})
        if traders and self.chance(0.97):
            return self.dice.choice(traders)
        return self.dice.choice((0, 1, 2, 6, 7, 99, (1 << 32) - 1))

    def cl_ord_id(self, session: int) -> int:
        """Mostly the next one; sometimes a gap, a duplicate, or nonsense."""
        mark = self.marks.get(session, 0)
        roll = self.dice.random()
        if roll < 0.95:
            mark += 1 if roll < 0.9 else self.dice.randint(2, 50)
            self.marks[session] = mark
            return mark
        return self.dice.choice((mark, max(mark - 3, 1), 0, -1, -(1 << 63)))

    def instrument(self) -> int:
        """Mostly one that takes orders now."""
        taking = [id for id in (1, 1, 1, 2, 3, 4) if self.phases.get(id) not in (c.CLOSED, c.HALTED)]
        if taking and self.chance(0.97):
            return self.dice.choice(taking)
        return self.dice.choice((0, 1, 2, 3, 4, 5, 6, (1 << 32) - 1))

    def when(self) -> int:
        """Times mostly rise, sometimes fall back."""
        self.time += self.dice.choice((0, 0, 1, 1000))
        return self.time if self.chance(0.95) else self.dice.choice((0, -5, self.time // 2))

    def shape(self, instrument: int) -> Shape:
        return SHAPES[(instrument - 1) % len(SHAPES)]

    def price(self, instrument: int) -> int:
        shape = self.shape(instrument)
        if self.chance(0.01):
            return self.dice.choice(EXTREMES)
        distance = self.dice.randint(-self.spread, self.spread) if self.chance(0.6) else self.dice.randint(-4, 4)
        price = (shape.centre + distance) * shape.tick
        price = price if shape.negative or price > 0 else -price
        price += self.dice.randint(-2, 2) if self.chance(0.03) else 0
        return max(-INT64_MAX - 1, min(INT64_MAX, price))

    def quantity(self, instrument: int) -> int:
        shape = self.shape(instrument)
        if self.chance(0.95):
            return self.dice.randint(1, 12) * shape.lot
        if self.chance(0.6):
            return self.dice.randint(-2, 12)
        bound = INT64_MAX // self.order_capacity // shape.lot * shape.lot
        return self.dice.choice((*EXTREMES, bound, bound, bound + shape.lot))

    def time_in_force(self, instrument: int) -> int:
        """No immediate orders in a call, mostly."""
        immediate = 1 if self.phases.get(instrument) in CALLS else 10
        return self.dice.choices((0, c.DAY, c.GTC, c.IOC, c.FOK, 5, 6, 7, 8, 15),
                                 (30, 15, 25, immediate, immediate, 0.3, 0.3, 0.3, 0.3, 0.3))[0]

    def ord_type(self) -> int:
        return self.dice.choices((c.LIMIT, c.MARKET, 0, 3, 4, 5, 6, 15), (85, 12, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4))[0]

    def side(self) -> int:
        return self.dice.choices((c.BUY, c.SELL, c.SELL_SHORT, 0), (48, 45, 6, 1))[0]

    def lines(self) -> tuple[bytes, ...]:
        """Account and text are carried; advanced lines are unsupported where they say anything."""
        if self.chance(0.95):
            return ()
        lines = []
        if self.chance(0.4):
            lines.append(c.further(LineType.ADVANCED_LINE, presence=self.dice.choice((0, 1, 2, 16)),
                                   self_match_instruction=self.dice.choice((0, 0, 1))))
        if self.chance(0.5):
            lines.append(c.further(LineType.ACCOUNT_LINE, text=b"account"))
        return (*lines, c.further(LineType.TEXT_LINE, text="grüß".encode()))

    # ------------------------------------------------------------------------------------------------ orders

    def new(self) -> bytes:
        session, instrument, ord_type = self.session(), self.instrument(), self.ord_type()
        wants_price = (ord_type != c.MARKET) == self.chance(0.98)
        tif = self.time_in_force(instrument)
        if ord_type == c.MARKET and tif == c.GTC and self.chance(0.8):
            tif = c.DAY
        post_only = self.chance(0.01 if self.phases.get(instrument) in CALLS else 0.08)
        return c.new(
            session, self.cl_ord_id(session), instrument, self.side(),
            self.quantity(instrument) if self.chance(0.99) else None,
            self.price(instrument) if wants_price else None,
            ord_type=ord_type, tif=tif, post_only=post_only, lines=self.lines(), time=self.when(),
        )

    def name_order(self) -> tuple[dict, int, int]:
        """How to name an order, its instrument, and who asks: mostly its owner or its participant."""
        if not self.live or self.chance(0.08):
            order_id, order = self.dice.choice(self.ended or [(1, Live(1, 1, 1))])
        else:
            order_id = self.dice.choice(list(self.live))
            order = self.live[order_id]
        instrument = order.instrument if self.chance(0.97) else self.instrument()
        session = (
            order.session if self.chance(0.85) else (order.session - 1 ^ 1) + 1 if self.chance(0.8) else self.session()
        )
        if self.chance(0.02):
            return {"orig": self.dice.choice((0, 1 << 63, (1 << 64) - 1, 12345))}, instrument, session
        if self.chance(0.02):
            return {"order_id": self.dice.choice((0, order_id + 1000, (1 << 64) - 1))}, instrument, session
        by_order_id = self.chance(0.25 if session == order.session else 0.9)
        return {"order_id": order_id} if by_order_id else {"orig": order.cl_ord_id}, instrument, session

    def cancel(self) -> bytes:
        name, instrument, session = self.name_order()
        side = self.side() if self.chance(0.1) else 0
        return c.cancel(session, self.cl_ord_id(session), instrument, side=side, time=self.when(), **name)

    def replace(self) -> bytes:
        name, instrument, session = self.name_order()
        return c.replace(
            session, self.cl_ord_id(session), instrument,
            quantity=self.quantity(instrument) if self.chance(0.7) else None,
            price=self.price(instrument) if self.chance(0.5) else None,
            side=self.side() if self.chance(0.05) else 0,
            ord_type=self.ord_type() if self.chance(0.1) else 0,
            tif=self.time_in_force(instrument) if self.chance(0.3) else 0,
            post_only=None if self.chance(0.9) else self.chance(0.5),
            lines=self.lines(), time=self.when(), **name,
        )

    # ---------------------------------------------------------------------------------- phases, days, clock

    def sender(self) -> dict:
        """Mostly the venue, sometimes a session with or without the right to operate."""
        if self.chance(0.7):
            return {"session": 0, "cl_ord_id": 0}
        session = self.dice.choice((1, 4, 4, 5, 6, 50))
        return {"session": session, "cl_ord_id": self.cl_ord_id(session)}

    def status(self) -> bytes:
        phases = (c.CONTINUOUS, c.CLOSED, c.HALTED, *CALLS, c.VOLATILITY_CALL, 0, 8, 0xFFFF)
        phase = self.dice.choices(phases, (40, 4, 4, *[self.call_share / 3] * 3, 1, 1, 1, 1))[0]
        stopped = [id for id, at in self.phases.items() if at in (c.CLOSED, c.HALTED)]
        instrument = self.dice.choice(stopped) if stopped and self.chance(0.5) else self.instrument()
        date = self.dice.choice(DATES) if self.chance(0.15) else 0
        return c.status(phase, instrument, trade_date=date, time=self.when(), **self.sender())

    def clock(self) -> bytes:
        return c.clock(self.when(), **self.sender())

    # --------------------------------------------------------------------------------------------- sessions

    def connection(self) -> bytes:
        """Mostly one that is off logs on."""
        off = sorted(set(range(1, 7)) - self.logged_on)
        kind = self.dice.choices((CommandType.LOGON, CommandType.LOGOUT, CommandType.DISCONNECT), (70, 10, 10))[0]
        session = self.dice.choice((0, 77)) if self.chance(0.05) else self.dice.randint(1, 6)
        if off and self.chance(0.8):
            kind, session = CommandType.LOGON, self.dice.choice(off)
        if kind == CommandType.DISCONNECT and self.run:
            self.logged_on.discard(session)
        return c.record(kind, session=session, time=self.when(), cl_ord_id=self.dice.choice((0, 0, 0, 5)))

    def venue_start(self) -> bytes:
        """One in two would start a run, the others are wrong in some way."""
        if self.chance(0.5):
            self.run += 1
            self.logged_on.clear()
            return c.venue_start(self.run)
        return c.venue_start(
            self.dice.choice((0, self.run, self.run + 2, (1 << 64) - 1)) if self.chance(0.5) else self.run + 1,
            rules_version=self.dice.choice((0, 2, -1)),
            capacity=self.dice.choice((0, self.order_capacity, 1, -1, (1 << 24) + 1)),
            session=0 if self.chance(0.9) else 4, cl_ord_id=0)

    def capacity_invalid(self) -> bytes:
        return c.venue_start(self.run + 1, capacity=self.dice.choice((-1, 5, 1 << 24, (1 << 24) + 1)))

    # ------------------------------------------------------------------------------------------ definitions

    def name(self, is_new: bool) -> str | bytes | None:
        """A new one needs a name, a known one none."""
        roll = self.dice.random()
        if is_new and roll < 0.6:
            return f"fresh{self.dice.getrandbits(40)}"
        if not is_new and roll < 0.7:
            return None
        return self.dice.choice((None, *BAD_NAMES, *NAMES, *NAMES, "I1", "party1", "session1"))

    def id(self, table: str) -> int:
        """A known id, the next one, or neither."""
        count = getattr(self, table)
        known = self.dice.randint(1, count)
        id = self.dice.choices((known, count + 1, count + 2, 0, (1 << 32) - 1), (60, 30, 4, 3, 3))[0]
        self.defining = table if id == count + 1 else ""
        return id

    def define_participant(self) -> bytes:
        id = self.id("participants")
        attributes = records.DISABLED if self.chance(0.2) else 0
        return c.define_participant(id, self.name(id > self.participants), attributes=attributes, **self.sender())

    def define_session(self) -> bytes:
        id = self.id("sessions")
        attributes = c.TRADER | self.dice.choice((0, 0, c.OPERATOR)) | self.dice.choice(
            (0, 0, 0, records.DISABLED, records.CANCEL_ON_DISCONNECT))
        participant = (id + 1) // 2 if self.chance(0.75) else self.dice.choice((0, 1, 2, 99, -1, 1 << 40))
        return c.define_session(id, self.name(id > self.sessions), participant, attributes, **self.sender())

    def limits(self) -> bytes | None:
        if self.chance(0.5):
            return None
        fields = {}
        if self.chance(0.6):
            fields["reference_price"] = self.price(self.dice.randint(1, 4))
        if self.chance(0.4):
            fields["max_order_quantity"] = self.dice.choice((1, 50, 1000, 1 << 40, 0, -1, (1 << 63) - 1, 240 << 20))
        if self.chance(0.1):
            fields[self.dice.choice(("collar", "dynamic_band", "static_band", "call_duration"))] = 5
        return c.limits_line(**fields)

    def define_instrument(self) -> bytes:
        id = self.id("instruments")
        shape = self.shape(max(id, 1))
        terms = c.terms_line(shape.tick, shape.lot, negative=shape.negative)
        if self.chance(0.5):
            terms = c.terms_line(
                self.dice.choice((shape.tick, shape.tick, 0, -1)),
                self.dice.choice((shape.lot, 0, -7)),
                negative=self.chance(0.5),
                price_scale=self.dice.choice((0, 0, 18, 19)),
                qty_scale=self.dice.choice((0, 0, 0, 255)),
                iceberg_parts_max=self.dice.choice((0, 1, 100)),
            )
        if self.chance(0.4 if id <= self.instruments else 0.1):
            terms = None
        return c.define_instrument(
            id, self.name(id > self.instruments), terms, self.limits(), currency=self.dice.choice((b"", b"", b"EUR")),
            attributes=records.DISABLED if self.chance(0.1) else 0, **self.sender())

    def enable_again(self) -> bytes:
        """Undo what was disabled, so that streams do not run dry."""
        which = self.dice.randint(0, 2)
        if which == 0:
            return c.define_participant(self.dice.randint(1, 3), None)
        if which == 1:
            return c.define_instrument(self.dice.randint(1, 4), None, None, c.limits_line(max_order_quantity=INT64_MAX))
        id = self.dice.randint(1, 6)
        return c.define_session(id, None, (id + 1) // 2, self.dice.choice((
            c.TRADER, c.TRADER | records.CANCEL_ON_DISCONNECT, c.TRADER | c.OPERATOR)))

    def unsupported(self) -> bytes:
        """Commands that are refused whole, and types that only the wire knows."""
        kind = self.dice.choice((4, 19, 20, 21, 5, 6, 48, 49, 50))
        return c.record(kind, **self.sender())


METHODS = (
    (Generator.new, 520),
    (Generator.cancel, 130),
    (Generator.replace, 220),
    (Generator.status, 25),
    (Generator.clock, 15),
    (Generator.connection, 25),
    (Generator.venue_start, 2),
    (Generator.capacity_invalid, 1),
    (Generator.define_participant, 5),
    (Generator.define_session, 6),
    (Generator.define_instrument, 14),
    (Generator.enable_again, 25),
    (Generator.unsupported, 6),
)
