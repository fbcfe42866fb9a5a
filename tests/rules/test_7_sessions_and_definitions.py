"""Rule 7: logon, logout, disconnect, VenueStart; participants, sessions, instruments."""

import commands as c
import numpy as np
import pytest
from commands import BUY, GTC, SELL, apply, refused, told
from market import ACME, ALICE, ANN, BOB, DORA, FIRM_A, FIRM_B, FIRM_D, OPS, POWER

from pricetime.matching import records
from pricetime.matching.records import COMMAND, Reason

# --------------------------------------------------------------------------------------------------- keys

def test_a_key_is_acknowledged_whatever_it_says_and_nothing_but_mark_and_report_number_is_kept(market):
    before = market.dump()
    apply(market, c.define_key("laptop", b"x" * 40, ALICE), c.define_key(None, None, 99, records.DISABLED))
    header = records.STATE_HEADER.itemsize
    assert market.dump()[header:] == before[header:]
    assert told(market, c.define_key("laptop", b"x", session=OPS, cl_ord_id=7),
                c.define_key(b"\xff", b"\xff", 1 << 63, records.RIGHTS_MASK, session=OPS, cl_ord_id=9)) == [
        ("COMMAND_ACK", 7), ("COMMAND_ACK", 9)]
    assert (market.sessions["mark"][OPS - 1], market.sessions["report_number"][OPS - 1]) == (9, 2)
    assert refused(market, c.define_key("laptop", None, session=OPS, cl_ord_id=9)) == "DUPLICATE_CL_ORD_ID"


# ----------------------------------------------------------------------------------------------- sessions


def test_a_logon_is_answered_with_the_mark_and_the_next_report_number(market):
    apply(market, c.new(ALICE, 41, ACME, BUY, 10, 100), c.venue_start(1))
    event, = apply(market, c.logon(ALICE))
    assert (event.session, event.cl_ord_id, event.order_id, event.report_number) == (ALICE, 41, 2, 0)
    assert market.sessions["logged_on"].tolist() == [1, 0, 0, 0, 0]


def test_a_logout_is_a_disconnect_with_an_answer(market):
    apply(market, c.venue_start(1), c.logon(DORA), c.new(DORA, 1, ACME, BUY, 10, 100))
    assert told(market, c.logout(DORA)) == [("CANCELED", 1, "SESSION_DISCONNECTED"), ("LOGOUT_ANSWER", 0)]
    assert refused(market, c.new(DORA, 2, ACME, BUY, 10, 100)) == "NOT_LOGGED_ON"


def test_a_session_marked_so_loses_all_its_orders_in_order_id_order(market):
    apply(market, c.venue_start(1), c.logon(DORA), c.logon(BOB), c.new(DORA, 1, ACME, SELL, 10, 100, tif=GTC),
          c.new(BOB, 1, ACME, BUY, 10, 50), c.new(DORA, 2, POWER, BUY, 10, 7), c.new(DORA, 3, ACME, BUY, 10, 90),
          c.replace(DORA, 4, ACME, 1, price=95))
    events = apply(market, c.disconnect(DORA))
    assert [c.brief(event) for event in events] == [(
        "CANCELED", name, "SESSION_DISCONNECTED") for name in (4, 2, 3)]
    assert [event.order_id for event in events] == [1, 3, 4]
    assert [event.orig_cl_ord_id for event in events] == [0, 0, 0]
    assert c.queue(market, ACME) == [(1, 50, 10)]
    assert market.sessions["logged_on"].tolist() == [0, 0, 1, 0, 0]


def test_other_sessions_keep_their_orders(market):
    apply(market, c.venue_start(1), c.logon(ALICE), c.new(ALICE, 1, ACME, BUY, 10, 100))
    assert told(market, c.disconnect(ALICE)) == []
    assert c.queue(market, ACME) == [(1, 100, 10)]


def test_a_new_logon_first_disconnects_the_old_connection(market):
    apply(market, c.venue_start(1), c.logon(DORA), c.new(DORA, 1, ACME, BUY, 10, 100))
    assert told(market, c.logon(DORA)) == [("CANCELED", 1, "SESSION_DISCONNECTED"), ("LOGON_ANSWER", 1, 3)]


def test_before_the_first_venue_start_a_disconnect_cancels_too(market):
    apply(market, c.new(DORA, 1, ACME, BUY, 10, 100))
    assert told(market, c.disconnect(DORA)) == [("CANCELED", 1, "SESSION_DISCONNECTED")]
    assert told(market, c.new(DORA, 2, ACME, BUY, 10, 100)) == [("NEW", 2, 10)]


def test_an_order_that_moved_is_lost_with_its_new_session(market):
    apply(market, c.define_session(ANN, None, FIRM_A, c.TRADER | records.CANCEL_ON_DISCONNECT),
          c.new(ALICE, 1, ACME, BUY, 10, 100), c.replace(ANN, 5, ACME, order_id=1))
    assert told(market, c.disconnect(ALICE)) == []
    assert told(market, c.disconnect(ANN)) == [("CANCELED", 5, "SESSION_DISCONNECTED")]


# -------------------------------------------------------------------------------------------- VenueStart


def test_a_venue_start_disconnects_every_session_by_id(market):
    apply(market, c.define_session(ALICE, None, FIRM_A, c.TRADER | records.CANCEL_ON_DISCONNECT),
          c.new(DORA, 1, ACME, BUY, 10, 100), c.new(ALICE, 1, ACME, BUY, 10, 95), c.new(BOB, 1, ACME, BUY, 10, 90))
    events = apply(market, c.venue_start(1))
    assert [(event.session, *c.brief(event)) for event in events] == [
        (ALICE, "CANCELED", 1, "SESSION_DISCONNECTED"), (DORA, "CANCELED", 1, "SESSION_DISCONNECTED")]
    assert market.sessions["logged_on"].tolist() == [0] * 5


@pytest.mark.parametrize(("record", "reason"), [
    (c.venue_start(0), "RUN_OUT_OF_SEQUENCE"),
    (c.venue_start(2), "RUN_OUT_OF_SEQUENCE"),
    (c.venue_start((1 << 64) - 1), "RUN_OUT_OF_SEQUENCE"),
    (c.venue_start(2, rules_version=2), "RUN_OUT_OF_SEQUENCE"),
    (c.venue_start(1, rules_version=0), "RULES_VERSION_UNKNOWN"),
    (c.venue_start(1, rules_version=1, capacity=-1), "RULES_VERSION_UNKNOWN"),
    (c.venue_start(1, capacity=-1), "CAPACITY_INVALID"),
    (c.venue_start(1, capacity=(1 << 24) + 1), "CAPACITY_INVALID"),
    (c.venue_start(1, capacity=1 << 40), "CAPACITY_INVALID"),
], ids=str)
def test_a_venue_start_is_refused_in_order(engine, record, reason):
    apply(engine, c.define_participant(1, "p"), c.define_session(1, "s", 1))
    assert refused(engine, record) == reason
    assert engine.sessions["logged_on"].tolist() == [1]
    assert told(engine, c.venue_start(1)) == []


def test_runs_count_from_1(market):
    assert told(market, c.venue_start(1), c.venue_start(2)) == []
    assert refused(market, c.venue_start(2)) == "RUN_OUT_OF_SEQUENCE"


def test_the_first_venue_start_sets_the_capacity_before_any_instrument_is_defined(engine):
    apply(engine, c.define_participant(1, "p"), c.define_session(1, "s", 1))
    assert told(engine, c.venue_start(1, capacity=2)) == []
    assert refused(engine, c.venue_start(2, capacity=3)) == "CAPACITY_INVALID"
    assert told(engine, c.venue_start(2, capacity=2), c.venue_start(3)) == []
    apply(engine, c.define_instrument(1, "I"), c.status(c.CONTINUOUS, 1), c.logon(1))
    apply(engine, c.new(1, 1, 1, BUY, 1, 10), c.new(1, 2, 1, BUY, 1, 10))
    assert refused(engine, c.new(1, 3, 1, BUY, 1, 10)) == "ORDER_POOL_FULL"


def test_the_capacity_stays_where_an_instrument_is_defined(engine):
    apply(engine, c.define_instrument(1, "I"))
    assert refused(engine, c.venue_start(1, capacity=2)) == "CAPACITY_INVALID"
    assert told(engine, c.venue_start(1, capacity=131072)) == []


# ------------------------------------------------------------------------------------------- definitions


@pytest.mark.parametrize("define", [
    c.define_participant, lambda id, name: c.define_session(id, name, 1), c.define_instrument,
], ids=["participants", "sessions", "instruments"])
def test_a_name_of_many_is_taken_once(engine, define):
    """Names of one byte to 48, enough that each table grows several times."""
    names = [str(number % 10) * (1 + number // 10) for number in range(300)]
    names = [*names, *(f"{number:048}" for number in range(200))]
    if define is not c.define_participant:
        apply(engine, c.define_participant(1, "owner"))
    assert apply(engine, *(define(id, name) for id, name in enumerate(names, 1))) == []
    assert {refused(engine, define(len(names) + 1, name)) for name in names} == {"NAME_TAKEN"}
    assert apply(engine, define(len(names) + 1, "another")) == []
    engine.check()


@pytest.mark.parametrize(("record", "reason"), [
    (c.define_participant(6, "new"), "ID_OUT_OF_SEQUENCE"),
    (c.define_participant(0, "new"), "ID_OUT_OF_SEQUENCE"),
    (c.define_participant((1 << 64) - 1, "new"), "ID_OUT_OF_SEQUENCE"),
    (c.define_participant(6, None), "ID_OUT_OF_SEQUENCE"),
    (c.define_participant(5, None), "LINE_MISSING"),
    (c.define_participant(5, ""), "NAME_INVALID"),
    (c.define_participant(5, "Firm A"), "NAME_TAKEN"),
    (c.define_participant(1, "Firm Z"), "NAME_TAKEN"),
    (c.define_participant(1, "Firm B"), "NAME_TAKEN"),
    (c.define_participant(1, "a\tb"), "NAME_INVALID"),
], ids=str)
def test_a_participant_is_refused(market, record, reason):
    before = market.participants.tobytes()
    assert refused(market, record) == reason
    assert market.participants.tobytes() == before


@pytest.mark.parametrize(("record", "reason"), [
    (c.define_session(7, "new", FIRM_A), "ID_OUT_OF_SEQUENCE"),
    (c.define_session(6, None, FIRM_A), "LINE_MISSING"),
    (c.define_session(6, "", 99), "NAME_INVALID"),
    (c.define_session(6, "alice", 99), "NAME_TAKEN"),
    (c.define_session(6, "new", 99), "UNKNOWN_PARTICIPANT"),
    (c.define_session(6, "new", 0), "UNKNOWN_PARTICIPANT"),
    (c.define_session(6, "new", -1), "UNKNOWN_PARTICIPANT"),
    (c.define_session(6, "new", (1 << 32) + 1), "UNKNOWN_PARTICIPANT"),
    (c.define_session(ALICE, "other", FIRM_B), "NAME_TAKEN"),
    (c.define_session(ALICE, None, FIRM_B), "PARTICIPANT_CHANGED"),
    (c.define_session(ALICE, None, 0), "PARTICIPANT_CHANGED"),
    (c.define_session(ALICE, None, (1 << 32) + FIRM_A), "PARTICIPANT_CHANGED"),
], ids=str)
def test_a_session_is_refused(market, record, reason):
    before = market.sessions.tobytes()
    assert refused(market, record) == reason
    assert market.sessions.tobytes() == before


COLLAR = c.limits_line(collar=-5)
GOOD = c.terms_line()


@pytest.mark.parametrize(("record", "reason"), [
    (c.define_instrument(4, "new"), "ID_OUT_OF_SEQUENCE"),
    (c.define_instrument(0, "new"), "ID_OUT_OF_SEQUENCE"),
    (c.define_instrument(3, None), "LINE_MISSING"),
    (c.define_instrument(3, "", None), "NAME_INVALID"),
    (c.define_instrument(3, "ACME", None), "NAME_TAKEN"),
    (c.define_instrument(3, "new", None), "LINE_MISSING"),
    (c.define_instrument(3, "new", c.terms_line(0, 0, price_scale=19)), "SCALE_INVALID"),
    (c.define_instrument(3, "new", c.terms_line(0, 0, qty_scale=19)), "SCALE_INVALID"),
    (c.define_instrument(3, "new", c.terms_line(0, 0)), "TICK_INVALID"),
    (c.define_instrument(3, "new", c.terms_line(-5, 1)), "TICK_INVALID"),
    (c.define_instrument(3, "new", c.terms_line(1, 0), COLLAR), "LOT_INVALID"),
    (c.define_instrument(3, "new", c.terms_line(1, -1)), "LOT_INVALID"),
    (c.define_instrument(3, "new", GOOD, c.limits_line(collar=-1)), "LIMIT_INVALID"),
    (c.define_instrument(3, "new", GOOD, c.limits_line(dynamic_band=-1, call_duration=5)), "LIMIT_INVALID"),
    (c.define_instrument(3, "new", GOOD, c.limits_line(static_band=-1, call_duration=5)), "LIMIT_INVALID"),
    (c.define_instrument(3, "new", GOOD, c.limits_line(dynamic_band=5)), "LIMIT_INVALID"),
    (c.define_instrument(3, "new", GOOD, c.limits_line(static_band=5)), "LIMIT_INVALID"),
    (c.define_instrument(3, "new", GOOD, c.limits_line(call_duration=0)), "LIMIT_INVALID"),
    (c.define_instrument(3, "new", GOOD, c.limits_line(call_duration=-5)), "LIMIT_INVALID"),
    (c.define_instrument(3, "new", GOOD, c.limits_line(reference_price=0)), "LIMIT_INVALID"),
    (c.define_instrument(3, "new", GOOD, c.limits_line(reference_price=-1)), "LIMIT_INVALID"),
    (c.define_instrument(3, "new", c.terms_line(5), c.limits_line(reference_price=12)), "LIMIT_INVALID"),
    (c.define_instrument(3, "new", GOOD, c.limits_line(max_order_quantity=0)), "LIMIT_INVALID"),
    (c.define_instrument(3, "new", GOOD, c.limits_line(max_order_quantity=-1)), "LIMIT_INVALID"),
    (c.define_instrument(ACME, "other", None), "NAME_TAKEN"),
    (c.define_instrument(ACME, "ACME", None, currency=b"EUR"), "TERMS_CHANGED"),
    (c.define_instrument(ACME, None, c.terms_line(1, 10)), "TERMS_CHANGED"),
    (c.define_instrument(ACME, None, c.terms_line(5, 1)), "TERMS_CHANGED"),
    (c.define_instrument(ACME, None, c.terms_line(5, 10, negative=True)), "TERMS_CHANGED"),
    (c.define_instrument(ACME, None, c.terms_line(5, 10, price_scale=2)), "TERMS_CHANGED"),
    (c.define_instrument(ACME, None, c.terms_line(5, 10, qty_scale=2)), "TERMS_CHANGED"),
    (c.define_instrument(ACME, None, c.terms_line(5, 10, iceberg_parts_max=99), COLLAR), "TERMS_CHANGED"),
    (c.define_instrument(ACME, None, None, c.limits_line(dynamic_band=5)), "LIMIT_INVALID"),
    (c.define_instrument(ACME, None, c.terms_line(5, 10, hidden=True)), "TERMS_CHANGED"),
    (c.define_instrument(ACME, None, None, c.limits_line(reference_price=12)), "LIMIT_INVALID"),
    (c.define_instrument(ACME, None, None, c.limits_line(reference_price=100, max_order_quantity=0)), "LIMIT_INVALID"),
], ids=str)
def test_an_instrument_is_refused(market, record, reason):
    before = market.instruments.tobytes()
    assert refused(market, record) == reason
    assert market.instruments.tobytes() == before


@pytest.mark.parametrize("record", [
    c.define_instrument(ACME, "ACME", c.terms_line(5, 10, iceberg_parts_max=100)),      # 0 was the default, 100
    c.define_instrument(ACME, None, c.terms_line(5, 10)),
    c.define_instrument(ACME, "ACME", None),
    c.define_instrument(ACME, None, None),
], ids=["all the same", "terms the same", "name the same", "nothing"])
def test_a_known_id_redefines_where_what_is_given_is_the_same(market, record):
    before = market.instruments.tobytes()
    assert told(market, record) == []
    assert market.instruments.tobytes() == before


def test_an_instrument_has_what_its_definition_says(engine):
    terms = c.terms_line(25, 3, negative=True, price_scale=18, qty_scale=4, iceberg_parts_max=7)
    apply(
        engine,
        c.define_instrument(1, "GAS", terms, c.limits_line(reference_price=-50, max_order_quantity=9), currency=b"EUR"),
    )
    row, = engine.instruments
    given = {
        name: row[name].item()
        for name in (
            "tick_size",
            "lot_size",
            "price_scale",
            "qty_scale",
            "iceberg_parts_max",
            "reference_price",
            "max_order_quantity",
            "name",
            "currency",
            "phase",
        )
    }
    assert given == {
        "tick_size": 25,
        "lot_size": 3,
        "price_scale": 18,
        "qty_scale": 4,
        "iceberg_parts_max": 7,
        "reference_price": -50,
        "max_order_quantity": 9,
        "name": b"GAS",
        "currency": b"EUR",
        "phase": c.CONTINUOUS,
    }
    assert row["terms_flags"] == records.PRICE_MAY_BE_NEGATIVE
    assert row["limits_presence"] == records.HAS_REFERENCE_PRICE | records.HAS_MAX_ORDER_QUANTITY


def test_only_the_limits_that_are_present_change(market):
    apply(market, c.define_instrument(ACME, None, None, c.limits_line(reference_price=100, max_order_quantity=70)))
    apply(market, c.define_instrument(ACME, None, None, c.limits_line(reference_price=105)))
    row = market.instruments[0]
    assert (row["reference_price"], row["max_order_quantity"]) == (105, 70)


def test_a_participant_a_session_and_an_instrument_can_be_disabled_and_enabled_again(market):
    order = iter(range(1, 100))
    for off, on, reason in (
        (
            c.define_participant(FIRM_A, None, attributes=records.DISABLED),
            c.define_participant(FIRM_A, None),
            "PARTICIPANT_DISABLED",
        ),
        (
            c.define_session(ALICE, None, FIRM_A, c.TRADER | records.DISABLED),
            c.define_session(ALICE, None, FIRM_A),
            "SESSION_DISABLED",
        ),
        (
            c.define_instrument(ACME, None, None, attributes=records.DISABLED),
            c.define_instrument(ACME, None, None),
            "INSTRUMENT_DISABLED",
        ),
    ):
        apply(market, off)
        assert refused(market, c.new(ALICE, next(order), ACME, BUY, 10, 100)) == reason
        apply(market, on)
        assert len(told(market, c.new(ALICE, next(order), ACME, BUY, 10, 100))) == 1


def test_a_sessions_rights_and_cancel_on_disconnect_can_change(market):
    apply(market, c.new(DORA, 1, ACME, BUY, 10, 100), c.define_session(DORA, None, FIRM_D, c.OPERATOR))
    assert told(market, c.disconnect(DORA)) == []
    assert refused(market, c.cancel(DORA, 2, ACME, 1)) == "NOT_AUTHORIZED"
    assert told(market, c.clock(session=DORA, cl_ord_id=2)) == [("COMMAND_ACK", 2)]


@pytest.mark.parametrize("kind", ["participants", "sessions", "instruments"])
def test_a_table_holds_65_535(engine_class, kind):
    """Loaded from a state one short of full: defining so many by commands would take a minute in the plain engine."""
    engine = engine_class(order_capacity=1)
    apply(engine, c.define_participant(1, "p0"))
    define = {"participants": lambda id, name: c.define_participant(id, name),
              "sessions": lambda id, name: c.define_session(id, name, 1),
              "instruments": lambda id, name: c.define_instrument(id, name)}[kind]
    first = 2 if kind == "participants" else 1
    apply(engine, define(first, "n"))
    rows = np.repeat(getattr(engine, kind)[-1:], 65_534 - first + 1)
    rows["id"] = np.arange(first, 65_535)
    rows["name"] = [b"n%d" % id for id in rows["id"].tolist()]
    header = np.frombuffer(bytearray(engine.dump()[: records.STATE_HEADER.itemsize]), dtype=records.STATE_HEADER)
    header[kind] = 65_534
    parts = [header.tobytes(), b"" if kind == "participants" else engine.participants.tobytes(), rows.tobytes()]
    if kind == "participants":
        parts.insert(1, engine.participants[:1].tobytes())
    engine = engine_class.load(b"".join(parts))
    assert told(engine, define(65_535, "the last")) == []
    assert refused_briefly(engine, define(65_536, "one too many")) == "TABLE_FULL"
    assert len(getattr(engine, kind)) == 65_535


def refused_briefly(engine: object, record: bytes) -> str:
    """The reason alone: `refused` would look at every one of the books."""
    event, = apply(engine, record)
    return Reason(event.reason).name


# ------------------------------------------------------------------------------------------------ answers


def test_a_session_that_defines_is_answered_and_the_venue_only_where_it_is_refused(market):
    ack, reject = apply(market, c.define_participant(5, "E", session=OPS, cl_ord_id=1),
                        c.define_participant(9, "F", session=OPS, cl_ord_id=2))
    assert [c.brief(ack), c.brief(reject)] == [("COMMAND_ACK", 1), ("BUSINESS_MESSAGE_REJECT", 2, "ID_OUT_OF_SEQUENCE")]
    assert [(event.session, event.report_number) for event in (ack, reject)] == [(OPS, 1), (OPS, 2)]
    assert told(market, c.define_participant(6, "F")) == []
    event, = apply(market, c.define_participant(9, "G"))
    assert (event.session, event.report_number, c.brief(event)[-1]) == (0, 0, "ID_OUT_OF_SEQUENCE")


def test_a_band_needs_a_call_duration_given_now_or_before(market):
    assert told(market, c.define_instrument(ACME, None, None, c.limits_line(call_duration=5)),
                c.define_instrument(ACME, None, None, c.limits_line(dynamic_band=0, static_band=7))) == []
    assert told(market, c.define_instrument(POWER, None, None, c.limits_line(static_band=7, call_duration=1))) == []
    row = market.instruments[0]
    assert [int(row[name]) for name in ("dynamic_band", "static_band", "call_duration")] == [0, 7, 5]
    assert int(row["limits_presence"]) == records.HAS_DYNAMIC_BAND | records.HAS_STATIC_BAND | records.HAS_CALL_DURATION


def test_limits_that_are_not_on_a_tick_are_limits(market):
    """Collar and bands are distances, not prices."""
    assert told(market, c.define_instrument(ACME, None, None, c.limits_line(
        collar=3, dynamic_band=1, static_band=(1 << 63) - 1, call_duration=(1 << 63) - 1))) == []


def test_a_redefinition_looks_at_no_order_that_rests(market):
    apply(market, c.new(ALICE, 1, ACME, BUY, 50, 100), c.new(ALICE, 2, ACME, BUY, 10, stop=200))
    assert told(market, c.define_instrument(ACME, None, None, c.limits_line(
        reference_price=300, collar=0, max_order_quantity=1))) == []
    assert [name for name, _, _ in c.queue(market, ACME)] == [1, 2]
    assert refused(market, c.new(ALICE, 3, ACME, BUY, 10, 100)) == "QUANTITY_TOO_LARGE"


def test_a_state_of_old_rules_is_refused(market, engine_class):
    state = bytearray(market.dump())
    state[8] = 1
    with pytest.raises(ValueError):
        engine_class.load(bytes(state))


def test_the_engine_refuses_to_go_on_where_its_event_digest_differs(market):
    apply(market, c.new(ALICE, 1, ACME, BUY, 10, 100))
    low, high = market.event_digest
    before = market.dump()
    for wrong in ((low ^ 1, high), (low, high ^ 1), (high, low)):
        with pytest.raises(ValueError, match="digest"):
            market.apply(np.frombuffer(c.event_digest(*wrong), dtype=COMMAND))
    assert market.dump() == before
    assert told(market, c.event_digest(low, high)) == []
    assert market.event_digest == (low, high)


def test_reasons_are_numbered_in_the_order_in_which_they_are_checked():
    """The table's groups: door, instrument, phase, fields, order, risk, book, administration, why an order ended."""
    names = [reason.name for reason in sorted(Reason)]
    for earlier, later in (("UNKNOWN_MSG_TYPE", "UNKNOWN_VERSION"), ("DUPLICATE_CL_ORD_ID", "UNKNOWN_INSTRUMENT"),
                           ("INSTRUMENT_DISABLED", "PHASE_CLOSED"), ("POST_ONLY_IN_CALL", "UNKNOWN_SIDE"),
                           ("POST_ONLY_IMMEDIATE", "UNKNOWN_ORDER"), ("ORD_TYPE_CHANGED", "SESSION_DISABLED"),
                           ("ORDER_POOL_FULL", "POST_ONLY_WOULD_TRADE"), ("TABLE_FULL", "LINE_MISSING"),
                           ("NAME_TAKEN", "UNKNOWN_PARTICIPANT"), ("RUN_OUT_OF_SEQUENCE", "RULES_VERSION_UNKNOWN")):
        assert names.index(earlier) < names.index(later)
