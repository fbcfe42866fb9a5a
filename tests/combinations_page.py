"""Writes docs/combinations.md, from the checks of rule 4 as data: `python tests/combinations_page.py`.

The checks stand here a second time, by themselves, in the order of the page: `reason_of` says which fails first. Tests
hold the page against this text, both engines against every cell, and the order of the checks against CHECKS.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import commands as c

from pricetime.matching.records import OrdType, Phase, TimeInForce

PAGE = Path(__file__).resolve().parents[1] / "docs" / "combinations.md"
CALLS = {c.PRE_OPEN, c.OPENING_CALL, c.CLOSING_CALL, c.VOLATILITY_CALL}
STOPS, PRICED = {c.STOP, c.STOP_LIMIT}, {c.LIMIT, c.STOP_LIMIT}
IMMEDIATE, AUCTION = {c.IOC, c.FOK}, {c.AT_THE_OPENING, c.AT_THE_CLOSE}
RESTING = {0, c.DAY, c.GTC, c.GTD}
BOUND = ((1 << 63) - 1) // 131072       # of a quantity, with the usual capacity

Check = Callable[[SimpleNamespace], bool]


def order(**fields: object) -> SimpleNamespace:
    """A new order's attributes, and what the market is: a buy of 10 at 100 in Continuous, or what becomes of it."""
    usual = {
        "known": True, "disabled": "", "phase": c.CONTINUOUS, "now": 0, "ask": None,
        "tick": 5, "lot": 10, "negative": False, "hidden": False, "parts": 100,
        "side": c.BUY, "ord_type": c.LIMIT, "tif": 0, "price": 100, "quantity": 10, "post_only": False, "stop": None,
        "display": None, "minimum": None, "expires": None, "self_match": None,
    }
    return SimpleNamespace(**{**usual, **fields})


CHECKS: list[tuple[str, Check]] = [
    ("UNKNOWN_INSTRUMENT", lambda o: not o.known),
    ("INSTRUMENT_DISABLED", lambda o: o.disabled == "instrument"),
    ("PHASE_CLOSED", lambda o: o.phase == c.CLOSED),
    ("PHASE_HALTED", lambda o: o.phase == c.HALTED),
    ("IMMEDIATE_IN_CALL", lambda o: o.phase in CALLS and o.tif in IMMEDIATE),
    ("MIN_QUANTITY_IN_CALL", lambda o: o.phase in CALLS and o.minimum is not None),
    ("POST_ONLY_IN_CALL", lambda o: o.phase in CALLS and o.post_only),
    ("OPENING_OVER", lambda o: o.tif == c.AT_THE_OPENING and o.phase not in (c.PRE_OPEN, c.OPENING_CALL)),
    ("UNKNOWN_SIDE", lambda o: o.side == 0),
    ("UNKNOWN_ORD_TYPE", lambda o: not 1 <= o.ord_type <= 5),
    ("UNKNOWN_TIME_IN_FORCE", lambda o: o.tif > 7),
    ("PRICE_MISSING", lambda o: o.ord_type in PRICED and o.price is None),
    ("PRICE_NOT_ALLOWED", lambda o: o.ord_type not in PRICED and o.price is not None),
    ("PRICE_NOT_POSITIVE", lambda o: o.price is not None and o.price <= 0 and not o.negative),
    ("PRICE_OFF_TICK", lambda o: o.price is not None and o.price % o.tick != 0),
    ("QUANTITY_MISSING", lambda o: o.quantity is None),
    ("QUANTITY_NOT_POSITIVE", lambda o: o.quantity <= 0),
    ("QUANTITY_OFF_LOT", lambda o: o.quantity % o.lot != 0),
    ("QUANTITY_TOO_LARGE", lambda o: o.quantity > BOUND),
    ("MARKET_TIME_IN_FORCE", lambda o: o.ord_type == c.MARKET and o.tif in (c.GTC, c.GTD)),
    ("POST_ONLY_MARKET", lambda o: o.post_only and o.ord_type in (c.MARKET, c.LEFT_OVER)),
    ("POST_ONLY_IMMEDIATE", lambda o: o.post_only and o.tif in IMMEDIATE),
    ("POST_ONLY_STOP", lambda o: o.post_only and o.ord_type in STOPS),
    ("POST_ONLY_AUCTION", lambda o: o.post_only and o.tif in AUCTION),
    ("STOP_TIME_IN_FORCE", lambda o: o.ord_type in STOPS and o.tif not in RESTING),
    ("STOP_PRICE_MISSING", lambda o: o.ord_type in STOPS and o.stop is None),
    ("STOP_PRICE_NOT_ALLOWED", lambda o: o.ord_type not in STOPS and o.stop is not None),
    ("STOP_PRICE_NOT_POSITIVE", lambda o: o.stop is not None and o.stop <= 0 and not o.negative),
    ("STOP_PRICE_OFF_TICK", lambda o: o.stop is not None and o.stop % o.tick != 0),
    ("DISPLAY_QUANTITY_MARKET", lambda o: o.display is not None and o.ord_type not in PRICED),
    ("DISPLAY_QUANTITY_IMMEDIATE", lambda o: o.display is not None and o.tif in IMMEDIATE),
    ("DISPLAY_QUANTITY_AUCTION", lambda o: o.display is not None and o.tif in AUCTION),
    ("HIDDEN_NOT_ALLOWED", lambda o: o.display == 0 and not o.hidden),
    ("DISPLAY_QUANTITY_INVALID", lambda o: o.display is not None and (o.display < 0 or o.display % o.lot != 0)),
    ("DISPLAY_QUANTITY_TOO_SMALL", lambda o: bool(o.display) and o.display * o.parts < o.quantity),
    ("MIN_QUANTITY_NOT_IOC", lambda o: o.minimum is not None and o.tif != c.IOC),
    ("MIN_QUANTITY_INVALID", lambda o: o.minimum is not None and (
        o.minimum <= 0 or o.minimum % o.lot != 0 or o.minimum > o.quantity)),
    ("EXPIRE_TIME_MISSING", lambda o: o.tif == c.GTD and o.expires is None),
    ("EXPIRE_TIME_NOT_ALLOWED", lambda o: o.tif != c.GTD and o.expires is not None),
    ("EXPIRE_TIME_PASSED", lambda o: o.expires is not None and o.expires <= o.now),
    ("UNKNOWN_SELF_MATCH_INSTRUCTION", lambda o: o.self_match is not None and (
        o.self_match[1] > 4 or (o.self_match[0] != 0 and o.self_match[1] == 0))),
    ("LEFT_OVER_TIME_IN_FORCE", lambda o: o.ord_type == c.LEFT_OVER and o.tif not in RESTING),
    ("SESSION_DISABLED", lambda o: o.disabled == "session"),
    ("PARTICIPANT_DISABLED", lambda o: o.disabled == "participant"),
    # In the book of the tests there is at most one sell of 10 at `ask`; stops and AtTheClose do not come in to match.
    ("POST_ONLY_WOULD_TRADE", lambda o: meets(o) and o.post_only),
    ("FILL_OR_KILL_UNFILLABLE", lambda o: matches(o) and o.tif == c.FOK and not (meets(o) and o.quantity <= 10)),
    ("MIN_QUANTITY_UNFILLABLE", lambda o: matches(o) and o.minimum is not None and not (meets(o) and o.minimum <= 10)),
]


def matches(o: SimpleNamespace) -> bool:
    return o.phase == c.CONTINUOUS and o.ord_type not in STOPS and o.tif != c.AT_THE_CLOSE


def meets(o: SimpleNamespace) -> bool:
    return matches(o) and o.side == c.BUY and o.ask is not None and (o.price is None or o.price >= o.ask)


def reason_of(o: SimpleNamespace) -> str:
    """The first check that fails, or "" where none does."""
    return next((reason for reason, fails in CHECKS if fails(o)), "")


# --------------------------------------------------------------------------------------------------- the page

GROUPS = {
    "Continuous": (c.CONTINUOUS,),
    "PreOpen and OpeningCall": (c.PRE_OPEN, c.OPENING_CALL),
    "ClosingCall and VolatilityCall": (c.CLOSING_CALL, c.VOLATILITY_CALL),
}
COLUMNS: dict[str, dict[str, object]] = {
    "nothing": {}, "post-only": {"post_only": True}, "DisplayQty": {"display": 10}, "hidden": {"display": 0},
    "MinQty": {"minimum": 10}, "StopPx": {"stop": 110},
}
ORD_TYPES = {"Market": c.MARKET, "Limit": c.LIMIT, "Stop": c.STOP, "StopLimit": c.STOP_LIMIT,
             "MarketWithLeftOverAsLimit": c.LEFT_OVER}
TIMES_IN_FORCE = {"Day": c.DAY, "GTC": c.GTC, "IOC": c.IOC, "FOK": c.FOK, "GTD": c.GTD,
                  "AtTheOpening": c.AT_THE_OPENING, "AtTheClose": c.AT_THE_CLOSE}
HEAD = """\
# What may be combined

Every OrdType with every TimeInForce, alone and with one more attribute, in each phase: **yes**, or the reason of the
refusal; [rules.md](rules.md), rule 4, says the checks in their order. Each order has what its OrdType and TimeInForce
need anyway: Limit and StopLimit a price, Stop and StopLimit a StopPx, GTD an ExpireTime. The column says what it has
besides. The instrument takes hidden orders; the book is such that post-only does not trade, and FOK and MinQty are
filled. A Day order is the same as one without TimeInForce. In Closed every order is refused with `PHASE_CLOSED`, in
Halted with `PHASE_HALTED`.

Written by `tests/combinations_page.py`, and tried cell by cell on both engines.
"""


def combined(ord_type: int, tif: int, column: str, phase: int) -> SimpleNamespace:
    """The order of a cell; where it is tried a sell of 10 at 100 is in the book, 95 is below it."""
    needed = {
        "ord_type": ord_type, "tif": tif, "phase": phase, "tick": 1, "lot": 1, "hidden": True, "ask": 100,
        "price": 100 if ord_type in PRICED else None, "stop": 110 if ord_type in STOPS else None,
        "expires": 1000 if tif == c.GTD else None,
    }
    if column == "post-only" and ord_type in PRICED:
        needed["price"] = 95
    return order(**{**needed, **COLUMNS[column]})


def rows(phase: int) -> Iterator[list[str]]:
    """OrdType, TimeInForce, and a cell for each column."""
    for ord_name, ord_type in ORD_TYPES.items():
        for tif_name, tif in TIMES_IN_FORCE.items():
            cells = [reason_of(combined(ord_type, tif, column, phase)) for column in COLUMNS]
            yield [ord_name, tif_name, *(f"`{reason}`" if reason else "yes" for reason in cells)]


def text() -> str:
    """The page."""
    assert {*ORD_TYPES.values()} == {*OrdType} and {*TIMES_IN_FORCE.values()} == {*TimeInForce}
    assert {phase for phases in GROUPS.values() for phase in phases} == {*Phase} - {c.CLOSED, c.HALTED}
    parts = [HEAD]
    for title, phases in GROUPS.items():
        tables = [list(rows(phase)) for phase in phases]
        assert all(table == tables[0] for table in tables), f"{title}: these phases differ"
        parts.append(f"## {title}")
        parts.append("\n".join(f"| {' | '.join(cells)} |" for cells in (
            ["OrdType", "TimeInForce", *COLUMNS], ["---"] * (2 + len(COLUMNS)), *tables[0])) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(text())
