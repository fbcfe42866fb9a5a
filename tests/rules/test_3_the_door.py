"""Rule 3: what is no command, and who may send what when. Nothing that fails here changes anything."""

import commands as c
import numpy as np
import pytest
from commands import BUY, apply, refused, told
from market import ACME, ALICE, BOB, DORA, OPS, UNKNOWN

from pricetime.matching import records
from pricetime.matching.records import COMMAND, CommandType, LineType

LIMITS = c.limits_line(reference_price=5)
TEXT = c.further(LineType.TEXT_LINE, text=b"hello")
ACCOUNT = c.further(LineType.ACCOUNT_LINE, text=b"hello")
ADVANCED = c.further(LineType.ADVANCED_LINE)


def patched(record: bytes, at: int, byte: int) -> bytes:
    return record[:at] + bytes([byte]) + record[at + 1:]


def order(*lines: bytes, **fields: int) -> bytes:
    return c.new(ALICE, 1, ACME, BUY, 10, 100, lines=lines, **fields)


UNDECODABLE = {
    "type 0": (order(type=0), "UNKNOWN_MSG_TYPE", 4),
    "type unknown": (order(type=63), "UNKNOWN_MSG_TYPE", 4),
    "type beyond all": (order(type=200), "UNKNOWN_MSG_TYPE", 4),
    "type before version": (order(type=63, shape=0x21), "UNKNOWN_MSG_TYPE", 4),
    "version newer": (order(shape=0x21), "UNKNOWN_VERSION", 5),
    "version 0": (order(shape=0x01), "UNKNOWN_VERSION", 5),
    "no line": (order(shape=0x10), "BAD_LINE_COUNT", 5),
    "9 lines": (order(shape=0x19) + bytes(8 * 64), "BAD_LINE_COUNT", 5),
    "lines that are not there": (order(shape=0x12), "BAD_LINE_COUNT", 5),
    "a line that the type has not": (order(LIMITS), "BAD_FURTHER_LINE", 68),
    "a line that a cancel has not": (c.record(2, ADVANCED), "BAD_FURTHER_LINE", 68),
    "a line with a clock": (c.record(36, TEXT), "BAD_FURTHER_LINE", 68),
    "a kind twice": (order(TEXT, TEXT), "BAD_FURTHER_LINE", 132),
    "kinds out of order": (order(TEXT, ACCOUNT), "BAD_FURTHER_LINE", 132),
    "no line type": (order(bytes(64)), "BAD_FURTHER_LINE", 68),
    "attributes of a clock": (c.record(36, attributes=1), "RESERVED_NOT_ZERO", 6),
    "attributes of a definition": (c.define_participant(1, "x", attributes=0x8000), "RESERVED_NOT_ZERO", 7),
    "zero of a line": (patched(order(TEXT), 66, 1), "RESERVED_NOT_ZERO", 66),
    "zero_byte of a line": (patched(order(TEXT), 69, 1), "RESERVED_NOT_ZERO", 69),
    "presence of a text": (patched(order(TEXT), 70, 1), "RESERVED_NOT_ZERO", 70),
    "behind a text": (patched(order(TEXT), 127, 1), "RESERVED_NOT_ZERO", 127),
    "behind a name": (patched(c.define_participant(1, "x"), 75, 65), "RESERVED_NOT_ZERO", 75),
    "behind a currency": (patched(c.define_participant(1, "x"), 125, 65), "RESERVED_NOT_ZERO", 125),
    "presence of advanced": (patched(order(ADVANCED), 70, 0x20), "RESERVED_NOT_ZERO", 70),
    "reserved of advanced": (patched(order(ADVANCED), 127, 1), "RESERVED_NOT_ZERO", 127),
    "presence of limits": (c.define_instrument(1, None, None, c.limits_line(presence=0x40)), "RESERVED_NOT_ZERO", 70),
    "reserved of limits": (patched(c.define_instrument(1, None, None, LIMITS), 120, 1), "RESERVED_NOT_ZERO", 120),
    "flags of terms": (c.define_instrument(1, None, c.terms_line(flags=4)), "RESERVED_NOT_ZERO", 70),
    "reserved of terms": (patched(c.define_instrument(1, None, c.terms_line()), 74, 1), "RESERVED_NOT_ZERO", 74),
    "attributes of a mass cancel": (c.record(4, attributes=4), "RESERVED_NOT_ZERO", 6),
    "attributes of risk limits": (c.record(19, attributes=1), "RESERVED_NOT_ZERO", 6),
    "attributes of a position": (c.record(20, attributes=1), "RESERVED_NOT_ZERO", 6),
    "attributes of a kill switch": (c.record(21, attributes=2), "RESERVED_NOT_ZERO", 6),
    "presence of order limits": (c.risk_limits(1, 0, patched(c.order_limits_line(), 6, 8)), "RESERVED_NOT_ZERO", 70),
    "presence of open limits": (c.risk_limits(1, 0, patched(c.open_limits_line(), 6, 16)), "RESERVED_NOT_ZERO", 70),
    "reserved of open limits": (c.risk_limits(1, 0, patched(c.open_limits_line(), 63, 1)), "RESERVED_NOT_ZERO", 127),
    "risk limits twice": (c.risk_limits(1, 0, c.order_limits_line(), c.order_limits_line()), "BAD_FURTHER_LINE", 132),
    "risk limits out of order": (c.risk_limits(1, 0, c.open_limits_line(), c.order_limits_line()),
                                 "BAD_FURTHER_LINE", 132),
    "a line of a mass cancel": (c.record(4, TEXT), "BAD_FURTHER_LINE", 68),
    "attributes of a key": (c.define_key("k", b"x", rights=2), "RESERVED_NOT_ZERO", 6),
    "a line that a key has not": (c.record(24, ACCOUNT), "BAD_FURTHER_LINE", 68),
    "behind a key": (patched(c.define_key("k", b"x" * 40), 191, 1), "RESERVED_NOT_ZERO", 191),
    "reserved of risk limits": (c.record(19, patched(c.further(132), 63, 1)), "RESERVED_NOT_ZERO", 127),
}


@pytest.mark.parametrize("case", UNDECODABLE)
def test_what_cannot_be_decoded_is_refused_by_reason_and_byte(market, case):
    record, reason, byte = UNDECODABLE[case]
    before = market.dump()
    with pytest.raises(ValueError, match=rf"{reason} at byte {byte}\b"):
        market.apply(np.frombuffer(record, dtype=COMMAND))
    assert market.dump() == before


def test_what_stands_before_an_undecodable_record_is_applied(market):
    before = market.sequence
    with pytest.raises(ValueError):
        market.apply(np.frombuffer(c.clock() + order(type=63) + c.clock(), dtype=COMMAND))
    assert market.sequence == before + 1


def test_account_and_text_are_carried_and_never_looked_at(market):
    assert told(market, order(ADVANCED, ACCOUNT, TEXT)) == [("NEW", 1, 10)]


@pytest.mark.parametrize("type", [5, 6, 48, 49, 50, 51, 52])
def test_what_only_the_wire_knows_is_not_journaled(market, type):
    assert refused(market, c.record(type, session=ALICE, cl_ord_id=1)) == "UNKNOWN_MSG_TYPE"


DOOR = {
    "unknown session": (c.new(UNKNOWN, 1, ACME, BUY, 10, 100), "UNKNOWN_SESSION"),
    "no right to trade": (c.new(6, 1, ACME, BUY, 10, 100), "NOT_AUTHORIZED"),
    "no right to operate": (c.clock(session=ALICE, cl_ord_id=1), "NOT_AUTHORIZED"),
    "status without the right": (c.status(c.HALTED, ACME, session=ALICE, cl_ord_id=1), "NOT_AUTHORIZED"),
    "definition without the right": (c.define_participant(5, "E", session=ALICE, cl_ord_id=1), "NOT_AUTHORIZED"),
    "risk limits without the right": (c.record(19, session=ALICE, cl_ord_id=1), "NOT_AUTHORIZED"),
    "kill switch without the right": (c.record(21, session=ALICE, cl_ord_id=1), "NOT_AUTHORIZED"),
    "a key without the right": (c.define_key("k", b"x", session=ALICE, cl_ord_id=1), "NOT_AUTHORIZED"),
    "venue start by a session": (c.venue_start(1, session=OPS, cl_ord_id=1), "NOT_AUTHORIZED"),
    "event digest by a session": (c.event_digest(0, 0, session=OPS, cl_ord_id=1), "NOT_AUTHORIZED"),
    "order of the venue": (c.new(c.VENUE, 0, ACME, BUY, 10, 100), "NOT_AUTHORIZED"),
    "mass cancel of the venue": (c.mass_cancel(c.VENUE, 0), "NOT_AUTHORIZED"),
    "cancel of the venue": (c.cancel(c.VENUE, 0, ACME, 1), "NOT_AUTHORIZED"),
    "replace of the venue": (c.replace(c.VENUE, 0, ACME, 1), "NOT_AUTHORIZED"),
    "logon of the venue": (c.logon(c.VENUE), "NOT_AUTHORIZED"),
    "logout of the venue": (c.logout(c.VENUE), "NOT_AUTHORIZED"),
    "disconnect of the venue": (c.disconnect(c.VENUE), "NOT_AUTHORIZED"),
    "no ClOrdID": (c.new(ALICE, 0, ACME, BUY, 10, 100), "INVALID_CL_ORD_ID"),
    "right before ClOrdID": (c.clock(session=ALICE, cl_ord_id=0), "NOT_AUTHORIZED"),
}


@pytest.mark.parametrize("case", DOOR)
def test_the_door_refuses_and_changes_nothing(market, case):
    apply(market, c.define_session(6, "looker-on", 1, records.RIGHT_MARKET_DATA))
    record, reason = DOOR[case]
    before = market.dump()
    event, = apply(market, record)
    assert c.brief(event)[-1] == reason
    assert (event.sequence, event.place, event.report_number, event.exec_id, event.order_id) == (0, 0, 0, 0, 0)
    assert (event.session, event.cl_ord_id) == (
        int.from_bytes(record[24:28], "little"),
        c.layout.COMMAND.unpack(record).cl_ord_id,
    )
    assert market.dump() == before


def test_a_duplicate_is_answered_with_the_mark(market):
    apply(market, c.new(ALICE, 41, ACME, BUY, 10, 100))
    before = market.dump()
    event, = apply(market, c.new(ALICE, 40, ACME, BUY, 10, 100))
    assert c.brief(event) == ("BUSINESS_MESSAGE_REJECT", 40, "DUPLICATE_CL_ORD_ID")
    assert event.order_id == 41
    assert market.dump() == before


def test_an_operator_may_operate_and_a_trader_may_trade(market):
    assert told(market, c.clock(session=OPS, cl_ord_id=1), c.status(c.HALTED, ACME, session=OPS, cl_ord_id=2)) == [
        ("COMMAND_ACK", 1), ("SESSION_STATUS", "HALTED", 0, 0)]
    assert told(market, c.kill_switch(1, session=OPS, cl_ord_id=3), c.risk_limits(1, session=OPS, cl_ord_id=4),
                c.position_adjust(1, ACME, 0, session=OPS, cl_ord_id=5)) == [("COMMAND_ACK", n) for n in (3, 4, 5)]
    assert refused(market, c.clock(session=ALICE, cl_ord_id=1)) == "NOT_AUTHORIZED"


@pytest.mark.parametrize("right", [records.RIGHT_RISK, records.RIGHT_DROP_COPY, records.RIGHT_MARKET_DATA])
def test_every_order_command_needs_the_right_to_trade(market, right):
    apply(market, c.define_session(6, "other", 1, right))
    for command in (c.new(6, 1, ACME, BUY, 10, 100), c.cancel(6, 1, ACME, 1), c.replace(6, 1, ACME, 1),
                    c.mass_cancel(6, 1)):
        assert refused(market, command) == "NOT_AUTHORIZED"


@pytest.mark.parametrize("command", [c.kill_switch, c.risk_limits, lambda id, **sender: c.position_adjust(
    id, ACME, 5, **sender)])
@pytest.mark.parametrize(("rights", "may"), [
    (records.RIGHT_RISK, True), (records.RIGHT_OPERATE, True), (records.RIGHT_TRADE, False),
    (records.RIGHT_MARKET_DATA, False)])
def test_risk_commands_need_the_right_of_risk_or_to_operate(market, command, rights, may):
    apply(market, c.define_session(6, "other", 1, rights))
    event, = apply(market, command(1, session=6, cl_ord_id=1))
    assert c.brief(event) == (
        ("COMMAND_ACK", 1) if may else ("BUSINESS_MESSAGE_REJECT", 1, "NOT_AUTHORIZED"))


def test_a_risk_officer_does_not_operate(market):
    apply(market, c.define_session(6, "risk", 1, records.RIGHT_RISK))
    for command in (c.clock(session=6, cl_ord_id=1), c.status(c.HALTED, ACME, session=6, cl_ord_id=1)):
        assert refused(market, command) == "NOT_AUTHORIZED"


def test_the_venue_needs_no_rights_no_logon_and_no_cl_ord_id(market):
    apply(market, c.venue_start(1))
    assert told(market, c.clock(), c.status(c.HALTED, ACME), c.define_participant(5, "E")) == [
        ("SESSION_STATUS", "HALTED", 0, 0)]


def test_before_the_first_venue_start_all_are_logged_on_and_instruments_in_continuous(market):
    assert market.sessions["logged_on"].tolist() == [1] * 5
    assert market.instruments["phase"].tolist() == [c.CONTINUOUS] * 2


def test_from_the_first_venue_start_on_sessions_log_on_and_a_new_instrument_is_closed(market):
    apply(market, c.venue_start(1), c.define_instrument(3, "NEW"), c.define_session(6, "new", 1))
    assert market.sessions["logged_on"].tolist() == [0] * 6
    assert market.instruments["phase"].tolist() == [c.CONTINUOUS, c.CONTINUOUS, c.CLOSED]
    assert refused(market, c.new(ALICE, 1, ACME, BUY, 10, 100)) == "NOT_LOGGED_ON"
    assert told(market, c.logon(ALICE), c.new(ALICE, 1, ACME, BUY, 10, 100)) == [("LOGON_ANSWER", 0, 1), ("NEW", 1, 10)]


@pytest.mark.parametrize("type", [CommandType.LOGOUT, CommandType.DISCONNECT])
def test_logout_and_disconnect_of_a_session_that_is_not_logged_on_fail_at_the_door(market, type):
    apply(market, c.venue_start(1))
    assert refused(market, c.record(type, session=BOB)) == "NOT_LOGGED_ON"


def test_before_the_first_venue_start_logon_logout_and_disconnect_are_taken_and_a_session_stays_logged_on(market):
    assert told(market, c.logon(DORA), c.disconnect(DORA), c.logout(DORA), c.logout(DORA)) == [
        ("LOGON_ANSWER", 0, 1), ("LOGOUT_ANSWER", 0), ("LOGOUT_ANSWER", 0)]
    assert market.sessions["logged_on"].tolist() == [1] * 5


def test_nothing_but_whole_lines_is_taken(market):
    with pytest.raises(ValueError):
        market.apply(np.zeros(63, dtype=np.uint8))


def test_what_fails_at_the_door_is_in_no_digest(market):
    before = market.event_digest
    assert len(apply(market, c.new(UNKNOWN, 1, ACME, BUY, 10, 100))) == 1
    assert market.event_digest == before
