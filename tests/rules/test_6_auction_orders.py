"""Rule 6: icebergs, hidden, auction and market orders in calls and uncrosses; calls that begin and end."""

import commands as c
import pytest
from commands import AT_THE_CLOSE, AT_THE_OPENING, BUY, GTC, LEFT_OVER, SELL, apply, refused, told
from market import ALICE, BOB, DORA, OPS, POWER, limit, trade

from pricetime.matching.records import EventType, Standing

CALLS = (c.PRE_OPEN, c.OPENING_CALL, c.CLOSING_CALL, c.VOLATILITY_CALL)


def bid(cl_ord_id: int, quantity: int, price: int | None = 100, **fields) -> bytes:
    """ALICE's buy in POWER; asks are BOB's, so that names tell the sides."""
    return c.new(ALICE, cl_ord_id, POWER, BUY, quantity, price, **fields)


def ask(cl_ord_id: int, quantity: int, price: int | None = 100, **fields) -> bytes:
    return c.new(BOB, cl_ord_id, POWER, SELL, quantity, price, **fields)


def pairs(events: list[c.Event]) -> list[tuple[int, int, int]]:
    """(buy's ClOrdID, sell's ClOrdID, quantity) of each trade of an uncross."""
    trades = [event for event in events if event.type == EventType.TRADE]
    both = zip(trades[::2], trades[1::2], strict=True)
    return [(one.cl_ord_id, other.cl_ord_id, one.last_qty) for one, other in both]


def standings(market: object) -> list[tuple[int, str]]:
    return [(int(row["cl_ord_id"]), Standing(int(row["standing"])).name) for row in market.orders(POWER)]


def opening_call(market: object, *orders: bytes) -> None:
    apply(market, c.status(c.OPENING_CALL, POWER), *orders)


def into_continuous(market: object) -> list[tuple]:
    return told(market, c.status(c.CONTINUOUS, POWER))


# ------------------------------------------------------------------------------------- icebergs and hidden


def test_icebergs_and_hidden_orders_count_in_full(market):
    opening_call(market, bid(1, 10, 102, display=2), ask(1, 4, 100, display=0), ask(2, 6, 101, display=1))
    assert market.indicative(POWER) == (102, 10)
    assert into_continuous(market)[0] == ("SESSION_STATUS", "CONTINUOUS", 102, 10)


def test_at_a_price_displayed_quantity_goes_by_time_then_what_is_not_shown_by_age(market):
    """1 shows 2 of 8, 2 is hidden, 3 is plain, 4 shows 1 of 3: first what shows, then 1's rest, 2, 4's rest."""
    opening_call(market, bid(1, 8, display=2), bid(2, 3, display=0), bid(3, 4), bid(4, 3, display=1), ask(1, 18, 100))
    assert pairs(apply(market, c.status(c.CONTINUOUS, POWER))) == [
        (1, 1, 2), (3, 1, 4), (4, 1, 1), (1, 1, 6), (2, 1, 3), (4, 1, 2)]


def test_what_is_not_shown_comes_behind_all_that_is_shown_at_its_price_but_before_the_next_price(market):
    opening_call(market, bid(1, 5, 102, display=1), bid(2, 5, 101), ask(1, 8, 100))
    assert pairs(apply(market, c.status(c.CONTINUOUS, POWER))) == [(1, 1, 1), (1, 1, 4), (2, 1, 3)]


def test_an_older_hidden_order_is_before_the_rest_of_a_younger_iceberg(market):
    opening_call(market, bid(1, 3, display=0), bid(2, 5, display=2), ask(1, 6, 100))
    assert pairs(apply(market, c.status(c.CONTINUOUS, POWER))) == [(2, 1, 2), (1, 1, 3), (2, 1, 1)]


def test_icebergs_of_which_nothing_is_shown_any_more_show_their_next_part_after_the_uncross(market):
    """Buy side first, in queue order: their ages say so."""
    opening_call(market, ask(1, 6, 100, display=2), bid(1, 5, display=2), bid(2, 5, display=2),
                 bid(3, 20, 90, display=3))
    before = {int(row["order_id"]): int(row["age"]) for row in market.orders(POWER)}
    events = apply(market, c.status(c.CONTINUOUS, POWER))
    assert pairs(events) == [(1, 1, 2), (2, 1, 2), (1, 1, 2)]
    rows = {int(row["cl_ord_id"]): row for row in market.orders(POWER)}
    assert (int(rows[1]["leaves_qty"]), int(rows[1]["shown_quantity"])) == (1, 1)
    assert (int(rows[2]["leaves_qty"]), int(rows[2]["shown_quantity"])) == (3, 2)
    top = max(before.values())
    assert (int(rows[1]["age"]), int(rows[2]["age"])) == (top + 1, top + 2)
    assert int(rows[3]["age"]) == before[int(rows[3]["order_id"])]      # it still shows its part


def test_an_iceberg_whose_shown_part_is_not_used_up_keeps_it(market):
    opening_call(market, bid(1, 9, display=4), ask(1, 3, 100))
    into_continuous(market)
    row, = market.orders(POWER)
    assert (int(row["leaves_qty"]), int(row["shown_quantity"])) == (6, 1)


def test_pairing_with_hidden_quantity_on_both_sides(market):
    opening_call(market, bid(1, 6, display=2), bid(2, 4), ask(1, 7, display=3), ask(2, 3, display=0))
    assert pairs(apply(market, c.status(c.CONTINUOUS, POWER))) == [
        (1, 1, 2), (2, 1, 1), (2, 1, 3), (1, 1, 1), (1, 2, 3)]


# -------------------------------------------------------------------------------------------- AtTheOpening


@pytest.mark.parametrize("phase", [c.PRE_OPEN, c.OPENING_CALL])
def test_at_the_opening_takes_part_in_the_uncross_and_what_is_left_is_canceled(market, phase):
    apply(market, c.status(phase, POWER), bid(1, 5, 100, tif=AT_THE_OPENING), bid(2, 5, 90, tif=AT_THE_OPENING),
          bid(3, 5, 95), ask(1, 3, 100))
    assert into_continuous(market) == [
        ("SESSION_STATUS", "CONTINUOUS", 100, 3), ("TRADE", 1, 100, 3, 2), ("TRADE", 1, 100, 3, 0),
        ("CANCELED", 1, "AUCTION_REST"), ("CANCELED", 2, "AUCTION_REST")]
    assert [name for name, _, _ in c.queue(market, POWER)] == [3]


def test_market_orders_that_are_left_go_before_those_at_the_opening(market):
    opening_call(market, bid(1, 5, 100, tif=AT_THE_OPENING), bid(2, 5, None, tif=AT_THE_OPENING), bid(3, 5, None))
    assert into_continuous(market)[1:] == [
        ("CANCELED", 2, "UNCROSS_REST"), ("CANCELED", 3, "UNCROSS_REST"), ("CANCELED", 1, "AUCTION_REST")]


def test_at_the_opening_stays_through_other_phases_until_continuous_or_closed(market):
    opening_call(market, bid(1, 5, tif=AT_THE_OPENING))
    assert told(market, c.status(c.HALTED, POWER), c.status(c.CLOSING_CALL, POWER)) == [
        ("SESSION_STATUS", "HALTED", 0, 0), ("SESSION_STATUS", "CLOSING_CALL", 0, 0)]
    assert standings(market) == [(1, "IN_THE_BOOK")]
    assert told(market, c.status(c.CLOSED, POWER))[1:] == [("CANCELED", 1, "AUCTION_REST")]


# ---------------------------------------------------------------------------------------------- AtTheClose


@pytest.mark.parametrize("phase", [c.CONTINUOUS, c.PRE_OPEN, c.OPENING_CALL, c.VOLATILITY_CALL])
def test_at_the_close_is_set_aside_before_the_closing_call(market, phase):
    if phase != c.CONTINUOUS:
        apply(market, c.status(phase, POWER))
    both = bid(1, 5, tif=AT_THE_CLOSE), bid(2, 5, None, tif=AT_THE_CLOSE)
    assert told(market, *both) == [("NEW", 1, 5), ("NEW", 2, 5)]
    assert standings(market) == [(1, "SET_ASIDE"), (2, "SET_ASIDE")]
    assert market.indicative(POWER) is None
    assert [len(side) for side in market.depth(POWER)] == [0, 0]


def test_at_the_close_meets_nobody_in_continuous(market):
    assert told(market, bid(1, 5, tif=AT_THE_CLOSE), ask(1, 5, 100)) == [("NEW", 1, 5), ("NEW", 1, 5)]


def test_into_the_closing_call_they_join_their_queues_by_age_behind_what_is_there(market):
    apply(market, bid(1, 5, tif=AT_THE_CLOSE), bid(2, 5, tif=AT_THE_CLOSE), bid(3, 5), c.replace(ALICE, 4, POWER, 1, 6))
    assert told(market, c.status(c.CLOSING_CALL, POWER)) == [("SESSION_STATUS", "CLOSING_CALL", 0, 0)]
    assert standings(market) == [(3, "IN_THE_BOOK"), (2, "IN_THE_BOOK"), (4, "IN_THE_BOOK")]
    assert told(market, bid(5, 1, tif=AT_THE_CLOSE), bid(6, 1)) == [("NEW", 5, 1), ("NEW", 6, 1)]
    assert [name for name, _ in standings(market)] == [3, 2, 4, 5, 6]


def test_they_trade_in_the_closing_uncross_and_what_is_left_is_canceled_before_the_days_end(market):
    apply(market, bid(1, 5, tif=AT_THE_CLOSE), bid(2, 5, 90), bid(3, 5, 95, tif=AT_THE_CLOSE), ask(1, 3, 100, tif=GTC),
          c.status(c.CLOSING_CALL, POWER))
    assert told(market, c.status(c.CLOSED, POWER)) == [
        ("SESSION_STATUS", "CLOSED", 100, 3), ("TRADE", 1, 100, 3, 2), ("TRADE", 1, 100, 3, 0),
        ("CANCELED", 1, "AUCTION_REST"), ("CANCELED", 3, "AUCTION_REST"), ("EXPIRED", 2, "DAY_END")]


def test_out_of_the_closing_call_but_not_into_closed_they_are_set_aside_again(market):
    apply(market, bid(1, 5, 90, tif=AT_THE_CLOSE), bid(2, 5, 91), c.status(c.CLOSING_CALL, POWER))
    for phase in (c.HALTED, c.CLOSING_CALL, c.CONTINUOUS):
        apply(market, c.status(phase, POWER))
        expected = "IN_THE_BOOK" if phase == c.CLOSING_CALL else "SET_ASIDE"
        assert dict(standings(market))[1] == expected


def test_back_into_continuous_they_have_traded_in_the_uncross(market):
    apply(market, bid(1, 5, tif=AT_THE_CLOSE), ask(1, 3, 100), c.status(c.CLOSING_CALL, POWER))
    assert [event[0] for event in into_continuous(market)] == ["SESSION_STATUS", "TRADE", "TRADE"]
    assert [(int(row["leaves_qty"]), int(row["standing"])) for row in market.orders(POWER)] == [(2, Standing.SET_ASIDE)]


def test_they_keep_their_age_through_it(market):
    apply(market, bid(1, 5, tif=AT_THE_CLOSE), bid(2, 5, tif=AT_THE_CLOSE))
    ages = market.orders(POWER)["age"].tolist()
    apply(market, c.status(c.CLOSING_CALL, POWER), c.status(c.CONTINUOUS, POWER))
    assert market.orders(POWER)["age"].tolist() == ages


def test_into_closed_from_another_phase_both_kinds_are_canceled_together_in_order_id_order(market):
    opening_call(market, bid(1, 5, tif=AT_THE_CLOSE), bid(2, 5, tif=AT_THE_OPENING), bid(3, 5, None, tif=AT_THE_CLOSE),
                 bid(4, 5))
    assert told(market, c.status(c.CLOSED, POWER))[1:] == [
        *(("CANCELED", name, "AUCTION_REST") for name in (1, 2, 3)), ("EXPIRED", 4, "DAY_END")]


# ------------------------------------------------------------------------------ MarketWithLeftOverAsLimit


def test_one_that_traded_in_the_uncross_becomes_a_limit_order_at_its_price(market):
    opening_call(market, bid(1, 5, None, ord_type=LEFT_OVER), bid(2, 5, None), ask(1, 7, 100))
    assert into_continuous(market) == [
        ("SESSION_STATUS", "CONTINUOUS", 100, 7), ("TRADE", 1, 100, 5, 0), ("TRADE", 1, 100, 5, 2),
        ("TRADE", 2, 100, 2, 3), ("TRADE", 1, 100, 2, 0), ("CANCELED", 2, "UNCROSS_REST")]


def test_in_order_id_order_with_the_other_market_orders(market):
    opening_call(market, bid(1, 5, None), bid(2, 5, None, ord_type=LEFT_OVER), bid(3, 9, None, ord_type=LEFT_OVER),
                 ask(1, 7, 100))
    assert into_continuous(market)[-2:] == [
        ("RESTATED", 2, 100, 3, "LEFT_OVER_AS_LIMIT"), ("CANCELED", 3, "UNCROSS_REST")]
    assert c.queue(market, POWER) == [(2, 100, 3)]


def test_one_that_did_not_trade_is_canceled(market):
    opening_call(market, bid(1, 5, None, ord_type=LEFT_OVER))
    assert into_continuous(market)[1:] == [("CANCELED", 1, "UNCROSS_REST")]


def test_into_closed_it_rests_too_until_the_day_ends(market):
    apply(market, c.status(c.CLOSING_CALL, POWER), bid(1, 5, None, ord_type=LEFT_OVER), ask(1, 3, 100),
          bid(2, 5, None, ord_type=LEFT_OVER, tif=GTC))
    events = told(market, c.status(c.CLOSED, POWER))
    assert events[3:] == [("RESTATED", 1, 100, 2, "LEFT_OVER_AS_LIMIT"), ("CANCELED", 2, "UNCROSS_REST"),
                          ("EXPIRED", 1, "DAY_END")]


def test_market_orders_stay_where_nothing_is_uncrossed(market):
    opening_call(market, bid(1, 5, None), bid(2, 5, None, ord_type=LEFT_OVER))
    assert told(market, c.status(c.HALTED, POWER), c.status(c.PRE_OPEN, POWER)) == [
        ("SESSION_STATUS", "HALTED", 0, 0), ("SESSION_STATUS", "PRE_OPEN", 0, 0)]
    assert c.queue(market, POWER) == [(1, None, 5), (2, None, 5)]


# --------------------------------------------------------------------------------------------------- calls


@pytest.mark.parametrize("phase", CALLS)
def test_in_a_call_all_rest_in_the_order_of_their_queues(market, phase):
    apply(market, c.status(phase, POWER), bid(1, 5, 105, display=0), bid(2, 5, 105), bid(3, 5, 106, display=2),
          bid(4, 5, None), ask(1, 5, 90))
    assert c.queue(market, POWER) == [(4, None, 5), (3, 106, 5), (2, 105, 5), (1, 105, 5), (1, 90, 5)]


@pytest.mark.parametrize("phase", CALLS)
def test_the_clock_tells_an_indicative_price_in_each_call(market, phase):
    apply(market, c.status(phase, POWER), bid(1, 5), ask(1, 5))
    assert told(market, c.clock()) == [("INDICATIVE_PRICE", POWER, 100, 5)]


def test_a_volatility_call_by_command_and_by_a_trade_are_told_alike_but_for_the_reason(market):
    limit(market, call_duration=9)
    event, = apply(market, c.status(c.VOLATILITY_CALL, POWER, session=OPS, cl_ord_id=5))
    assert (event.session, event.cl_ord_id, event.reason, event.report_number) == (OPS, 5, 0, 1)
    assert refused(market, c.status(c.VOLATILITY_CALL, POWER)) == "PHASE_UNCHANGED"


def test_the_reference_of_an_uncross_is_the_last_trade(market):
    trade(market, 103)
    opening_call(market, bid(1, 5, 104), ask(1, 5, 100))
    assert market.indicative(POWER) == (104, 5)
    trade_price = apply(market, c.status(c.CONTINUOUS, POWER))[0].last_px
    assert trade_price == 104 == int(market.instruments["auction_price"][POWER - 1])


def test_an_uncross_at_the_ends_of_64_bits(market):
    top, bottom = (1 << 63) - 1, -(1 << 63)
    bound = top // 131072
    opening_call(market, *(bid(n, bound, top) for n in range(1, 6)), *(ask(n, bound, bottom) for n in range(1, 6)))
    status, *events = apply(market, c.status(c.CONTINUOUS, POWER))
    assert (status.last_px, status.last_qty) == (top, 5 * bound)
    assert len(pairs(events)) == 5


# ------------------------------------------------------------------------------------------- the day's end


def test_a_later_trade_date_ends_auction_orders_then_day_orders_of_every_kind_and_no_other(market):
    """Stops, icebergs, what was a market order; not GTC, GTD."""
    apply(market, c.status(c.HALTED, POWER, trade_date=20260102), c.status(c.CONTINUOUS, POWER))
    opening_call(market, bid(1, 5, None), bid(2, 5, 90, display=2), bid(3, 5, stop=150, price=None),
                 bid(4, 5, 80, tif=GTC), bid(5, 5, 80, tif=c.GTD, expires=9), bid(6, 5, 80, tif=AT_THE_OPENING),
                 bid(7, 5, 80, tif=AT_THE_CLOSE), bid(8, 5, None, ord_type=LEFT_OVER))
    events = told(market, c.status(c.PRE_OPEN, POWER, trade_date=20260105))
    assert events[:-1] == [*(("CANCELED", name, "AUCTION_REST") for name in (6, 7)),
                           *(("EXPIRED", name, "DAY_END") for name in (1, 2, 3, 8))]
    assert sorted(name for name, _ in standings(market)) == [4, 5]


def test_with_a_later_trade_date_the_closing_calls_orders_end_before_its_uncross(market):
    apply(market, bid(1, 5, tif=AT_THE_CLOSE), ask(1, 5, tif=GTC), c.status(c.CLOSING_CALL, POWER, trade_date=20260102))
    assert told(market, c.status(c.CLOSED, POWER, trade_date=20260105)) == [
        ("CANCELED", 1, "AUCTION_REST"), ("SESSION_STATUS", "CLOSED", 0, 0)]


@pytest.mark.parametrize("tif", [AT_THE_OPENING, AT_THE_CLOSE])
def test_an_auction_order_stays_while_the_trade_date_is_the_same(market, tif):
    apply(market, c.status(c.PRE_OPEN, POWER, trade_date=20260105), bid(1, 5, tif=tif))
    assert len(told(market, c.status(c.HALTED, POWER, trade_date=20260105), c.status(c.PRE_OPEN, POWER))) == 2
    assert told(market, c.status(c.OPENING_CALL, POWER, trade_date=20260106))[0] == ("CANCELED", 1, "AUCTION_REST")
    assert len(market.orders(POWER)) == 0


def test_elected_stops_that_wait_expire_with_the_day(market):
    trade(market, 100)
    limit(market, dynamic_band=5, call_duration=50)
    apply(market, bid(1, 1, None, stop=101), bid(2, 1, None, stop=101), bid(3, 1, None, stop=101, tif=GTC),
          ask(1, 1, 120))
    trade(market, 102)
    assert ("EXPIRED", 2, "DAY_END") in told(market, c.status(c.CLOSED, POWER))
    assert [row for row in standings(market) if row[0] == 3] == [(3, "ELECTED_STOP")]
    # It was elected, and stays so over night; 102 is the reference now, and it goes first whatever that says.
    limit(market, reference_price=1)
    assert ("TRIGGERED", 3, 0) in told(market, c.status(c.CONTINUOUS, POWER))


@pytest.mark.parametrize("phase", [c.CONTINUOUS, c.HALTED, c.CLOSING_CALL])
def test_a_disconnect_takes_orders_of_every_kind(market, phase):
    dora = {"session": DORA, "instrument": POWER, "side": BUY, "quantity": 5}
    apply(market, c.new(cl_ord_id=1, price=90, **dora), c.new(cl_ord_id=2, price=90, display=1, **dora),
          c.new(cl_ord_id=3, price=90, display=0, **dora), c.new(cl_ord_id=4, stop=150, **dora),
          c.new(cl_ord_id=5, price=90, tif=AT_THE_CLOSE, **dora),
          c.new(cl_ord_id=6, price=90, tif=c.GTD, expires=9, **dora))
    if phase != c.CONTINUOUS:
        apply(market, c.status(phase, POWER))
    assert told(market, c.disconnect(DORA)) == [("CANCELED", name, "SESSION_DISCONNECTED") for name in range(1, 7)]
    assert market.next_deadline is None and len(market.orders(POWER)) == 0


def test_market_orders_of_both_sides_that_find_no_price_end_by_order_id(market):
    """Nothing has traded and no reference is there: no price, so both sides are left."""
    opening_call(market, ask(1, 3, None), bid(2, 4, None), ask(3, 5, None), bid(4, 6, None))
    assert into_continuous(market) == [
        ("SESSION_STATUS", "CONTINUOUS", 0, 0), *(("CANCELED", number, "UNCROSS_REST") for number in (1, 2, 3, 4))]
