"""Rule 11: orders of one participant with the same SelfMatchPreventionID never trade with each other in Continuous."""

import commands as c
import pytest
from commands import BUY, FOK, IOC, SELL, apply, refused, told
from market import ALICE, ANN, BOB, IDS, POWER, buy, limit, sell, trade

from pricetime.matching.records import SelfMatchInstruction

INCOMING, RESTING, BOTH, DECREMENT = (int(instruction) for instruction in SelfMatchInstruction)
SMP = "SELF_MATCH"


def own(cl_ord_id: int, quantity: int, price: int = 100, **fields) -> bytes:
    """ANN's sell with SelfMatchPreventionID 7; its own instruction never counts, it rests."""
    return c.new(ANN, cl_ord_id, POWER, SELL, quantity, price, **{"self_match": (7, INCOMING), **fields})


def comes(cl_ord_id: int, quantity: int, instruction: int, price: int | None = 100, **fields) -> bytes:
    """ALICE's buy, of the same participant."""
    return c.new(ALICE, cl_ord_id, POWER, BUY, quantity, price, **{"self_match": (7, instruction), **fields})


@pytest.mark.parametrize(("instruction", "quantity", "expected", "left"), [
    (INCOMING, 10, [("CANCELED", 2, SMP)], [(1, 100, 10)]),
    (INCOMING, 4, [("CANCELED", 2, SMP)], [(1, 100, 10)]),
    (RESTING, 4, [("CANCELED", 1, SMP)], [(2, 100, 4)]),
    (BOTH, 4, [("CANCELED", 1, SMP), ("CANCELED", 2, SMP)], []),
    (BOTH, 40, [("CANCELED", 1, SMP), ("CANCELED", 2, SMP)], []),
    (DECREMENT, 4, [("RESTATED", 1, 100, 6, SMP), ("CANCELED", 2, SMP)], [(1, 100, 6)]),
    (DECREMENT, 10, [("CANCELED", 1, SMP), ("CANCELED", 2, SMP)], []),
    (DECREMENT, 25, [("CANCELED", 1, SMP), ("RESTATED", 2, 100, 15, SMP)], [(2, 100, 15)]),
], ids=str)
def test_what_each_instruction_does(market, instruction, quantity, expected, left):
    apply(market, own(1, 10))
    assert told(market, comes(2, quantity, instruction)) == [("NEW", 2, quantity), *expected]
    assert c.queue(market, POWER) == left


def test_the_incoming_orders_instruction_decides(market):
    apply(market, own(1, 10, self_match=(7, RESTING)))
    assert told(market, comes(2, 10, INCOMING))[1:] == [("CANCELED", 2, SMP)]


@pytest.mark.parametrize(("of_resting", "of_incoming"), [
    ((0, 0), (0, 0)), ((0, INCOMING), (0, BOTH)), ((7, INCOMING), (8, BOTH)), ((7, INCOMING), None), (None, (7, BOTH)),
], ids=str)
def test_orders_without_the_same_id_that_is_not_0_trade(market, of_resting, of_incoming):
    apply(market, own(1, 10, self_match=of_resting))
    events = told(market, comes(2, 10, INCOMING, self_match=of_incoming))
    assert [event[0] for event in events] == ["NEW", "TRADE", "TRADE"]


def test_another_participants_order_with_the_same_id_trades(market):
    apply(market, sell(100, 10, session=BOB, self_match=(7, BOTH)))
    assert [event[0] for event in told(market, comes(2, 10, INCOMING))] == ["NEW", "TRADE", "TRADE"]


def test_the_highest_id_is_one_too(market):
    highest = (1 << 64) - 1
    apply(market, own(1, 10, self_match=(highest, INCOMING)))
    assert told(market, comes(2, 10, INCOMING, self_match=(highest, INCOMING)))[1:] == [("CANCELED", 2, SMP)]


def test_what_traded_before_stands_and_what_is_behind_is_met_where_the_resting_order_goes(market):
    apply(market, sell(100, 3), own(1, 10), sell(100, 5))
    events = told(market, comes(2, 20, RESTING, tif=IOC))
    assert [event[0] for event in events] == ["NEW", "TRADE", "TRADE", "CANCELED", "TRADE", "TRADE", "CANCELED"]
    assert (events[3], events[6]) == (("CANCELED", 1, SMP), ("CANCELED", 2, "IMMEDIATE_REST"))
    assert events[5][2:] == (100, 5, 12)


def test_a_decremented_order_goes_on(market):
    apply(market, own(1, 10), sell(101, 5))
    events = told(market, comes(2, 20, DECREMENT, 101))
    assert events[1:3] == [("CANCELED", 1, SMP), ("RESTATED", 2, 101, 10, SMP)]
    assert events[4] == ("TRADE", 2, 101, 5, 5)


def test_a_market_order_is_prevented_too(market):
    apply(market, own(1, 10))
    assert told(market, comes(2, 4, BOTH, None)) == [("NEW", 2, 4), ("CANCELED", 1, SMP), ("CANCELED", 2, SMP)]


def test_cum_qty_stays_and_leaves_falls(market):
    apply(market, own(1, 10), buy(100, 2))
    restated, canceled = apply(market, comes(2, 3, DECREMENT))[1:]
    assert (restated.cum_qty, restated.leaves_qty, restated.last_qty) == (2, 5, 0)
    assert (canceled.cum_qty, canceled.leaves_qty) == (0, 0)


def test_a_replace_that_comes_in_again_is_an_incoming_order(market):
    apply(market, own(1, 10), comes(2, 4, RESTING, 90))
    assert told(market, c.replace(ALICE, 3, POWER, 2, price=100)) == [("REPLACED", 3, 4), ("CANCELED", 1, SMP)]


def test_a_replace_with_id_0_ends_it_and_with_another_changes_it(market):
    apply(market, own(1, 10), comes(2, 4, RESTING, 90), comes(3, 4, RESTING, 90))
    events = told(market, c.replace(ALICE, 4, POWER, 2, price=100, self_match=(0, 0)))
    assert [event[0] for event in events] == ["REPLACED", "TRADE", "TRADE"]
    events = told(market, c.replace(ALICE, 5, POWER, 3, price=100, self_match=(7, BOTH)))
    assert events == [("REPLACED", 5, 4), ("CANCELED", 1, SMP), ("CANCELED", 5, SMP)]


def test_a_new_self_match_prevention_loses_priority(market):
    apply(market, own(1, 10), sell(100, 3), c.replace(ANN, 2, POWER, 1, self_match=(8, INCOMING)))
    assert [name for name, _, _ in c.queue(market, POWER)][-1] == 2


@pytest.mark.parametrize("instruction", [INCOMING, RESTING, BOTH, DECREMENT])
def test_it_does_not_hold_in_an_uncross(market, instruction):
    apply(market, c.status(c.OPENING_CALL, POWER), own(1, 10), comes(2, 10, instruction))
    events = told(market, c.status(c.CONTINUOUS, POWER))
    assert [event[0] for event in events] == ["SESSION_STATUS", "TRADE", "TRADE"]


def test_a_match_that_is_prevented_neither_trades_nor_interrupts(market):
    trade(market, 100)
    limit(market, dynamic_band=5, call_duration=10)
    apply(market, own(1, 10, 120))
    assert told(market, comes(2, 4, RESTING, 120)) == [("NEW", 2, 4), ("CANCELED", 1, SMP)]
    assert market.instruments["phase"][POWER - 1] == c.CONTINUOUS


def test_a_match_that_is_prevented_elects_no_stop(market):
    trade(market, 100)
    apply(market, c.new(BOB, next(IDS), POWER, BUY, 1, stop=110), own(1, 10, 110))
    assert len(told(market, comes(2, 4, DECREMENT, 110))) == 3




# -------------------------------------------------------------------------------------------------- icebergs


def test_a_resting_iceberg_is_cancelled_hidden_part_and_all(market):
    apply(market, own(1, 10, display=2))
    assert told(market, comes(2, 4, RESTING))[1:] == [("CANCELED", 1, SMP)]
    assert c.queue(market, POWER) == [(2, 100, 4)]


def test_a_decremented_iceberg_loses_of_what_is_shown_and_shows_its_next_part(market):
    """It is met part by part: two of its two shown, then behind BOB's order the next one."""
    apply(market, own(1, 6, display=2), sell(100, 3))
    events = told(market, comes(2, 6, DECREMENT))
    assert events[1:3] == [("RESTATED", 1, 100, 4, SMP), ("RESTATED", 2, 100, 4, SMP)]
    assert [event[0] for event in events[3:5]] == ["TRADE", "TRADE"]
    assert events[5:] == [("RESTATED", 1, 100, 3, SMP), ("CANCELED", 2, SMP)]
    assert market.orders(POWER)[["leaves_qty", "shown_quantity"]].tolist() == [(3, 1)]


def test_a_decremented_hidden_order(market):
    apply(market, own(1, 6, display=0))
    assert told(market, comes(2, 4, DECREMENT))[1:] == [("RESTATED", 1, 100, 2, SMP), ("CANCELED", 2, SMP)]


# -------------------------------------------------------------------------------------------- FOK and MinQty


@pytest.fixture
def ahead_of_own(market):
    """At 99 an iceberg of 10; at 100 an iceberg of 10 that shows 3, ANN's own 5, and 10 behind it."""
    apply(market, sell(99, 10, display=2), sell(100, 10, display=3), own(1, 5), sell(100, 10))
    return market


@pytest.mark.parametrize(("instruction", "counted"), [(INCOMING, 13), (BOTH, 13), (DECREMENT, 13), (RESTING, 30)])
def test_what_a_fok_and_a_min_quantity_may_count_on(ahead_of_own, instruction, counted):
    market = ahead_of_own
    assert refused(market, comes(2, counted + 1, instruction, tif=FOK)) == "FILL_OR_KILL_UNFILLABLE"
    many = comes(3, 50, instruction, tif=IOC, minimum=counted + 1)
    assert refused(market, many) == "MIN_QUANTITY_UNFILLABLE"
    state = market.dump()
    for command in (comes(4, counted, instruction, tif=FOK), comes(4, 50, instruction, tif=IOC, minimum=counted)):
        market = type(market).load(state)
        events = apply(market, command)
        traded = sum(event.last_qty for event in events if event.session == ALICE)
        assert traded >= counted and c.brief(events[0])[0] == "NEW"


@pytest.mark.parametrize(("instruction", "counted"), [(INCOMING, 19), (BOTH, 19), (DECREMENT, 19), (RESTING, 25)])
def test_ahead_of_a_hidden_own_order_is_all_that_is_displayed_and_the_older_hidden(market, instruction, counted):
    apply(market, sell(100, 10, display=3), sell(100, 4, display=0), own(1, 5, display=0), sell(100, 6, display=0),
          sell(100, 5))
    assert refused(market, comes(2, counted + 1, instruction, tif=FOK)) == "FILL_OR_KILL_UNFILLABLE"
    assert [event[0] for event in told(market, comes(3, counted, instruction, tif=FOK))].count("TRADE") > 3


def test_under_cancel_resting_a_fok_that_fails_cancels_nothing(market):
    apply(market, own(1, 5), sell(100, 10))
    assert refused(market, comes(2, 11, RESTING, tif=FOK)) == "FILL_OR_KILL_UNFILLABLE"
    assert [name for name, _, _ in c.queue(market, POWER)][0] == 1


def test_a_post_only_order_counts_its_own(market):
    apply(market, own(1, 5))
    assert refused(market, comes(2, 5, RESTING, post_only=True)) == "POST_ONLY_WOULD_TRADE"
