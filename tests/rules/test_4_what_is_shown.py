"""Rule 4: icebergs, hidden orders, MinQty and FOK at once, MarketWithLeftOverAsLimit."""

import commands as c
import pytest
from commands import BUY, FOK, IOC, LEFT_OVER, SELL, apply, refused, told
from market import ALICE, ANN, BOB, POWER, buy, sell

from pricetime.matching import records
from pricetime.matching.records import OrdType


def resting(cl_ord_id: int, quantity: int, price: int = 100, session: int = ALICE, side: int = SELL, **fields) -> bytes:
    return c.new(session, cl_ord_id, POWER, side, quantity, price, **fields)


def trades(market: object, quantity: int, price: int | None = 100, **fields) -> list[tuple[int, int]]:
    """BOB buys: (ClOrdID, quantity) of the resting side of each trade."""
    events = apply(market, buy(price, quantity, **fields))
    return [(event.cl_ord_id, event.last_qty) for event in events if event.session != BOB]


def shown(market: object) -> list[tuple[int, int, int]]:
    """(ClOrdID, open, shown) in queue order."""
    return [(int(row["cl_ord_id"]), int(row["leaves_qty"]), int(row["shown_quantity"])) for row in market.orders(POWER)]


# ----------------------------------------------------------------------------------------------- icebergs


def test_what_is_shown_is_the_smaller_of_display_quantity_and_what_is_open(market):
    apply(market, resting(1, 10, display=3), resting(2, 2, display=5), resting(3, 4))
    assert shown(market) == [(1, 10, 3), (2, 2, 2), (3, 4, 0)]


def test_when_the_shown_part_is_used_up_the_next_joins_the_back_of_the_displayed_queue(market):
    apply(market, resting(1, 7, display=3), resting(2, 4))
    assert trades(market, 3) == [(1, 3)]
    assert shown(market) == [(2, 4, 0), (1, 4, 3)]
    assert trades(market, 5) == [(2, 4), (1, 1)]
    assert shown(market) == [(1, 3, 2)]


def test_an_incoming_order_meets_the_parts_in_turn(market):
    apply(market, resting(1, 7, display=3), resting(2, 4), resting(3, 5, display=2))
    assert trades(market, 16) == [(1, 3), (2, 4), (3, 2), (1, 3), (3, 2), (1, 1), (3, 1)]


def test_nothing_is_reported_when_a_part_is_shown(market):
    apply(market, resting(1, 7, display=3))
    assert [event[0] for event in told(market, buy(100, 3))] == ["NEW", "TRADE", "TRADE"]


def test_an_iceberg_that_comes_in_trades_with_all_its_quantity_and_shows_of_the_rest(market):
    apply(market, sell(100, 8))
    events = told(market, resting(1, 20, side=BUY, display=5))
    assert events[2] == ("TRADE", 1, 100, 8, 12)
    assert shown(market) == [(1, 12, 5)]


def test_a_new_part_is_younger_than_a_hidden_order_is_behind_all_displayed(market):
    apply(market, resting(1, 6, display=0), resting(2, 4, display=2), resting(3, 3))
    assert trades(market, 13) == [(2, 2), (3, 3), (2, 2), (1, 6)]


def test_a_part_gives_the_iceberg_a_new_age_all_other_orders_have_none(market):
    apply(market, resting(1, 6, display=2), resting(2, 4), resting(3, 4, display=0), resting(4, 4, display=2))
    ages = dict(zip(market.orders(POWER)["cl_ord_id"].tolist(), market.orders(POWER)["age"].tolist(), strict=True))
    assert ages[2] == 0 < ages[1] < ages[3] < ages[4]
    trades(market, 2)
    after = dict(zip(market.orders(POWER)["cl_ord_id"].tolist(), market.orders(POWER)["age"].tolist(), strict=True))
    assert after[1] == ages[4] + 1 and after[4] == ages[4]
    trades(market, 1)       # of the plain order: nobody takes a place
    assert max(market.orders(POWER)["age"].tolist()) == after[1]


def test_depth_has_what_is_displayed(market):
    apply(market, resting(1, 10, display=3), resting(2, 5, display=0), resting(3, 2), resting(4, 9, 90, display=0))
    assert market.depth(POWER)[1].tolist() == [(100, 5, 2)]


# ------------------------------------------------------------------------------------------------- hidden


def test_a_hidden_order_stands_behind_all_displayed_orders_of_its_price(market):
    apply(market, resting(1, 5, display=0), resting(2, 5), resting(3, 5, display=0), resting(4, 5),
          resting(5, 5, 99, display=0))
    assert [name for name, _, _ in shown(market)] == [5, 2, 4, 1, 3]
    assert trades(market, 25) == [(5, 5), (2, 5), (4, 5), (1, 5), (3, 5)]


def test_a_hidden_order_trades_on_entry_as_any(market):
    apply(market, sell(100, 3))
    assert told(market, resting(1, 5, side=BUY, display=0))[2] == ("TRADE", 1, 100, 3, 2)


def test_a_post_only_order_that_could_meet_a_hidden_one_is_rejected(market):
    apply(market, resting(1, 5, display=0))
    assert refused(market, c.new(BOB, 1, POWER, BUY, 1, 100, post_only=True)) == "POST_ONLY_WOULD_TRADE"


@pytest.mark.parametrize("fields", [{"display": 2}, {"display": 0}], ids=str)
def test_a_post_only_order_may_be_an_iceberg_or_hidden(market, fields):
    assert told(market, resting(1, 5, post_only=True, **fields)) == [("NEW", 1, 5)]


# ------------------------------------------------------------------------------------------------ at once


@pytest.fixture
def deep(market):
    """5 hidden at 99; 10 at 100 of which 2 show; 3 at 101."""
    apply(market, resting(1, 5, 99, display=0), resting(2, 10, display=2), resting(3, 3, 101))
    return market


@pytest.mark.parametrize(("price", "there"), [(99, 5), (100, 15), (101, 18), (None, 18)])
def test_at_once_counts_hidden_and_iceberg_quantity_in_full(deep, price, there):
    fok = {"tif": FOK}
    assert refused(deep, c.new(BOB, 1, POWER, BUY, there + 1, price, **fok)) == "FILL_OR_KILL_UNFILLABLE"
    assert refused(deep, c.new(BOB, 2, POWER, BUY, 50, price, tif=IOC, minimum=there + 1)) == "MIN_QUANTITY_UNFILLABLE"
    state = deep.dump()
    assert told(deep, c.new(BOB, 3, POWER, BUY, there, price, **fok))[-1][-1] == 0
    deep = type(deep).load(state)
    events = apply(deep, c.new(BOB, 3, POWER, BUY, 50, price, tif=IOC, minimum=there))
    assert c.brief(events[-1]) == ("CANCELED", 3, "IMMEDIATE_REST") and events[-1].cum_qty == there


def test_a_min_quantity_may_be_traded_in_several_trades_and_the_rest_is_canceled(market):
    apply(market, sell(99, 2), sell(100, 2))
    assert [event[0] for event in told(market, c.new(ALICE, 1, POWER, BUY, 9, 100, tif=IOC, minimum=3))] == [
        "NEW", "TRADE", "TRADE", "TRADE", "TRADE", "CANCELED"]


def test_a_min_quantity_may_be_all_of_it(market):
    apply(market, sell(99, 2))
    assert refused(market, c.new(ALICE, 1, POWER, BUY, 3, 100, tif=IOC, minimum=3)) == "MIN_QUANTITY_UNFILLABLE"
    assert told(market, c.new(ALICE, 2, POWER, BUY, 2, 100, tif=IOC, minimum=2))[-1] == ("TRADE", 2, 99, 2, 0)


def test_without_a_min_quantity_an_ioc_takes_what_is_there(market):
    apply(market, sell(99, 2))
    assert told(market, c.new(ALICE, 1, POWER, BUY, 3, 100, tif=IOC))[-1] == ("CANCELED", 1, "IMMEDIATE_REST")


# ---------------------------------------------------------------------------- MarketWithLeftOverAsLimit


def test_what_is_left_becomes_a_limit_order_at_the_last_price_it_traded_at(market):
    apply(market, sell(100, 2), sell(103, 1))
    events = apply(market, c.new(ALICE, 1, POWER, BUY, 5, ord_type=LEFT_OVER, tif=c.GTC))
    assert c.brief(events[-1]) == ("RESTATED", 1, 103, 2, "LEFT_OVER_AS_LIMIT")
    assert events[-1].attributes == c.order_attributes(BUY, OrdType.LIMIT, c.GTC, records.HAS_PRICE)
    assert {event.attributes for event in events[:-1] if event.session == ALICE} == {
        c.order_attributes(BUY, LEFT_OVER, c.GTC)}
    assert c.queue(market, POWER) == [(1, 103, 2)]
    assert told(market, c.replace(ALICE, 2, POWER, 1, price=90)) == [("REPLACED", 2, 2)]
    assert refused(market, c.replace(ALICE, 3, POWER, 2, ord_type=LEFT_OVER)) == "ORD_TYPE_CHANGED"


def test_one_that_is_filled_is_not_restated(market):
    apply(market, sell(100, 5))
    assert [event[0] for event in told(market, c.new(ALICE, 1, POWER, BUY, 5, ord_type=LEFT_OVER))] == [
        "NEW", "TRADE", "TRADE"]


def test_one_that_meets_nobody_is_canceled(market):
    assert told(market, c.new(ALICE, 1, POWER, BUY, 5, ord_type=LEFT_OVER)) == [
        ("NEW", 1, 5), ("CANCELED", 1, "MARKET_REST")]


def test_one_that_only_met_its_own_is_canceled(market):
    apply(market, resting(1, 2, session=ANN, self_match=(7, 2)))
    assert told(market, c.new(ALICE, 1, POWER, BUY, 5, ord_type=LEFT_OVER, self_match=(7, 2))) == [
        ("NEW", 1, 5), ("CANCELED", 1, "SELF_MATCH"), ("CANCELED", 1, "MARKET_REST")]
