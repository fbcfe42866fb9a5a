"""Rule 5: a replace of each attribute, what it does to priority and age; replaces that fail; the mass cancel."""

import commands as c
import pytest
from commands import AT_THE_CLOSE, AT_THE_OPENING, BUY, DAY, GTC, GTD, IOC, SELL, SELL_SHORT, apply, refused, told
from market import ACME, ALICE, ANN, BOB, FIRM_A, OPS, POWER, UNKNOWN, buy, limit, sell, trade

from pricetime.matching import records
from pricetime.matching.records import OrdStatus, Standing


def order(cl_ord_id: int, quantity: int = 10, price: int | None = 100, session: int = ALICE, **fields) -> bytes:
    return c.new(session, cl_ord_id, POWER, BUY, quantity, price, **fields)


def row_of(market: object, cl_ord_id: int) -> object:
    return next(row for row in market.orders(POWER) if row["cl_ord_id"] == cl_ord_id)


def first_name(market: object, kind: dict, changes: dict) -> int:
    """Of two orders of one kind at one price, which stands first when the older has been replaced, and is named 9?"""
    apply(market, order(1, **kind), order(2, **kind))
    assert [c.brief(event)[0] for event in apply(market, c.replace(ALICE, 9, POWER, 1, **changes))] == ["REPLACED"]
    return int(market.orders(POWER)["cl_ord_id"][0])


ICEBERG, HIDDEN, TIMED = {"display": 2}, {"display": 0}, {"tif": GTD, "expires": 100}
KEPT = [
    ({}, {"tif": GTC}), ({}, {"tif": GTD, "expires": 50}), (TIMED, {"expires": 70}), (TIMED, {"tif": DAY}),
    (TIMED, {"quantity": 4, "expires": 70}), (ICEBERG, {"quantity": 4}), (ICEBERG, {"display": 2, "tif": GTC}),
    (HIDDEN, {"quantity": 4}), (HIDDEN, {"display": 0}), ({"self_match": (7, 1)}, {"self_match": (7, 1)}),
    ({"post_only": True}, {"post_only": True, "quantity": 9}), (ICEBERG, {"quantity": 1}), (TIMED, {"expires": 100}),
]
LOST = [
    ({}, {"display": 2}), ({}, {"display": 0}), (ICEBERG, {"display": 3}), (ICEBERG, {"display": 0}),
    (ICEBERG, {"quantity": 11}), (HIDDEN, {"quantity": 11}), ({}, {"self_match": (7, 1)}),
    ({"self_match": (7, 1)}, {"self_match": (7, 2)}), ({"self_match": (7, 1)}, {"self_match": (0, 0)}),
    ({"post_only": True}, {"post_only": False}), (TIMED, {"quantity": 11}),
]


@pytest.mark.parametrize(("kind", "changes"), KEPT, ids=str)
def test_priority_is_kept(market, kind, changes):
    assert first_name(market, kind, changes) == 9


@pytest.mark.parametrize(("kind", "changes"), LOST, ids=str)
def test_priority_is_lost(market, kind, changes):
    assert first_name(market, kind, changes) == 2


def test_what_is_absent_is_taken_from_the_order(market):
    apply(market, order(1, display=2, tif=GTD, expires=100, self_match=(7, 3), post_only=True))
    apply(market, c.replace(ALICE, 2, POWER, 1, price=99))
    row = row_of(market, 2)
    assert [int(row[name]) for name in ("display_quantity", "shown_quantity", "expire_time", "self_match_id",
                                        "self_match_instruction", "price", "leaves_qty")] == [2, 2, 100, 7, 3, 99, 10]
    assert int(row["attributes"]) == c.order_attributes(BUY, c.LIMIT, GTD, records.HAS_PRICE, records.POST_ONLY)
    assert int(row["presence"]) == (
        records.HAS_DISPLAY_QUANTITY | records.HAS_EXPIRE_TIME | records.HAS_SELF_MATCH_PREVENTION)


def test_a_self_match_id_of_0_ends_it(market):
    apply(market, order(1, self_match=(7, 3)), c.replace(ALICE, 2, POWER, 1, self_match=(0, 0)))
    row = row_of(market, 2)
    assert [int(row[name]) for name in ("self_match_id", "self_match_instruction", "presence")] == [0, 0, 0]


def test_an_expire_time_goes_with_its_time_in_force(market):
    apply(market, order(1, **TIMED), c.replace(ALICE, 2, POWER, 1, tif=GTC))
    assert (int(row_of(market, 2)["expire_time"]), int(row_of(market, 2)["presence"])) == (0, 0)
    assert refused(market, c.replace(ALICE, 3, POWER, 2, tif=GTD)) == "EXPIRE_TIME_MISSING"
    assert refused(market, c.replace(ALICE, 4, POWER, 2, expires=90)) == "EXPIRE_TIME_NOT_ALLOWED"
    assert told(market, c.replace(ALICE, 5, POWER, 2, tif=GTD, expires=90)) == [("REPLACED", 5, 10)]
    assert market.next_deadline == 90


def test_a_smaller_total_of_an_iceberg_takes_from_what_is_not_shown_first(market):
    apply(market, order(1, 10, display=4), c.replace(ALICE, 2, POWER, 1, 6))
    assert (int(row_of(market, 2)["leaves_qty"]), int(row_of(market, 2)["shown_quantity"])) == (6, 4)
    apply(market, c.replace(ALICE, 3, POWER, 2, 3))
    assert (int(row_of(market, 3)["leaves_qty"]), int(row_of(market, 3)["shown_quantity"])) == (3, 3)


def test_a_smaller_total_of_an_iceberg_of_which_a_part_is_traded(market):
    """3 of the 4 shown are gone: 1 shown and 6 behind; 5 less leaves 1 shown and 1 behind."""
    apply(market, order(1, 10, display=4), sell(100, 3), c.replace(ALICE, 2, POWER, 1, 5))
    assert [int(row_of(market, 2)[name]) for name in ("leaves_qty", "cum_qty", "shown_quantity")] == [2, 3, 1]


def test_the_age_of_an_iceberg_stays_where_its_place_stays(market):
    apply(market, order(1, display=2))
    age = int(row_of(market, 1)["age"])
    apply(market, c.replace(ALICE, 2, POWER, 1, 8))
    assert int(row_of(market, 2)["age"]) == age
    apply(market, c.replace(ALICE, 3, POWER, 2, 9))
    assert int(row_of(market, 3)["age"]) == age + 1


def test_min_quantity_is_measured_by_what_is_open(market):
    apply(market, order(1, 10), sell(100, 6), sell(101, 4, session=ANN))
    assert refused(market, c.replace(ALICE, 2, POWER, 1, price=101, tif=IOC, minimum=5)) == "MIN_QUANTITY_INVALID"
    assert told(market, c.replace(ALICE, 3, POWER, 1, price=101, tif=IOC, minimum=4))[0] == ("REPLACED", 3, 4)


def test_display_quantity_is_measured_by_the_total(market):
    apply(market, order(1, 200), sell(100, 150))
    assert refused(market, c.replace(ALICE, 2, POWER, 1, display=1)) == "DISPLAY_QUANTITY_TOO_SMALL"
    assert told(market, c.replace(ALICE, 3, POWER, 1, display=2)) == [("REPLACED", 3, 50)]


@pytest.mark.parametrize(("tif", "phase", "standing"), [
    (AT_THE_CLOSE, c.CONTINUOUS, Standing.SET_ASIDE), (AT_THE_CLOSE, c.CLOSING_CALL, Standing.IN_THE_BOOK),
    (AT_THE_OPENING, c.OPENING_CALL, Standing.IN_THE_BOOK)])
def test_a_replace_to_an_auction_order(market, tif, phase, standing):
    apply(market, order(1))
    if phase != c.CONTINUOUS:
        apply(market, c.status(phase, POWER))
    assert told(market, c.replace(ALICE, 2, POWER, 1, tif=tif)) == [("REPLACED", 2, 10)]
    row = row_of(market, 2)
    assert int(row["standing"]) == standing
    assert bool(row["age"]) == (tif == AT_THE_CLOSE)


def test_a_replace_from_at_the_close_comes_into_the_book(market):
    apply(market, order(1, tif=AT_THE_CLOSE), sell(100, 4))
    events = told(market, c.replace(ALICE, 2, POWER, 1, tif=DAY))
    assert [event[0] for event in events] == ["REPLACED", "TRADE", "TRADE"]


def test_an_at_the_close_order_that_comes_in_again_is_younger(market):
    apply(market, order(1, tif=AT_THE_CLOSE), order(2, tif=AT_THE_CLOSE), c.replace(ALICE, 3, POWER, 1, 11))
    assert market.orders(POWER)["cl_ord_id"].tolist() == [2, 3]
    apply(market, c.replace(ALICE, 4, POWER, 2, 5))
    assert market.orders(POWER)["cl_ord_id"].tolist() == [4, 3]


# ---------------------------------------------------------------------------------------- replaces that fail


@pytest.fixture
def busy(market):
    """ALICE has every kind of order in POWER, which has a last trade, bands, a collar and limits."""
    trade(market, 100)
    limit(market, collar=50, dynamic_band=40, call_duration=5)
    apply(market, order(1), order(2, display=3), order(3, display=0), order(4, price=None, stop=140),
          order(5, price=130, stop=140), order(6, tif=AT_THE_CLOSE), order(7, **TIMED), order(8, post_only=True),
          order(9, self_match=(7, 2)), sell(101, 5), sell(102, 5, display=2),
          c.risk_limits(FIRM_A, POWER, c.order_limits_line(quantity=500), c.open_limits_line(orders=9, quantity=200)))
    return market


FAILING = [
    {"quantity": 501}, {"quantity": 300, "price": 99}, {"price": 151}, {"display": -1}, {"display": 2, "tif": IOC},
    {"quantity": 0}, {"tif": AT_THE_OPENING}, {"expires": 0, "tif": GTD}, {"self_match": (3, 9)}, {"side": SELL},
    {"ord_type": 15}, {"minimum": 5, "tif": IOC, "price": 100}, {"tif": c.FOK, "quantity": 60},
    {"post_only": True, "price": 103},
]


@pytest.mark.parametrize("changes", FAILING, ids=str)
@pytest.mark.parametrize("orig", range(1, 10))
def test_a_replace_that_fails_leaves_the_dump_as_it_was_byte_for_byte(busy, orig, changes):
    if (orig, changes) == (5, {"price": 151}):      # a StopLimit meets the collar when it is triggered
        changes = {"stop": 7, "side": SELL}
    refused(busy, c.replace(ALICE, 20, POWER, orig, **changes))     # it compares all but what every command moves
    busy.check()


# ---------------------------------------------------------------------------------------------- mass cancel


@pytest.fixture
def many(market):
    """OrderIDs 1 to 7: ALICE, ANN and BOB, buys and sells, a stop and one that is set aside, in two instruments."""
    apply(market, c.new(ALICE, 1, POWER, BUY, 1, 50), c.new(ANN, 1, POWER, SELL, 1, 200),
          c.new(BOB, 1, POWER, BUY, 1, 49), c.new(ALICE, 2, ACME, SELL, 10, 200, display=10),
          c.new(ANN, 2, ACME, BUY, 10, stop=150), c.new(ALICE, 3, POWER, SELL_SHORT, 1, 201),
          c.new(ALICE, 4, POWER, BUY, 1, 48, tif=AT_THE_CLOSE))
    return market


@pytest.mark.parametrize(("fields", "order_ids"), [
    ({}, [1, 2, 4, 5, 6, 7]),
    ({"instrument": POWER}, [1, 2, 6, 7]),
    ({"instrument": ACME}, [4, 5]),
    ({"side": BUY}, [1, 5, 7]),
    ({"side": SELL}, [2, 4, 6]),
    ({"side": SELL_SHORT}, [2, 4, 6]),
    ({"of_session": ANN}, [2, 5]),
    ({"of_session": ALICE, "instrument": POWER, "side": SELL}, [6]),
    ({"of_session": ANN, "instrument": POWER, "side": BUY}, []),
], ids=str)
def test_a_mass_cancel_takes_what_it_names_in_order_id_order(many, fields, order_ids):
    events = apply(many, c.mass_cancel(ALICE, 9, **fields))
    *canceled, report = events
    assert [event.order_id for event in canceled] == order_ids
    assert all(c.brief(event)[::2] == ("CANCELED", "MASS_CANCELED") for event in canceled)
    assert [event.session for event in canceled] == [ANN if id in (2, 5) else ALICE for id in order_ids]
    assert [event.cl_ord_id for event in canceled] == [{1: 1, 2: 1, 4: 2, 5: 2, 6: 3, 7: 4}[id] for id in order_ids]
    assert c.brief(report) == ("ORDER_MASS_CANCEL_REPORT", 9, len(order_ids))
    assert (report.session, report.instrument, report.exec_id) == (ALICE, fields.get("instrument", 0), 0)
    assert report.report_number == int(many.sessions["report_number"][ALICE - 1])
    assert len(many.orders(POWER)) + len(many.orders(ACME)) == 7 - len(order_ids)


@pytest.mark.parametrize(("fields", "reason"), [
    ({"instrument": UNKNOWN}, "UNKNOWN_INSTRUMENT"),
    ({"instrument": UNKNOWN, "of_session": BOB}, "UNKNOWN_INSTRUMENT"),
    ({"of_session": BOB}, "UNKNOWN_SESSION"),
    ({"of_session": UNKNOWN}, "UNKNOWN_SESSION"),
    ({"of_session": (1 << 32) + ANN}, "UNKNOWN_SESSION"),
    ({"of_session": (1 << 64) - 1}, "UNKNOWN_SESSION"),
], ids=str)
def test_a_mass_cancel_is_refused_with_a_report(many, fields, reason):
    event, = apply(many, c.mass_cancel(ALICE, 9, **fields))
    assert c.brief(event) == ("ORDER_MASS_CANCEL_REPORT", 9, 0, reason)
    assert event.report_number > 0
    assert len(many.orders(POWER)) == 5


@pytest.mark.parametrize("phase", [c.CLOSED, c.HALTED, c.PRE_OPEN, c.CLOSING_CALL, c.VOLATILITY_CALL])
def test_a_mass_cancel_is_allowed_in_every_phase_and_disabled_or_not(market, phase):
    apply(market, c.new(ALICE, 1, POWER, BUY, 1, 50, tif=GTC), c.status(phase, POWER),
          c.define_instrument(POWER, None, None, attributes=records.DISABLED),
          c.define_session(ALICE, None, FIRM_A, c.TRADER | records.DISABLED),
          c.define_participant(FIRM_A, None, attributes=records.DISABLED))
    assert told(market, c.mass_cancel(ALICE, 2, POWER)) == [
        ("CANCELED", 1, "MASS_CANCELED"), ("ORDER_MASS_CANCEL_REPORT", 2, 1)]


def test_a_mass_cancel_of_a_blocked_participant_has_nothing_left_to_do(many):
    apply(many, c.kill_switch(FIRM_A, session=OPS, cl_ord_id=1))
    assert told(many, c.mass_cancel(ALICE, 9)) == [("ORDER_MASS_CANCEL_REPORT", 9, 0)]


def test_a_mass_cancel_of_an_order_that_traded_says_how_far(market):
    apply(market, order(1, 10), sell(100, 4))
    event, _ = apply(market, c.mass_cancel(ANN, 1))
    assert (event.cum_qty, event.leaves_qty, event.session, event.orig_cl_ord_id) == (4, 0, ALICE, 0)
    assert event.status_flags & 15 == OrdStatus.ORDER_CANCELED


def test_a_mass_cancel_in_a_call_leaves_the_others(market):
    apply(market, c.status(c.OPENING_CALL, POWER), order(1, price=None), buy(100, 3), c.mass_cancel(ALICE, 2))
    assert [quantity for _, _, quantity in c.queue(market, POWER)] == [3]
