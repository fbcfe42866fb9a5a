"""Rule 13: a limit holds whatever has gone before: plain orders and others, replaces, trades, limits and positions set.

A fast engine may remember how much an account may still have open. Each test here is a way in which that goes stale."""

import commands as c
import pytest
from commands import BUY, DAY, GTD, SELL, apply, refused, told
from market import ALICE, BOB, FIRM_A, POWER


def order(cl_ord_id: int, quantity: int, price: int = 100, side: int = BUY, **fields) -> bytes:
    return c.new(ALICE, cl_ord_id, POWER, side, quantity, price, **fields)


def more(cl_ord_id: int, orig: int, quantity: int, price: int = 100) -> bytes:
    return c.replace(ALICE, cl_ord_id, POWER, orig, quantity, price)


def limits(**of_open: int) -> bytes:
    return c.risk_limits(FIRM_A, POWER, c.open_limits_line(**of_open))


LIMITS = [({"quantity": 10}, "OPEN_QUANTITY_LIMIT"), ({"position": 10}, "POSITION_LIMIT")]
either = pytest.mark.parametrize(("limit", "reason"), LIMITS, ids=["open quantity", "position"])


@either
def test_new_orders_add_up_to_the_limit(market, limit, reason):
    apply(market, limits(**limit), order(1, 4), order(2, 4))
    assert refused(market, order(3, 3)) == reason
    assert told(market, order(4, 2)) == [("NEW", 4, 2)]
    assert refused(market, order(5, 1)) == reason


@either
def test_a_replace_asks_for_no_more_than_is_left(market, limit, reason):
    apply(market, limits(**limit), order(1, 4), order(2, 4))
    assert refused(market, more(3, 1, 7)) == reason
    assert told(market, more(4, 1, 5), more(5, 4, 6, 101)) == [("REPLACED", 4, 5), ("REPLACED", 5, 6)]
    assert refused(market, order(6, 1)) == reason
    assert told(market, more(7, 5, 2, 101), order(8, 4)) == [("REPLACED", 7, 2), ("NEW", 8, 4)]
    assert refused(market, order(9, 1)) == reason


@either
def test_replaces_of_less_and_of_more_by_turns_add_up(market, limit, reason):
    apply(market, limits(**limit), order(1, 5), order(2, 4))
    last = 1
    for number in range(10, 50, 2):
        apply(market, more(number, last, 3, 99), more(number + 1, number, 5, 98))
        last = number + 1
    assert refused(market, more(900, last, 7, 97)) == reason
    assert told(market, order(1000, 1)) == [("NEW", 1000, 1)]
    assert refused(market, order(1001, 1)) == reason


@either
def test_orders_with_more_to_them_count_beside_plain_ones(market, limit, reason):
    apply(market, limits(**limit), order(1, 1), order(2, 4, tif=GTD, expires=900), order(3, 3, display=1))
    assert refused(market, order(4, 3)) == reason
    assert told(market, order(5, 2)) == [("NEW", 5, 2)]
    apply(market, c.cancel(ALICE, 6, POWER, 2), order(7, 1))
    assert told(market, more(8, 3, 6)) == [("REPLACED", 8, 6)]
    assert refused(market, order(9, 1)) == reason


@either
def test_what_ends_gives_its_quantity_back(market, limit, reason):
    apply(market, limits(**limit))
    for number in range(1, 60, 2):
        assert told(market, order(number, 10)) == [("NEW", number, 10)]
        apply(market, c.cancel(ALICE, number + 1, POWER, number))
    apply(market, order(100, 10))
    assert refused(market, order(101, 1)) == reason


@either
def test_a_limit_that_is_set_holds_from_then_on(market, limit, reason):
    apply(market, order(1, 6), order(2, 3), limits(**limit))
    assert refused(market, order(3, 2)) == reason
    apply(market, limits(**{name: 8 for name in limit}))
    assert refused(market, order(4, 1)) == reason
    assert refused(market, more(5, 1, 6, 101)) == reason        # it would still be above
    assert told(market, more(6, 1, 5, 101)) == [("REPLACED", 6, 5)]
    apply(market, limits(**{name: -1 for name in limit}))
    assert told(market, order(7, 1000)) == [("NEW", 7, 1000)]


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_position_that_is_set_counts_from_then_on(market, side):
    sign = 1 if side == BUY else -1
    apply(market, limits(position=10), order(1, 4, side=side), c.position_adjust(FIRM_A, POWER, 5 * sign))
    assert refused(market, order(2, 2, side=side)) == "POSITION_LIMIT"
    assert told(market, order(3, 1, side=side)) == [("NEW", 3, 1)]
    apply(market, c.position_adjust(FIRM_A, POWER, -5 * sign))
    assert told(market, order(4, 10, side=side)) == [("NEW", 4, 10)]
    assert refused(market, order(5, 1, side=side)) == "POSITION_LIMIT"


def test_trades_move_the_position_of_one_side_and_leave_room_on_the_other(market):
    apply(market, limits(position=10), order(1, 6), c.new(BOB, 1, POWER, SELL, 6, 100))     # long 6
    assert refused(market, order(2, 5)) == "POSITION_LIMIT"
    assert told(market, order(3, 4), order(4, 16, 200, SELL)) == [("NEW", 3, 4), ("NEW", 4, 16)]
    assert refused(market, order(5, 1, 200, SELL)) == "POSITION_LIMIT"
    apply(market, c.new(BOB, 2, POWER, BUY, 16, 200))                                       # short 10
    assert refused(market, order(6, 1, 200, SELL)) == "POSITION_LIMIT"
    assert told(market, order(7, 16, 90)) == [("NEW", 7, 16)]
    assert refused(market, order(8, 1, 90)) == "POSITION_LIMIT"


def test_the_open_quantity_of_both_sides_is_one_sum(market):
    apply(market, limits(quantity=10), order(1, 4), order(2, 4, 200, SELL))
    assert refused(market, order(3, 3, 200, SELL)) == "OPEN_QUANTITY_LIMIT"
    assert refused(market, more(4, 1, 7)) == "OPEN_QUANTITY_LIMIT"
    apply(market, c.new(BOB, 1, POWER, SELL, 4, 100))
    assert told(market, order(5, 6, 200, SELL, tif=DAY)) == [("NEW", 5, 6)]


def test_a_limit_on_notional_sees_plain_orders_from_when_it_is_set(market):
    apply(market, order(1, 5), c.risk_limits(FIRM_A, POWER, c.open_limits_line(gross=1000)))
    assert refused(market, order(2, 6)) == "GROSS_NOTIONAL_LIMIT"
    assert told(market, order(3, 5)) == [("NEW", 3, 5)]
    apply(market, c.risk_limits(FIRM_A, POWER, c.open_limits_line(gross=-1)))
    assert told(market, order(4, 60)) == [("NEW", 4, 60)]
