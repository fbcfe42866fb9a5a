"""A canonical state that was damaged, by accident or on purpose, is refused with what is wrong, or loads and holds."""

import random
import struct

import commands as c
import numpy as np
import pytest
from commands import BUY, SELL, apply

from pricetime.matching import records
from pricetime.matching.engine import Engine
from pricetime.matching.reference.engine import Engine as PlainEngine

INT64_MAX = (1 << 63) - 1
SECTIONS = ("participants", "notional_limits", "accounts", "sessions", "instruments", "orders")
DTYPES = {"participants": records.PARTICIPANT_STATE, "notional_limits": records.NOTIONAL_LIMITS_STATE,
          "accounts": records.ACCOUNT_STATE, "sessions": records.SESSION_STATE,
          "instruments": records.INSTRUMENT_STATE, "orders": records.ORDER_STATE}


@pytest.fixture(scope="module")
def state() -> bytes:
    """A market with limits of every kind, positions and orders."""
    engine = Engine(4)
    apply(
        engine,
        c.define_participant(1, "one"), c.define_participant(2, "two"),
        c.define_session(1, "a", 1), c.define_session(2, "b", 2),
        c.define_instrument(1, "X", c.terms_line(tick=5, lot=10), c.limits_line(reference_price=100, collar=50),
                            b"EUR"),
        c.define_instrument(2, "Y", c.terms_line(negative=True), currency=b"USD"),
        c.risk_limits(1, 0, c.order_limits_line(rate=(10, 1000), notional=10**9, currency=b"EUR"),
                      c.open_limits_line(orders=3, gross=10**9, currency=b"USD")),
        c.risk_limits(1, 1, c.order_limits_line(quantity=500), c.open_limits_line(position=1000, gross=10**9)),
        c.position_adjust(1, 2, INT64_MAX - 10), c.position_adjust(2, 2, -7),
        c.new(1, 1, 1, BUY, 20, 95, time=5), c.new(1, 2, 2, BUY, 5, 1), c.new(2, 1, 1, SELL, 30, 100),
        c.new(2, 2, 1, BUY, 10, 95),
    )
    engine.check()
    return engine.dump()


class Parts:
    """The parts of a state, to be changed and put together again."""

    def __init__(self, state: bytes) -> None:
        self.header = np.frombuffer(state, records.STATE_HEADER, 1).copy()
        self.parts, at = {}, records.STATE_HEADER.itemsize
        for name in SECTIONS:
            self.parts[name] = np.frombuffer(state, DTYPES[name], int(self.header[name][0]), at).copy()
            at += self.parts[name].nbytes

    def bytes(self) -> bytes:
        for name in SECTIONS:
            self.header[name] = len(self.parts[name])
        return b"".join([self.header.tobytes(), *(self.parts[name].tobytes() for name in SECTIONS)])


def test_what_is_dumped_is_loaded(state):
    loaded = Engine.load(state)
    loaded.check()
    assert loaded.dump() == state == Parts(state).bytes()
    assert loaded.orders(1)["cl_ord_id"].tolist() == [1, 2, 1]


@pytest.mark.parametrize(("part", "row", "field", "value", "fault"), [
    ("participants", 0, "rate_level", 10001, "a participant has a limit"),
    ("participants", 0, "rate_interval", 0, "a participant has a limit"),
    ("participants", 0, "rate_tokens", INT64_MAX, "a participant has a limit"),
    ("participants", 0, "rate_time", 6, "a participant has a limit"),
    ("participants", 0, "open_orders_limit", -2, "a participant has a limit"),
    ("participants", 0, "flags", 4, "a participant has no name"),
    ("participants", 0, "name", b"", "a participant has no name"),
    ("participants", 0, "id", 2, "out of order"),
    ("participants", 0, "reserved", 1, "out of order"),
    ("notional_limits", 0, "participant", 3, "unknown participant"),
    ("notional_limits", 0, "currency", b"USD", "in one twice"),
    ("notional_limits", 0, "order_high", 1 << 63, "a notional limit that cannot be"),
    ("notional_limits", 0, "order_scale", 37, "a notional limit that cannot be"),
    ("notional_limits", 0, "gross_low", 1, "a notional limit that cannot be"),
    ("notional_limits", 1, "order_scale", 1, "a notional limit that cannot be"),
    ("notional_limits", 0, "presence", 1, "a notional limit that cannot be"),
    ("accounts", 0, "participant", 3, "unknown participant or instrument"),
    ("accounts", 0, "instrument", 0, "unknown participant or instrument"),
    ("accounts", 0, "instrument", 2, "twice"),
    ("accounts", 0, "position", 1, "do not add up"),
    ("accounts", 1, "position", -INT64_MAX - 1, "does not fit 63 bits"),
    ("accounts", 0, "position_limit", -2, "a limit that cannot be"),
    ("sessions", 0, "participant", 3, "unknown participant"),
    ("sessions", 0, "mark", 1, "an id above its counter"),
    ("instruments", 0, "tick_size", 0, "terms or limits"),
    ("instruments", 0, "lot_size", -1, "terms or limits"),
    ("instruments", 0, "price_scale", 19, "terms or limits"),
    ("instruments", 0, "collar", -1, "terms or limits"),
    ("instruments", 0, "max_order_quantity", -1, "terms or limits"),
    ("instruments", 1, "reference_price", 1, "terms or limits"),
    ("instruments", 1, "collar", 1, "terms or limits"),
    ("instruments", 0, "dynamic_band", 1, "terms or limits"),
    ("instruments", 0, "static_band", 1, "terms or limits"),
    ("instruments", 0, "name", b"X\0X", "terms or limits"),
    ("instruments", 0, "reported_price", 1, "out of order"),
    ("instruments", 0, "phase", 8, "terms or limits"),
    ("instruments", 0, "iceberg_parts_max", 0, "terms or limits"),
    ("instruments", 0, "last_price", 3, "a price or an end of a call"),
    ("instruments", 0, "position_adjusted", 1, "do not add up"),
    ("orders", 0, "instrument", 3, "unknown instrument or session"),
    ("orders", 0, "session", 0, "unknown instrument or session"),
    ("orders", 0, "price", 96, "off the tick"),
    ("orders", 0, "price", 100, "crossed"),
    ("orders", 0, "leaves_qty", 0, "a quantity that cannot be"),
    ("orders", 0, "leaves_qty", 15, "a quantity that cannot be"),
    ("orders", 0, "leaves_qty", INT64_MAX // 10 * 10, "a quantity that cannot be"),
    ("orders", 0, "cum_qty", -10, "a quantity that cannot be"),
    ("orders", 0, "order_id", 99, "an id above its counter"),
    ("orders", 0, "order_id", 0, "an id above its counter"),
    ("orders", 1, "order_id", 1, "the same id"),
    ("orders", 1, "session", 1, "the same id"),
    ("orders", 0, "attributes", 1 << 2, "attributes that cannot be"),
    ("orders", 0, "standing", 3, "attributes that cannot be"),
    ("orders", 0, "standing", 1, "attributes that cannot be"),
    ("orders", 0, "presence", records.HAS_EXPIRE_TIME, "an advanced attribute"),
    ("orders", 0, "presence", records.HAS_DISPLAY_QUANTITY | 1 << 7, "an advanced attribute"),
    ("orders", 0, "presence", records.HAS_SELF_MATCH_PREVENTION, "an advanced attribute"),
    ("orders", 0, "age", 1, "an advanced attribute"),
    ("orders", 0, "reserved", 1, "out of order"),
    ("orders", 0, "self_match_instruction", 5, "out of order"),
    ("participants", 0, "flags", records.BLOCKED, "an order of a blocked participant"),
    ("orders", 3, "leaves_qty", 11, "do not fit 63 bits"),
])
def test_nonsense_is_refused_with_what_is_wrong(state, part, row, field, value, fault):
    parts = Parts(state)
    parts.parts[part][field][row] = value
    with pytest.raises(ValueError, match=fault):
        Engine.load(parts.bytes())
    with pytest.raises(ValueError):
        PlainEngine.load(parts.bytes())


@pytest.mark.parametrize(("field", "value", "fault"), [
    ("magic", b"PTSTATE1", "does not begin with PTSTATE2"),
    ("rules_version", 1, "another rules version"),
    ("order_capacity", 3, "order capacity"),
    ("order_capacity", 1 << 60, "order capacity"),
    ("shard", 1, "not of its shard"),
    ("last_order_id", 1 << 56, "not of its shard"),
])
def test_a_header_that_cannot_be_is_refused(state, field, value, fault):
    parts = Parts(state)
    parts.header[field] = value
    with pytest.raises(ValueError, match=fault):
        Engine.load(parts.bytes())


def test_a_full_bucket_is_loaded():
    engine = Engine(4)
    apply(engine, c.define_participant(1, "one"), c.risk_limits(1, 0, c.order_limits_line(rate=(10, 1000)), time=5))
    assert Engine.load(engine.dump()).dump() == engine.dump()


def test_an_order_whose_expire_time_has_come_is_refused():
    engine = Engine(4)
    apply(engine, c.define_participant(1, "one"), c.define_session(1, "a", 1), c.define_instrument(1, "X"),
          c.new(1, 1, 1, BUY, 5, 100, tif=c.GTD, expires=50, time=10))
    parts = Parts(engine.dump())
    parts.header["time"] = 49
    assert Engine.load(parts.bytes()).next_deadline == 50
    parts.header["time"] = 50
    with pytest.raises(ValueError, match="an advanced attribute"):
        Engine.load(parts.bytes())


def test_gross_notional_beyond_127_bits_is_refused(state):
    """A limit at a scale that puts what is open beyond it: the command that set it would have been refused."""
    parts = Parts(state)
    parts.parts["accounts"]["gross_scale"][0] = 36          # 20 x 95 x 10^36 > 2^127
    with pytest.raises(ValueError, match="gross notional does not fit 127 bits"):
        Engine.load(parts.bytes())


def test_parts_out_of_order_are_refused(state):
    for name in ("accounts", "orders"):
        parts = Parts(state)
        parts.parts[name] = parts.parts[name][::-1]
        with pytest.raises(ValueError, match="out of order"):
            Engine.load(parts.bytes())


def test_orders_without_an_account_are_refused(state):
    parts = Parts(state)
    parts.parts["accounts"] = np.delete(parts.parts["accounts"], 0)
    with pytest.raises(ValueError, match="no account"):
        Engine.load(parts.bytes())


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_state_is_refused_or_holds(state, seed):
    dice = random.Random(seed)
    loaded = 0
    for _ in range(300):
        damaged = bytearray(state)
        for _ in range(dice.choice([1, 1, 2, 4])):
            at = dice.randrange(len(state) // 8) * 8
            value = dice.choice([0, 1, -1, 2, 100, INT64_MAX, -INT64_MAX - 1, dice.getrandbits(62)])
            damaged[at:at + 8] = struct.pack("<q", value)
        try:
            engine = Engine.load(bytes(damaged))
        except ValueError:
            with pytest.raises(ValueError):         # the plain engine takes nothing that the fast one does not
                PlainEngine.load(bytes(damaged))
            continue
        loaded += 1
        engine.check()
        marks = engine.sessions["mark"].tolist()
        for session, mark in enumerate(marks, 1):
            if mark < INT64_MAX - 1:
                apply(engine, c.new(session, mark + 1, 1, BUY, 10, 100), c.mass_cancel(session, mark + 2))
        engine.check()
    assert loaded, "nothing that was damaged loaded: the test shows little"
