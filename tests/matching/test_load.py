"""A state in which one thing is wrong is refused, by each engine in its words; the fast one has a message for each.

A row: a part of the state, which row of it, field and value, what the fast engine says, what the plain one does. Orders
are named as in tests/standing_market.py. Limits and accounts of risk, and random damage: test_risk_load.py.
"""

import numpy as np
import pytest
from commands import AT_THE_CLOSE, FOK, GTD, IOC, STOP_LIMIT, order_attributes
from standing_market import LATE, Slot, X, standing

from pricetime.matching import records
from pricetime.matching.engine import Engine, fill, scatter_ids
from pricetime.matching.reference.engine import Engine as PlainEngine

SECTIONS = {"participants": records.PARTICIPANT_STATE, "notional_limits": records.NOTIONAL_LIMITS_STATE,
            "accounts": records.ACCOUNT_STATE, "sessions": records.SESSION_STATE,
            "instruments": records.INSTRUMENT_STATE, "orders": records.ORDER_STATE}
BUY_LIMIT = order_attributes(1, 2, 0, records.HAS_PRICE)
KINDS = "an order has attributes that cannot be"
ADVANCED = "an order has an advanced attribute that cannot be"
TERMS = "an instrument has a name, terms or limits that cannot be"
RULES, OTHER_BYTES, NO_ORDER = "state contradicts the rules", "state is not canonical", "which no live order has"


@pytest.fixture(scope="module")
def state() -> bytes:
    return standing(Engine).dump()


class Parts:
    """The parts of a state, to be changed and put together again."""

    def __init__(self, state: bytes) -> None:
        self.header = np.frombuffer(state, records.STATE_HEADER, 1).copy()
        self.parts, at = {}, records.STATE_HEADER.itemsize
        for name, dtype in SECTIONS.items():
            self.parts[name] = np.frombuffer(state, dtype, int(self.header[name][0]), at).copy()
            at += self.parts[name].nbytes

    def row(self, part: str, row: int) -> np.ndarray:
        """One row; an order's by its OrderID, all others from 1."""
        at = np.flatnonzero(self.parts[part]["order_id"] == row)[0] if part == "orders" else row - 1
        return self.parts[part][at:at + 1]

    def bytes(self) -> bytes:
        return b"".join([self.header.tobytes(), *(part.tobytes() for part in self.parts.values())])


def refused(state: bytes, fast: str, plain: str) -> None:
    for engine, message in ((Engine, fast), (PlainEngine, plain)):
        with pytest.raises(ValueError, match=message):
            engine.load(state)


@pytest.mark.parametrize(("part", "row", "field", "value", "fast", "plain"), [
    ("sessions", 1, "participant", 4, "a session names an unknown participant", "session 1 is of participant 4"),
    ("sessions", 1, "name", b"", "a session has no name, or a flag or mark", RULES),
    ("sessions", 1, "flags", 1 << 15, "a session has no name, or a flag or mark", RULES),
    ("sessions", 1, "logged_on", 2, "a session has no name, or a flag or mark", OTHER_BYTES),
    ("sessions", 1, "mark", -1, "a session has no name, or a flag or mark", RULES),
    ("sessions", 1, "mark", Slot.RESTING - 1, "an order has an id above its counter", RULES),
    ("notional_limits", 1, "participant", 4, "notional limits of an unknown participant",
     "a notional limit is of participant 4"),
    ("notional_limits", 2, "currency", b"EUR", "or in one twice", OTHER_BYTES),
    ("notional_limits", 1, "gross_high", 1 << 63, "a participant has a notional limit that cannot be", RULES),
    ("accounts", 1, "participant", 4, "an account of an unknown participant or instrument",
     "an account is of participant 4"),
    ("accounts", 1, "instrument", 9, "an account of an unknown participant or instrument",
     "an account is of instrument 9"),
    ("accounts", 1, "gross_high", 1 << 63, "an account has a notional limit that cannot be", RULES),
    ("accounts", 1, "order_scale", 37, "an account has a notional limit that cannot be", OTHER_BYTES),
    ("sessions", 2, "name", b"a", "two sessions have the same name", RULES),
    ("participants", 2, "name", b"firm", "two participants have the same name", RULES),
    ("instruments", LATE, "name", b"X", "two instruments have the same name", RULES),
    ("instruments", X, "phase", 9, TERMS, "instrument 1 has phase 9"),
    ("instruments", X, "tick_size", 0, TERMS, "instrument 1 has phase 4, tick 0"),
    ("instruments", X, "limits_presence", 1 << 15, TERMS, OTHER_BYTES),
    ("instruments", X, "reference_price", 1001, TERMS, RULES),
    ("instruments", LATE, "call_duration", 0, TERMS, RULES),
    ("instruments", LATE, "limits_presence", records.HAS_STATIC_BAND, TERMS, OTHER_BYTES),
    ("instruments", X, "max_order_quantity", 5, TERMS, OTHER_BYTES),
    ("instruments", X, "call_end", 5, "an instrument has a price or an end of a call", RULES),
    ("instruments", X, "auction_price", 3, "an instrument has a price or an end of a call", OTHER_BYTES),
    ("instruments", X, "reported_quantity", -1, "an instrument has a price or an end of a call", OTHER_BYTES),
    ("orders", Slot.BID, "session", 9, "an order names an unknown instrument or session", "order 1 is of session 9"),
    ("orders", Slot.BID, "attributes", BUY_LIMIT & ~3, KINDS, NO_ORDER),
    ("orders", Slot.BID, "attributes", BUY_LIMIT | IOC << records.TIME_IN_FORCE_SHIFT, KINDS, RULES),
    ("orders", Slot.BID, "attributes", BUY_LIMIT | FOK << records.TIME_IN_FORCE_SHIFT, KINDS, RULES),
    ("orders", Slot.BID, "attributes", BUY_LIMIT & ~records.HAS_PRICE, KINDS, NO_ORDER),
    ("orders", Slot.BID, "attributes", BUY_LIMIT | AT_THE_CLOSE << records.TIME_IN_FORCE_SHIFT, KINDS, RULES),
    ("orders", Slot.BID, "standing", 1, KINDS, NO_ORDER),
    ("orders", Slot.BID, "standing", 4, KINDS, NO_ORDER),
    ("orders", Slot.MARKET, "attributes", order_attributes(1, 1, 0, records.POST_ONLY), KINDS, NO_ORDER),
    ("orders", Slot.STOP_LIMIT, "attributes", order_attributes(2, STOP_LIMIT, AT_THE_CLOSE, records.HAS_PRICE), KINDS,
     RULES),
    ("orders", Slot.CLOSE, "standing", 0, KINDS, OTHER_BYTES),
    ("orders", Slot.BID, "price", 1001, "a price off the tick", RULES),
    ("orders", Slot.BID, "leaves_qty", 0, "a quantity that cannot be", RULES),
    ("orders", Slot.MARKET, "presence", records.HAS_DISPLAY_QUANTITY, ADVANCED, RULES),
    ("orders", Slot.ICEBERG, "display_quantity", -1, ADVANCED, RULES),
    ("orders", Slot.ICEBERG, "shown_quantity", 0, ADVANCED, RULES),
    ("orders", Slot.ICEBERG, "shown_quantity", 31, ADVANCED, RULES),
    ("orders", Slot.HIDDEN, "shown_quantity", 1, ADVANCED, RULES),
    ("orders", Slot.BID, "min_quantity", 1, ADVANCED, OTHER_BYTES),
    ("orders", Slot.BID, "presence", records.HAS_STOP_PRICE, ADVANCED, NO_ORDER),
    ("orders", Slot.STOP, "presence", 0, ADVANCED, NO_ORDER),
    ("orders", Slot.STOP, "stop_price", 1101, ADVANCED, OTHER_BYTES),
    ("orders", Slot.TIMED, "presence", 0, ADVANCED, OTHER_BYTES),
    ("orders", Slot.BID, "attributes", BUY_LIMIT | GTD << records.TIME_IN_FORCE_SHIFT, ADVANCED, RULES),
    ("orders", Slot.TIMED, "expire_time", 10, ADVANCED, RULES),
    ("orders", Slot.GUARDED, "self_match_instruction", 9, ADVANCED, RULES),
    ("orders", Slot.GUARDED, "self_match_id", 0, ADVANCED, OTHER_BYTES),
    ("orders", Slot.ICEBERG, "age", 1 << 40, ADVANCED, RULES),
    ("orders", Slot.BID, "order_id", 1 << 40, "an order has an id above its counter", RULES),
    ("orders", Slot.LOW, "order_id", Slot.BID, "two orders have the same id", "is there twice"),
    ("orders", Slot.LOW, "cl_ord_id", Slot.BID, "two orders have the same id", "is there twice"),
    ("instruments", 4, "phase", 4, "a book is crossed in Continuous", RULES),
    ("instruments", 3, "phase", 4, KINDS, RULES),
])
def test_a_damaged_state_is_refused(state, part, row, field, value, fast, plain):
    parts = Parts(state)
    parts.row(part, row)[field] = value
    refused(parts.bytes(), fast, plain)


@pytest.mark.parametrize(("field", "value", "fast", "plain"), [
    ("order_capacity", 0, "order capacity out of range", "state has an order capacity of 0"),
    ("order_capacity", (1 << 24) + 1, "order capacity out of range", "state has an order capacity of 16777217"),
    ("participants", 65536, "a table is too long", "expected 8"),
    ("accounts", (1 << 20) + 1, "a table is too long", "expected 134223744"),
    ("notional_limits", 25, "a table is too long", "state has"),
    ("orders", 26, "its length is not what its header says", "state has"),
    ("last_exec_id", 1 << 56, "a counter is not of its shard", RULES),
])
def test_a_damaged_header_is_refused_by_both(state, field, value, fast, plain):
    header = np.frombuffer(state, records.STATE_HEADER, 1).copy()
    header[field] = value
    refused(header.tobytes() + state[header.nbytes:], fast, plain)


def test_orders_without_their_account_are_refused_by_both(state):
    parts = Parts(state)
    parts.parts["accounts"] = parts.parts["accounts"][1:]
    parts.header["accounts"] -= 1
    parts.row("instruments", X)["position_adjusted"] -= np.uint64(7)      # what the lost account had
    refused(parts.bytes(), "an order has no account", "order 1 has no account")


def test_more_currencies_than_there_may_be_are_refused_by_both(state):
    parts = Parts(state)
    extra = np.repeat(parts.parts["notional_limits"][:1], 7)
    extra["currency"] = [b"C%d" % place for place in range(7)]
    parts.parts["notional_limits"] = np.concatenate([parts.parts["notional_limits"], extra])
    parts.header["notional_limits"] += 7
    refused(parts.bytes(), "in too many currencies", f"{RULES}: firm: limits in 9 currencies|{OTHER_BYTES}")


def test_bytes_that_are_no_state_are_refused_by_both(state):
    refused(state[:100], "does not begin with PTSTATE2", "its header alone")
    refused(b"PTSTATE1" + state[8:], "does not begin with PTSTATE2", "it begins with b'PTSTATE1'")
    with pytest.raises(ValueError, match="it is empty"):
        Engine.load(b"")


def test_a_state_fills_a_new_engine_whose_ids_are_scattered(state):
    engine = Engine(1)
    scatter_ids(engine, 0x123456789ABCDEF1)
    fill(engine, memoryview(state))
    engine.check()
    assert engine.dump() == state


def test_only_a_new_engine_is_filled_and_only_with_a_state(state):
    with pytest.raises(ValueError, match="a state is loaded into a new one"):
        fill(Engine.load(state), state)
    for broken, message in ((b"", "it is empty"), (state[:-1], "its length is not what its header says")):
        with pytest.raises(ValueError, match=message):
            fill(Engine(), broken)


def test_a_filled_engine_holds_its_state_to_the_rules_as_a_loaded_one_does(state):
    parts = Parts(state)
    parts.row("orders", 1)["leaves_qty"] = 0
    with pytest.raises(ValueError, match="a price off the tick, or a quantity that cannot be"):
        fill(Engine(), parts.bytes())
