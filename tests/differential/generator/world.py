"""What a stream knows of the market (from the events shown to it), and the ingredients of its commands."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import commands as c
from differential.generator.profiles import Profile

from pricetime.matching.records import EventType

INT64_MAX = (1 << 63) - 1
EXTREMES = (0, 1, -1, INT64_MAX, -INT64_MAX - 1, INT64_MAX - 1, 1 << 62, -(1 << 62))
CALLS = {c.PRE_OPEN, c.OPENING_CALL, c.CLOSING_CALL, c.VOLATILITY_CALL}
STOPPED = {c.CLOSED, c.HALTED}
OPENS = {EventType.NEW, EventType.REPLACED}
ENDS = {EventType.CANCELED, EventType.EXPIRED}
TRADERS = 6         # sessions 1 to 6, two of each participant


@dataclass(frozen=True)
class Shape:
    """What the generator knows of an instrument's terms: enough to price sensibly."""

    tick: int
    lot: int
    centre: int                 # in ticks
    negative: bool = False
    hidden: bool = True
    currency: bytes = b""
    scales: tuple[int, int] = (0, 0)
    parts: int = 0              # iceberg_parts_max


SHAPES = (
    Shape(tick=1, lot=1, centre=1000, currency=b"EUR", scales=(2, 0)),
    Shape(tick=5, lot=10, centre=200, hidden=False, currency=b"USD", scales=(3, 1)),
    Shape(tick=24, lot=3, centre=0, negative=True, parts=4),
    Shape(tick=1 << 40, lot=1 << 20, centre=3, negative=True, currency=b"EUR", scales=(18, 18)),
)


@dataclass(slots=True)
class Live:
    """An order that lives, as its events told it."""

    order_id: int
    session: int
    cl_ord_id: int
    instrument: int
    side: int
    total: int
    attributes: int = c.LIMIT << 2 | c.BUY      # as its last report has them
    price: int = 100


class World:
    """Dice, and what the events told. Every roll comes from the one seed."""

    def __init__(self, seed: int, profile: Profile) -> None:
        self.seed, self.profile = seed, profile
        self.dice = random.Random(seed)
        self.roll = self.dice.random
        self.order_capacity = self.dice.choice(profile.capacities)      # for the engines that the stream is for
        self.spread = self.dice.choice(profile.spreads)
        self.ord_types = self.weighted((c.MARKET, c.LIMIT, c.STOP, c.STOP_LIMIT, c.LEFT_OVER), profile.ord_types)
        tifs = (0, c.DAY, c.GTC, c.IOC, c.FOK, c.GTD, c.AT_THE_OPENING, c.AT_THE_CLOSE)
        of_phase = {c.CONTINUOUS: (1, 1, 1, 1, 1, 1, 0.02, 1), c.PRE_OPEN: (1, 1, 1, 0.05, 0.05, 1, 3, 1),
                    c.OPENING_CALL: (1, 1, 1, 0.05, 0.05, 1, 3, 1)}
        in_a_call = (1, 1, 1, 0.05, 0.05, 1, 0.05, 3)
        self.times_in_force = {phase: self.weighted(tifs, [
            weight * share for weight, share in zip(profile.times_in_force, of_phase.get(phase, in_a_call), strict=True)
        ]) for phase in range(8)}
        self.phases_wanted = self.weighted(tuple(profile.phases), tuple(profile.phases.values()))
        self.time = self.run = 0
        self.marks: dict[int, int] = {}
        self.live: list[Live] = []
        self.places: dict[int, int] = {}            # of an order in `live`, by OrderID
        self.ended: list[Live] = []
        self.phases: dict[int, int] = {}
        self.last: dict[int, int] = {}              # last trade price
        self.logged_on: set[int] = set()
        self.blocked: set[int] = set()
        self.trade_date = 20260105
        self.participants = self.sessions = self.instruments = 0
        self.defining = ""      # the table that grows if the last command was carried out

    # ---------------------------------------------------------------------------------------------- observe

    def observe(self, events: Iterable[c.Event]) -> None:
        """Learn what the last commands did."""
        carried_out = True
        for event in events:
            kind = event.type
            if kind == EventType.TRADE or kind in ENDS:
                if kind == EventType.TRADE:
                    self.last[event.instrument] = event.last_px
                if event.leaves_qty == 0:
                    self.ends(event.order_id)
            elif kind in OPENS:
                self.opens(event)
            elif kind == EventType.SESSION_STATUS:
                self.phases[event.instrument] = event.leaves_qty
            elif kind == EventType.LOGON_ANSWER:
                self.logged_on.add(event.session)
            elif kind == EventType.LOGOUT_ANSWER and self.run:
                self.logged_on.discard(event.session)
            elif kind == EventType.BUSINESS_MESSAGE_REJECT:
                carried_out = False
        if self.defining and carried_out:
            setattr(self, self.defining, getattr(self, self.defining) + 1)
        self.defining = ""

    def opens(self, event: c.Event) -> None:
        order = Live(event.order_id, event.session, event.cl_ord_id, event.instrument, event.attributes & 3,
                     event.leaves_qty + event.cum_qty, event.attributes, event.price)
        place = self.places.setdefault(event.order_id, len(self.live))
        self.live[place:place + 1] = [order]

    def ends(self, order_id: int) -> None:
        place = self.places.pop(order_id, None)
        if place is None:
            return
        self.ended = [*self.ended[-20:], self.live[place]]
        last = self.live.pop()
        if place < len(self.live):
            self.live[place] = last
            self.places[last.order_id] = place

    # ------------------------------------------------------------------------------------------------- dice

    def chance(self, probability: float) -> bool:
        return self.roll() < probability

    @staticmethod
    def weighted(what: Sequence[Any], weights: Sequence[float]) -> tuple[Sequence[Any], list[float]]:
        return what, list(accumulate(weights))

    def pick(self, weighted: tuple[Sequence[Any], list[float]]) -> Any:
        return self.dice.choices(weighted[0], cum_weights=weighted[1])[0]

    # ------------------------------------------------------------------------------------------ ingredients

    def session(self) -> int:
        if self.logged_on and self.chance(1 - self.profile.wrong / 4):
            id = 1 + int(self.roll() * TRADERS)
            return id if id in self.logged_on else self.dice.choice(sorted(self.logged_on))
        return self.dice.choice((0, 1, 2, 6, 7, 8, 99, (1 << 32) - 1))

    def cl_ord_id(self, session: int) -> int:
        """Mostly the next one; sometimes a gap, a duplicate, or nonsense."""
        mark = self.marks.get(session, 0)
        roll = self.roll()
        if roll < 1 - self.profile.wrong / 4:
            mark += 1 if roll < 0.9 else self.dice.randint(2, 50)
            self.marks[session] = mark
            return mark
        return self.dice.choice((mark, max(mark - 3, 1), 0, -1, -(1 << 63)))

    def sender(self) -> dict[str, int]:
        """Mostly the venue, sometimes a session with or without the right to operate."""
        if self.chance(0.75):
            return {"session": 0, "cl_ord_id": 0}
        session = self.dice.choice((1, 4, 4, 5, 5, 7, 7, 50))
        return {"session": session, "cl_ord_id": self.cl_ord_id(session)}

    def instrument(self) -> int:
        """Mostly one that takes orders now."""
        id = self.dice.choice((1, 1, 1, 2, 3, 4))
        if self.phases.get(id) in STOPPED and self.chance(0.9):
            id = next((id for id in (1, 2, 3, 4) if self.phases.get(id) not in STOPPED), id)
        return id if self.chance(1 - self.profile.wrong / 5) else self.dice.choice((0, 4, 5, 6, (1 << 32) - 1))

    def now(self) -> int:
        """Times mostly rise, sometimes by much, sometimes fall back."""
        self.time += self.dice.choice(self.profile.steps)
        if self.chance(0.01):
            self.time += self.dice.choice((5000, 10**6, 2 * 10**9))
        return self.time if self.chance(0.98) else self.dice.choice((0, -5, self.time // 2))

    def expire_time(self) -> int:
        return self.time + self.dice.choice(self.profile.expiries)

    @staticmethod
    def shape(instrument: int) -> Shape:
        return SHAPES[(instrument - 1) % len(SHAPES)]

    def price(self, instrument: int, side: int = 0) -> int:
        """Around the middle; of a side more often on its own half, so that books have two."""
        shape, spread = self.shape(instrument), self.spread
        if self.chance(self.profile.extreme):
            return self.dice.choice(EXTREMES)
        distance = int((self.roll() * 2 - 1) * (spread if self.chance(0.6) else 4))
        if side and self.chance(0.5):
            distance = -abs(distance) if side == c.BUY else abs(distance)
        return self.clipped((shape.centre + distance) * shape.tick, shape)

    def stop_price(self, instrument: int, side: int) -> int:
        """Mostly one that is not reached yet: above the last price of a buy, below of a sell."""
        shape = self.shape(instrument)
        last = self.last.get(instrument)
        if last is None or self.chance(0.2):
            return self.price(instrument)
        distance = int(self.roll() * self.spread) - (1 if self.chance(0.1) else 0)
        return self.clipped(last + (distance if side == c.BUY else -distance) * shape.tick, shape)

    @staticmethod
    def clipped(price: int, shape: Shape) -> int:
        price = price if shape.negative or price > 0 else max(-price, shape.tick)
        return max(-INT64_MAX - 1, min(INT64_MAX, price))

    def quantity(self, instrument: int) -> int:
        shape = self.shape(instrument)
        if self.chance(self.profile.extreme):
            bound = INT64_MAX // self.order_capacity // shape.lot * shape.lot
            return self.dice.choice((*EXTREMES, bound, bound, bound, bound + shape.lot))
        return (1 + int(self.roll() * self.profile.largest)) * shape.lot
