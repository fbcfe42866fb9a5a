"""Rule 9: the digest of the events, the digest of the state, and the state's canonical bytes."""

import hashlib

import commands as c
import numpy as np
import pytest
from commands import BUY, GTC, SELL, apply
from differential.canonical import State
from market import ACME, ALICE, BOB, POWER, limit, trade

from pricetime.matching import records
from pricetime.matching.records import COMMAND, Standing

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


def full(market: object) -> None:
    """Every kind of order in POWER, elected stops that wait too; limits, positions, a call that ends by itself."""
    limit(market, reference_price=100, call_duration=50)
    apply(
        market,
        c.new(ALICE, 1, POWER, BUY, 5, 90, tif=c.AT_THE_CLOSE), c.new(BOB, 1, POWER, SELL, 5, tif=c.AT_THE_CLOSE),
        c.new(ALICE, 2, POWER, BUY, 5, stop=130), c.new(ALICE, 3, POWER, BUY, 5, stop=120),
        c.new(ALICE, 4, POWER, BUY, 5, 110, stop=120), c.new(BOB, 2, POWER, SELL, 5, stop=70),
        c.new(BOB, 3, POWER, SELL, 5, stop=80, tif=c.GTD, expires=500),
        c.new(ALICE, 5, POWER, BUY, 5, 95, display=0), c.new(ALICE, 6, POWER, BUY, 9, 95, display=2),
        c.new(ALICE, 7, POWER, BUY, 5, 95, self_match=(7, 4)), c.new(ALICE, 8, POWER, BUY, 9, 94, display=3),
        c.new(BOB, 4, POWER, SELL, 5, 105, display=0), c.new(BOB, 5, POWER, SELL, 5, 105),
        c.risk_limits(1, POWER, c.order_limits_line(notional=1 << 90), c.open_limits_line(orders=50)),
        c.risk_limits(1, 0, c.order_limits_line(rate=(5, 9))), c.position_adjust(2, ACME, -70), c.kill_switch(3),
        c.status(c.VOLATILITY_CALL, POWER), c.new(BOB, 6, POWER, SELL, 3), c.new(ALICE, 9, POWER, BUY, 3),
    )


def test_orders_stand_in_the_dump_by_side_queue_stops_and_what_is_set_aside(market):
    full(market)
    state = State(market.dump())
    orders = [(Standing(int(row["standing"])).name, int(row["cl_ord_id"])) for row in state.orders]
    book, stops, aside = "IN_THE_BOOK", "WAITING_STOP", "SET_ASIDE"
    assert orders == [
        (book, 9), (book, 6), (book, 7), (book, 5), (book, 8),      # buys: market, 95 displayed, 95 hidden, 94
        (book, 6), (book, 5), (book, 4),                            # sells: market, 105 displayed, 105 hidden
        (stops, 3), (stops, 4), (stops, 2), (stops, 3), (stops, 2),     # buys from the lowest, sells from the highest
        (aside, 1), (aside, 1)]
    assert int(state.header["last_age"]) == 11
    assert [int(state.header[name]) for name in ("accounts", "notional_limits", "orders")] == [3, 0, 15]
    for book in state.books:
        book.in_order()


def test_a_full_state_is_loaded_and_goes_on_alike(market, engine_class):
    full(market)
    loaded = engine_class.load(market.dump())
    loaded.check()
    assert loaded.dump() == market.dump()
    assert loaded.next_deadline == market.next_deadline == 50
    for command in (c.new(BOB, 20, POWER, SELL, 4, 95, time=40), c.clock(50), c.status(c.CLOSING_CALL, POWER),
                    c.new(ALICE, 20, POWER, BUY, 9, 105), c.status(c.CONTINUOUS, POWER), c.clock(500),
                    c.new(BOB, 21, POWER, SELL, 30, 90, tif=c.IOC), c.mass_cancel(ALICE, 30)):
        assert apply(loaded, command) == apply(market, command)
        assert loaded.dump() == market.dump()
        loaded.check()


def test_elected_stops_that_wait_are_in_the_dump(market, engine_class):
    trade(market, 100)
    limit(market, dynamic_band=5, call_duration=50)
    apply(market, c.new(ALICE, 1, POWER, BUY, 1, stop=101), c.new(ALICE, 2, POWER, BUY, 1, stop=101),
          c.new(BOB, 1, POWER, SELL, 1, 120))
    trade(market, 102)
    rows = State(market.dump()).orders
    assert sorted((int(row["cl_ord_id"]), int(row["standing"])) for row in rows if row["session"] == ALICE) == [
        (1, Standing.IN_THE_BOOK), (2, Standing.ELECTED_STOP)]
    loaded = engine_class.load(market.dump())
    assert apply(loaded, c.clock(50)) == apply(market, c.clock(50))
    assert loaded.dump() == market.dump()


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
