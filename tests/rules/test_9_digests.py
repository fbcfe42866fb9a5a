"""Rule 9: the digest of the events, the digest of the state, and the state's canonical bytes."""

import hashlib

import commands as c
import numpy as np
import pytest
from commands import BUY, GTC, SELL, apply
from market import ACME, ALICE, BOB, POWER

from pricetime.matching import records
from pricetime.matching.records import COMMAND

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ 0x82F63B78 * (byte & 1)
    TABLE.append(byte)


def digest_of(events: bytes) -> tuple[int, int]:
    """The page's words, step by step: word i of each event goes to lane i mod 4, byte by byte."""
    lanes = [0xFFFFFFFF] * 4
    for at in range(0, len(events), 8):
        lane = at // 8 % 4
        for byte in events[at:at + 8]:
            lanes[lane] = lanes[lane] >> 8 ^ TABLE[(lanes[lane] ^ byte) & 0xFF]
    return lanes[0] | lanes[1] << 32, lanes[2] | lanes[3] << 32


def busy(market: object) -> bytes:
    """Trades, a call, market orders, an indicative price, two prices a side; returns the bytes of the events."""
    commands = [
        c.new(ALICE, 1, ACME, BUY, 50, 100, tif=GTC),
        c.new(BOB, 1, ACME, SELL, 20, 100),
        c.new(BOB, 2, ACME, SELL, 20, 110),
        c.new(ALICE, 2, ACME, BUY, 10, 95),
        c.status(c.OPENING_CALL, POWER),
        c.new(ALICE, 3, POWER, BUY, 7),
        c.new(ALICE, 4, POWER, BUY, 7, -3),
        c.new(BOB, 3, POWER, SELL, 9, -8, post_only=False),
        c.new(BOB, 4, POWER, SELL, 9),
        c.clock(77),
        c.replace(ALICE, 5, ACME, 1, 40),
    ]
    return market.apply(np.frombuffer(b"".join(commands), dtype=COMMAND)).tobytes()


def test_the_event_digest_is_four_lanes_of_crc32c_over_every_event(market):
    assert market.event_digest == ((1 << 64) - 1, (1 << 64) - 1)
    events = busy(market)
    assert market.event_digest == digest_of(events)


def test_the_state_digest_is_the_sha_256_of_the_dump(market):
    busy(market)
    assert market.digest() == hashlib.sha256(market.dump()).digest()


def test_the_dump_has_everything_in_its_order(market):
    busy(market)
    state = market.dump()
    header = np.frombuffer(state, dtype=records.STATE_HEADER, count=1)[0]
    assert (header["magic"], header["rules_version"], header["order_capacity"]) == (
        b"PTSTATE2",
        records.RULES_VERSION,
        131072,
    )
    assert [int(header[name]) for name in ("participants", "sessions", "instruments", "orders", "time")] == [
        4,
        5,
        2,
        7,
        77,
    ]
    orders = np.frombuffer(state, dtype=records.ORDER_STATE, offset=len(state) - 7 * records.ORDER_STATE.itemsize)
    assert list(zip(orders["instrument"].tolist(), orders["cl_ord_id"].tolist(), strict=True)) == [
        (ACME, 5), (ACME, 2), (ACME, 2), (POWER, 3), (POWER, 4), (POWER, 4), (POWER, 3)]
    assert orders["leaves_qty"].tolist() == [20, 10, 20, 7, 7, 9, 9]
    assert state[:-7 * 128].endswith(market.instruments.tobytes())


def test_what_is_loaded_is_what_was_dumped_and_goes_on_alike(market, engine_class):
    busy(market)
    loaded = engine_class.load(market.dump())
    loaded.check()
    assert loaded.dump() == market.dump()
    more = [
        c.status(c.CONTINUOUS, POWER),
        c.new(BOB, 9, ACME, SELL, 50, 95),
        c.status(c.CLOSED, ACME),
        c.venue_start(1),
    ]
    assert apply(loaded, *more) == apply(market, *more)
    assert loaded.digest() == market.digest()


def test_equal_states_have_equal_bytes_however_they_came_about(engine_class):
    """Two orders of one price rest in the same order, whatever was beside them meanwhile."""
    def run(*between: bytes) -> object:
        engine = engine_class()
        apply(engine, c.define_participant(1, "p"), c.define_session(1, "s", 1), c.define_instrument(1, "I"), *between)
        return engine.orders(1)[["price", "leaves_qty"]].tolist()

    plain = run(c.new(1, 1, 1, BUY, 5, 10), c.new(1, 2, 1, BUY, 6, 10))
    detour = run(
        c.new(1, 1, 1, BUY, 5, 10), c.new(1, 2, 1, BUY, 9, 11), c.new(1, 3, 1, BUY, 6, 10), c.cancel(1, 4, 1, 2)
    )
    assert plain == detour == [(10, 5), (10, 6)]


@pytest.mark.parametrize("damage", [
    lambda state: b"", lambda state: state[:100], lambda state: state[:-1], lambda state: state + bytes(128),
    lambda state: b"X" + state[1:], lambda state: state[:8] + b"\x63" + state[9:],
], ids=["empty", "short", "cut", "too long", "magic", "rules version"])
def test_what_is_no_state_is_refused(market, engine_class, damage):
    busy(market)
    with pytest.raises(ValueError):
        engine_class.load(damage(market.dump()))


def test_a_check_of_a_sound_state_says_nothing(market):
    busy(market)
    market.check()
