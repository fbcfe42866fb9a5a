"""Rule 6: phases, trade dates, the uncross and the indicative price."""

import commands as c
import pytest
from commands import BUY, DAY, GTC, SELL, SELL_SHORT, apply, flags_of, refused, told
from market import ACME, ALICE, BOB, FIRM_A, OPS, POWER, UNKNOWN, opening

from pricetime.matching.records import EventType

CALLS = (c.PRE_OPEN, c.OPENING_CALL, c.CLOSING_CALL, c.VOLATILITY_CALL)
DAY_1, DAY_2 = 20260105, 20260106


def call(market: object, *orders: tuple, phase: int = c.OPENING_CALL, instrument: int = POWER) -> None:
    """Into a call, with these (side, quantity, price) orders: buys by ALICE, sells by BOB, ClOrdID 1 and on."""
    apply(market, c.status(phase, instrument))
    for number, (side, quantity, price) in enumerate(orders, 1):
        event, = apply(market, c.new(ALICE if side == BUY else BOB, number, instrument, side, quantity, price))
        assert EventType(event.type) == EventType.NEW


def reference_of(market: object, price: int) -> None:
    apply(market, c.define_instrument(POWER, None, None, c.limits_line(reference_price=price)))


# ------------------------------------------------------------------------------------------------ changes


@pytest.mark.parametrize("sender", [{}, {"session": OPS, "cl_ord_id": 7}], ids=["venue", "session"])
def test_a_status_changes_the_phase_of_one_instrument_and_is_answered_to_who_asked(market, sender):
    event, = apply(market, c.status(c.HALTED, ACME, **sender))
    assert c.brief(event) == ("SESSION_STATUS", "HALTED", 0, 0)
    assert (event.session, event.cl_ord_id) == (sender.get("session", 0), sender.get("cl_ord_id", 0))
    assert (event.report_number, event.instrument) == (1 if sender else 0, ACME)
    assert market.instruments["phase"].tolist() == [c.HALTED, c.CONTINUOUS]


@pytest.mark.parametrize(("record", "reason"), [
    (c.status(c.HALTED, UNKNOWN), "UNKNOWN_INSTRUMENT"),
    (c.status(0, ACME), "PHASE_UNKNOWN"),
    (c.status(8, ACME), "PHASE_UNKNOWN"),
    (c.status(0xFFFF, ACME), "PHASE_UNKNOWN"),
    (c.status(c.CONTINUOUS, ACME), "PHASE_UNCHANGED"),
    (c.status(c.CONTINUOUS, ACME, trade_date=DAY_1), "PHASE_UNCHANGED"),
    (c.status(0, UNKNOWN), "UNKNOWN_INSTRUMENT"),
    (c.status(c.HALTED, ACME, trade_date=20261301), "TRADE_DATE_INVALID"),
], ids=str)
def test_a_status_is_refused_in_order(market, record, reason):
    before = market.instruments.tobytes()
    assert refused(market, record) == reason
    assert market.instruments.tobytes() == before


def test_a_refusal_is_numbered_where_a_session_sent_the_status(market):
    of_session, of_venue = apply(market, c.status(0, ACME, session=OPS, cl_ord_id=3), c.status(0, ACME))
    assert (of_session.session, of_session.cl_ord_id, of_session.report_number) == (OPS, 3, 1)
    assert (of_venue.session, of_venue.cl_ord_id, of_venue.report_number) == (0, 0, 0)


@pytest.mark.parametrize("date", [20260001, 20261301, 20260100, 20260132, -DAY_1, 101, 100000101, 1])
def test_a_trade_date_is_a_year_a_month_and_a_day(market, date):
    assert refused(market, c.status(c.HALTED, ACME, trade_date=date)) == "TRADE_DATE_INVALID"


def test_a_trade_date_does_not_go_back(market):
    apply(market, c.status(c.HALTED, ACME, trade_date=DAY_2))
    assert refused(market, c.status(c.PRE_OPEN, ACME, trade_date=DAY_1)) == "TRADE_DATE_INVALID"
    assert told(market, c.status(c.PRE_OPEN, ACME, trade_date=DAY_2)) == [("SESSION_STATUS", "PRE_OPEN", 0, 0)]
    assert told(market, c.status(c.HALTED, ACME)) == [("SESSION_STATUS", "HALTED", 0, 0)]
    assert market.instruments["trade_date"].tolist() == [DAY_2, 0]


@pytest.mark.parametrize("phase", CALLS)
def test_in_a_call_orders_rest_without_matching_and_market_orders_with_them(market, phase):
    call(market, (BUY, 5, 110), (SELL, 5, 100), (BUY, 7, None), (SELL, 3, None), phase=phase)
    assert c.queue(market, POWER) == [(3, None, 7), (1, 110, 5), (4, None, 3), (2, 100, 5)]
    assert [side.tolist() for side in market.depth(POWER)] == [[(110, 5, 1)], [(100, 5, 1)]]


# ---------------------------------------------------------------------------------- when there is an uncross

CROSSED = ((BUY, 5, 110), (SELL, 5, 100))


@pytest.mark.parametrize("between", [None, c.PRE_OPEN, c.OPENING_CALL, c.CLOSING_CALL, c.HALTED, c.CLOSED])
def test_every_change_into_continuous_uncrosses(market, between):
    apply(market, c.status(c.PRE_OPEN, POWER))
    apply(market, c.new(ALICE, 1, POWER, BUY, 5, 110, tif=GTC), c.new(BOB, 1, POWER, SELL, 5, 100, tif=GTC))
    if between not in (None, c.PRE_OPEN):
        assert told(market, c.status(between, POWER)) == [("SESSION_STATUS", c.Phase(between).name, 0, 0)]
    assert told(market, c.status(c.CONTINUOUS, POWER)) == [
        ("SESSION_STATUS", "CONTINUOUS", 110, 5), ("TRADE", 1, 110, 5, 0), ("TRADE", 1, 110, 5, 0)]


def test_the_closing_call_uncrosses_into_closed_and_no_other_phase_does(market):
    for phase, trades in ((c.OPENING_CALL, 0), (c.PRE_OPEN, 0), (c.CLOSING_CALL, 2)):
        engine = type(market).load(market.dump())
        call(engine, *CROSSED, phase=phase)
        events = told(engine, c.status(c.CLOSED, POWER))
        assert len([event for event in events if event[0] == "TRADE"]) == trades, phase


def test_a_book_that_is_not_crossed_trades_nothing(market):
    call(market, (BUY, 5, 99), (SELL, 5, 100))
    assert told(market, c.status(c.CONTINUOUS, POWER)) == [("SESSION_STATUS", "CONTINUOUS", 0, 0)]
    assert market.instruments["presence"].tolist() == [0, 0]


# ----------------------------------------------------------------------------------- the uncross's price


@pytest.mark.parametrize(("orders", "reference", "expected"), [
    # most executable quantity
    (((BUY, 10, 102), (BUY, 10, 101), (SELL, 10, 100), (SELL, 10, 101)), None, (101, 20)),
    # least surplus: at 101 none, at 102 and above less to do
    (((BUY, 10, 102), (BUY, 10, 101), (SELL, 20, 100)), 500, (101, 20)),
    # surplus on the buy side at all that are left: the highest
    (((BUY, 20, 102), (SELL, 10, 100)), 0, (102, 10)),
    # surplus on the sell side at all that are left: the lowest
    (((BUY, 10, 102), (SELL, 20, 100)), 1000, (100, 10)),
    # no surplus: nearest to the reference
    (((BUY, 10, 104), (SELL, 10, 100)), 101, (100, 10)),
    (((BUY, 10, 104), (SELL, 10, 100)), 103, (104, 10)),
    # two equally near: the higher
    (((BUY, 10, 104), (SELL, 10, 100)), 102, (104, 10)),
    # no reference: the highest
    (((BUY, 10, 104), (SELL, 10, 100)), None, (104, 10)),
    # surplus on either side: nearest to the reference
    (((BUY, 10, 100), (BUY, 10, 104), (SELL, 10, 100), (SELL, 10, 104)), 101, (100, 10)),
    (((BUY, 10, 100), (BUY, 10, 104), (SELL, 10, 100), (SELL, 10, 104)), 500, (104, 10)),
    # market orders count at every price
    (((BUY, 30, None), (BUY, 10, 102), (SELL, 10, 105), (SELL, 10, 100)), 100, (105, 20)),
    (((SELL, 30, None), (BUY, 10, 102), (BUY, 10, 95)), 100, (95, 20)),
    # candidates are limit prices, of orders that take no part too
    (((BUY, 10, None), (SELL, 10, None), (BUY, 1, 90), (SELL, 1, 110)), 99, (90, 10)),
    # negative prices, and zero
    (((BUY, 10, -2), (SELL, 10, -6)), -5, (-6, 10)),
    (((BUY, 10, 0), (SELL, 10, 0)), None, (0, 10)),
    # the widest distance there is
    (((BUY, 1, (1 << 63) - 1), (SELL, 1, -(1 << 63))), -(1 << 63), (-(1 << 63), 1)),
    (((BUY, 1, (1 << 63) - 1), (SELL, 1, -(1 << 63))), 0, ((1 << 63) - 1, 1)),
    # market orders alone: at the reference, or not at all
    (((BUY, 10, None), (SELL, 30, None)), 77, (77, 10)),
    (((BUY, 10, None), (SELL, 30, None)), None, None),
    (((BUY, 10, None),), 77, None),
    # nothing meets
    (((BUY, 10, 99), (SELL, 10, 100)), 99, None),
    ((), 100, None),
])
def test_the_price_of_an_uncross(market, orders, reference, expected):
    if reference is not None:
        reference_of(market, reference)
    call(market, *orders)
    assert market.indicative("POWER") == expected
    status = apply(market, c.status(c.CONTINUOUS, POWER))[0]
    assert (status.last_px, status.last_qty) == (expected or (0, 0))


def test_the_reference_is_the_last_trade_before_the_reference_price(market):
    reference_of(market, 100)
    apply(
        market,
        c.new(ALICE, 1, POWER, BUY, 1, 104),
        c.new(BOB, 1, POWER, SELL, 1, 104),
        c.status(c.OPENING_CALL, POWER),
        c.new(ALICE, 2, POWER, BUY, 10, 105),
        c.new(BOB, 2, POWER, SELL, 10, 99),
    )
    assert market.indicative(POWER) == (105, 10)


# ---------------------------------------------------------------------------------- the uncross's trades


def test_pairing_is_head_to_head_market_first_then_price_then_time(market):
    call(
        market,
        (BUY, 4, 103),
        (BUY, 5, 105),
        (BUY, 3, None),
        (BUY, 6, 105),
        (SELL, 8, 100),
        (SELL, 5, None),
        (SELL, 5, 99),
    )
    trades = [event for event in apply(market, c.status(c.CONTINUOUS, POWER)) if event.type == EventType.TRADE]
    buys, sells = trades[::2], trades[1::2]
    assert [event.session for event in trades[:2]] == [ALICE, BOB]      # the buy side's report comes first
    assert [event.cl_ord_id for event in buys] == [3, 2, 2, 4, 4, 1]
    assert [event.cl_ord_id for event in sells] == [6, 6, 7, 7, 5, 5]
    assert [event.last_qty for event in buys] == [3, 2, 3, 2, 4, 4]
    assert {event.last_px for event in trades} == {103}
    assert {flags_of(event) for event in trades} == {0}                 # neither is the aggressor
    assert [event.trd_match_id for event in trades] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]


def test_the_smaller_side_at_the_price_decides_and_the_rest_stays(market):
    call(market, (BUY, 10, 105), (SELL, 4, 100), (SELL, 20, 104))
    assert told(market, c.status(c.CONTINUOUS, POWER)) == [
        ("SESSION_STATUS", "CONTINUOUS", 104, 10),
        ("TRADE", 1, 104, 4, 6), ("TRADE", 2, 104, 4, 0), ("TRADE", 1, 104, 6, 0), ("TRADE", 3, 104, 6, 14)]
    assert c.queue(market, POWER) == [(3, 104, 14)]


def test_the_uncrosss_price_is_the_last_trade_price(market):
    call(market, *CROSSED)
    apply(market, c.status(c.CONTINUOUS, POWER))
    assert market.instruments["last_price"].tolist() == [0, 110]
    assert market.instruments["auction_price"].tolist() == [0, 110]
    assert market.instruments["presence"].tolist() == [0, 1 | 4]


def test_short_sells_are_sells(market):
    call(market, (BUY, 5, 110), (SELL_SHORT, 5, 100))
    assert told(market, c.status(c.CONTINUOUS, POWER))[1:] == [("TRADE", 1, 110, 5, 0), ("TRADE", 2, 110, 5, 0)]


@pytest.mark.parametrize("into", [c.CONTINUOUS, c.CLOSED])
def test_market_orders_that_are_left_are_canceled_in_order_id_order(market, into):
    call(market, (SELL, 5, None), (BUY, 5, None), (BUY, 5, None), (BUY, 3, 100), (SELL, 2, None), phase=c.CLOSING_CALL)
    events = told(market, c.status(into, POWER))
    rest = [event for event in events if "UNCROSS_REST" in event]
    assert rest == [("CANCELED", 3, "UNCROSS_REST")]
    assert events.index(rest[0]) > max(place for place, event in enumerate(events) if event[0] == "TRADE")


def test_market_orders_are_canceled_where_nothing_traded(market):
    call(market, (BUY, 5, None), (BUY, 6, None))
    assert told(market, c.status(c.CONTINUOUS, POWER)) == [
        ("SESSION_STATUS", "CONTINUOUS", 0, 0), ("CANCELED", 1, "UNCROSS_REST"), ("CANCELED", 2, "UNCROSS_REST")]


# ------------------------------------------------------------------------------------------- the day's end


@pytest.mark.parametrize("phase", [c.CONTINUOUS, c.HALTED, c.OPENING_CALL])
def test_into_closed_day_orders_expire_in_order_id_order_and_gtc_stay(market, phase):
    apply(
        market,
        c.new(ALICE, 1, POWER, BUY, 5, 90),
        c.new(ALICE, 2, POWER, BUY, 5, 95),
        c.new(ALICE, 3, POWER, BUY, 5, 93, tif=GTC),
        c.new(BOB, 1, POWER, SELL, 5, 100, tif=DAY),
    )
    if phase != c.CONTINUOUS:
        apply(market, c.status(phase, POWER))
    assert told(market, c.status(c.CLOSED, POWER)) == [
        ("SESSION_STATUS", "CLOSED", 0, 0),
        ("EXPIRED", 1, "DAY_END"), ("EXPIRED", 2, "DAY_END"), ("EXPIRED", 1, "DAY_END")]
    assert c.queue(market, POWER) == [(3, 93, 5)]


def test_the_uncross_comes_before_the_days_end(market):
    call(market, (BUY, 5, 110), (SELL, 7, 100), phase=c.CLOSING_CALL)
    assert told(market, c.status(c.CLOSED, POWER)) == [
        ("SESSION_STATUS", "CLOSED", 100, 5),
        ("TRADE", 1, 100, 5, 0),
        ("TRADE", 2, 100, 5, 2),
        ("EXPIRED", 2, "DAY_END"),
    ]


def test_into_closed_the_last_trade_becomes_the_reference_and_there_is_no_last_trade(market):
    reference_of(market, 50)
    apply(market, c.status(c.CLOSED, POWER))
    assert market.instruments["reference_price"].tolist()[1] == 50
    apply(market, c.status(c.CONTINUOUS, POWER), c.new(ALICE, 1, POWER, BUY, 1, 70), c.new(BOB, 1, POWER, SELL, 1, 70))
    assert (market.instruments["last_price"].tolist()[1], market.instruments["presence"].tolist()[1]) == (70, 1)
    apply(market, c.status(c.CLOSED, POWER))
    row = market.instruments[1]
    assert (int(row["reference_price"]), int(row["last_price"]), int(row["presence"])) == (70, 0, 0)


def test_a_later_trade_date_expires_day_orders_first(market):
    apply(market, c.status(c.HALTED, POWER, trade_date=DAY_1), c.status(c.CONTINUOUS, POWER, trade_date=DAY_1),
          c.new(ALICE, 1, POWER, BUY, 5, 110), c.new(ALICE, 2, POWER, BUY, 5, 100, tif=GTC))
    assert told(market, c.status(c.OPENING_CALL, POWER, trade_date=DAY_1)) == [("SESSION_STATUS", "OPENING_CALL", 0, 0)]
    apply(market, c.new(BOB, 1, POWER, SELL, 5, 95, tif=GTC))
    assert told(market, c.status(c.CONTINUOUS, POWER, trade_date=DAY_2)) == [
        ("EXPIRED", 1, "DAY_END"),
        ("SESSION_STATUS", "CONTINUOUS", 100, 5), ("TRADE", 2, 100, 5, 0), ("TRADE", 1, 100, 5, 0)]
    assert market.instruments["trade_date"].tolist() == [0, DAY_2]


def test_the_first_trade_date_ends_no_day(market):
    apply(market, c.new(ALICE, 1, POWER, BUY, 5, 110))
    assert told(market, c.status(c.HALTED, POWER, trade_date=DAY_1)) == [("SESSION_STATUS", "HALTED", 0, 0)]
    assert told(market, c.status(c.CLOSED, POWER, trade_date=DAY_2))[0] == ("EXPIRED", 1, "DAY_END")


# --------------------------------------------------------------------------------------------- the clock


def test_the_clock_reports_an_indicative_price_when_it_has_changed(market):
    call(market, *CROSSED)
    event, = apply(market, c.clock())
    assert c.brief(event) == ("INDICATIVE_PRICE", POWER, 110, 5)
    assert (event.session, event.report_number, event.cl_ord_id) == (0, 0, 0)
    assert told(market, c.clock()) == []
    apply(market, c.new(ALICE, 9, POWER, BUY, 5, 110))              # a buy surplus: the same price and quantity
    assert told(market, c.clock()) == []
    apply(market, c.new(BOB, 9, POWER, SELL, 1, 100))
    assert told(market, c.clock()) == [("INDICATIVE_PRICE", POWER, 110, 6)]


CHANGES = {
    "new": [c.new(ALICE, 10, POWER, BUY, 3, 110)],
    "new market": [c.new(ALICE, 10, POWER, BUY, 3)],
    "new iceberg": [c.new(ALICE, 10, POWER, BUY, 3, 110, display=1)],
    "new hidden": [c.new(ALICE, 10, POWER, BUY, 3, 110, display=0)],
    "cancel": [c.cancel(ALICE, 10, POWER, 1)],
    "cancel iceberg": [c.cancel(ALICE, 10, POWER, 2)],
    "mass cancel": [c.mass_cancel(ALICE, 10)],
    "less": [c.replace(ALICE, 10, POWER, 1, 2)],
    "less iceberg": [c.replace(ALICE, 10, POWER, 2, 2)],
    "more": [c.replace(ALICE, 10, POWER, 3, 9)],
    "price": [c.replace(ALICE, 10, POWER, 1, price=80)],
    "price of iceberg": [c.replace(ALICE, 10, POWER, 2, price=80)],
    "to the close": [c.replace(ALICE, 10, POWER, 1, tif=c.AT_THE_CLOSE)],
    "from the close": [c.replace(ALICE, 10, POWER, 4, tif=c.DAY)],
    "expiry": [c.new(ALICE, 10, ACME, BUY, 10, 5, time=900)],
    "kill switch": [c.kill_switch(FIRM_A)],
    "another phase": [c.status(c.HALTED, POWER), c.cancel(ALICE, 10, POWER, 1), c.status(c.PRE_OPEN, POWER)],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_clock_sees_whatever_changes_the_uncross(market, change):
    """ALICE's buys of 5, 5, 2 and 2, one of each kind, against BOB's sell of 20; ACME is in a call too."""
    call(market, instrument=ACME)
    call(market)
    apply(market, c.new(ALICE, 1, POWER, BUY, 5, 110), c.new(ALICE, 2, POWER, BUY, 5, 110, display=1),
          c.new(ALICE, 3, POWER, BUY, 2, 110), c.new(ALICE, 4, POWER, BUY, 2, 110, tif=c.AT_THE_CLOSE),
          c.new(ALICE, 5, POWER, BUY, 2, 110, tif=c.GTD, expires=900), c.new(BOB, 1, POWER, SELL, 20, 100))
    assert told(market, c.clock()) == [("INDICATIVE_PRICE", POWER, 100, 14)]
    assert told(market, c.clock()) == []
    apply(market, *change)
    price, quantity = market.indicative(POWER) or (0, 0)
    assert quantity != 14
    expected = [("INDICATIVE_PRICE", POWER, price, quantity)]
    again = type(market).load(market.dump())
    assert told(market, c.clock()) == told(again, c.clock()) == (expected)
    assert market.dump() == again.dump()
    market.check()
    assert told(market, c.clock()) == told(again, c.clock()) == []


def test_the_clock_sees_another_reference(market):
    reference_of(market, 110)
    call(market, *CROSSED)
    assert told(market, c.clock()) == [("INDICATIVE_PRICE", POWER, 110, 5)]
    reference_of(market, 100)
    assert told(market, c.clock()) == [("INDICATIVE_PRICE", POWER, 100, 5)]


def test_nothing_executable_is_reported_only_where_something_was(market):
    call(market, (BUY, 5, 110))
    assert told(market, c.clock()) == []
    apply(market, c.new(BOB, 1, POWER, SELL, 5, 100))
    assert told(market, c.clock()) == [("INDICATIVE_PRICE", POWER, 110, 5)]
    apply(market, c.cancel(BOB, 2, POWER, 1))
    assert told(market, c.clock(), c.clock()) == [("INDICATIVE_PRICE", POWER, 0, 0)]


def test_every_phase_change_forgets_what_was_reported(market):
    call(market, *CROSSED, phase=c.PRE_OPEN)
    assert len(told(market, c.clock())) == 1
    apply(market, c.status(c.OPENING_CALL, POWER))
    assert told(market, c.clock()) == [("INDICATIVE_PRICE", POWER, 110, 5)]


def test_the_clock_goes_by_instrument_id_and_looks_at_calls_only(market):
    call(market, *CROSSED)
    apply(
        market, c.status(c.CLOSING_CALL, ACME), c.new(ALICE, 3, ACME, BUY, 10, 100), c.new(BOB, 3, ACME, SELL, 10, 100)
    )
    assert [event[1] for event in told(market, c.clock())] == [ACME, POWER]
    apply(market, c.status(c.HALTED, ACME), c.status(c.HALTED, POWER))
    assert told(market, c.clock()) == []


def test_a_clock_of_a_session_is_acknowledged_last(market):
    call(market, *CROSSED)
    assert told(market, c.clock(session=OPS, cl_ord_id=1)) == [("INDICATIVE_PRICE", POWER, 110, 5), ("COMMAND_ACK", 1)]


def test_a_book_is_never_crossed_in_continuous(engine):
    apply(engine, *opening(reference_price=100), c.status(c.OPENING_CALL, ACME))
    for number in range(1, 40):
        side = BUY if number % 3 else SELL
        apply(engine, c.new(ALICE, number, ACME, side, 10 * (number % 7 + 1), 100 + 5 * (number * 7 % 11 - 5)))
    apply(engine, c.status(c.CONTINUOUS, ACME))
    bids, asks = engine.depth(ACME)
    assert not len(bids) or not len(asks) or bids["price"][0] < asks["price"][0]
    engine.check()
