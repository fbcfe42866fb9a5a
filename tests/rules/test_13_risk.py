"""Rule 13: the limits of participants and accounts, and the order in which they are checked."""

import commands as c
import pytest
from commands import BUY, DAY, FOK, GTC, GTD, IOC, LEFT_OVER, SELL, apply, refused, told
from market import ACME, ALICE, ANN, BOB, FIRM_A, OPS, POWER, limit, sell

from pricetime.matching import records

INT64_MAX = (1 << 63) - 1


def order(cl_ord_id: int, quantity: int, price: int | None = 100, side: int = BUY, **fields) -> bytes:
    """ALICE's order in POWER, whose scales are 0 and which has no currency."""
    return c.new(ALICE, cl_ord_id, POWER, side, quantity, price, **fields)


def of_account(**limits) -> bytes:
    """RiskLimits of FIRM_A in POWER: what the names say."""
    on_orders = {name: limits.pop(name) for name in ("order_quantity", "notional") if name in limits}
    line = c.order_limits_line(quantity=on_orders.get("order_quantity"), notional=on_orders.get("notional"))
    return c.risk_limits(FIRM_A, POWER, *([line] if on_orders else []), *(
        [c.open_limits_line(**limits)] if limits else []))


def of_participant(*lines: bytes, **fields: int) -> bytes:
    return c.risk_limits(FIRM_A, 0, *lines, **fields)


# ------------------------------------------------------------------------------------- the limits, one by one


def test_the_quantity_of_an_order(market):
    apply(market, of_account(order_quantity=10))
    assert refused(market, order(1, 11)) == "ORDER_QUANTITY_LIMIT"
    assert told(market, order(2, 10)) == [("NEW", 2, 10)]
    assert told(market, c.new(BOB, 1, POWER, BUY, 11, 100), c.new(ALICE, 3, ACME, BUY, 20, 100)) == [
        ("NEW", 1, 11), ("NEW", 3, 20)]


def test_the_quantity_of_a_replace_is_the_total(market):
    apply(market, order(1, 10), sell(100, 4), of_account(order_quantity=8))
    assert refused(market, c.replace(ALICE, 2, POWER, 1, 9, 101)) == "ORDER_QUANTITY_LIMIT"
    assert told(market, c.replace(ALICE, 3, POWER, 1, 8, 101)) == [("REPLACED", 3, 4)]


@pytest.mark.parametrize("limits", [
    of_account(notional=1000), of_participant(c.order_limits_line(notional=1000))], ids=["account", "participant"])
def test_the_notional_of_an_order(market, limits):
    apply(market, limits)
    assert refused(market, order(1, 11)) == "ORDER_NOTIONAL_LIMIT"
    assert refused(market, order(2, 101, -10)) == "ORDER_NOTIONAL_LIMIT"
    assert told(market, order(3, 10), order(4, 100, -10), order(5, 10**6, 0)) == [
        ("NEW", 3, 10), ("NEW", 4, 100), ("NEW", 5, 10**6)]


def test_the_notional_of_a_replace_is_of_the_total(market):
    apply(market, order(1, 10), sell(100, 4), of_account(notional=800))
    assert refused(market, c.replace(ALICE, 2, POWER, 1, 9, 101)) == "ORDER_NOTIONAL_LIMIT"
    assert told(market, c.replace(ALICE, 3, POWER, 1, 8, 99)) == [("REPLACED", 3, 4)]


def test_open_orders_with_this_one(market):
    apply(market, of_account(orders=2), order(1, 1), order(2, 1))
    assert refused(market, order(3, 1)) == "OPEN_ORDERS_LIMIT"
    assert told(market, c.new(ALICE, 4, ACME, BUY, 10, 100)) == [("NEW", 4, 10)]
    assert refused(market, order(5, 1, tif=IOC)) == "OPEN_ORDERS_LIMIT"
    assert told(market, c.cancel(ALICE, 6, POWER, 1), order(7, 1)) == [("CANCELED", 6), ("NEW", 7, 1)]


def test_open_orders_of_a_participant_are_of_all_its_sessions_and_instruments(market):
    apply(market, of_participant(c.open_limits_line(orders=2)), order(1, 1), c.new(ANN, 1, ACME, BUY, 10, 100))
    assert refused(market, order(2, 1)) == "OPEN_ORDERS_LIMIT"
    assert told(market, c.new(BOB, 1, POWER, BUY, 1, 1)) == [("NEW", 1, 1)]


def test_open_quantity_of_both_sides_with_this_one(market):
    apply(market, of_account(quantity=10), order(1, 4), order(2, 5, 200, SELL))
    assert refused(market, order(3, 2)) == "OPEN_QUANTITY_LIMIT"
    assert told(market, order(4, 1)) == [("NEW", 4, 1)]


def test_open_is_all_that_is_open_hidden_stops_and_set_aside_too(market):
    apply(market, of_account(quantity=10), order(1, 4, display=1), order(2, 3, display=0),
          order(3, 2, None, stop=500), order(4, 1, tif=c.AT_THE_CLOSE))
    assert refused(market, order(5, 1)) == "OPEN_QUANTITY_LIMIT"
    apply(market, c.new(BOB, 1, POWER, SELL, 2, 100))
    assert told(market, order(6, 2)) == [("NEW", 6, 2)]


@pytest.mark.parametrize(("side", "other"), [(BUY, SELL), (SELL, BUY)])
def test_the_worst_case_position(market, side, other):
    """A position of 5 on the order's side, 3 open there; 4 open on the other side do not help."""
    sign = 1 if side == BUY else -1
    far, near = (50, 150) if side == BUY else (150, 50)
    apply(market, c.position_adjust(FIRM_A, POWER, 5 * sign), of_account(position=10), order(1, 3, far, side),
          order(2, 4, near, other))
    assert refused(market, order(3, 3, far, side)) == "POSITION_LIMIT"
    assert told(market, order(4, 2, far, side)) == [("NEW", 4, 2)]
    assert refused(market, order(5, 12, near, other)) == "POSITION_LIMIT"     # 5 to the other side, 4 open: 11 more
    assert told(market, order(6, 11, near, other)) == [("NEW", 6, 11)]


@pytest.mark.parametrize("limits", [
    of_account(gross=1000), of_participant(c.open_limits_line(gross=1000))], ids=["account", "participant"])
def test_gross_open_notional_with_this_one(market, limits):
    apply(market, limits, order(1, 5), order(2, 1, 200, SELL))
    assert refused(market, order(3, 4, 76)) == "GROSS_NOTIONAL_LIMIT"
    assert told(market, order(4, 4, 75)) == [("NEW", 4, 4)]
    apply(market, c.new(BOB, 1, POWER, SELL, 2, 100))
    assert refused(market, order(5, 1, 201)) == "GROSS_NOTIONAL_LIMIT"
    assert told(market, order(6, 1, 199)) == [("NEW", 6, 1)]


def test_a_partial_fill_leaves_the_notional_of_what_is_open(market):
    apply(market, of_account(gross=1000), order(1, 10), sell(100, 3))
    assert refused(market, order(2, 1, 301)) == "GROSS_NOTIONAL_LIMIT"
    assert told(market, order(3, 1, 300)) == [("NEW", 3, 1)]


def test_each_limit_is_taken_away_by_minus_1(market):
    apply(market, of_account(order_quantity=1, notional=1, orders=1, quantity=1, position=1, gross=1))
    apply(market, of_participant(c.order_limits_line(rate=(1, 9), notional=1), c.open_limits_line(orders=1, gross=1)))
    assert refused(market, order(1, 2)) == "ORDER_QUANTITY_LIMIT"
    apply(market, of_account(order_quantity=-1, notional=-1, orders=-1, quantity=-1, position=-1, gross=-1))
    apply(market, of_participant(c.order_limits_line(rate=(-1, 0), notional=-1),
                                 c.open_limits_line(orders=-1, gross=-1)))
    assert told(market, order(2, 50), order(3, 50)) == [("NEW", 2, 50), ("NEW", 3, 50)]


def test_a_limit_of_0_lets_nothing_through(market):
    apply(market, of_account(order_quantity=0))
    assert refused(market, order(1, 1)) == "ORDER_QUANTITY_LIMIT"


def test_what_is_lowered_never_cancels(market):
    assert told(market, order(1, 50), of_account(order_quantity=1, quantity=1, orders=0)) == [("NEW", 1, 50)]
    assert c.queue(market, POWER) == [(1, 100, 50)]


# ------------------------------------------------------------------------------------------- the order of checks


def test_the_checks_come_in_their_order(market):
    """Everything fails; then, one by one, what the first reason was about is set right."""
    limit(market, reference_price=100, collar=50)
    apply(market, c.position_adjust(FIRM_A, POWER, 5), order(1, 1), c.new(BOB, 1, POWER, SELL, 1, 140),
          of_account(order_quantity=1, notional=1, orders=1, quantity=1, position=1, gross=1),
          of_participant(c.order_limits_line(rate=(1, 10**15)), c.open_limits_line(orders=1)),
          c.define_session(ALICE, None, FIRM_A, c.TRADER | records.DISABLED))
    apply(market, c.kill_switch(FIRM_A), order(2, 1))
    apply(market, c.define_participant(FIRM_A, None, attributes=records.DISABLED))
    steps = [
        ("SESSION_DISABLED", c.define_session(ALICE, None, FIRM_A, c.TRADER)),
        ("PARTICIPANT_DISABLED", c.define_participant(FIRM_A, None)),
        ("KILL_SWITCH_ON", c.kill_switch(FIRM_A, on=False)),
        (None, c.new(ANN, 1, POWER, BUY, 1, 1)),        # it takes the only token and is accepted
        ("MESSAGE_RATE", of_participant(c.order_limits_line(rate=(-1, 1)))),
        ("ORDER_QUANTITY_LIMIT", of_account(order_quantity=-1)),
        ("ORDER_NOTIONAL_LIMIT", of_account(notional=-1)),
        ("PRICE_COLLAR", c.define_instrument(POWER, None, None, c.limits_line(collar=INT64_MAX))),
        ("OPEN_ORDERS_LIMIT", of_participant(c.open_limits_line(orders=-1))),
        ("OPEN_ORDERS_LIMIT", of_account(orders=-1)),
        ("OPEN_QUANTITY_LIMIT", of_account(quantity=-1)),
        ("POSITION_LIMIT", of_account(position=-1)),
        ("GROSS_NOTIONAL_LIMIT", of_account(gross=-1)),
        ("POST_ONLY_WOULD_TRADE", c.clock()),
    ]
    apply(market, of_account(orders=0))
    for number, (reason, remedy) in enumerate(steps, 10):
        if reason is not None:
            assert refused(market, order(number, 3, 200, post_only=True)) == reason
        else:
            apply(market, of_account(order_quantity=-1, notional=-1, orders=-1, quantity=-1, position=-1, gross=-1))
            apply(market, of_participant(c.open_limits_line(orders=-1)))
        assert len(apply(market, remedy)) == (1 if reason is None else 0)
        if reason is None:
            apply(market, of_account(order_quantity=1, notional=1, orders=1, quantity=1, position=1, gross=1))
            apply(market, of_participant(c.open_limits_line(orders=1)))


def test_a_replace_that_only_lowers_the_open_quantity_passes_all_of_it(market):
    apply(market, order(1, 10, tif=GTC), c.define_session(ALICE, None, FIRM_A, c.TRADER | records.DISABLED),
          c.define_participant(FIRM_A, None, attributes=records.DISABLED),
          of_account(order_quantity=1, quantity=1, orders=0, position=0, gross=0, notional=0))
    assert told(market, c.replace(ALICE, 2, POWER, 1, 9)) == [("REPLACED", 2, 9)]
    assert refused(market, c.replace(ALICE, 3, POWER, 2, price=99)) == "SESSION_DISABLED"
    assert told(market, c.cancel(ALICE, 4, POWER, 2)) == [("CANCELED", 4)]


# All of these keep an order of 10 for the day, or until 900, where it stands.
NOT_ONLY_LOWER = [
    (DAY, {}), (DAY, {"quantity": 10}), (DAY, {"tif": GTC}), (DAY, {"quantity": 9, "tif": GTC}),
    (DAY, {"tif": GTD, "expires": 900}), (GTD, {}), (GTD, {"expires": 800}), (GTD, {"quantity": 9, "expires": 800}),
    (GTD, {"quantity": 9, "tif": DAY}),
]


REFUSALS = pytest.mark.parametrize(("command", "reason"), [
    (c.define_session(ALICE, None, FIRM_A, c.TRADER | records.DISABLED), "SESSION_DISABLED"),
    (c.define_participant(FIRM_A, None, attributes=records.DISABLED), "PARTICIPANT_DISABLED"),
    (of_participant(c.order_limits_line(rate=(1, 10**15))), "MESSAGE_RATE"),
    (of_account(order_quantity=8), "ORDER_QUANTITY_LIMIT"),
    (of_account(notional=50), "ORDER_NOTIONAL_LIMIT"),
    (of_account(quantity=8), "OPEN_QUANTITY_LIMIT"),
    (of_account(position=8), "POSITION_LIMIT"),
    (of_account(gross=50), "GROSS_NOTIONAL_LIMIT"),
], ids=lambda value: value if isinstance(value, str) else "")


@pytest.mark.parametrize("kind", [{}, {"display": 2}, {"price": None, "stop": 150}], ids=str)
@pytest.mark.parametrize(("tif", "change"), NOT_ONLY_LOWER, ids=str)
@REFUSALS
def test_a_replace_that_keeps_its_place_but_not_only_lowers_is_checked(market, kind, tif, change, command, reason):
    timed = {"expires": 900} if tif == GTD else {}
    apply(market, order(1, 10, tif=tif, **timed, **kind), order(2, 10, tif=tif, **timed, **kind), command)
    if reason == "MESSAGE_RATE":
        apply(market, c.new(ALICE, 3, ACME, BUY, 10, 100))
    assert refused(market, c.replace(ALICE, 4, POWER, 1, **change)) == reason
    same = {"quantity": 9, "expires": 900} if tif == GTD else {"quantity": 9, "tif": tif}
    assert told(market, c.replace(ALICE, 5, POWER, 1, **same)) == [("REPLACED", 5, 9)]


@REFUSALS
def test_a_replace_that_says_all_of_a_plain_order_as_it_is_is_checked(market, command, reason):
    """The straight way's replace: side, type, price and quantity said."""
    said = {"side": BUY, "ord_type": records.OrdType.LIMIT}
    apply(market, order(1, 10), order(2, 10), command)
    if reason == "MESSAGE_RATE":
        apply(market, c.new(ALICE, 3, ACME, BUY, 10, 100))
    assert refused(market, c.replace(ALICE, 4, POWER, 1, 10, 100, **said)) == reason
    assert told(market, c.replace(ALICE, 5, POWER, 1, 9, 100, **said)) == [("REPLACED", 5, 9)]


@pytest.mark.parametrize(("tif", "change"), NOT_ONLY_LOWER, ids=str)
def test_a_replace_that_passes_the_checks_keeps_its_place_and_its_risk_price(market, tif, change):
    timed = {"expires": 900} if tif == GTD else {}
    limit(market, reference_price=100, collar=10)
    apply(market, of_account(orders=2, quantity=20, position=20, order_quantity=10),
          of_participant(c.order_limits_line(rate=(3, 10**15))),
          order(1, 10, None, stop=150, tif=tif, **timed), order(2, 10, None, stop=150, tif=tif, **timed))
    limit(market, collar=20)
    before = market.orders(POWER)[["order_id", "age", "risk_price"]].tolist()
    assert told(market, c.replace(ALICE, 3, POWER, 1, **change)) == [("REPLACED", 3, change.get("quantity", 10))]
    assert market.orders(POWER)[["order_id", "age", "risk_price"]].tolist() == before
    assert [price for _, _, price in before] == [160, 160]
    assert refused(market, c.replace(ALICE, 4, POWER, 3, price=None, stop=140)) == "MESSAGE_RATE"


def test_a_replace_is_checked_as_if_the_old_order_were_gone(market):
    apply(market, order(1, 10), of_account(orders=1, quantity=10, position=10, gross=1000))
    assert told(market, c.replace(ALICE, 2, POWER, 1, 10, 99)) == [("REPLACED", 2, 10)]
    assert refused(market, c.replace(ALICE, 3, POWER, 2, 11, 80)) == "OPEN_QUANTITY_LIMIT"
    assert refused(market, c.replace(ALICE, 4, POWER, 2, 10, 101)) == "GROSS_NOTIONAL_LIMIT"


def test_a_replace_counts_its_order_again_so_that_a_lowered_limit_refuses_it(market):
    apply(market, order(1, 10), order(2, 10), of_account(orders=1))
    assert refused(market, c.replace(ALICE, 3, POWER, 1, price=99)) == "OPEN_ORDERS_LIMIT"
    assert told(market, c.replace(ALICE, 4, POWER, 1, 9)) == [("REPLACED", 4, 9)]


def test_a_moved_order_is_its_participants_still(market):
    apply(market, order(1, 10), of_account(orders=1, quantity=10), c.replace(ANN, 1, POWER, order_id=1, price=99))
    assert refused(market, order(2, 1)) == "OPEN_ORDERS_LIMIT"


@pytest.mark.parametrize("end", [
    c.cancel(ALICE, 9, POWER, 1), c.mass_cancel(ALICE, 9), c.status(c.CLOSED, POWER), c.replace(ALICE, 9, POWER, 1, 4),
    c.new(OPS, 9, POWER, SELL, 6, 100), c.clock(50),
], ids=["cancel", "mass cancel", "day end", "total filled", "fill", "expire time"])
@pytest.mark.parametrize("kind", [{}, {"display": 2}, {"display": 0}], ids=str)
def test_whatever_ends_an_order_frees_what_it_took(market, end, kind):
    """Ten open, four of them traded, and the rest gone one way or another."""
    timed = {"tif": c.GTD, "expires": 50} if end == c.clock(50) else {}
    apply(market, of_account(orders=1, quantity=10, gross=1000), order(1, 10, **kind, **timed), sell(100, 4))
    assert refused(market, order(2, 1)) == "OPEN_ORDERS_LIMIT"
    apply(market, end)
    if end == c.status(c.CLOSED, POWER):
        apply(market, c.status(c.CONTINUOUS, POWER))
    assert told(market, order(10, 10, 90)) == [("NEW", 10, 10)]


# ---------------------------------------------------------------------------------------------------- rate


@pytest.fixture
def rated(market):
    """FIRM_A: 2 orders in 10 ns, from now on, which is 100."""
    apply(market, c.clock(100), of_participant(c.order_limits_line(rate=(2, 10))))
    return market


def test_a_bucket_is_full_when_it_is_set_and_fills_with_time(rated):
    assert told(rated, order(1, 1, time=100), order(2, 1, time=100)) == [("NEW", 1, 1), ("NEW", 2, 1)]
    assert refused(rated, order(3, 1, time=104)) == "MESSAGE_RATE"
    assert told(rated, order(4, 1, time=105)) == [("NEW", 4, 1)]
    assert refused(rated, order(5, 1, time=109)) == "MESSAGE_RATE"
    assert told(rated, order(6, 1, time=110)) == [("NEW", 6, 1)]


def test_a_bucket_holds_no_more_than_its_tokens(rated):
    assert [event[0] for event in told(rated, *(order(n, 1, time=10**9) for n in (1, 2, 3)))] == [
        "NEW", "NEW", "REJECTED"]


def test_an_order_takes_its_token_whatever_becomes_of_it_behind_the_rate(rated):
    apply(rated, of_account(order_quantity=1))
    assert refused(rated, order(1, 2, time=100)) == "ORDER_QUANTITY_LIMIT"
    assert refused(rated, order(2, 1, tif=FOK, time=100)) == "FILL_OR_KILL_UNFILLABLE"
    assert refused(rated, order(3, 1, time=100)) == "MESSAGE_RATE"


def test_what_fails_before_the_rate_takes_none(rated):
    assert refused(rated, order(1, 0, time=100)) == "QUANTITY_NOT_POSITIVE"
    apply(rated, c.kill_switch(FIRM_A))
    assert refused(rated, order(2, 1, time=100)) == "KILL_SWITCH_ON"
    apply(rated, c.kill_switch(FIRM_A, on=False))
    assert len(told(rated, order(3, 1, time=100), order(4, 1, time=100))) == 2
    assert refused(rated, order(5, 1, time=100)) == "MESSAGE_RATE"


def test_replaces_take_tokens_but_those_that_only_lower_and_cancels_do_not(rated):
    apply(rated, order(1, 5, time=100), c.replace(ALICE, 2, POWER, 1, 4), c.replace(ALICE, 3, POWER, 2, price=99))
    assert refused(rated, c.replace(ALICE, 4, POWER, 3, price=98)) == "MESSAGE_RATE"
    assert told(rated, c.replace(ALICE, 5, POWER, 3, 2), c.cancel(ALICE, 6, POWER, 5)) == [
        ("REPLACED", 5, 2), ("CANCELED", 6)]


def test_the_rate_is_of_all_sessions_of_the_participant(rated):
    apply(rated, order(1, 1, time=100), c.new(ANN, 1, ACME, BUY, 10, 100))
    assert refused(rated, order(2, 1)) == "MESSAGE_RATE"


def test_a_long_wait_does_not_wrap(market):
    apply(market, of_participant(c.order_limits_line(rate=(3037000499, 3037000499))), order(1, 1, time=INT64_MAX))
    assert told(market, order(2, 1, time=INT64_MAX)) == [("NEW", 2, 1)]


# ------------------------------------------------------------------------------------------------- notional


def in_currency(engine_class: type, price_scale: int, qty_scale: int) -> object:
    """One instrument in EUR, of other scales."""
    engine = engine_class()
    terms = c.terms_line(1, 1, negative=True, price_scale=price_scale, qty_scale=qty_scale)
    apply(engine, c.define_participant(1, "p"), c.define_session(1, "s", 1),
          c.define_instrument(1, "I", terms, currency=b"EUR"))
    return engine


@pytest.mark.parametrize(("scales", "scale", "notional", "fits"), [
    ((2, 1), 0, 13, (1234, 10)),        # 12.34 x 1.0 = 12.34, in whole EUR rounded up 13
    ((2, 1), 0, 12, (1200, 10)),
    ((2, 1), 3, 12340, (1234, 10)),
    ((2, 1), 5, 1234000, (1234, 10)),
    ((18, 18), 36, 6, (2, 3)),
    ((18, 18), 0, 1, (2, 3)),           # next to nothing is rounded up to 1
    ((0, 0), 36, 6 * 10**36, (2, 3)),
], ids=str)
@pytest.mark.parametrize("account", [True, False], ids=["account", "participant"])
def test_notional_is_in_the_scale_of_the_limit_rounded_up(engine_class, scales, scale, notional, fits, account):
    engine = in_currency(engine_class, *scales)
    instrument = 1 if account else 0
    price, quantity = fits
    line = c.order_limits_line(notional=notional, currency=b"EUR", scale=scale)
    less = c.order_limits_line(notional=notional - 1, currency=b"EUR", scale=scale)
    apply(engine, c.risk_limits(1, instrument, less))
    assert refused(engine, c.new(1, 1, 1, BUY, quantity, price)) == "ORDER_NOTIONAL_LIMIT"
    apply(engine, c.risk_limits(1, instrument, line))
    assert told(engine, c.new(1, 2, 1, BUY, quantity, -price), c.new(1, 3, 1, BUY, quantity, price)) == [
        ("NEW", 2, quantity), ("NEW", 3, quantity)]


def test_each_order_is_rounded_up_by_itself(engine_class):
    engine = in_currency(engine_class, 1, 0)
    apply(engine, c.risk_limits(1, 0, c.open_limits_line(gross=2, currency=b"EUR")))
    assert told(engine, c.new(1, 1, 1, BUY, 1, 1), c.new(1, 2, 1, BUY, 1, 1))[-1] == ("NEW", 2, 1)     # 0.1 each
    assert refused(engine, c.new(1, 3, 1, BUY, 1, 1)) == "GROSS_NOTIONAL_LIMIT"


def test_the_largest_notional_there_is(engine_class):
    """2^63 x the largest quantity, in 10^-36 of units of 1: far beyond 128 bits, and no limit lets it through."""
    engine = in_currency(engine_class, 0, 0)
    bound = INT64_MAX // 131072
    most = (1 << 127) - 1
    apply(engine, c.risk_limits(1, 1, c.order_limits_line(notional=most, scale=36)))
    assert refused(engine, c.new(1, 1, 1, BUY, bound, -(1 << 63))) == "ORDER_NOTIONAL_LIMIT"
    apply(engine, c.risk_limits(1, 1, c.order_limits_line(notional=most, scale=0)))
    assert told(engine, c.new(1, 2, 1, BUY, bound, -(1 << 63))) == [("NEW", 2, bound)]
    exactly = bound << 63
    apply(engine, c.risk_limits(1, 1, c.order_limits_line(notional=exactly - 1, scale=0)))
    assert refused(engine, c.new(1, 3, 1, BUY, bound, -(1 << 63))) == "ORDER_NOTIONAL_LIMIT"
    apply(engine, c.risk_limits(1, 1, c.order_limits_line(notional=exactly, scale=0)))
    assert told(engine, c.new(1, 4, 1, BUY, bound, -(1 << 63))) == [("NEW", 4, bound)]


def test_an_order_counts_towards_its_instruments_currency(engine_class):
    engine = in_currency(engine_class, 0, 0)
    apply(engine, c.risk_limits(1, 0, c.order_limits_line(notional=1, currency=b"USD")),
          c.risk_limits(1, 0, c.open_limits_line(gross=1)), c.define_instrument(2, "J"))
    assert told(engine, c.new(1, 1, 1, BUY, 10, 10)) == [("NEW", 1, 10)]
    assert refused(engine, c.new(1, 2, 2, BUY, 10, 10)) == "GROSS_NOTIONAL_LIMIT"


RISK_PRICES = [
    ({"price": 90}, 90),
    ({"price": 90, "stop": 105}, 90),
    ({"price": None, "stop": 105}, 115),
    ({"price": None, "stop": 95, "side": SELL}, 85),
    ({"price": None}, 110),
    ({"price": None, "side": SELL}, 90),
    ({"price": None, "ord_type": LEFT_OVER}, 110),
]


@pytest.mark.parametrize(("fields", "risk_price"), RISK_PRICES, ids=str)
@pytest.mark.parametrize("kind", ["order", "gross"])
def test_the_risk_price(market, fields, risk_price, kind):
    limit(market, reference_price=100, collar=10)
    apply(market, c.status(c.OPENING_CALL, POWER))      # so that market orders rest
    line = {"order": lambda most: c.order_limits_line(notional=most),
            "gross": lambda most: c.open_limits_line(gross=most)}
    apply(market, c.risk_limits(FIRM_A, POWER, line[kind](risk_price * 3 - 1)))
    reason = "ORDER_NOTIONAL_LIMIT" if kind == "order" else "GROSS_NOTIONAL_LIMIT"
    assert refused(market, order(1, 3, **fields)) == reason
    apply(market, c.risk_limits(FIRM_A, POWER, line[kind](risk_price * 3)))
    assert told(market, order(2, 3, **fields)) == [("NEW", 2, 3)]
    assert market.orders(POWER)["risk_price"].tolist() == [risk_price]


def test_without_a_collar_the_risk_price_is_the_reference_or_the_stop_price(market):
    limit(market, reference_price=100)
    apply(market, c.status(c.OPENING_CALL, POWER), order(1, 1, None), order(2, 1, None, stop=130))
    assert market.orders(POWER)["risk_price"].tolist() == [100, 130]


def test_a_market_order_without_reference_has_the_risk_price_0(market):
    apply(market, c.status(c.OPENING_CALL, POWER), order(1, 1, None))
    assert market.orders(POWER)["risk_price"].tolist() == [0]


def test_the_risk_price_stays_until_the_order_comes_in_again(market):
    limit(market, reference_price=100, collar=10)
    apply(market, sell(101), order(3, 5, None, ord_type=LEFT_OVER))     # it rests as a Limit order
    row = next(row for row in market.orders(POWER) if row["cl_ord_id"] == 3)
    assert (int(row["price"]), int(row["risk_price"])) == (101, 110)
    apply(market, c.replace(ALICE, 4, POWER, 3, 4))
    assert market.orders(POWER)["risk_price"].tolist() == [110]
    apply(market, c.replace(ALICE, 5, POWER, 4, 6))
    assert market.orders(POWER)["risk_price"].tolist() == [101]
