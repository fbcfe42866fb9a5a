"""Rule 10: stops wait, are elected by trades, and are released in rounds."""

import commands as c
import pytest
from commands import BUY, DAY, GTC, GTD, SELL, apply, refused, told
from market import ALICE, ANN, BOB, POWER, buy, limit, sell, trade

from pricetime.matching import records
from pricetime.matching.records import EventType, OrdType, Standing


def stop(cl_ord_id: int, side: int, stop_price: int, price: int | None = None, quantity: int = 1, **fields) -> bytes:
    """ALICE's Stop, or StopLimit where it has a price, in POWER."""
    return c.new(ALICE, cl_ord_id, POWER, side, quantity, price, stop=stop_price, **fields)


def triggered(events: list[tuple]) -> list[int]:
    return [event[1] for event in events if event[0] == "TRIGGERED"]


def standings(market: object) -> list[tuple[int, str]]:
    return [(int(row["cl_ord_id"]), Standing(int(row["standing"])).name) for row in market.orders(POWER)]


# ----------------------------------------------------------------------------------------------- election


def test_a_stop_waits_off_the_book(market):
    trade(market, 100)
    assert told(market, stop(1, BUY, 105), stop(2, SELL, 95, 94)) == [("NEW", 1, 1), ("NEW", 2, 1)]
    assert [len(side) for side in market.depth(POWER)] == [0, 0]
    assert standings(market) == [(1, "WAITING_STOP"), (2, "WAITING_STOP")]
    assert told(market, sell(50)) == [("NEW", int(market.sessions["mark"][BOB - 1]), 1)]     # it meets nobody


@pytest.mark.parametrize(("side", "stop_price", "price", "elected"), [
    (BUY, 105, 104, False), (BUY, 105, 105, True), (BUY, 105, 106, True),
    (SELL, 95, 96, False), (SELL, 95, 95, True), (SELL, 95, 94, True),
])
def test_a_trade_at_or_beyond_its_stop_price_elects_it(market, side, stop_price, price, elected):
    trade(market, 100)
    apply(market, stop(1, side, stop_price))
    expected = [("TRIGGERED", 1, 0), ("CANCELED", 1, "MARKET_REST")] if elected else []
    assert trade(market, price) == expected


@pytest.mark.parametrize(("side", "stop_price", "elected"), [
    (BUY, 100, True), (BUY, 99, True), (BUY, 101, False), (SELL, 100, True), (SELL, 101, True), (SELL, 99, False),
])
@pytest.mark.parametrize("by_reference", [False, True], ids=["last trade", "reference price"])
def test_one_that_the_last_price_has_reached_is_elected_on_entry(market, side, stop_price, elected, by_reference):
    if by_reference:
        limit(market, reference_price=100)
    else:
        limit(market, reference_price=500)
        trade(market, 100)
    after = [("TRIGGERED", 1, 0), ("CANCELED", 1, "MARKET_REST")] if elected else []
    assert told(market, stop(1, side, stop_price)) == [("NEW", 1, 1), *after]


def test_without_a_last_price_a_stop_waits_for_a_trade(market):
    assert told(market, stop(1, BUY, 1), stop(2, SELL, 999)) == [("NEW", 1, 1), ("NEW", 2, 1)]
    assert triggered(trade(market, 100)) == [1, 2]


def test_a_reference_that_is_redefined_elects_nothing(market):
    apply(market, stop(1, BUY, 105))
    limit(market, reference_price=110)
    assert standings(market) == [(1, "WAITING_STOP")]


@pytest.mark.parametrize("tif", [0, DAY, GTC, GTD])
def test_a_stop_is_day_gtc_or_gtd(market, tif):
    expires = 10**9 if tif == GTD else None
    assert told(market, stop(1, BUY, 105, tif=tif, expires=expires)) == [("NEW", 1, 1)]


# --------------------------------------------------------------------------------------- what it is from then on


def test_a_stop_that_is_triggered_is_a_market_order(market):
    trade(market, 100)
    apply(market, sell(108, 3), stop(1, BUY, 105, quantity=5))
    assert trade(market, 105) == [
        ("TRIGGERED", 1, 0),
        ("TRADE", int(market.sessions["mark"][BOB - 1]), 108, 3, 0),
        ("TRADE", 1, 108, 3, 2),
        ("CANCELED", 1, "MARKET_REST"),
    ]


def test_a_triggered_stop_limit_is_a_limit_order_without_stop_price(market):
    trade(market, 100)
    apply(market, stop(1, BUY, 105, 107, quantity=5, tif=GTC), sell(106, 2), sell(108, 2))
    apply(market, sell(105, session=5))
    events = apply(market, buy(105, session=5, tif=c.IOC))[3:]
    assert [c.brief(event)[0] for event in events] == ["TRIGGERED", "TRADE", "TRADE"]
    for event in (events[0], events[2]):
        assert event.attributes == c.order_attributes(BUY, OrdType.LIMIT, GTC, records.HAS_PRICE)
        assert event.price == 107
    row = next(row for row in market.orders(POWER) if row["cl_ord_id"] == 1)
    assert [int(row[name]) for name in ("price", "leaves_qty", "stop_price", "presence", "standing", "age")] == [
        107, 3, 0, 0, Standing.IN_THE_BOOK, 0]
    assert refused(market, c.replace(ALICE, 2, POWER, 1, stop=110)) == "STOP_PRICE_NOT_ALLOWED"
    assert refused(market, c.replace(ALICE, 3, POWER, 1, ord_type=c.STOP_LIMIT)) == "ORD_TYPE_CHANGED"


def test_a_stop_limit_may_be_an_iceberg_or_hidden(market):
    trade(market, 100)
    apply(market, stop(1, BUY, 105, 104, quantity=5, display=2), stop(2, BUY, 105, 104, quantity=5, display=0))
    assert trade(market, 105) == [("TRIGGERED", 1, 104), ("TRIGGERED", 2, 104)]
    rows = market.orders(POWER)
    assert [(int(row["cl_ord_id"]), int(row["shown_quantity"])) for row in rows] == [(1, 2), (2, 0)]


def test_the_incoming_order_is_worked_off_before_the_stops_that_it_elects(market):
    trade(market, 100)
    apply(market, stop(1, BUY, 101), sell(101), sell(102))
    events = told(market, c.new(ANN, 1, POWER, BUY, 2, 102))
    assert [event[0] for event in events] == ["NEW", "TRADE", "TRADE", "TRADE", "TRADE", "TRIGGERED", "CANCELED"]


# ------------------------------------------------------------------------------------------------- the order


def test_in_a_round_lower_buys_and_higher_sells_first_then_age_and_between_the_sides_age(market):
    apply(market, stop(1, BUY, 99), stop(2, SELL, 101), stop(3, BUY, 98), stop(4, SELL, 102), stop(5, BUY, 98))
    assert standings(market) == [(number, "WAITING_STOP") for number in (3, 5, 1, 4, 2)]
    assert triggered(trade(market, 100)) == [3, 4, 2, 5, 1]


def test_what_a_round_elects_forms_the_next_round(market):
    trade(market, 100)
    apply(market, stop(1, BUY, 101), stop(2, BUY, 101), stop(3, BUY, 102), sell(102), sell(104))
    events = trade(market, 101)
    assert triggered(events) == [1, 2, 3]
    assert [event[:3] for event in events if event[0] == "TRADE" and event[1] < 10] == [
        ("TRADE", 1, 102), ("TRADE", 2, 104)]
    assert events[-1] == ("CANCELED", 3, "MARKET_REST")


def test_a_later_round_may_have_a_lower_stop_price_than_an_earlier_one(market):
    """Sells fall into the book: 97 elects what 99 and 98 did not, and comes after all of the first round."""
    trade(market, 100)
    apply(market, stop(1, SELL, 97), stop(2, SELL, 98), stop(3, SELL, 99), stop(4, SELL, 98), buy(97), buy(90, 9))
    assert triggered(trade(market, 98)) == [3, 2, 4, 1]


def test_elected_it_stays_so_wherever_the_price_goes(market):
    """The first of the round trades at 90, beyond which the second would not be elected any more."""
    apply(market, stop(1, SELL, 100), stop(2, BUY, 100), buy(90))
    assert triggered(trade(market, 100)) == [1, 2]


def test_age_is_entry_or_the_last_change_of_stop_price(market):
    apply(market, stop(1, BUY, 105), stop(2, BUY, 105), stop(3, BUY, 105), stop(4, BUY, 105))
    apply(market, c.replace(ALICE, 5, POWER, 1, 7), c.replace(ALICE, 6, POWER, 2, stop=106),
          c.replace(ALICE, 7, POWER, 6, stop=105), c.replace(ALICE, 8, POWER, 3, 9, stop=105))
    assert [name for name, _ in standings(market)] == [5, 8, 4, 7]


# ------------------------------------------------------------------------------------------ cancel and replace


def test_a_replace_with_a_stop_price_that_is_reached_is_elected_at_once(market):
    trade(market, 100)
    apply(market, stop(1, BUY, 105))
    assert told(market, c.replace(ALICE, 2, POWER, 1, stop=100)) == [
        ("REPLACED", 2, 1), ("TRIGGERED", 2, 0), ("CANCELED", 2, "MARKET_REST")]


def test_a_stop_that_waits_is_replaced_and_cancelled(market):
    trade(market, 100)
    apply(market, stop(1, BUY, 105, 106))
    assert told(market, c.replace(ALICE, 2, POWER, 1, 5, 107)) == [("REPLACED", 2, 5)]
    assert told(market, c.cancel(ALICE, 3, POWER, 2)) == [("CANCELED", 3)]
    assert trade(market, 105) == []


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize(
    "fields", [{"quantity": 7}, {"quantity": 7, "tif": GTD, "expires": 1000}, {"self_match": (5, 1)}])
def test_a_stop_that_comes_in_again_with_its_stop_price_keeps_its_place_among_the_others(market, at, fields):
    trade(market, 100)
    apply(market, stop(1, BUY, 105, quantity=3), stop(2, BUY, 105, quantity=3), stop(3, BUY, 105, quantity=3))
    apply(market, c.replace(ALICE, 9, POWER, at, **fields))
    expected = [9 if cl_ord_id == at else cl_ord_id for cl_ord_id in (1, 2, 3)]
    assert [cl_ord_id for cl_ord_id, _ in standings(market)] == expected
    market.check()
    assert triggered(trade(market, 105)) == expected
    market.check()


@pytest.mark.parametrize("phase", [c.CONTINUOUS, c.OPENING_CALL])
def test_a_replace_that_changes_nothing_of_a_stop_keeps_its_place(market, phase):
    apply(market, stop(1, BUY, 105), stop(2, BUY, 105))
    if phase != c.CONTINUOUS:
        apply(market, c.status(phase, POWER))
    before = market.orders(POWER)["age"].tolist()
    assert told(market, c.replace(ALICE, 3, POWER, 1, tif=GTC)) == [("REPLACED", 3, 1)]
    assert market.orders(POWER)["age"].tolist() == before


def test_waiting_stops_expire_with_the_day_and_with_their_time(market):
    apply(market, stop(1, BUY, 105), stop(2, SELL, 95, tif=GTC), stop(3, BUY, 105, tif=GTD, expires=50))
    assert told(market, c.clock(50)) == [("EXPIRED", 3, "EXPIRE_TIME_REACHED")]
    assert told(market, c.status(c.CLOSED, POWER))[1:] == [("EXPIRED", 1, "DAY_END")]
    assert standings(market) == [(2, "WAITING_STOP")]


# --------------------------------------------------------------------------------------------- other phases


def test_an_uncross_elects_by_its_price_when_continuous_begins(market):
    apply(market, c.status(c.OPENING_CALL, POWER), stop(1, BUY, 105), stop(2, BUY, 111), buy(110), sell(110),
          buy(90, 3, tif=c.DAY), c.new(ANN, 1, POWER, BUY, 2))
    events = told(market, c.status(c.CONTINUOUS, POWER))
    assert events[0][:2] == ("SESSION_STATUS", "CONTINUOUS")
    kinds = [event[0] for event in events]
    assert kinds == ["SESSION_STATUS", "TRADE", "TRADE", "CANCELED", "TRIGGERED", "CANCELED"]
    assert events[4:] == [("TRIGGERED", 1, 0), ("CANCELED", 1, "MARKET_REST")]


def test_the_uncross_into_closed_elects_nothing(market):
    apply(market, c.status(c.CLOSING_CALL, POWER), stop(1, BUY, 105, tif=GTC), buy(110), sell(110))
    assert [event[0] for event in told(market, c.status(c.CLOSED, POWER))] == ["SESSION_STATUS", "TRADE", "TRADE"]
    assert standings(market) == [(1, "WAITING_STOP")]
    events = told(market, c.status(c.CONTINUOUS, POWER))        # the last trade is the reference now, and reaches it
    assert events[1:] == [("TRIGGERED", 1, 0), ("CANCELED", 1, "MARKET_REST")]


@pytest.mark.parametrize("phase", [c.PRE_OPEN, c.OPENING_CALL, c.CLOSING_CALL, c.VOLATILITY_CALL])
def test_on_entry_in_a_call_none_is_elected_until_continuous_begins(market, phase):
    trade(market, 100)
    apply(market, c.status(phase, POWER))
    assert told(market, stop(1, BUY, 90, 95)) == [("NEW", 1, 1)]
    assert standings(market) == [(1, "WAITING_STOP")]
    assert told(market, c.status(c.CONTINUOUS, POWER))[1:] == [("TRIGGERED", 1, 95)]


def test_stops_of_another_instrument_wait_on(market):
    apply(market, c.new(ALICE, 1, 1, BUY, 10, stop=100))
    assert trade(market, 100) == []


# ----------------------------------------------------------------------------------------------- interrupted


@pytest.fixture
def interrupted(market):
    """Last 100, a dynamic band of 5: the first of three stops that 103 elects meets 110, so the others stay elected."""
    trade(market, 100)
    limit(market, dynamic_band=5, call_duration=1000)
    apply(market, stop(1, BUY, 101), stop(2, BUY, 102, 120, quantity=2), stop(3, BUY, 103), stop(4, BUY, 104))
    apply(market, sell(110))
    events = trade(market, 103)
    assert events == [("TRIGGERED", 1, 0), ("SESSION_STATUS", "VOLATILITY_CALL", 0, 0, "VOLATILITY_INTERRUPTION")]
    return market


def test_where_a_stop_interrupts_the_rest_of_the_round_stays_elected(interrupted):
    assert standings(interrupted)[0] == (1, "IN_THE_BOOK")
    assert standings(interrupted)[2:] == [(2, "ELECTED_STOP"), (3, "ELECTED_STOP"), (4, "WAITING_STOP")]


def test_elected_stops_that_waited_are_the_first_round_when_continuous_begins(interrupted):
    limit(interrupted, dynamic_band=50)
    events = told(interrupted, c.status(c.CONTINUOUS, POWER))
    # The uncross is at 110, which elects the fourth: all three are of one round.
    assert events[0] == ("SESSION_STATUS", "CONTINUOUS", 110, 1)
    assert triggered(events) == [2, 3, 4]


def test_an_elected_stop_that_waits_is_cancelled_and_replaced(interrupted):
    assert told(interrupted, c.cancel(ALICE, 10, POWER, 3)) == [("CANCELED", 10)]
    assert told(interrupted, c.replace(ALICE, 11, POWER, 2, 5)) == [("REPLACED", 11, 5)]
    assert (11, "ELECTED_STOP") in standings(interrupted)
    assert told(interrupted, c.replace(ALICE, 12, POWER, 11, stop=150)) == [("REPLACED", 12, 5)]
    assert (12, "WAITING_STOP") in standings(interrupted)
    interrupted.check()         # none is elected any more, and none is counted so


def test_what_is_due_releases_its_own_stops_before_the_command(interrupted):
    """The call ends by its time; the stops that its uncross and the last price elect go before the command."""
    apply(interrupted, c.cancel(ALICE, 10, POWER, 2), c.cancel(ALICE, 11, POWER, 4))
    end = int(interrupted.instruments["call_end"][POWER - 1])
    events = apply(interrupted, c.new(ANN, 1, POWER, SELL, 1, 200, time=end))
    kinds = [EventType(event.type).name for event in events]
    assert kinds == ["SESSION_STATUS", "TRADE", "TRADE", "TRIGGERED", "CANCELED", "NEW"]
    assert len({event.sequence for event in events}) == 1
    assert [event.place for event in events] == list(range(6))


# --------------------------------------------------------------------- a triggered Stop that waits as a Market order


@pytest.fixture
def triggered_gtc(market):
    """ALICE's Stop GTC of 5, triggered, meets 120, outside the band: a Market order GTC in a VolatilityCall."""
    trade(market, 100)
    limit(market, dynamic_band=5, call_duration=1000)
    apply(market, stop(1, BUY, 101, tif=GTC, quantity=5), sell(120, 9, tif=GTC))
    assert trade(market, 102)[0] == ("TRIGGERED", 1, 0)
    assert standings(market)[0] == (1, "IN_THE_BOOK")
    return market


def test_it_keeps_its_time_in_force_over_night_and_trades_in_the_next_uncross(triggered_gtc):
    apply(triggered_gtc, c.status(c.CLOSED, POWER, trade_date=20260105),
          c.status(c.PRE_OPEN, POWER, trade_date=20260106))
    assert c.queue(triggered_gtc, POWER)[0] == (1, None, 5)
    assert told(triggered_gtc, c.status(c.CONTINUOUS, POWER))[1:] == [
        ("TRADE", 1, 120, 5, 0), ("TRADE", int(triggered_gtc.orders(POWER)["cl_ord_id"][0]), 120, 5, 4)]


@pytest.mark.parametrize(
    "change", [{"quantity": 4}, {"quantity": 6}, {"quantity": 4, "tif": GTC}, {"tif": c.DAY}], ids=str)
def test_it_is_replaced_with_the_time_in_force_that_it_has_or_for_the_day(triggered_gtc, change):
    quantity = change.get("quantity", 5)
    assert told(triggered_gtc, c.replace(ALICE, 2, POWER, 1, **change)) == [("REPLACED", 2, quantity)]
    assert c.queue(triggered_gtc, POWER)[0] == (2, None, quantity)


def test_it_may_not_change_to_another_that_no_market_order_has(triggered_gtc):
    assert refused(triggered_gtc, c.replace(ALICE, 2, POWER, 1, tif=GTD, expires=10**6)) == "MARKET_TIME_IN_FORCE"
    assert refused(triggered_gtc, c.replace(ALICE, 3, POWER, 1, 4, post_only=True)) == "POST_ONLY_IN_CALL"
    apply(triggered_gtc, c.replace(ALICE, 4, POWER, 1, tif=c.DAY))
    assert refused(triggered_gtc, c.replace(ALICE, 5, POWER, 4, tif=GTC)) == "MARKET_TIME_IN_FORCE"


def test_one_that_is_gtd_may_have_another_expire_time(market):
    trade(market, 100)
    limit(market, dynamic_band=5, call_duration=1000)
    apply(market, stop(1, BUY, 101, tif=GTD, expires=500), sell(120))
    trade(market, 102)
    assert told(market, c.replace(ALICE, 2, POWER, 1, expires=400), c.clock(400)) == [
        ("REPLACED", 2, 1), ("EXPIRED", 2, "EXPIRE_TIME_REACHED")]
