"""Messages in, answers out: what is undecodable, out of turn, not allowed or doubled, and that none of it moves
anything."""

import pytest

from pricetime.matching.records import LINE_BYTES, RECORD_VERSION, CommandType, EventType, Reason
from tests.gateway.simulation import SECOND, Peer, Simulation, first_lines, m, said


@pytest.fixture(params=["process", "power"])
def venue(request):
    return Simulation(slow=request.param == "power")


@pytest.fixture
def alice(venue):
    peer = Peer(venue, 1)
    peer.logon()
    return peer


def test_an_order_is_journaled_and_answered(venue, alice):
    events = alice.send(alice.order())
    assert said(events) == [("NEW", "NONE")]
    assert (events[0]["report_number"], events[0]["cl_ord_id"], events[0]["leaves_qty"]) == (1, 1, 10)
    assert [type(command) for command in venue.journaled()] == [m.Logon, m.NewOrderSingle]


def test_every_record_of_a_message_is_taken_and_answered_in_one_message(venue, alice):
    alice.post(alice.lines(alice.order(), alice.order(), alice.order()))
    venue.run()
    (payload,) = venue.take_sent(alice.routing_id)
    assert said(first_lines(payload)) == [("NEW", "NONE")] * 3


def test_both_sides_of_a_trade_get_their_reports(venue, alice):
    bob = Peer(venue, 2, "bob")
    bob.logon()
    alice.send(alice.order("Buy", 10))
    assert said(bob.send(bob.order("Sell", 4))) == [("NEW", "NONE"), ("TRADE", "NONE")]
    (trade,) = alice.answers()
    assert (trade["type"], trade["last_px"], trade["last_qty"], trade["leaves_qty"]) == (EventType.TRADE, 10000, 4, 6)


def test_one_line_of_a_report_unless_the_logon_asked_for_both(venue, alice):
    assert alice.send(alice.order())[0]["shape"] == RECORD_VERSION << 4 | 1
    bob = Peer(venue, 2, "bob", full=True)
    assert bob.logon()[0]["shape"] == RECORD_VERSION << 4 | 2
    bob.post(bob.lines(bob.order("Sell")))
    venue.run()
    (payload,) = venue.take_sent(bob.routing_id)
    assert len(payload) == 4 * LINE_BYTES


def test_no_report_leaves_before_its_command_is_committed(venue, alice):
    bob = Peer(venue, 2, "bob")
    bob.logon()
    venue.take_sent(alice.routing_id)
    for _ in range(40):
        alice.post(alice.lines(*(alice.order() for _ in range(30))))
        bob.post(bob.lines(*(bob.order("Sell") for _ in range(30))))
    venue.run()
    events = [
        (event["sequence"], committed)
        for _, payload, committed in venue.transport.sent
        for event in first_lines(payload)
    ]
    assert len(events) > 2400
    assert all(sequence <= committed for sequence, committed in events)


def test_a_large_answer_is_several_messages_of_bounded_size(venue, alice):
    for _ in range(2):
        alice.post(alice.lines(*(alice.order() for _ in range(1000))))
    venue.run()
    payloads = venue.take_sent(alice.routing_id)
    assert sum(len(payload) for payload in payloads) == 2000 * LINE_BYTES
    assert max(len(payload) for payload in payloads) <= 65_536


# ------------------------------------------------------------------------------------------------- undecodable


def spoiled(record: bytes, offset: int, value: int) -> bytes:
    return record[:offset] + bytes([value]) + record[offset + 1 :]


@pytest.mark.parametrize(
    ("offset", "value", "reason"),
    [
        (4, 0, "UNKNOWN_MSG_TYPE"),
        (4, 250, "UNKNOWN_MSG_TYPE"),
        (5, 0x21, "UNKNOWN_VERSION"),
        (5, 0x10, "BAD_LINE_COUNT"),
        (5, 0x12, "BAD_LINE_COUNT"),
    ],
)
def test_undecodable_bytes_are_answered_with_their_place_and_never_journaled(venue, alice, offset, value, reason):
    good = alice.lines(alice.order()).tobytes()
    before = venue.engine.digest(), venue.engine.sequence
    alice.post(good + spoiled(good, offset, value))
    new, reject = alice.answers()
    assert new["type"] == EventType.NEW
    assert (said([reject]), reject["sequence"]) == ([("REJECT", reason)], 0)
    assert LINE_BYTES <= reject["order_id"] < 2 * LINE_BYTES + LINE_BYTES
    assert venue.engine.sequence == before[1] + 1


@pytest.mark.parametrize("size", [0, 1, 63, 65, 127])
def test_a_message_that_is_not_whole_lines_is_refused_whole(venue, alice, size):
    good = alice.lines(alice.order(), alice.order()).tobytes()
    digest = venue.engine.digest()
    alice.post(good[:size])
    (reject,) = alice.answers()
    assert (said([reject]), reject["order_id"]) == ([("REJECT", "BAD_LENGTH")], size - size % LINE_BYTES)
    assert venue.engine.digest() == digest


def test_more_than_one_frame_is_refused(venue, alice):
    alice.post(alice.lines(alice.order()), True)
    assert said(alice.answers()) == [("REJECT", "BAD_LENGTH")]


def test_a_message_above_the_bound_is_too_large(venue, alice):
    alice.post(bytes(65_536 + LINE_BYTES))
    assert said(alice.answers()) == [("REJECT", "MESSAGE_TOO_LARGE")]


def test_an_undecodable_record_takes_no_message_number(venue, alice):
    alice.post(b"\xff" * LINE_BYTES)
    assert said(alice.answers())[0][0] == "REJECT"
    assert said(alice.send(alice.order())) == [("NEW", "NONE")]


@pytest.mark.parametrize("routing_id", [b"mine", b"\1\0\0\0\1", b"\0\0\0\0\0\0", b"x" * 255])
def test_a_routing_id_of_the_clients_choice_is_refused(venue, routing_id):
    peer = Peer(venue, 1)
    peer.routing_id = routing_id
    assert said(peer.logon()) == [("REJECT", "NOT_AUTHORIZED")]
    assert venue.journaled() == []


# -------------------------------------------------------------------------------------------- message numbers


def test_a_gap_ends_the_session_and_logging_on_again_begins_anew(venue, alice):
    alice.message_number += 1
    (event,) = alice.send(alice.order())
    assert (said([event]), event["order_id"]) == ([("BUSINESS_MESSAGE_REJECT", "MSG_SEQ_NUM_OUT_OF_TURN")], 2)
    assert [type(command) for command in venue.journaled()] == [m.Logon, m.Disconnect]
    assert said(alice.send(alice.order())) == [("BUSINESS_MESSAGE_REJECT", "NOT_LOGGED_ON")]
    (answer,) = alice.logon()
    assert (said([answer]), answer["cl_ord_id"]) == ([("LOGON_ANSWER", "NONE")], 0)
    assert said(alice.send(alice.order())) == [("NEW", "NONE")]


def test_a_doubled_message_ends_the_session_and_changes_nothing_else(venue, alice):
    lines = alice.lines(alice.order())
    alice.post(lines)
    alice.post(lines)
    assert said(alice.answers()) == [
        ("NEW", "NONE"),
        ("BUSINESS_MESSAGE_REJECT", "DUPLICATE_CL_ORD_ID"),
        ("BUSINESS_MESSAGE_REJECT", "MSG_SEQ_NUM_OUT_OF_TURN"),
    ]
    assert [type(command) for command in venue.journaled()] == [m.Logon, m.NewOrderSingle, m.Disconnect]


def test_overtaking_messages_end_the_session_before_any_of_them_counts(venue, alice):
    first, second = alice.lines(alice.order()), alice.lines(alice.order())
    alice.post(second)
    alice.post(first)
    assert said(alice.answers())[0] == ("BUSINESS_MESSAGE_REJECT", "MSG_SEQ_NUM_OUT_OF_TURN")
    assert not any(isinstance(command, m.NewOrderSingle) for command in venue.journaled())


def test_heartbeats_and_refused_records_carry_message_numbers_too(venue, alice):
    test = m.TestRequest(session="alice", test_req_id=77)
    (answer,) = alice.send(m.Heartbeat(session="alice"), test)
    assert said([answer]) == [("HEARTBEAT_ANSWER", "NONE")]
    assert answer["order_id"] == 77
    status = m.OrderStatusRequest(session="alice", cl_ord_id=5, symbol="ACME", orig_cl_ord_id=1)
    assert said(alice.send(status)) == [("BUSINESS_MESSAGE_REJECT", "UNSUPPORTED")]
    assert said(alice.send(alice.order())) == [("NEW", "NONE")]
    assert [type(command) for command in venue.journaled()] == [m.Logon, m.NewOrderSingle]


# --------------------------------------------------------------------------------------------------- the door


def test_a_duplicate_is_answered_with_the_mark_and_not_journaled(venue, alice):
    alice.cl_ord_id = 6
    alice.send(alice.order())
    sequence = venue.engine.sequence
    (event,) = alice.send(alice.order(cl_ord_id=3))
    assert (said([event]), event["order_id"], event["cl_ord_id"]) == (
        [("BUSINESS_MESSAGE_REJECT", "DUPLICATE_CL_ORD_ID")],
        7,
        3,
    )
    assert venue.engine.sequence == sequence


def test_before_logon_nothing_is_taken(venue):
    peer = Peer(venue, 9)
    assert (
        said(peer.send(peer.order(), m.Heartbeat(session="alice")))
        == [("BUSINESS_MESSAGE_REJECT", "NOT_LOGGED_ON")] * 2
    )
    assert venue.journaled() == []


@pytest.mark.parametrize("name", ["nobody", "", "alic"])
def test_an_unknown_session_cannot_log_on(venue, name):
    lines = venue.codec.encode(m.Logon(session_name="alice")).copy()
    lines[0]["sequence"] = 1
    peer = Peer(venue, 9)
    record = bytearray(lines.tobytes())
    record[LINE_BYTES + 8 : LINE_BYTES + 8 + 48] = name.encode().ljust(48, b"\0")
    peer.post(bytes(record))
    assert said(peer.answers()) == [("BUSINESS_MESSAGE_REJECT", "UNKNOWN_SESSION")]
    assert venue.journaled() == []


def test_a_logon_by_id_and_by_both_where_they_agree(venue):
    for number, (session, name, right) in enumerate(
        [("bob", None, True), ("bob", "bob", True), ("bob", "alice", False), (None, None, False)]
    ):
        answer = Peer(venue, 20 + number).send(m.Logon(session=session, session_name=name))
        assert said(answer) == [("LOGON_ANSWER", "NONE") if right else ("BUSINESS_MESSAGE_REJECT", "UNKNOWN_SESSION")]


def test_a_session_without_the_right_is_not_authorized(venue, alice):
    operator = Peer(venue, 2, "operator")
    operator.logon()
    assert said(operator.send(operator.order())) == [("BUSINESS_MESSAGE_REJECT", "NOT_AUTHORIZED")]
    halt = m.TradingSessionStatus(session="alice", cl_ord_id=50, symbol="ACME", phase="Halted")
    assert said(alice.send(halt)) == [("BUSINESS_MESSAGE_REJECT", "NOT_AUTHORIZED")]
    assert said(
        operator.send(m.TradingSessionStatus(session="operator", cl_ord_id=2, symbol="ACME", phase="Halted"))
    ) == [("SESSION_STATUS", "NONE")]


@pytest.mark.parametrize("kind", [CommandType.VENUE_START, CommandType.DISCONNECT, CommandType.EVENT_DIGEST])
def test_what_only_the_venue_sends_is_refused_from_clients(venue, alice, kind):
    lines = alice.lines(m.Heartbeat(session="alice"))
    lines["type"] = kind
    digest = venue.engine.digest()
    alice.post(lines)
    assert said(alice.answers()) == [("BUSINESS_MESSAGE_REJECT", "NOT_AUTHORIZED")]
    assert venue.engine.digest() == digest


def test_the_session_is_the_connections_whatever_the_record_says(venue, alice):
    lines = alice.lines(alice.order())
    lines["session"] = 2
    alice.post(lines)
    assert said(alice.answers()) == [("NEW", "NONE")]
    assert venue.journaled()[-1].session == "alice"


def test_the_security_list_tells_names_and_scales_once_a_message(venue, alice):
    request = m.SecurityListRequest(session="alice")
    alice.post(alice.lines(request, request, m.TestRequest(session="alice", test_req_id=1)))
    venue.run()
    payload = b"".join(venue.take_sent(alice.routing_id))
    (definition,) = venue.codec.decode(payload[: 3 * LINE_BYTES])
    assert (definition.symbol, definition.price_scale, str(definition.tick_size)) == ("ACME", 2, "0.01")
    assert said(first_lines(payload)) == [("BUSINESS_MESSAGE_REJECT", "THROTTLED"), ("HEARTBEAT_ANSWER", "NONE")]


# ------------------------------------------------------------------------------------------------------- time


def test_time_is_the_clocks_and_never_runs_backwards(venue, alice):
    alice.send(alice.order(transact_time=5))
    assert venue.engine.time == venue.utc
    late = venue.engine.time
    venue.advance(-3)
    alice.send(alice.order())
    assert venue.engine.time == late
    venue.advance(5)
    alice.send(alice.order())
    assert venue.engine.time == venue.utc


def test_on_flow_time_each_record_brings_its_own():
    venue = Simulation(clock="flow")
    alice = Peer(venue, 1)
    alice.logon()
    alice.send(
        alice.order(transact_time=7 * SECOND),
        alice.order(transact_time=9 * SECOND),
        alice.order(transact_time=8 * SECOND),
    )
    orders = [command for command in venue.journaled() if isinstance(command, m.NewOrderSingle)]
    assert [order.transact_time for order in orders] == [7 * SECOND, 9 * SECOND, 9 * SECOND]


def test_reasons_of_the_door_are_all_below_those_of_the_engine():
    assert Reason.NOT_LOGGED_ON < Reason.UNKNOWN_INSTRUMENT
