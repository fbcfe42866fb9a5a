"""Rule 12: collar and bands, and the VolatilityCall that a trade outside a band begins."""

import commands as c
import pytest
from commands import BUY, DAY, FOK, IOC, LEFT_OVER, LIMIT, MARKET, SELL, apply, refused, told
from market import ALICE, ANN, BOB, FIRM_A, IDS, OPS, POWER, buy, limit, sell, trade

from pricetime.matching import records
from pricetime.matching.records import EventType, OrdType, Phase

INT64_MAX = (1 << 63) - 1
INTERRUPTED = ("SESSION_STATUS", "VOLATILITY_CALL", 0, 0, "VOLATILITY_INTERRUPTION")


def order(cl_ord_id: int, side: int, quantity: int, price: int | None = None, **fields) -> bytes:
    """ALICE's order in POWER."""
    return c.new(ALICE, cl_ord_id, POWER, side, quantity, price, **fields)


def phase(market: object) -> str:
    return Phase(int(market.instruments["phase"][POWER - 1])).name


# ------------------------------------------------------------------------------------------------- collar


@pytest.fixture
def collared(market):
    """A reference price of 100 and a collar of 10."""
    limit(market, reference_price=100, collar=10)
    return market


@pytest.mark.parametrize(("side", "price", "accepted"), [
    (BUY, 110, True), (BUY, 111, False), (BUY, 1, True), (SELL, 90, True), (SELL, 89, False), (SELL, 900, True),
])
@pytest.mark.parametrize("at", [c.CONTINUOUS, c.PRE_OPEN, c.OPENING_CALL, c.CLOSING_CALL, c.VOLATILITY_CALL])
def test_a_limit_order_is_no_further_than_the_collar_on_its_aggressive_side(collared, side, price, accepted, at):
    if at != c.CONTINUOUS:
        apply(collared, c.status(at, POWER))
    assert c.brief(apply(collared, order(1, side, 1, price))[0]) == (
        ("NEW", 1, 1) if accepted else ("REJECTED", 1, "PRICE_COLLAR"))


def test_the_reference_is_the_last_trade_before_the_reference_price(collared):
    trade(collared, 105)
    assert told(collared, order(1, BUY, 1, 115)) == [("NEW", 1, 1)]
    assert refused(collared, order(2, BUY, 1, 116)) == "PRICE_COLLAR"


def test_a_replace_that_comes_in_again_is_looked_at_one_that_keeps_its_place_is_not(collared):
    apply(collared, order(1, BUY, 5, 110))
    limit(collared, collar=5)
    assert refused(collared, c.replace(ALICE, 2, POWER, 1, 6)) == "PRICE_COLLAR"
    assert told(collared, c.replace(ALICE, 3, POWER, 1, 4)) == [("REPLACED", 3, 4)]
    assert told(collared, c.replace(ALICE, 4, POWER, 3, 6, 105)) == [("REPLACED", 4, 6)]


@pytest.mark.parametrize(("ord_type", "expected"), [
    (MARKET, [("CANCELED", 1, "MARKET_REST")]),
    (LEFT_OVER, [("RESTATED", 1, 110, 1, "LEFT_OVER_AS_LIMIT")]),
])
def test_market_orders_trade_as_far_as_the_collar(collared, ord_type, expected):
    apply(collared, sell(108), sell(110), sell(111))
    events = told(collared, order(1, BUY, 3, ord_type=ord_type))
    assert [event[2] for event in events if event[0] == "TRADE"] == [108, 108, 110, 110]
    assert events[5:] == expected


@pytest.mark.parametrize(("side", "reference", "inside", "outside"), [
    (BUY, 100, 105, 110), (SELL, 100, 95, 90), (BUY, -100, -95, -90), (SELL, -100, -105, -110),
])
def test_a_collar_whose_edge_is_off_the_tick_ends_at_the_last_tick_inside(market, side, reference, inside, outside):
    """A tick of 5 and a collar of 7: 107 and 93, or -93 and -107."""
    terms, limits = c.terms_line(tick=5, negative=True), c.limits_line(reference_price=reference, collar=7)
    other = SELL if side == BUY else BUY
    apply(market, c.define_instrument(3, "SPREAD", terms, limits), c.new(BOB, 2, 3, other, 1, outside),
          c.new(BOB, 3, 3, other, 1, inside))
    assert told(market, c.new(ALICE, 1, 3, side, 2)) == [
        ("NEW", 1, 2), ("TRADE", 3, inside, 1, 0), ("TRADE", 1, inside, 1, 1), ("CANCELED", 1, "MARKET_REST")]


def test_the_reference_of_an_order_stays_while_it_trades(collared):
    """110 trades first; the collar is not moved to 120 by that."""
    apply(collared, sell(110), sell(111))
    assert told(collared, order(1, BUY, 2))[-1] == ("CANCELED", 1, "MARKET_REST")


def test_without_a_reference_there_is_no_collar_but_no_market_order_either(market):
    limit(market, collar=10)
    assert told(market, order(1, BUY, 1, INT64_MAX)) == [("NEW", 1, 1)]
    assert refused(market, order(2, BUY, 1)) == "NO_REFERENCE_PRICE"
    assert refused(market, order(3, BUY, 1, ord_type=LEFT_OVER)) == "NO_REFERENCE_PRICE"
    assert told(market, order(4, BUY, 1, stop=50)) == [("NEW", 4, 1)]


@pytest.mark.parametrize("limits", [
    c.risk_limits(FIRM_A, POWER, c.order_limits_line(notional=10**9)),
    c.risk_limits(FIRM_A, POWER, c.open_limits_line(gross=10**9)),
    c.risk_limits(FIRM_A, 0, c.order_limits_line(notional=10**9)),
    c.risk_limits(FIRM_A, 0, c.open_limits_line(gross=10**9)),
], ids=["order, account", "gross, account", "order, participant", "gross, participant"])
def test_without_a_reference_a_notional_limit_refuses_a_market_order(market, limits):
    assert told(market, order(1, BUY, 1), limits)[-1] == ("CANCELED", 1, "MARKET_REST")
    assert refused(market, order(2, BUY, 1)) == "NO_REFERENCE_PRICE"
    assert refused(market, order(3, BUY, 1, ord_type=LEFT_OVER)) == "NO_REFERENCE_PRICE"
    assert told(market, c.new(BOB, 1, POWER, BUY, 1)) == [("NEW", 1, 1), ("CANCELED", 1, "MARKET_REST")]
    limit(market, reference_price=100)
    assert told(market, order(4, BUY, 1))[0] == ("NEW", 4, 1)


def test_a_notional_limit_of_another_currency_is_no_obstacle(market):
    apply(market, c.risk_limits(FIRM_A, 0, c.order_limits_line(notional=1, currency=b"EUR")))
    assert told(market, order(1, BUY, 1))[0] == ("NEW", 1, 1)


def test_a_stop_limit_is_looked_at_when_it_is_triggered(collared):
    assert told(collared, order(1, BUY, 1, 130, stop=120), order(2, BUY, 1, 131, stop=120)) == [
        ("NEW", 1, 1), ("NEW", 2, 1)]
    assert told(collared, order(3, SELL, 1, 50, stop=60))[0] == ("NEW", 3, 1)
    limit(collared, collar=20)
    trade(collared, 115)
    limit(collared, collar=10)
    assert trade(collared, 120) == [
        ("TRIGGERED", 1, 130), ("TRIGGERED", 2, 131), ("CANCELED", 2, "PRICE_COLLAR")]


def test_fok_and_min_quantity_count_within_the_collar(collared):
    apply(collared, sell(108), sell(110), sell(111))
    assert refused(collared, order(1, BUY, 3, tif=FOK)) == "FILL_OR_KILL_UNFILLABLE"
    assert refused(collared, order(2, BUY, 9, tif=IOC, minimum=3)) == "MIN_QUANTITY_UNFILLABLE"
    assert told(collared, order(3, BUY, 9, tif=IOC, minimum=2))[-1] == ("CANCELED", 3, "IMMEDIATE_REST")


@pytest.mark.parametrize(("side", "reference"), [(BUY, INT64_MAX - 1), (SELL, -INT64_MAX)])
def test_sums_stop_at_the_ends_of_64_bits(market, side, reference):
    limit(market, reference_price=reference, collar=INT64_MAX)
    end = INT64_MAX if side == BUY else -INT64_MAX - 1
    assert told(market, order(1, side, 1, end)) == [("NEW", 1, 1)]
    trader = sell if side == BUY else buy
    apply(market, c.cancel(ALICE, 2, POWER, 1), trader(end))
    assert told(market, order(3, side, 1))[-1] == ("TRADE", 3, end, 1, 0)


def test_a_collar_of_0_holds_at_the_reference(market):
    limit(market, reference_price=100, collar=0)
    assert refused(market, order(1, BUY, 1, 101)) == "PRICE_COLLAR"
    apply(market, sell(100), sell(101))
    assert [event[0] for event in told(market, order(2, BUY, 2))] == ["NEW", "TRADE", "TRADE", "CANCELED"]


# -------------------------------------------------------------------------------------------------- bands


@pytest.fixture
def banded(market):
    """The last trade at 100, a dynamic band of 5, calls of 1,000 ns; now is 50."""
    trade(market, 100)
    limit(market, dynamic_band=5, call_duration=1000)
    apply(market, c.clock(50))
    return market


def test_a_price_at_the_edge_is_inside_one_beyond_it_interrupts(banded):
    apply(banded, sell(105), sell(106))
    events = told(banded, order(1, BUY, 3, 200))
    assert [event[0] for event in events] == ["NEW", "TRADE", "TRADE", "SESSION_STATUS"]
    assert events[3] == INTERRUPTED
    assert c.queue(banded, POWER)[0] == (1, 200, 2)
    assert phase(banded) == "VOLATILITY_CALL"
    assert int(banded.instruments["call_end"][POWER - 1]) == 1050 == banded.next_deadline


def test_a_sell_interrupts_below(banded):
    apply(banded, buy(95), buy(94))
    assert told(banded, order(1, SELL, 2, 1))[-1] == INTERRUPTED


def test_the_dynamic_band_is_around_the_last_trade_before_the_command(banded):
    """104 is inside, and 108 would be inside around 104."""
    apply(banded, sell(104), sell(108))
    assert told(banded, order(1, BUY, 2, 200))[-1] == INTERRUPTED
    assert int(banded.instruments["last_price"][POWER - 1]) == 104


def test_the_next_command_has_the_new_last_trade_for_its_middle(banded):
    apply(banded, sell(104), sell(108), order(1, BUY, 1, 200))
    assert told(banded, order(2, BUY, 1, 200))[-1] == ("TRADE", 2, 108, 1, 0)


def test_the_static_band_is_around_the_last_auction_price_else_the_reference(market):
    limit(market, reference_price=100, static_band=5, call_duration=10)
    apply(market, sell(105), sell(106))
    assert told(market, order(1, BUY, 1, 200))[-1] == ("TRADE", 1, 105, 1, 0)
    assert told(market, order(2, BUY, 1, 200))[-1] == INTERRUPTED
    # Nothing is left over at 200 or at 106, and 106 is nearer to the last trade.
    assert told(market, c.status(c.CONTINUOUS, POWER))[0] == ("SESSION_STATUS", "CONTINUOUS", 106, 1)
    apply(market, sell(111), sell(112))
    assert told(market, order(3, BUY, 1, 300))[-1] == ("TRADE", 3, 111, 1, 0)
    assert told(market, order(4, BUY, 1, 300))[-1] == INTERRUPTED


def test_a_band_without_its_middle_does_not_hold(market):
    limit(market, dynamic_band=5, static_band=5, call_duration=10)
    apply(market, sell(100), sell(900))
    assert told(market, order(1, BUY, 2, 1000))[-1] == ("TRADE", 1, 900, 1, 0)


def test_bands_at_the_ends_of_64_bits(market):
    trade(market, INT64_MAX - 1)
    limit(market, dynamic_band=INT64_MAX, call_duration=1)
    apply(market, sell(INT64_MAX))
    assert told(market, order(1, BUY, 1, INT64_MAX))[-1] == ("TRADE", 1, INT64_MAX, 1, 0)
    apply(market, buy(-5))
    assert told(market, order(2, SELL, 1, -5))[-1] == INTERRUPTED


@pytest.mark.parametrize(("fields", "after"), [
    ({"price": 200, "tif": IOC}, [("CANCELED", 1, "VOLATILITY_INTERRUPTION")]),
    ({"tif": IOC}, [("CANCELED", 1, "VOLATILITY_INTERRUPTION")]),
    ({"ord_type": LEFT_OVER}, [("RESTATED", 1, 105, 2, "LEFT_OVER_AS_LIMIT")]),
    ({}, []),
    ({"price": 200}, []),
    ({"price": 200, "display": 1}, []),
], ids=str)
def test_what_becomes_of_the_rest(banded, fields, after):
    apply(banded, sell(105), sell(106))
    events = told(banded, order(1, BUY, 3, **fields))
    assert [event[0] for event in events[:4]] == ["NEW", "TRADE", "TRADE", "SESSION_STATUS"]
    assert events[4:] == after
    left = [] if after and after[0][0] == "CANCELED" else [1]
    assert [name for name, _, _ in c.queue(banded, POWER) if name < 10] == left


def test_a_market_order_as_limit_that_has_not_traded_rests_as_it_is(banded):
    apply(banded, sell(106))
    assert told(banded, order(1, BUY, 3, ord_type=LEFT_OVER)) == [("NEW", 1, 3), INTERRUPTED]
    row = banded.orders(POWER)[0]
    assert c.queue(banded, POWER)[0] == (1, None, 3)
    assert int(row["attributes"]) >> records.ORD_TYPE_SHIFT & records.ORD_TYPE_MASK == OrdType(LEFT_OVER)


def test_fok_and_min_quantity_count_within_the_bands_and_do_not_interrupt(banded):
    apply(banded, sell(105), sell(106))
    assert refused(banded, order(1, BUY, 2, 200, tif=FOK)) == "FILL_OR_KILL_UNFILLABLE"
    assert refused(banded, order(2, BUY, 9, 200, tif=IOC, minimum=2)) == "MIN_QUANTITY_UNFILLABLE"
    assert phase(banded) == "CONTINUOUS"
    assert told(banded, order(3, BUY, 9, 200, tif=IOC, minimum=1))[-2:] == [
        INTERRUPTED, ("CANCELED", 3, "VOLATILITY_INTERRUPTION")]


def test_only_a_trade_that_would_really_happen_interrupts(banded):
    apply(banded, sell(106))
    assert told(banded, order(1, BUY, 1, 105)) == [("NEW", 1, 1)]


# --------------------------------------------------------------------------------------- the end of the call


@pytest.fixture
def interrupted(banded):
    """A call from 50 to 1050: ALICE's buy of 2 at 200 against BOB's sell of 1 at 120."""
    apply(banded, sell(120))
    assert told(banded, order(1, BUY, 2, 200))[-1] == INTERRUPTED
    return banded


ENDED = ("SESSION_STATUS", "CONTINUOUS", 200, 1, "CALL_ENDED")


def test_the_first_command_at_its_end_ends_it_by_an_uncross(interrupted):
    assert told(interrupted, c.clock(1049)) == [("INDICATIVE_PRICE", POWER, 200, 1)]
    status, one, other = apply(interrupted, c.clock(1050))
    assert c.brief(status) == ENDED
    assert (status.session, status.cl_ord_id, status.report_number, status.instrument) == (0, 0, 0, POWER)
    assert {EventType(one.type), EventType(other.type)} == {EventType.TRADE}
    assert (phase(interrupted), int(interrupted.instruments["call_end"][POWER - 1])) == ("CONTINUOUS", 0)
    assert interrupted.next_deadline is None


def test_a_command_ends_it_sooner(interrupted):
    events = told(interrupted, c.status(c.CONTINUOUS, POWER, session=OPS, cl_ord_id=next(IDS)))
    assert events[0] == ("SESSION_STATUS", "CONTINUOUS", 200, 1)
    assert told(interrupted, c.clock(2000)) == []


def test_a_command_may_go_on_to_another_phase(interrupted):
    apply(interrupted, c.status(c.HALTED, POWER))
    assert interrupted.next_deadline is None
    assert told(interrupted, c.clock(2000)) == []
    assert phase(interrupted) == "HALTED"


def test_orders_rest_in_the_call(interrupted):
    assert told(interrupted, c.new(ANN, 1, POWER, SELL, 1, 100), c.new(ANN, 2, POWER, SELL, 1)) == [
        ("NEW", 1, 1), ("NEW", 2, 1)]
    assert refused(interrupted, c.new(ANN, 3, POWER, SELL, 1, 100, tif=IOC)) == "IMMEDIATE_IN_CALL"


def test_after_the_call_the_uncross_is_the_middle(interrupted):
    """The command that ends the call meets bands around 200, in the same command."""
    limit(interrupted, dynamic_band=5)
    events = told(interrupted, c.new(ANN, 1, POWER, SELL, 1, 150, time=1050))
    assert events[0] == ENDED
    assert events[-1] == ("TRADE", 1, 200, 1, 0)
    assert phase(interrupted) == "CONTINUOUS"


def test_a_call_that_a_command_begins_ends_by_its_duration(market):
    limit(market, call_duration=70)
    assert told(market, c.status(c.VOLATILITY_CALL, POWER, time=5)) == [("SESSION_STATUS", "VOLATILITY_CALL", 0, 0)]
    assert market.next_deadline == 75
    assert told(market, c.clock(75)) == [("SESSION_STATUS", "CONTINUOUS", 0, 0, "CALL_ENDED")]


def test_a_call_without_a_duration_ends_by_command_only(market):
    apply(market, c.status(c.VOLATILITY_CALL, POWER, time=5))
    assert market.next_deadline is None
    assert told(market, c.clock(1 << 62)) == []
    assert phase(market) == "VOLATILITY_CALL"


def test_a_call_never_ends_after_the_last_time_there_is(market):
    limit(market, call_duration=INT64_MAX)
    apply(market, c.status(c.VOLATILITY_CALL, POWER, time=5))
    assert int(market.instruments["call_end"][POWER - 1]) == INT64_MAX
    assert told(market, c.clock(INT64_MAX)) == [("SESSION_STATUS", "CONTINUOUS", 0, 0, "CALL_ENDED")]


def test_a_duration_that_is_redefined_is_of_the_next_call(interrupted):
    limit(interrupted, call_duration=1)
    assert told(interrupted, c.clock(1049)) == [("INDICATIVE_PRICE", POWER, 200, 1)]
    assert told(interrupted, c.clock(1050))[0] == ENDED


def test_several_calls_end_by_instrument_id_before_the_command(interrupted):
    apply(interrupted, c.define_instrument(1, None, None, c.limits_line(call_duration=900)),
          c.status(c.VOLATILITY_CALL, 1))
    events = apply(interrupted, c.new(BOB, next(IDS), POWER, BUY, 1, 1, tif=DAY, ord_type=LIMIT, time=2000))
    statuses = [event.instrument for event in events if event.type == EventType.SESSION_STATUS]
    assert statuses == [1, POWER]
    assert [event.place for event in events] == list(range(len(events)))
    assert EventType(events[-1].type) == EventType.NEW


def test_bands_do_not_hold_in_an_uncross(banded):
    apply(banded, c.status(c.OPENING_CALL, POWER), buy(500), sell(500))
    assert told(banded, c.status(c.CONTINUOUS, POWER))[0] == ("SESSION_STATUS", "CONTINUOUS", 500, 1)


def test_the_commands_own_uncross_is_the_middle_for_what_comes_after_what_was_due(market):
    """The call ends by its time and a stop interrupts again; the command ends that call too, by an uncross at 120."""
    trade(market, 100)
    limit(market, dynamic_band=5, call_duration=50)
    apply(market, c.status(c.VOLATILITY_CALL, POWER), buy(104), sell(104), sell(106), sell(120), sell(123),
          order(1, BUY, 2, stop=103), order(2, BUY, 1, stop=119))
    events = told(market, c.status(c.CONTINUOUS, POWER, time=50))
    assert [event for event in events if event[0] in ("SESSION_STATUS", "TRIGGERED")] == [
        ("SESSION_STATUS", "CONTINUOUS", 104, 1, "CALL_ENDED"), ("TRIGGERED", 1, 0), INTERRUPTED,
        ("SESSION_STATUS", "CONTINUOUS", 120, 1), ("TRIGGERED", 2, 0)]
    assert [event[2] for event in events if event[0] == "TRADE"][::2] == [104, 106, 120, 123]
    assert phase(market) == "CONTINUOUS"
