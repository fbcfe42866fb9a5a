"""The two engines on streams that hypothesis draws: no better than the seeded ones at finding, far better at showing.

A failure is shrunk to the few commands that it needs.
"""

import commands as c
from differential.pair import Pair
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SESSIONS = st.sampled_from((1, 2, 3))
INSTRUMENTS = st.sampled_from((1, 2))
TICK, LOT = 5, 10
PRICES = st.integers(-3, 6).map(lambda ticks: ticks * TICK) | st.sampled_from((7, (1 << 63) - 8, -(1 << 63)))
QUANTITIES = st.integers(1, 6).map(lambda lots: lots * LOT) | st.sampled_from((0, 3, -10, (1 << 63) - 1))
TIMES_IN_FORCE = st.sampled_from((0, c.DAY, c.GTC, c.IOC, c.FOK))
BACK = st.integers(1, 8)        # how many commands ago the order came that is meant

NEW = st.tuples(st.just("new"), SESSIONS, INSTRUMENTS, st.sampled_from((c.BUY, c.SELL, c.SELL_SHORT)), QUANTITIES,
                st.none() | PRICES, TIMES_IN_FORCE, st.booleans())
CANCEL = st.tuples(st.just("cancel"), SESSIONS, INSTRUMENTS, BACK, st.booleans())
REPLACE = st.tuples(st.just("replace"), SESSIONS, INSTRUMENTS, BACK, st.booleans(), st.none() | QUANTITIES,
                    st.none() | PRICES, TIMES_IN_FORCE, st.none() | st.booleans())
STATUS = st.tuples(st.just("status"), INSTRUMENTS, st.integers(1, 7), st.sampled_from((0, 20260105, 20260106)))
OTHER = st.tuples(st.sampled_from(("clock", "disconnect", "logon", "venue_start")), SESSIONS)
STREAM = st.lists(NEW | NEW | CANCEL | REPLACE | STATUS | OTHER, max_size=40)


def opening() -> list[bytes]:
    """Two sessions of one participant, one of another that loses its orders with its connection; one odd instrument."""
    terms = c.terms_line(TICK, LOT, negative=True)
    return [
        c.define_participant(1, "one"), c.define_participant(2, "two"),
        c.define_session(1, "a", 1), c.define_session(2, "b", 1),
        c.define_session(3, "c", 2, c.TRADER | c.records.CANCEL_ON_DISCONNECT),
        c.define_instrument(1, "ODD", terms), c.define_instrument(2, "PLAIN", c.terms_line(TICK, LOT)),
    ]


def naming(index: int, back: int, by_order_id: bool) -> dict:
    """The order of `back` commands ago, by ClOrdID; or the OrderID of that number."""
    return {"order_id": back} if by_order_id else {"orig": max(index - back, 0)}


def command(index: int, drawn: tuple) -> bytes:
    """The record of a drawn step; its ClOrdID is its index, so that streams shrink without falling apart."""
    kind, *values = drawn
    if kind == "new":
        session, instrument, side, quantity, price, tif, post_only = values
        return c.new(session, index, instrument, side, quantity, price, tif=tif, post_only=post_only, time=index)
    if kind == "cancel":
        session, instrument, back, by_order_id = values
        return c.cancel(session, index, instrument, **naming(index, back, by_order_id))
    if kind == "replace":
        session, instrument, back, by_order_id, quantity, price, tif, post_only = values
        return c.replace(session, index, instrument, quantity=quantity, price=price, tif=tif, post_only=post_only,
                         **naming(index, back, by_order_id))
    if kind == "status":
        instrument, phase, date = values
        return c.status(phase, instrument, trade_date=date)
    return {"clock": lambda _: c.clock(), "disconnect": c.disconnect, "logon": c.logon,
            "venue_start": lambda _: c.venue_start(1)}[kind](values[0])


@settings(max_examples=150, deadline=None, database=None, print_blob=True, suppress_health_check=list(HealthCheck))
@given(STREAM)
def test_both_engines_agree_on_any_stream(drawn: list[tuple]) -> None:
    pair = Pair(order_capacity=12, origin="hypothesis")
    for record in opening():
        pair.apply(record)
    for index, step in enumerate(drawn, 1):
        pair.apply(command(index, step))
        pair.compare()
