"""Rule 1: prices, quantities, ids, marks, counters and report numbers."""

import commands as c
import pytest
from commands import BUY, DAY, GTC, SELL, apply, refused, told
from market import ACME, ALICE, ANN, BOB, OPS, POWER

from pricetime.matching.records import EventType

INT64_MAX = (1 << 63) - 1


def test_a_price_is_a_multiple_of_the_tick(market):
    assert refused(market, c.new(ALICE, 1, ACME, BUY, 10, 101)) == "PRICE_OFF_TICK"
    assert told(market, c.new(ALICE, 2, ACME, BUY, 10, 100)) == [("NEW", 2, 10)]


def test_a_quantity_is_a_positive_multiple_of_the_lot(market):
    assert refused(market, c.new(ALICE, 1, ACME, BUY, 15, 100)) == "QUANTITY_OFF_LOT"
    assert refused(market, c.new(ALICE, 2, ACME, BUY, 0, 100)) == "QUANTITY_NOT_POSITIVE"
    assert refused(market, c.new(ALICE, 3, ACME, BUY, -10, 100)) == "QUANTITY_NOT_POSITIVE"


@pytest.mark.parametrize("price", [0, -5])
def test_prices_of_zero_and_below_are_legal_where_the_instrument_says_so(market, price):
    assert refused(market, c.new(ALICE, 1, ACME, BUY, 10, price)) == "PRICE_NOT_POSITIVE"
    assert told(market, c.new(ALICE, 2, POWER, BUY, 10, price)) == [("NEW", 2, 10)]
    assert c.queue(market, POWER) == [(2, price, 10)]


def test_the_lowest_and_highest_prices_trade_in_order(market):
    lowest, highest = -INT64_MAX - 1, INT64_MAX
    apply(market, c.new(ALICE, 1, POWER, SELL, 1, highest), c.new(ALICE, 2, POWER, SELL, 1, lowest),
          c.new(ALICE, 3, POWER, SELL, 1, 0))
    traded = told(market, c.new(BOB, 1, POWER, BUY, 3, highest))
    assert [event[2] for event in traded if event[0] == "TRADE"] == [lowest, lowest, 0, 0, highest, highest]


def test_no_quantity_exceeds_what_keeps_sums_from_wrapping(engine_class):
    engine = engine_class(order_capacity=1000)
    apply(engine, c.define_participant(1, "p"), c.define_session(1, "s", 1), c.define_instrument(1, "I"))
    bound = INT64_MAX // 1000
    assert refused(engine, c.new(1, 1, 1, BUY, bound + 1, 1)) == "QUANTITY_TOO_LARGE"
    assert refused(engine, c.new(1, 2, 1, BUY, INT64_MAX, 1)) == "QUANTITY_TOO_LARGE"
    assert told(engine, c.new(1, 3, 1, BUY, bound, 1)) == [("NEW", 3, bound)]


def test_no_quantity_exceeds_the_instruments_largest(market):
    apply(market, c.define_instrument(ACME, None, None, c.limits_line(max_order_quantity=50)))
    assert refused(market, c.new(ALICE, 1, ACME, BUY, 60, 100)) == "QUANTITY_TOO_LARGE"
    assert told(market, c.new(ALICE, 2, ACME, BUY, 50, 100)) == [("NEW", 2, 50)]


def test_an_instruments_largest_quantity_does_not_widen_the_bound(market):
    apply(market, c.define_instrument(POWER, None, None, c.limits_line(max_order_quantity=INT64_MAX)))
    bound = INT64_MAX // 131072
    assert refused(market, c.new(ALICE, 1, POWER, BUY, bound + 1, 100)) == "QUANTITY_TOO_LARGE"
    assert told(market, c.new(ALICE, 2, POWER, BUY, bound, 100)) == [("NEW", 2, bound)]


def test_a_full_pool_refuses_every_new_order(engine_class):
    engine = engine_class(order_capacity=2)
    apply(engine, c.define_participant(1, "p"), c.define_session(1, "s", 1), c.define_instrument(1, "I"))
    apply(engine, c.new(1, 1, 1, BUY, 1, 10), c.new(1, 2, 1, BUY, 1, 10))
    assert refused(engine, c.new(1, 3, 1, BUY, 1, 10)) == "ORDER_POOL_FULL"
    assert refused(engine, c.new(1, 4, 1, SELL, 1, 10, tif=c.IOC)) == "ORDER_POOL_FULL"
    assert told(engine, c.cancel(1, 5, 1, 2), c.new(1, 6, 1, BUY, 1, 10)) == [("CANCELED", 5), ("NEW", 6, 1)]


def test_ids_are_1_2_3_without_gaps_and_never_reused(engine):
    assert refused(engine, c.define_participant(2, "b")) == "ID_OUT_OF_SEQUENCE"
    assert refused(engine, c.define_participant(0, "b")) == "ID_OUT_OF_SEQUENCE"
    assert told(engine, c.define_participant(1, "a"), c.define_participant(2, "b")) == []
    assert engine.participants["name"].tolist() == [b"a", b"b"]
    assert (engine.participant_id("a"), engine.participant_id("b")) == (1, 2)
    with pytest.raises(KeyError):
        engine.participant_id("c")


@pytest.mark.parametrize("name", ["A", "x" * 48, "Grüße", "新しい", "\U0001F600", "with space", "\u00a0"])
def test_a_name_is_1_to_48_bytes_of_utf_8(engine, name):
    assert told(engine, c.define_participant(1, name)) == []
    assert engine.participant_id(name) == 1


@pytest.mark.parametrize(
    "name",
    [
        b"",
        b"tab\there",
        b"\x1f",
        b"\x7f",
        "\u0080".encode(),
        "\u009f".encode(),
        b"\xff",
        b"\xc3",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
        b"x" * 47 + b"\xc3",
    ],
)
def test_a_name_has_no_control_characters_and_nothing_that_is_not_utf_8(engine, name):
    assert refused(engine, c.define_participant(1, name)) == "NAME_INVALID"


def test_names_are_unique_among_their_kind_only(engine):
    assert (
        told(engine, c.define_participant(1, "same"), c.define_session(1, "same", 1), c.define_instrument(1, "same"))
        == []
    )
    assert refused(engine, c.define_participant(2, "same")) == "NAME_TAKEN"
    assert refused(engine, c.define_session(2, "same", 1)) == "NAME_TAKEN"
    assert refused(engine, c.define_instrument(2, "same")) == "NAME_TAKEN"


def test_cl_ord_id_is_strictly_increasing_with_gaps(market):
    assert refused(market, c.new(ALICE, 0, ACME, BUY, 10, 100)) == "INVALID_CL_ORD_ID"
    assert refused(market, c.new(ALICE, -1, ACME, BUY, 10, 100)) == "INVALID_CL_ORD_ID"
    assert told(market, c.new(ALICE, 7, ACME, BUY, 10, 100)) == [("NEW", 7, 10)]
    assert refused(market, c.new(ALICE, 7, ACME, BUY, 10, 100)) == "DUPLICATE_CL_ORD_ID"
    assert refused(market, c.cancel(ALICE, 6, ACME, 7)) == "DUPLICATE_CL_ORD_ID"
    assert told(market, c.new(ALICE, INT64_MAX, ACME, BUY, 10, 100)) == [("NEW", INT64_MAX, 10)]


def test_each_session_has_its_own_mark(market):
    apply(market, c.new(ALICE, 5, ACME, BUY, 10, 100), c.new(ANN, 3, ACME, BUY, 10, 100))
    assert market.sessions["mark"].tolist() == [5, 3, 0, 0, 0]


def test_a_rejected_command_moves_the_mark_too(market):
    assert refused(market, c.new(ALICE, 4, 99, BUY, 10, 100)) == "UNKNOWN_INSTRUMENT"
    assert refused(market, c.new(ALICE, 4, ACME, BUY, 10, 100)) == "DUPLICATE_CL_ORD_ID"
    assert told(market, c.clock(session=OPS, cl_ord_id=9)) == [("COMMAND_ACK", 9)]
    assert market.sessions["mark"].tolist() == [4, 0, 0, 0, 9]


def test_logon_logout_disconnect_and_the_venue_move_no_mark(market):
    apply(
        market,
        c.logon(ALICE, cl_ord_id=77),
        c.logout(ALICE, cl_ord_id=78),
        c.disconnect(ALICE, cl_ord_id=79),
        c.clock(),
    )
    assert market.sessions["mark"].tolist() == [0] * 5


def test_order_ids_count_accepted_orders_with_the_shard_on_top(engine_class):
    engine = engine_class(shard=3)
    apply(engine, c.define_participant(1, "p"), c.define_session(1, "s", 1), c.define_instrument(1, "I"))
    events = apply(engine, c.new(1, 1, 1, BUY, 1, 10), c.new(1, 2, 9, BUY, 1, 10), c.new(1, 3, 1, BUY, 1, 10))
    assert [event.order_id for event in events] == [(3 << 56) + 1, 0, (3 << 56) + 2]


def test_exec_ids_count_execution_reports_and_both_sides_of_a_trade_share_its_id(market):
    apply(market, c.new(ALICE, 1, ACME, SELL, 20, 100))
    refused(market, c.cancel(ALICE, 2, ACME, 99))                # no execution report, no ExecID
    events = apply(market, c.new(BOB, 1, ACME, BUY, 10, 100), c.new(BOB, 2, ACME, BUY, 10, 100))
    assert [event.exec_id for event in events] == [2, 3, 4, 5, 6, 7]
    assert [event.trd_match_id for event in events] == [0, 1, 1, 0, 2, 2]


def test_a_replace_keeps_the_order_id_and_only_the_new_cl_ord_id_names_it(market):
    first, = apply(market, c.new(ALICE, 1, ACME, BUY, 10, 100, tif=DAY))
    second, = apply(market, c.replace(ALICE, 2, ACME, 1, tif=GTC))
    assert first.order_id == second.order_id
    assert refused(market, c.cancel(ALICE, 3, ACME, 1)) == "UNKNOWN_ORDER"
    assert told(market, c.cancel(ALICE, 4, ACME, 2)) == [("CANCELED", 4)]


def test_report_numbers_count_per_session_without_gaps(market):
    events = apply(market, c.new(ALICE, 1, ACME, SELL, 10, 100), c.new(BOB, 1, ACME, BUY, 20, 100),
                   c.cancel(ALICE, 2, ACME, 1), c.clock(session=OPS, cl_ord_id=1))
    assert [(event.session, event.report_number) for event in events] == [
        (ALICE, 1), (BOB, 1), (ALICE, 2), (BOB, 2), (ALICE, 3), (OPS, 1)]
    assert market.sessions["report_number"].tolist() == [3, 0, 2, 0, 1]


def test_what_is_not_numbered(market):
    apply(market, c.new(ALICE, 1, ACME, BUY, 10, 100))
    events = apply(
        market, c.cancel(ANN, 1, ACME, order_id=1), c.logon(ANN), c.logout(ANN), c.new(ANN, 1, ACME, BUY, 10, 100)
    )
    assert [(EventType(event.type).name, event.session, event.report_number) for event in events] == [
        ("CANCELED", ALICE, 2), ("CANCELED", ANN, 0), ("LOGON_ANSWER", ANN, 0), ("LOGOUT_ANSWER", ANN, 0),
        ("BUSINESS_MESSAGE_REJECT", ANN, 0)]
    assert events[0].exec_id == events[1].exec_id       # a copy repeats the ExecID


# ------------------------------------------------------------------------------------------------ ages


def ages(market: object) -> dict[int, int]:
    """By OrderID."""
    return {int(row["order_id"]): int(row["age"]) for row in market.orders(POWER)}


def test_ages_are_given_to_icebergs_hidden_orders_stops_and_at_the_close_only(market):
    power = {"session": ALICE, "instrument": POWER, "side": BUY, "quantity": 5}
    apply(market, c.new(cl_ord_id=1, price=90, **power), c.new(cl_ord_id=2, price=90, display=2, **power),
          c.new(cl_ord_id=3, price=90, display=0, **power), c.new(cl_ord_id=4, stop=99, **power),
          c.new(cl_ord_id=5, price=90, tif=c.AT_THE_CLOSE, **power), c.new(cl_ord_id=6, price=90, tif=GTC, **power),
          c.new(cl_ord_id=7, price=91, stop=99, display=1, **power))
    assert ages(market) == {1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 0, 7: 5}


def test_there_is_one_counter_of_places_for_all_instruments(market):
    apply(market, c.new(ALICE, 1, ACME, BUY, 10, 90, display=10), c.new(ALICE, 2, POWER, BUY, 5, 90, display=1))
    assert ages(market) == {2: 2}


def test_an_iceberg_that_is_filled_on_entry_takes_no_place(market):
    apply(market, c.new(ALICE, 1, POWER, BUY, 5, 90), c.new(BOB, 1, POWER, SELL, 5, 90, display=1),
          c.new(ALICE, 2, POWER, BUY, 5, 90, display=1))
    assert ages(market) == {3: 1}


@pytest.mark.parametrize(("side", "price"), [(BUY, INT64_MAX), (BUY, -INT64_MAX - 1), (SELL, INT64_MAX),
                                             (SELL, -INT64_MAX - 1)])
def test_icebergs_stops_and_hidden_orders_at_the_ends_of_64_bits(market, side, price):
    other = SELL if side == BUY else BUY
    bound = INT64_MAX // 131072
    apply(market, c.new(ALICE, 1, POWER, side, bound, price, display=bound - 1),
          c.new(ALICE, 2, POWER, side, bound, price, display=0))
    events = told(market, c.new(BOB, 1, POWER, other, bound, price), c.new(BOB, 2, POWER, other, bound, price))
    assert [event[3] for event in events if event[0] == "TRADE" and event[1] < 3][::2] == [bound - 1, 1, bound]
    assert told(market, c.new(ALICE, 5, POWER, side, 1, stop=price))[1:] == [
        ("TRIGGERED", 5, 0), ("CANCELED", 5, "MARKET_REST")]
