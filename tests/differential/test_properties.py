"""The two engines on streams that hypothesis draws: no better than the seeded ones at finding, far better at showing.

A failure is shrunk to the few commands that it needs, and those to their simplest attributes. The model looks on.
"""

import commands as c
from differential.pair import Pair
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from pricetime.matching import records

TOP = (1 << 63) - 1
SESSIONS = st.sampled_from((1, 2, 3))
INSTRUMENTS = st.sampled_from((1, 2))
TICK, LOT = 5, 10
SIDES = st.sampled_from((c.BUY, c.SELL, c.SELL_SHORT))
PRICES = st.integers(-3, 6).map(lambda ticks: ticks * TICK) | st.sampled_from((7, TOP - 2, -(1 << 63)))
QUANTITIES = st.integers(1, 6).map(lambda lots: lots * LOT) | st.sampled_from((0, 3, -10, TOP))
ORD_TYPES = st.sampled_from((c.LIMIT, c.LIMIT, c.LIMIT, c.MARKET, c.STOP, c.STOP_LIMIT, c.LEFT_OVER))
TIMES_IN_FORCE = st.sampled_from((0, c.DAY, c.GTC, c.IOC, c.FOK, c.GTD, c.AT_THE_OPENING, c.AT_THE_CLOSE))
BACK = st.integers(1, 8)        # how many commands ago the order came that is meant
SELDOM = st.none() | st.none() | st.none()
DISPLAYS = SELDOM | st.sampled_from((0, LOT, 2 * LOT, 3))
SELF_MATCHES = SELDOM | st.tuples(st.sampled_from((0, 1, 1, 1, 2)), st.integers(0, 5))
AHEAD = st.sampled_from((0, 1, 2, 5, 30))       # nanoseconds
NOTIONALS = st.sampled_from((None, -1, 0, 100, 1000, 1 << 126))
LIMITS = st.sampled_from((None, -1, 0, 2 * LOT, 6 * LOT))


def opening() -> list[bytes]:
    """Two sessions of one participant, one of another that loses its orders with its connection; one odd instrument."""
    terms = c.terms_line(TICK, LOT, negative=True, hidden=True, iceberg_parts_max=4)
    return [
        c.define_participant(1, "one"), c.define_participant(2, "two"),
        c.define_session(1, "a", 1), c.define_session(2, "b", 1),
        c.define_session(3, "c", 2, c.TRADER | records.CANCEL_ON_DISCONNECT),
        c.define_instrument(1, "ODD", terms), c.define_instrument(2, "PLAIN", c.terms_line(TICK, LOT), currency=b"EUR"),
    ]


class Engines(RuleBasedStateMachine):
    """Each rule is a command; its ClOrdID is its index, so that streams shrink without falling apart."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair(order_capacity=12, origin="hypothesis")
        self.index = self.time = 0

    def do(self, record: bytes) -> None:
        self.pair.apply(record)
        self.pair.compare()

    def next(self, ahead: int) -> dict[str, int]:
        """ClOrdID and time of the next command."""
        self.index += 1
        self.time += ahead
        return {"cl_ord_id": self.index, "time": self.time}

    def named(self, back: int, by_order_id: bool) -> dict[str, int]:
        """The order of `back` commands ago, by ClOrdID; or the OrderID of that number."""
        return {"order_id": back} if by_order_id else {"orig": max(self.index - back, 0)}

    @initialize()
    def begin(self) -> None:
        for record in opening():
            self.pair.apply(record)

    @rule(session=SESSIONS, instrument=INSTRUMENTS, side=SIDES, quantity=QUANTITIES, price=PRICES, ord_type=ORD_TYPES,
          tif=TIMES_IN_FORCE, post_only=st.booleans(), display=DISPLAYS, stop=PRICES, minimum=DISPLAYS,
          self_match=SELF_MATCHES, expires=AHEAD, ahead=AHEAD)
    def new(self, ord_type: int, price: int, stop: int, tif: int, expires: int, minimum: int | None, ahead: int,
            **given: object) -> None:
        self.do(c.new(**given, **self.next(ahead), ord_type=ord_type, tif=tif,
                      price=price if ord_type in (c.LIMIT, c.STOP_LIMIT) else None,
                      stop=stop if ord_type in (c.STOP, c.STOP_LIMIT) else None,
                      minimum=minimum if tif == c.IOC else None,
                      expires=self.time + expires if tif == c.GTD else None))

    @rule(session=SESSIONS, instrument=INSTRUMENTS, side=SIDES, quantity=QUANTITIES, price=PRICES,
          stop=st.none() | PRICES, self_match=SELF_MATCHES)
    def plain(self, price: int, stop: int | None, **given: object) -> None:
        """What most orders are, so that there is a book."""
        self.do(c.new(**given, **self.next(0), price=price, stop=stop))

    @rule(session=SESSIONS, instrument=INSTRUMENTS, back=BACK, by_order_id=st.booleans(), ahead=AHEAD)
    def cancel(self, session: int, instrument: int, back: int, by_order_id: bool, ahead: int) -> None:
        self.do(c.cancel(session, instrument=instrument, **self.next(ahead), **self.named(back, by_order_id)))

    @rule(session=SESSIONS, instrument=INSTRUMENTS, back=BACK, by_order_id=st.booleans(),
          quantity=st.none() | QUANTITIES, price=st.none() | PRICES, tif=TIMES_IN_FORCE,
          post_only=st.none() | st.booleans(), display=DISPLAYS, stop=SELDOM | PRICES, self_match=SELF_MATCHES,
          expires=AHEAD, ahead=AHEAD)
    def replace(self, back: int, by_order_id: bool, tif: int, expires: int, ahead: int, **given: object) -> None:
        self.do(c.replace(**given, **self.next(ahead), **self.named(back, by_order_id), tif=tif,
                          expires=self.time + expires if tif == c.GTD else None))

    @rule(session=SESSIONS, instrument=st.integers(0, 2), side=st.sampled_from((0, c.BUY, c.SELL)),
          of=st.integers(0, 3))
    def mass_cancel(self, of: int, **given: int) -> None:
        self.do(c.mass_cancel(**given, **self.next(0), of_session=of))

    @rule(instrument=INSTRUMENTS, phase=st.integers(1, 7), date=st.sampled_from((0, 0, 20260105, 20260106)))
    def status(self, instrument: int, phase: int, date: int) -> None:
        self.do(c.status(phase, instrument, trade_date=date))

    @rule(instrument=INSTRUMENTS, reference=st.none() | PRICES, collar=st.none() | st.integers(0, 30),
          dynamic=st.none() | st.integers(0, 20), static=st.none() | st.integers(0, 20), duration=st.integers(1, 30))
    def limits(self, instrument: int, reference: int | None, collar: int | None, dynamic: int | None,
               static: int | None, duration: int) -> None:
        given = {"reference_price": reference, "collar": collar, "dynamic_band": dynamic, "static_band": static}
        present = {name: value for name, value in given.items() if value is not None}
        self.do(c.define_instrument(instrument, None, None, c.limits_line(call_duration=duration, **present)))

    @rule(participant=st.integers(1, 2), instrument=st.integers(0, 2), rate=st.none() | st.tuples(BACK, BACK),
          order=LIMITS, notional=NOTIONALS, orders=st.none() | st.integers(-1, 4), quantity=LIMITS, position=LIMITS,
          gross=NOTIONALS, scale=st.sampled_from((0, 3)), currency=st.sampled_from((b"", b"EUR")))
    def risk(self, participant: int, instrument: int, rate: tuple[int, int] | None, order: int | None,
             notional: int | None, currency: bytes, scale: int, quantity: int | None, position: int | None,
             orders: int | None, gross: int | None) -> None:
        of_account = instrument != 0
        self.do(c.risk_limits(
            participant, instrument,
            c.order_limits_line(rate=None if of_account else rate, quantity=order if of_account else None,
                                notional=notional, currency=currency, scale=scale),
            c.open_limits_line(orders=orders, quantity=quantity if of_account else None, gross=gross, scale=scale,
                               position=position if of_account else None, currency=currency)))

    @rule(participant=st.integers(1, 2), instrument=INSTRUMENTS, position=QUANTITIES | st.sampled_from((-TOP, -30)))
    def position(self, participant: int, instrument: int, position: int) -> None:
        self.do(c.position_adjust(participant, instrument, position))

    @rule(participant=st.integers(1, 2), on=st.booleans())
    def kill(self, participant: int, on: bool) -> None:
        self.do(c.kill_switch(participant, on))

    @rule(ahead=AHEAD)
    def clock(self, ahead: int) -> None:
        self.time += ahead
        self.do(c.clock(self.time))

    @precondition(lambda self: self.index > 3)
    @rule(session=SESSIONS, kind=st.sampled_from((c.disconnect, c.logon, c.logout, lambda session: c.venue_start(1))))
    def connection(self, session: int, kind: object) -> None:
        self.do(kind(session))

    @precondition(lambda self: self.index > 3)
    @rule()
    def reload(self) -> None:
        """Each engine goes on from the other one's dump."""
        self.pair.reload()


TestBothEnginesAgreeOnAnyStream = Engines.TestCase
TestBothEnginesAgreeOnAnyStream.settings = settings(
    max_examples=120, stateful_step_count=40, deadline=None, database=None, print_blob=True,
    suppress_health_check=list(HealthCheck))
