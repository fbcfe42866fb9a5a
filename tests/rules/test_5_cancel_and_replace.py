"""Rule 5: cancel and replace."""

import commands as c
import pytest
from commands import BUY, DAY, FOK, GTC, IOC, LIMIT, MARKET, SELL, SELL_SHORT, apply, flags_of, refused, status_of, told
from market import ACME, ALICE, ANN, BOB, FIRM_A, POWER, UNKNOWN

from pricetime.matching import records


@pytest.fixture
def resting(market):
    """ALICE's order 1, OrderID 1: buy 50 at 100 in ACME, of which BOB has filled 20."""
    apply(market, c.new(ALICE, 1, ACME, BUY, 50, 100), c.new(BOB, 1, ACME, SELL, 20, 100))
    assert c.queue(market, ACME) == [(1, 100, 30)]
    return market


# ------------------------------------------------------------------------------------------------- cancel


@pytest.mark.parametrize("name", [{"orig": 1}, {"order_id": 1}])
def test_an_order_is_named_by_cl_ord_id_or_order_id(resting, name):
    event, = apply(resting, c.cancel(ALICE, 2, ACME, **name))
    assert c.brief(event) == ("CANCELED", 2)
    assert (event.orig_cl_ord_id, event.order_id, event.reason) == (1, 1, 0)
    assert (status_of(event), event.leaves_qty, event.cum_qty, event.price) == ("ORDER_CANCELED", 0, 20, 100)
    assert c.queue(resting, ACME) == []


@pytest.mark.parametrize(
    ("session", "name"),
    [
        (ALICE, {"orig": 7}),
        (ALICE, {"orig": 0}),
        (ALICE, {"orig": (1 << 64) - 1}),
        (ALICE, {"order_id": 9}),
        (ALICE, {"order_id": 0}),
        (ANN, {"orig": 1}),
        (BOB, {"order_id": 1}),
        (BOB, {"orig": 1}),
    ],
    ids=str,
)
def test_what_is_not_live_never_known_or_anothers_is_all_the_same(resting, session, name):
    assert refused(resting, c.cancel(session, 2, ACME, **name)) == "UNKNOWN_ORDER"
    assert refused(resting, c.replace(session, 3, ACME, quantity=60, **name)) == "UNKNOWN_ORDER"


def test_cancel_checks_in_order(resting):
    assert refused(resting, c.cancel(ALICE, 2, UNKNOWN, 9, side=SELL)) == "UNKNOWN_INSTRUMENT"
    assert refused(resting, c.cancel(ALICE, 3, POWER, 9, side=SELL)) == "UNKNOWN_ORDER"
    assert refused(resting, c.cancel(ALICE, 4, POWER, 1, side=SELL)) == "INSTRUMENT_CHANGED"
    assert refused(resting, c.cancel(ALICE, 5, ACME, 1, side=SELL)) == "SIDE_CHANGED"
    assert told(resting, c.cancel(ALICE, 6, ACME, 1, side=BUY)) == [("CANCELED", 6)]


def test_a_short_sell_is_another_side_than_a_sell(market):
    apply(market, c.new(ALICE, 1, ACME, SELL_SHORT, 10, 100))
    assert refused(market, c.cancel(ALICE, 2, ACME, 1, side=SELL)) == "SIDE_CHANGED"
    assert told(market, c.cancel(ALICE, 3, ACME, 1, side=SELL_SHORT)) == [("CANCELED", 3)]


@pytest.mark.parametrize("phase", [c.CLOSED, c.PRE_OPEN, c.OPENING_CALL, c.CLOSING_CALL, c.HALTED])
def test_a_cancel_is_allowed_in_every_phase(market, phase):
    apply(market, c.new(ALICE, 1, ACME, BUY, 10, 100, tif=GTC), c.status(phase, ACME))
    assert told(market, c.cancel(ALICE, 2, ACME, 1)) == [("CANCELED", 2)]


def test_a_cancel_is_allowed_whatever_is_disabled(resting):
    apply(resting, c.define_instrument(ACME, None, None, attributes=records.DISABLED),
          c.define_session(ALICE, None, FIRM_A, c.TRADER | records.DISABLED),
          c.define_participant(FIRM_A, None, attributes=records.DISABLED))
    assert told(resting, c.cancel(ALICE, 2, ACME, 1)) == [("CANCELED", 2)]


# ----------------------------------------------------------------------------------------------- refusals


def test_a_refusal_says_how_the_order_was_named_and_what_it_is(resting):
    cases = [
        (c.cancel(ALICE, 2, ACME, 7), (7, 0, "ORDER_REJECTED", 0)),
        (c.cancel(ALICE, 3, ACME, order_id=9), (0, 9, "ORDER_REJECTED", 0)),
        (c.cancel(BOB, 4, ACME, order_id=1), (0, 1, "ORDER_REJECTED", 0)),
        (c.cancel(ALICE, 5, ACME, 1, side=SELL), (1, 1, "ORDER_PARTIALLY_FILLED", 0)),
        (c.cancel(ANN, 6, ACME, order_id=1, side=SELL), (0, 1, "ORDER_PARTIALLY_FILLED", 0)),
        (c.replace(ALICE, 7, ACME, 1, side=SELL), (1, 1, "ORDER_PARTIALLY_FILLED", records.RESPONSE_TO_REPLACE)),
        (c.replace(ALICE, 8, ACME, 7), (7, 0, "ORDER_REJECTED", records.RESPONSE_TO_REPLACE)),
        (c.replace(ALICE, 9, ACME, 1, price=101), (1, 0, "ORDER_REJECTED", records.RESPONSE_TO_REPLACE)),
    ]
    for record, (orig, order_id, status, flags) in cases:
        event, = apply(resting, record)
        assert c.brief(event)[0] == "ORDER_CANCEL_REJECT"
        assert (event.orig_cl_ord_id, event.order_id, status_of(event), flags_of(event)) == (
            orig,
            order_id,
            status,
            flags,
        )
        assert event.report_number > 0 and event.exec_id == 0


def test_a_fresh_orders_status_is_new(market):
    apply(market, c.new(ALICE, 1, ACME, BUY, 10, 100))
    event, = apply(market, c.cancel(ALICE, 2, ACME, 1, side=SELL))
    assert status_of(event) == "ORDER_NEW"


# ------------------------------------------------------------------------------------- replace: the checks

REFUSED = [
    ("UNKNOWN_INSTRUMENT", {"instrument": UNKNOWN}),
    ("OPENING_OVER", {"tif": c.AT_THE_OPENING}),
    ("UNKNOWN_ORD_TYPE", {"ord_type": 6}),
    ("UNKNOWN_TIME_IN_FORCE", {"tif": 8}),
    ("PRICE_NOT_POSITIVE", {"price": 0}),
    ("PRICE_OFF_TICK", {"price": 101}),
    ("QUANTITY_NOT_POSITIVE", {"quantity": 0}),
    ("QUANTITY_NOT_POSITIVE", {"quantity": -10}),
    ("QUANTITY_OFF_LOT", {"quantity": 55}),
    ("QUANTITY_TOO_LARGE", {"quantity": (1 << 63) - 8}),
    ("STOP_PRICE_NOT_POSITIVE", {"stop": 0}),
    ("STOP_PRICE_OFF_TICK", {"stop": 101}),
    ("HIDDEN_NOT_ALLOWED", {"display": 0}),
    ("DISPLAY_QUANTITY_INVALID", {"display": 15}),
    ("DISPLAY_QUANTITY_INVALID", {"display": -10}),
    ("UNKNOWN_SELF_MATCH_INSTRUCTION", {"self_match": (1, 0)}),
    ("UNKNOWN_SELF_MATCH_INSTRUCTION", {"self_match": (1, 5)}),
    ("UNKNOWN_ORDER", {"orig": 9}),
    ("INSTRUMENT_CHANGED", {"instrument": POWER}),
    ("SIDE_CHANGED", {"side": SELL}),
    ("ORD_TYPE_CHANGED", {"ord_type": MARKET}),
    ("ORD_TYPE_CHANGED", {"ord_type": c.STOP}),
    ("POST_ONLY_IMMEDIATE", {"tif": IOC, "post_only": True}),
    ("POST_ONLY_AUCTION", {"tif": c.AT_THE_CLOSE, "post_only": True}),
    ("STOP_PRICE_NOT_ALLOWED", {"stop": 105}),
    ("DISPLAY_QUANTITY_IMMEDIATE", {"tif": IOC, "display": 10}),
    ("DISPLAY_QUANTITY_AUCTION", {"tif": c.AT_THE_CLOSE, "display": 10}),
    ("DISPLAY_QUANTITY_TOO_SMALL", {"quantity": 1010, "display": 10}),
    ("MIN_QUANTITY_NOT_IOC", {"minimum": 10}),
    ("MIN_QUANTITY_INVALID", {"tif": IOC, "minimum": 40}),
    ("MIN_QUANTITY_INVALID", {"tif": IOC, "minimum": 5}),
    ("EXPIRE_TIME_MISSING", {"tif": c.GTD}),
    ("EXPIRE_TIME_NOT_ALLOWED", {"expires": 50}),
    ("EXPIRE_TIME_PASSED", {"tif": c.GTD, "expires": 0}),
    ("POST_ONLY_WOULD_TRADE", {"price": 110, "post_only": True}),
    ("FILL_OR_KILL_UNFILLABLE", {"price": 110, "tif": FOK}),
    ("MIN_QUANTITY_UNFILLABLE", {"price": 110, "tif": IOC, "minimum": 20}),
]


@pytest.mark.parametrize(("reason", "changes"), REFUSED, ids=lambda value: value if isinstance(value, str) else "")
def test_every_reason_why_a_replace_is_refused_and_the_order_stays_as_it_was(resting, reason, changes):
    apply(resting, c.new(BOB, 2, ACME, SELL, 10, 110))
    assert (
        refused(resting, c.replace(**{"session": ALICE, "cl_ord_id": 2, "instrument": ACME, "orig": 1, **changes}))
        == reason
    )
    assert told(resting, c.cancel(ALICE, 3, ACME, 1)) == [("CANCELED", 3)]


@pytest.mark.parametrize(("phase", "changes", "reason"), [
    (c.CLOSED, {}, "PHASE_CLOSED"), (c.HALTED, {}, "PHASE_HALTED"),
    (c.CLOSING_CALL, {"tif": IOC}, "IMMEDIATE_IN_CALL"), (c.CLOSING_CALL, {"tif": FOK}, "IMMEDIATE_IN_CALL"),
    (c.CLOSING_CALL, {"post_only": True}, "POST_ONLY_IN_CALL"),
    (c.CLOSING_CALL, {"minimum": 10}, "MIN_QUANTITY_IN_CALL"),
    (c.CLOSING_CALL, {"tif": c.AT_THE_OPENING}, "OPENING_OVER"),
])
def test_a_replace_needs_a_phase_that_takes_it(market, phase, changes, reason):
    apply(market, c.new(ALICE, 1, ACME, BUY, 10, 100, tif=GTC), c.status(phase, ACME))
    assert refused(market, c.replace(ALICE, 2, ACME, 1, quantity=20, **changes)) == reason
    # The phase comes before the order is looked for.
    assert refused(market, c.replace(ALICE, 3, ACME, 77, quantity=20, **changes)) == reason


def test_a_post_only_order_cannot_be_replaced_in_a_call_but_stop_being_post_only(market):
    apply(market, c.new(ALICE, 1, ACME, BUY, 10, 100, tif=GTC, post_only=True), c.status(c.CLOSING_CALL, ACME))
    assert refused(market, c.replace(ALICE, 2, ACME, 1, quantity=20)) == "POST_ONLY_IN_CALL"
    assert told(market, c.replace(ALICE, 3, ACME, 1, quantity=20, post_only=False)) == [("REPLACED", 3, 20)]


def test_post_only_says_nothing_without_has_exec_inst(market):
    apply(market, c.new(ALICE, 1, ACME, BUY, 10, 100), c.status(c.CLOSING_CALL, ACME))
    record = c.replace(ALICE, 2, ACME, 1, quantity=20, attributes=records.POST_ONLY | records.HAS_QUANTITY)
    event, = apply(market, record)
    assert c.brief(event) == ("REPLACED", 2, 20)
    assert not event.attributes & records.POST_ONLY


def test_a_resting_market_order_keeps_its_type(market):
    apply(market, c.status(c.OPENING_CALL, ACME), c.new(ALICE, 1, ACME, BUY, 10))
    assert refused(market, c.replace(ALICE, 2, ACME, 1, price=100)) == "PRICE_NOT_ALLOWED"
    assert refused(market, c.replace(ALICE, 3, ACME, 1, tif=GTC)) == "MARKET_TIME_IN_FORCE"
    assert refused(market, c.replace(ALICE, 4, ACME, 1, ord_type=LIMIT, price=100)) == "ORD_TYPE_CHANGED"
    assert told(market, c.replace(ALICE, 5, ACME, 1, quantity=30)) == [("REPLACED", 5, 30)]
    assert c.queue(market, ACME) == [(5, None, 30)]


@pytest.mark.parametrize(("disabled", "reason"), [
    (c.define_instrument(ACME, None, None, attributes=records.DISABLED), "INSTRUMENT_DISABLED"),
    (c.define_session(ALICE, None, FIRM_A, c.TRADER | records.DISABLED), "SESSION_DISABLED"),
    (c.define_participant(FIRM_A, None, attributes=records.DISABLED), "PARTICIPANT_DISABLED"),
], ids=["instrument", "session", "participant"])
def test_a_replace_needs_all_enabled(resting, disabled, reason):
    apply(resting, disabled)
    assert refused(resting, c.replace(ALICE, 2, ACME, 1, quantity=60)) == reason


def test_a_quantity_that_is_not_given_is_not_checked_again(resting):
    apply(resting, c.define_instrument(ACME, None, None, c.limits_line(max_order_quantity=10)))
    assert refused(resting, c.replace(ALICE, 2, ACME, 1, quantity=50)) == "QUANTITY_TOO_LARGE"
    assert told(resting, c.replace(ALICE, 3, ACME, 1, price=95)) == [("REPLACED", 3, 30)]


def test_a_replace_needs_no_room_in_the_pool(engine_class):
    engine = engine_class(order_capacity=1)
    apply(engine, c.define_participant(1, "p"), c.define_session(1, "s", 1), c.define_instrument(1, "I"),
          c.new(1, 1, 1, BUY, 5, 10))
    assert told(engine, c.replace(1, 2, 1, 1, quantity=9, price=11)) == [("REPLACED", 2, 9)]


# ---------------------------------------------------------------------------------- replace: what happens


def test_the_quantity_is_the_new_total_filled_part_included(resting):
    event, = apply(resting, c.replace(ALICE, 2, ACME, 1, quantity=60))
    assert (event.leaves_qty, event.cum_qty, event.orig_cl_ord_id, event.order_id) == (40, 20, 1, 1)
    assert status_of(event) == "ORDER_PARTIALLY_FILLED"


@pytest.mark.parametrize("total", [20, 10])
def test_a_total_that_is_already_filled_cancels_the_rest(resting, total):
    event, = apply(resting, c.replace(ALICE, 2, ACME, 1, quantity=total, price=500, tif=IOC, post_only=True))
    assert c.brief(event) == ("CANCELED", 2, "TOTAL_ALREADY_FILLED")
    assert (event.orig_cl_ord_id, event.cum_qty, event.leaves_qty) == (1, 20, 0)
    assert c.queue(resting, ACME) == []


def test_a_total_that_is_already_filled_still_needs_the_orders_own_side_and_type(resting):
    assert refused(resting, c.replace(ALICE, 2, ACME, 1, quantity=10, side=SELL)) == "SIDE_CHANGED"
    assert refused(resting, c.replace(ALICE, 3, ACME, 1, quantity=10, ord_type=MARKET)) == "ORD_TYPE_CHANGED"


def first_in_queue_after(market: object, **changes: object) -> bool:
    """Two orders at one price; is the older one still first after the change?"""
    apply(market, c.new(ALICE, 1, ACME, BUY, 50, 100), c.new(ANN, 1, ACME, BUY, 50, 100))
    assert len(apply(market, c.replace(ALICE, 2, ACME, 1, **changes))) == 1
    apply(market, c.new(BOB, 1, ACME, SELL, 10, 100))
    orders = market.orders(ACME)
    return [int(order["cum_qty"]) for order in orders if order["session"] == ALICE] == [10]


@pytest.mark.parametrize("changes", [{}, {"quantity": 40}, {"quantity": 50}, {"tif": GTC}, {"tif": DAY}, {"price": 100},
                                     {"quantity": 30, "tif": GTC, "price": 100, "post_only": False}], ids=str)
def test_priority_is_kept_where_the_open_quantity_does_not_rise_and_nothing_else_changes(market, changes):
    assert first_in_queue_after(market, **changes)


@pytest.mark.parametrize("changes", [{"quantity": 60}, {"quantity": 60, "price": 100}, {"post_only": True},
                                     {"quantity": 60, "price": 100, "side": BUY, "ord_type": LIMIT}], ids=str)
def test_any_other_change_loses_priority(market, changes):
    assert not first_in_queue_after(market, **changes)


def test_a_price_that_goes_and_comes_back_loses_priority(market):
    apply(market, c.new(ALICE, 1, ACME, BUY, 10, 100), c.new(ANN, 1, ACME, BUY, 10, 100),
          c.replace(ALICE, 2, ACME, 1, price=95), c.replace(ALICE, 3, ACME, 2, price=100))
    assert [name for name, _, _ in c.queue(market, ACME)] == [1, 3]


def test_an_order_that_comes_in_again_trades_after_it_is_reported_replaced(resting):
    apply(resting, c.new(BOB, 2, ACME, SELL, 10, 110))
    assert told(resting, c.replace(ALICE, 2, ACME, 1, price=110)) == [
        ("REPLACED", 2, 30), ("TRADE", 2, 110, 10, 0), ("TRADE", 2, 110, 10, 20)]
    assert c.queue(resting, ACME) == [(2, 110, 20)]


def test_an_order_replaced_to_ioc_trades_and_its_rest_is_canceled(resting):
    apply(resting, c.new(BOB, 2, ACME, SELL, 10, 110))
    events = apply(resting, c.replace(ALICE, 2, ACME, 1, price=110, tif=IOC))
    assert [c.brief(event) for event in events] == [
        ("REPLACED", 2, 30), ("TRADE", 2, 110, 10, 0), ("TRADE", 2, 110, 10, 20), ("CANCELED", 2, "IMMEDIATE_REST")]
    assert [event.orig_cl_ord_id for event in events] == [1, 0, 0, 0]
    assert c.queue(resting, ACME) == []


def test_an_order_replaced_to_ioc_alone_loses_its_place_and_is_canceled(resting):
    assert told(resting, c.replace(ALICE, 2, ACME, 1, tif=IOC)) == [
        ("REPLACED", 2, 30), ("CANCELED", 2, "IMMEDIATE_REST")]


def test_an_order_replaced_to_fok_is_filled_completely(resting):
    apply(resting, c.new(BOB, 2, ACME, SELL, 30, 110))
    assert told(resting, c.replace(ALICE, 2, ACME, 1, price=110, tif=FOK))[-1] == ("TRADE", 2, 110, 30, 0)


def test_in_a_call_a_replaced_order_rests_without_matching(market):
    apply(
        market, c.status(c.OPENING_CALL, ACME), c.new(ALICE, 1, ACME, BUY, 10, 100), c.new(BOB, 1, ACME, SELL, 10, 110)
    )
    assert told(market, c.replace(ALICE, 2, ACME, 1, price=120)) == [("REPLACED", 2, 10)]


# --------------------------------------------------------------------------- another session of the owner


def test_a_cancel_by_another_session_tells_the_owner_then_the_asker_without_a_number(resting):
    owner, asker = apply(resting, c.cancel(ANN, 1, ACME, order_id=1))
    assert (owner.session, owner.cl_ord_id, owner.orig_cl_ord_id, owner.report_number) == (ALICE, 1, 0, 3)
    assert (asker.session, asker.cl_ord_id, asker.orig_cl_ord_id, asker.report_number) == (ANN, 1, 0, 0)
    assert owner.exec_id == asker.exec_id
    assert (asker.cum_qty, asker.price, asker.order_id, asker.attributes) == (20, 100, 1, owner.attributes)
    assert [c.brief(owner), c.brief(asker)] == [("CANCELED", 1), ("CANCELED", 1)]


def test_a_replace_by_another_session_moves_the_order_to_it(resting):
    owner, asker = apply(resting, c.replace(ANN, 7, ACME, order_id=1, quantity=40))
    assert (owner.session, c.brief(owner), owner.orig_cl_ord_id) == (ALICE, ("REPLACED", 1, 20, "ORDER_MOVED"), 0)
    assert (asker.session, c.brief(asker), asker.orig_cl_ord_id) == (ANN, ("REPLACED", 7, 20), 0)
    assert (owner.report_number, asker.report_number, asker.exec_id) == (3, 1, owner.exec_id + 1)
    assert refused(resting, c.cancel(ALICE, 2, ACME, 1)) == "UNKNOWN_ORDER"
    assert told(resting, c.cancel(ANN, 8, ACME, 7)) == [("CANCELED", 8)]


def test_a_total_already_filled_asked_for_by_another_session_is_a_cancel(resting):
    owner, asker = apply(resting, c.replace(ANN, 7, ACME, order_id=1, quantity=20))
    assert (owner.session, c.brief(owner)) == (ALICE, ("CANCELED", 1, "TOTAL_ALREADY_FILLED"))
    assert (asker.session, c.brief(asker), asker.report_number) == (ANN, ("CANCELED", 7, "TOTAL_ALREADY_FILLED"), 0)


def test_a_moved_order_keeps_its_place(market):
    apply(market, c.new(ALICE, 1, ACME, BUY, 10, 100), c.new(ALICE, 2, ACME, BUY, 10, 100),
          c.replace(ANN, 9, ACME, order_id=1))
    assert [name for name, _, _ in c.queue(market, ACME)] == [9, 2]


def test_the_asking_session_is_the_one_that_must_be_enabled(resting):
    apply(resting, c.define_session(ANN, None, FIRM_A, c.TRADER | records.DISABLED))
    assert refused(resting, c.replace(ANN, 1, ACME, order_id=1, quantity=60)) == "SESSION_DISABLED"
    assert len(apply(resting, c.cancel(ANN, 2, ACME, order_id=1))) == 2
