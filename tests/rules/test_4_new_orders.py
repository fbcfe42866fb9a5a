"""Rule 4: what a new order must be, in the order of the checks, and what happens to one that passes."""

import commands as c
import pytest
from commands import BUY, DAY, FOK, GTC, IOC, LIMIT, SELL, SELL_SHORT, apply, flags_of, refused, status_of, told
from market import ACME, ALICE, ANN, BOB, POWER

from pricetime.matching import records


def order(**changes):
    """A good order of ALICE, or what becomes of it."""
    fields = {"session": ALICE, "cl_ord_id": 1, "instrument": ACME, "side": BUY, "quantity": 10, "price": 100}
    return c.new(**{**fields, **changes})


def test_one_that_fails_is_rejected_and_nothing_else(market):
    event, = apply(market, order(price=101))
    assert c.brief(event) == ("REJECTED", 1, "PRICE_OFF_TICK")
    assert (event.order_id, event.exec_id, event.report_number, event.leaves_qty) == (0, 1, 1, 0)
    assert status_of(event) == "ORDER_REJECTED"
    assert len(market.orders(ACME)) == 0


@pytest.mark.parametrize("side", [BUY, SELL, SELL_SHORT])
@pytest.mark.parametrize("tif", [0, DAY, GTC])
def test_an_order_that_meets_nobody_rests(market, side, tif):
    assert told(market, order(side=side, tif=tif)) == [("NEW", 1, 10)]
    assert c.queue(market, ACME) == [(1, 100, 10)]


def test_time_in_force_absent_is_day(market):
    event, = apply(market, order(tif=0))
    assert event.attributes == c.order_attributes(BUY, LIMIT, DAY, records.HAS_PRICE)


def test_new_comes_first_then_the_trades_then_what_ends_it(market):
    apply(market, c.new(BOB, 1, ACME, SELL, 10, 100), c.new(BOB, 2, ACME, SELL, 10, 105))
    assert told(market, order(quantity=30, price=105, tif=IOC)) == [
        ("NEW", 1, 30),
        ("TRADE", 1, 100, 10, 0), ("TRADE", 1, 100, 10, 20),
        ("TRADE", 2, 105, 10, 0), ("TRADE", 1, 105, 10, 10),
        ("CANCELED", 1, "IMMEDIATE_REST"),
    ]


def test_the_resting_side_is_reported_first_and_only_the_incoming_one_is_the_aggressor(market):
    apply(market, c.new(BOB, 1, ACME, SELL, 20, 100))
    _, resting, incoming = apply(market, order())
    assert (resting.session, flags_of(resting), status_of(resting)) == (BOB, 0, "ORDER_PARTIALLY_FILLED")
    assert (incoming.session, flags_of(incoming), status_of(incoming)) == (ALICE, records.AGGRESSOR, "ORDER_FILLED")
    assert resting.trd_match_id == incoming.trd_match_id == 1
    assert (resting.cum_qty, resting.leaves_qty, incoming.cum_qty, incoming.leaves_qty) == (10, 10, 10, 0)


@pytest.mark.parametrize(("side", "resting_price", "limit"), [(BUY, 100, 110), (SELL, 100, 90), (SELL_SHORT, 100, 90)])
def test_a_trade_is_at_the_resting_orders_price(market, side, resting_price, limit):
    apply(market, c.new(BOB, 1, ACME, SELL if side == BUY else BUY, 10, resting_price))
    assert told(market, order(side=side, price=limit))[1:] == [("TRADE", 1, 100, 10, 0), ("TRADE", 1, 100, 10, 0)]


def test_better_prices_first_at_one_price_the_oldest_first(market):
    prices = (105, 100, 110, 100)
    apply(market, *(c.new(BOB, n, ACME, SELL, 10, price) for n, price in enumerate(prices, 1)))
    traded = told(market, order(quantity=40, price=110))
    assert [event[1:3] for event in traded[1::2]] == [(2, 100), (4, 100), (1, 105), (3, 110)]


def test_an_order_trades_within_its_limit_and_rests_with_what_is_left(market):
    apply(market, c.new(BOB, 1, ACME, SELL, 10, 100), c.new(BOB, 2, ACME, SELL, 10, 105))
    assert told(market, order(quantity=30, price=100)) == [
        ("NEW", 1, 30), ("TRADE", 1, 100, 10, 0), ("TRADE", 1, 100, 10, 20)]
    assert c.queue(market, ACME) == [(1, 100, 20), (2, 105, 10)]


def test_orders_of_one_participant_trade_with_each_other(market):
    apply(market, c.new(ANN, 1, ACME, SELL, 10, 100))
    assert len(told(market, order())) == 3


def test_what_is_left_of_a_market_order_is_canceled(market):
    apply(market, c.new(BOB, 1, ACME, SELL, 10, 1000))
    assert told(market, order(price=None, quantity=30)) == [
        ("NEW", 1, 30), ("TRADE", 1, 1000, 10, 0), ("TRADE", 1, 1000, 10, 20), ("CANCELED", 1, "MARKET_REST")]


@pytest.mark.parametrize(("tif", "reason"), [(0, "MARKET_REST"), (DAY, "MARKET_REST"), (IOC, "IMMEDIATE_REST")])
def test_a_market_order_that_meets_nobody_is_canceled_as_an_ioc_first(market, tif, reason):
    assert told(market, order(price=None, tif=tif)) == [("NEW", 1, 10), ("CANCELED", 1, reason)]


def test_a_fok_is_filled_completely_at_once_or_rejected(market):
    apply(
        market,
        c.new(BOB, 1, ACME, SELL, 10, 100),
        c.new(BOB, 2, ACME, SELL, 10, 105),
        c.new(BOB, 3, ACME, SELL, 10, 110),
    )
    assert refused(market, order(quantity=30, price=105, tif=FOK)) == "FILL_OR_KILL_UNFILLABLE"
    assert refused(market, order(cl_ord_id=2, quantity=40, price=None, tif=FOK)) == "FILL_OR_KILL_UNFILLABLE"
    assert told(market, order(cl_ord_id=3, quantity=20, price=105, tif=FOK))[-1] == ("TRADE", 3, 105, 10, 0)
    assert told(market, order(cl_ord_id=4, quantity=10, price=None, tif=FOK))[-1] == ("TRADE", 4, 110, 10, 0)


def test_a_post_only_order_rests_or_is_rejected(market):
    apply(market, c.new(BOB, 1, ACME, SELL, 10, 100))
    assert refused(market, order(price=105, post_only=True)) == "POST_ONLY_WOULD_TRADE"
    event, = apply(market, order(cl_ord_id=2, price=95, post_only=True))
    assert event.attributes & records.POST_ONLY
    assert told(market, c.new(BOB, 2, ACME, SELL, 10, 95))[1:] == [("TRADE", 2, 95, 10, 0), ("TRADE", 2, 95, 10, 0)]


def test_a_post_only_order_meets_its_own_participants_orders_too(market):
    apply(market, c.new(ANN, 1, ACME, SELL, 10, 100))
    assert refused(market, order(post_only=True)) == "POST_ONLY_WOULD_TRADE"


def test_instruments_do_not_meet(market):
    apply(market, c.new(BOB, 1, POWER, SELL, 10, 100))
    assert told(market, order()) == [("NEW", 1, 10)]


def test_what_is_left_of_an_order_that_is_filled_is_nothing(market):
    apply(market, c.new(BOB, 1, ACME, SELL, 10, 100), order())
    assert refused(market, c.cancel(BOB, 2, ACME, 1)) == "UNKNOWN_ORDER"
    assert c.queue(market, ACME) == []


def test_depth_sums_what_is_open_best_price_first(market):
    apply(market, order(price=95), order(cl_ord_id=2, price=100), order(cl_ord_id=3, price=95, quantity=30),
          c.new(BOB, 1, ACME, SELL, 20, 105))
    bids, asks = market.depth("ACME")
    assert bids.tolist() == [(100, 10, 1), (95, 40, 2)]
    assert asks.tolist() == [(105, 20, 1)]
    assert market.depth(ACME, levels=1)[0].tolist() == [(100, 10, 1)]
