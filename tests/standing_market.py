"""A market in which every kind of order stands and every kind of limit holds: to be looked at, damaged and loaded.

Orders come in the order of their names, so that a name is the OrderID in either engine, and the slot in the fast one.
"""

from enum import IntEnum, auto

import commands as c
from commands import BUY, SELL

CAPACITY = 64
FIRM, OTHER, IDLE = 1, 2, 3             # participants; IDLE has no account
A, B = 1, 2                             # sessions of FIRM and OTHER
# Instruments: X trades in Continuous; CALL is in a call, MARKETS and CROSSED too, with nothing but their name;
# EMPTY has an account of OTHER's without orders; LATE is in a VolatilityCall.
X, CALL, MARKETS, CROSSED, EMPTY, LATE = 1, 2, 3, 4, 5, 6
SMP = 7                                 # a SelfMatchPreventionID
CALL_ENDS = 1_000_010


class Slot(IntEnum):
    """Every order that was ever there."""

    BID = auto()                # four queues at 1000: two orders in each kind
    BID_2 = auto()
    LOW = auto()                # the level below
    HIDDEN = auto()
    HIDDEN_2 = auto()
    ICEBERG = auto()
    ICEBERG_2 = auto()
    ASK = auto()
    FAR = auto()                # outside of the ladder's window
    STOP = auto()               # two at one StopPx, a sell
    STOP_2 = auto()
    STOP_LIMIT = auto()
    CLOSE = auto()              # AtTheClose, set aside
    CLOSE_2 = auto()
    TIMED = auto()              # GTD: three of them, by time
    TIMED_2 = auto()
    TIMED_3 = auto()
    GUARDED = auto()            # with a SelfMatchPreventionID
    FILLED = auto()             # in part
    OPENING = auto()            # AtTheOpening, in CALL
    MARKET = auto()             # in MARKETS
    MARKET_2 = auto()
    MARKET_SELL = auto()
    CROSSING_BID = auto()       # in CROSSED
    CROSSING_ASK = auto()
    RESTING = auto()            # in LATE: beyond the band
    GONE = auto()               # cancelled again: its slot, and its price level, are free
    TRIGGER = auto()            # in LATE: began the call
    HIT = auto()                # traded at once with FILLED


def definitions() -> list[bytes]:
    """Participants with limits of each kind, sessions, instruments."""
    bands = c.limits_line(reference_price=1000, static_band=100, call_duration=CALL_ENDS - 10)
    return [
        *(c.define_participant(id, name) for id, name in ((FIRM, "firm"), (OTHER, "other"), (IDLE, "idle"))),
        c.define_session(A, "a", FIRM), c.define_session(B, "b", OTHER),
        c.define_instrument(X, "X", c.terms_line(tick=5, hidden=True),
                            c.limits_line(reference_price=1000, collar=100000), b"EUR"),
        *(c.define_instrument(id, name, c.terms_line(tick=5), currency=b"USD")
          for id, name in ((CALL, "CALL"), (MARKETS, "MARKETS"), (CROSSED, "CROSSED"), (EMPTY, "EMPTY"))),
        c.define_instrument(LATE, "LATE", c.terms_line(), bands, b"USD"),
        c.risk_limits(FIRM, 0, c.order_limits_line(rate=(1000, 1000), notional=10**12, currency=b"EUR"),
                      c.open_limits_line(orders=50, gross=10**12, currency=b"EUR")),
        c.risk_limits(FIRM, 0, c.open_limits_line(gross=10**15, currency=b"JPY")),
        c.risk_limits(FIRM, X, c.order_limits_line(quantity=500), c.open_limits_line(position=1000, gross=10**12)),
        c.position_adjust(OTHER, EMPTY, 5), c.position_adjust(FIRM, X, 3),
    ]


def orders() -> list[bytes]:
    """Those of `Slot`, each with its number as ClOrdID."""
    day = {"tif": c.DAY}

    def order(slot: Slot, side: int, quantity: int, price: int | None = None, *, instrument: int = X, session: int = A,
              **more: object) -> bytes:
        return c.new(session, slot, instrument, side, quantity, price, **(day | more))

    return [
        order(Slot.BID, BUY, 10, 1000),
        order(Slot.BID_2, BUY, 20, 1000, session=B),
        order(Slot.LOW, BUY, 5, 995),
        order(Slot.HIDDEN, BUY, 7, 1000, display=0),
        order(Slot.HIDDEN_2, BUY, 8, 1000, display=0, session=B),
        order(Slot.ICEBERG, BUY, 30, 1000, display=10),
        order(Slot.ICEBERG_2, BUY, 40, 1000, display=10, session=B),
        order(Slot.ASK, SELL, 10, 1010, session=B),
        order(Slot.FAR, SELL, 1, 50_000_000, session=B),
        order(Slot.STOP, BUY, 5, stop=1100),
        order(Slot.STOP_2, BUY, 6, stop=1100, session=B),
        order(Slot.STOP_LIMIT, SELL, 5, 890, stop=900, session=B),
        order(Slot.CLOSE, SELL, 5, 1015, tif=c.AT_THE_CLOSE),
        order(Slot.CLOSE_2, BUY, 5, 990, tif=c.AT_THE_CLOSE),
        order(Slot.TIMED, BUY, 5, 980, tif=c.GTD, expires=2_000_000),
        order(Slot.TIMED_2, BUY, 5, 980, tif=c.GTD, expires=3_000_000),
        order(Slot.TIMED_3, BUY, 5, 975, tif=c.GTD, expires=4_000_000),
        order(Slot.GUARDED, BUY, 5, 970, self_match=(SMP, 1)),
        order(Slot.FILLED, SELL, 10, 1005, session=B, tif=c.GTC),
        order(Slot.OPENING, BUY, 5, 1000, instrument=CALL, tif=c.AT_THE_OPENING),
        order(Slot.MARKET, BUY, 5, instrument=MARKETS),
        order(Slot.MARKET_2, BUY, 6, instrument=MARKETS),
        order(Slot.MARKET_SELL, SELL, 5, instrument=MARKETS),
        order(Slot.CROSSING_BID, BUY, 5, 1010, instrument=CROSSED),
        order(Slot.CROSSING_ASK, SELL, 5, 1000, instrument=CROSSED),
        order(Slot.RESTING, SELL, 5, 1200, instrument=LATE),
        order(Slot.GONE, BUY, 5, 960),
        order(Slot.TRIGGER, BUY, 1, 1200, instrument=LATE, session=B, time=10),
        order(Slot.HIT, BUY, 4, 1005, tif=c.IOC),
    ]


def standing(engine_class: type) -> object:
    """The market on an engine of either kind; the engine finds nothing wrong with it."""
    engine = engine_class(CAPACITY)
    assert c.apply(engine, *definitions()) == []
    for instrument in (CALL, MARKETS, CROSSED):
        c.apply(engine, c.status(c.OPENING_CALL, instrument, trade_date=20260105))
    for slot, command in zip(Slot, orders(), strict=True):
        event = c.apply(engine, command)[0]
        assert (c.brief(event)[0], event.order_id) == ("NEW", slot), (slot, c.brief(event))
    assert c.told(engine, c.cancel(A, 100, X, Slot.GONE)) == [("CANCELED", 100)]
    engine.check()
    phases = engine.instruments["phase"].tolist()
    assert phases[X - 1] == c.CONTINUOUS and phases[LATE - 1] == c.VOLATILITY_CALL
    return engine
