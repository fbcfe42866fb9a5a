"""Every invariant of the plain engine can fail: one thing at a time is broken in a live venue, and check() names it.

A row is a statement and what check() must say. v is the venue; orders have the names of tests/standing_market.py
in lower case; ids of instruments, sessions and participants stand there too.
"""

import commands as c
import pytest
import standing_market
from standing_market import Slot, standing

from pricetime.matching.records import Standing
from pricetime.matching.reference.book import Level
from pricetime.matching.reference.engine import Engine
from pricetime.matching.reference.state import INT64_MAX, Notional

TABLES = [
    ("v.sessions[9] = v.sessions.pop(B)", r"ids are not 1, 2, 3 ... : \[1, 9\]"),
    ("v.sessions[B].name = b'a'", "a name is given twice"),
    ("v.order_capacity = 3", "27 live orders, room for 3"),
    ("v.last_exec_id = 1 << 60", "counter 1152921504606846976 is not of shard 0"),
    ("v.shard = 1", r"counter \d+ is not of shard 1"),
    ("del v.sessions[A].orders[Slot.BID]", "the orders that sessions name are not the live ones"),
    ("del v.participants[FIRM].accounts[X].orders[Slot.BID]", "the orders that accounts have are not the live ones"),
    ("del v.instruments[X].stops[Slot.STOP]", "the orders that instruments have are not the live ones"),
    ("del v.timed[Slot.TIMED]", r"GTD orders are \[15, 16, 17\], deadlines of \[16, 17\]"),
    ("v.calls.clear()", r"calls that end are of \[6\], deadlines of \[\]"),
    ("iceberg.age = hidden.age", "an age is given twice, or never was"),
    ("v.last_age = 1", "an age is given twice, or never was"),
]
DEFINITIONS = [
    ("v.participants[IDLE].name = b''", "b'' is no name, or 0x0000 no flags of a participant"),
    ("v.participants[IDLE].flags = 2", "b'idle' is no name, or 0x0002 no flags of a participant"),
    ("v.sessions[A].name = b'a\\0b'", "is no name, 0x0010 no flags or 100 no mark of a session"),
    ("v.sessions[A].flags = 1 << 15", "b'a' is no name, 0x8000 no flags or 100 no mark of a session"),
    ("v.sessions[A].mark = -1", "b'a' is no name, 0x0010 no flags or -1 no mark of a session"),
    ("v.instruments[X].name = b''", r"b'' is no name, or \(0, 2\) no flags of an instrument"),
    ("v.instruments[X].flags = 2", r"b'X' is no name, or \(2, 2\) no flags of an instrument"),
    ("v.instruments[X].terms_flags = 4", r"b'X' is no name, or \(0, 4\) no flags of an instrument"),
    ("v.instruments[X].tick_size = 0", "b'X' has terms that cannot be"),
    ("v.instruments[X].qty_scale = 19", "b'X' has terms that cannot be"),
    ("v.instruments[X].iceberg_parts_max = 0", "b'X' has terms that cannot be"),
    ("v.instruments[X].reference_price = 1001", "b'X' has the limits {'reference_price': 1001"),
    ("v.instruments[X].collar = -1", "b'X' has the limits {'reference_price': 1000, 'collar': -1"),
    ("v.instruments[LATE].call_duration = None", "b'LATE' has the limits"),
    ("v.instruments[X].last_price = 1001", r"b'X' traded off the tick: \(1001, None\)"),
    ("v.instruments[X].auction_price = 3", r"b'X' traded off the tick: \(1005, 3\)"),
    ("v.instruments[CALL].reported = (5, -1)", r"b'CALL' has reported \(5, -1\)"),
]
RISK = [
    ("v.participants[IDLE].open_orders_limit = -1", "idle: a limit of -1"),
    ("v.participants[FIRM].notional[EUR].gross = Notional(1 << 127, 0)", "firm: impossible limit Notional"),
    ("v.participants[FIRM].notional[EUR].order = Notional(1, 37)", "firm: impossible limit Notional"),
    ("v.participants[FIRM].notional[EUR].gross = Notional(1, 36)", "firm: gross open notional reaches 2"),
    ("v.participants[FIRM].accounts[X].notional.gross = Notional(1, 36)", "an account: gross open notional reaches 2"),
    ("v.participants[FIRM].accounts[X].position_limit = -1", r"an account has the limits \(500, None, None, -1\)"),
    ("v.participants[FIRM].notional |= {bytes([place]): None for place in range(8)}", "firm: limits in 10 currencies"),
    ("v.participants[FIRM].rate.tokens = 0", "firm: impossible rate"),
    ("v.participants[FIRM].rate.interval = INT64_MAX", "firm: impossible rate"),
    ("v.participants[FIRM].rate.level = 1_000_001", "firm: impossible bucket"),
    ("v.participants[FIRM].rate.time = v.time + 1", "firm: impossible bucket"),
    ("v.participants[FIRM].blocked = True", "firm is blocked and has live orders"),
    ("v.participants[FIRM].accounts[X].position = INT64_MAX",
     "participant 1 in instrument 1: position 9223372036854775807"),
    ("bid.session = v.sessions[B]", "an order in the account of another"),
    ("v.participants[FIRM].accounts[X].position += 1", "X: positions add up to 4, adjusted were 3"),
    ("v.instruments[X].position_adjusted -= 1", "X: positions add up to 3, adjusted were 2"),
]
ORDERS = [
    ("v.orders[1], v.orders[2] = v.orders[2], v.orders[1]", "order 2 .* is not the one of its OrderID"),
    ("named = v.sessions[A].orders; named[1], named[3] = named[3], named[1]",
     "order 1 .* is not the one of its ClOrdID"),
    ("v.last_order_id = Slot.RESTING - 1", "order 26 .* has an OrderID that was never given"),
    ("v.sessions[A].mark = Slot.RESTING - 1", "order 26 .* has a ClOrdID above the mark"),
    ("bid.leaves = 0", "order 1 .* lives with nothing open"),
    ("filled.filled = -1", "order 19 .* lives with nothing open"),
    ("bid.price += 1", "order 1 .* has a price off the tick"),
    ("stop.stop_price += 1", "order 10 .* has a price off the tick"),
    ("v.instruments[X].lot_size = 10", "order 3 .* has a quantity off the lot, or too large"),
    ("bid.filled = v.quantity_bound", "order 1 .* has a quantity off the lot, or too large"),
    ("market.post_only = True", "order 21 .* is post-only"),
    ("bid.self_match_instruction = 1", "order 1 .* self-match prevention 0, 1"),
    ("bid.price = None", "order 1 .* a price where none is, or none"),
    ("market.price = 5", "order 21 .* a price where none is, or none"),
    ("bid.time_in_force = c.IOC", "order 1 .* may not rest"),
    ("bid.min_quantity = 1", "order 1 .* rests with a MinQty"),
    ("stop.filled = 1", "order 10 .* has traded and is no Limit order yet"),
    ("timed.time_in_force = c.DAY", "order 15 .* an ExpireTime where none is, or none"),
    ("v.time = 2_000_000", "order 15 .* should have expired at 2000000"),
    ("guarded.self_match_instruction = 9", "order 18 .* self-match prevention 7, 9"),
    ("guarded.self_match_id = 0", "order 18 .* self-match prevention 0, 1"),
    ("stop.standing = int(Standing.IN_THE_BOOK)", "order 10 .* a stop waits, no other order does"),
    ("stop.stop_price = None", "order 10 .* has no StopPx"),
    ("iceberg.shown = 0", "order 6 .* shows 0"),
    ("iceberg.shown = 11", "order 6 .* shows 11"),
    ("bid.shown = 5", "order 1 .* shows 5"),
    ("close.standing = int(Standing.IN_THE_BOOK)", "order 13 .* is not set aside, or should not be"),
    ("bid.standing = int(Standing.SET_ASIDE)", "order 1 .* is not set aside, or should not be"),
    ("v.last_age += 1; bid.age = v.last_age", r"order 1 .* has the age \d+"),
    ("close.age = 0", "order 13 .* has the age 0"),
    ("hidden.display_quantity = -1", "order 4 .* displays -1"),
]
INSTRUMENTS = [
    ("v.instruments[MARKETS].phase = c.CONTINUOUS", "MARKETS: market orders rest in Continuous"),
    ("v.instruments[CROSSED].phase = c.CONTINUOUS", "CROSSED: crossed in Continuous: order 24 .* and order 25"),
    ("stop.standing = int(Standing.ELECTED_STOP)", "X: elected stops wait in Continuous: .*order 10"),
    ("v.instruments[CALL].phase = c.CONTINUOUS", "CALL: orders that should have ended: .*order 20"),
    ("v.instruments[CROSSED].phase = c.CLOSED", "CROSSED: orders that should have ended: .*order 24"),
    ("v.instruments[EMPTY].phase, v.instruments[EMPTY].last_price = c.CLOSED, 5", "EMPTY: a last trade while Closed"),
    ("v.instruments[X].reported = 5, 5", "X: an IndicativePrice stands outside of a call"),
    ("v.instruments[X].call_end, v.calls[X] = 50, v.instruments[X]", "X: the end of a call outside of one"),
    ("v.instruments[LATE].call_end = 1", "LATE: the call should have ended at 1"),
    ("buys.levels = dict(reversed(buys.levels.items()))", r"X: levels out of order: \[-970, -975"),
    ("buys.market[1] = buys.levels[-1000].displayed.pop(1)", "X: a priced order among market orders"),
    ("buys.levels[-5] = Level()", "X: an empty level at 5"),
    ("bid.price = 995", "order 1 .* in a wrong queue"),
    ("buys.levels[-995].hidden[3] = buys.levels[-995].displayed.pop(3)", "order 3 .* in a wrong queue"),
    ("iceberg.age, iceberg_2.age = iceberg_2.age, iceberg.age", "X: a queue at 1000 is not by age"),
]
FAULTS = TABLES + DEFINITIONS + RISK + ORDERS + INSTRUMENTS


@pytest.mark.parametrize(("statement", "message"), FAULTS, ids=[statement for statement, _ in FAULTS])
def test_what_is_broken_is_named(statement, message):
    engine = standing(Engine)
    venue = engine._venue
    names = {slot.name.lower(): venue.orders.get(slot) for slot in Slot}
    exec(statement, vars(standing_market) | names | {       # a row of the table above
        "v": venue, "buys": venue.instruments[standing_market.X].book.buy, "c": c, "Slot": Slot, "Standing": Standing,
        "Level": Level, "Notional": Notional, "EUR": b"EUR\0\0\0\0\0", "INT64_MAX": INT64_MAX})
    with pytest.raises(AssertionError, match=message):
        engine.check()
