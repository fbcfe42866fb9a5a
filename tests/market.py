"""The small market on which the rules are tried: who is in it, and the commands that set it up.

ALICE and ANN are two sessions of one participant, BOB is one of another, DORA loses her orders with her connection,
OPS may operate and trade. ACME has a tick of 5 and a lot of 10; POWER takes prices of zero and below, and hidden
orders, in ones.
"""

import itertools

import commands as c

from pricetime.matching import records

ALICE, ANN, BOB, DORA, OPS = 1, 2, 3, 4, 5
FIRM_A, FIRM_B, FIRM_D, FIRM_O = 1, 2, 3, 4
ACME, POWER = 1, 2
UNKNOWN = 99        # an id that nothing has


def opening(reference_price: int | None = None) -> list[bytes]:
    """Everything defined, before the first VenueStart: all are logged on and both instruments are in Continuous."""
    limits = None if reference_price is None else c.limits_line(reference_price=reference_price)
    return [
        c.define_participant(FIRM_A, "Firm A"),
        c.define_participant(FIRM_B, "Firm B"),
        c.define_participant(FIRM_D, "Firm D"),
        c.define_participant(FIRM_O, "Operations"),
        c.define_session(ALICE, "alice", FIRM_A),
        c.define_session(ANN, "ann", FIRM_A),
        c.define_session(BOB, "bob", FIRM_B),
        c.define_session(DORA, "dora", FIRM_D, c.TRADER | records.CANCEL_ON_DISCONNECT),
        c.define_session(OPS, "ops", FIRM_O, c.TRADER | c.OPERATOR),
        c.define_instrument(ACME, "ACME", c.terms_line(tick=5, lot=10), limits),
        c.define_instrument(POWER, "POWER", c.terms_line(negative=True, hidden=True)),
    ]


IDS = itertools.count(1_000_000)    # ClOrdIDs of what a test has no name for


def sell(price: int, quantity: int = 1, *, session: int = BOB, **attributes: object) -> bytes:
    """A sell of BOB's in POWER, of no interest but that it is there."""
    return c.new(session, next(IDS), POWER, c.SELL, quantity, price, **attributes)


def buy(price: int, quantity: int = 1, *, session: int = BOB, **attributes: object) -> bytes:
    return c.new(session, next(IDS), POWER, c.BUY, quantity, price, **attributes)


def trade(engine: object, price: int, quantity: int = 1) -> list[tuple]:
    """OPS trades with itself in POWER at this price; what was reported after its own three reports."""
    c.apply(engine, sell(price, quantity, session=OPS))
    events = c.told(engine, buy(price, quantity, session=OPS, tif=c.IOC))
    assert [event[0] for event in events[:3]] == ["NEW", "TRADE", "TRADE"], events
    assert events[1][2:] == (price, quantity, 0), events
    return events[3:]


def limit(engine: object, instrument: int = POWER, **limits: int) -> None:
    """Redefine an instrument's limits."""
    assert c.apply(engine, c.define_instrument(instrument, None, None, c.limits_line(**limits))) == []
