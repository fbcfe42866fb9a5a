"""Desk and steward: who may enrol, what is forwarded, submitted, translated and delivered; what waits while the desk is
away."""

import numpy as np
import pytest

from pricetime.gateway.door_table import DoorTable
from pricetime.gateway.internal import HEADER_BYTES, INTERNAL, MARKER, Encoding, InternalKind, InternalRole
from pricetime.gateway.stats import reading_of
from pricetime.matching import records
from pricetime.matching.records import COMMAND, RECORD_VERSION, CommandType, Reason
from tests.gateway.simulation import Peer, Simulation, first_lines, m, said

SECRET = bytes(range(32))
DESK, STEWARD = b"\0\0\0\0\x63", b"\0\0\0\0\x64"
MAP = b"\x81\xa7MsgType\xa5Logon"       # MessagePack; the loop looks at its first byte only


@pytest.fixture
def venue():
    return Simulation(secret=SECRET)


def frame(kind, payload=b"", **fields):
    line = np.zeros(1, INTERNAL)
    line["marker"], line["kind"], line["payload_bytes"] = MARKER, kind, len(payload)
    for name, value in fields.items():
        line[name] = value
    return line.tobytes() + payload


def post(venue, routing_id, payload, *more):
    venue.transport.waiting.append((routing_id, payload, *more))
    venue.run()


def enrol(venue, role=InternalRole.DESK, routing_id=DESK, secret=SECRET):
    post(venue, routing_id, frame(InternalKind.ENROL, role=role, secret=np.void(secret)))
    return frames(venue, routing_id)


def frames(venue, routing_id=DESK):
    """(header, payload) of what was sent to a helper."""
    found = []
    for payload in venue.take_sent(routing_id):
        line = np.frombuffer(payload, INTERNAL, 1)[0]
        assert line["payload_bytes"] == len(payload) - HEADER_BYTES
        found.append((line, payload[HEADER_BYTES:]))
    return found


def routing_number(peer):
    return int.from_bytes(peer.routing_id[1:], "little")


def request(type, message_number, **fields):
    line = np.zeros(1, COMMAND)
    line["type"], line["shape"], line["sequence"] = type, RECORD_VERSION << 4 | 1, message_number
    for name, value in fields.items():
        line[name] = value
    return line.tobytes()


def on(venue, number=1, session="alice"):
    peer = Peer(venue, number, session)
    assert said(peer.logon())[-1] == ("LOGON_ANSWER", "NONE")
    return peer


def test_a_helper_enrols_with_the_secret_of_this_start(venue):
    [(line, payload)] = enrol(venue)
    assert (line["kind"], payload) == (InternalKind.RESULT, b"")


@pytest.mark.parametrize("secret", [bytes(32), SECRET[:-1] + b"\0"])
def test_without_the_secret_an_internal_frame_is_an_unreadable_message(venue, secret):
    post(venue, DESK, frame(InternalKind.ENROL, role=InternalRole.DESK, secret=np.void(secret)))
    post(venue, DESK, frame(InternalKind.DELIVER, b"x" * 64, routing=1))
    answers = [said(first_lines(payload)) for payload in venue.take_sent(DESK)]
    assert [[kind for kind, _ in answer] for answer in answers] == [["REJECT"], ["REJECT"]]
    assert venue.transport.sent == []


def test_where_no_helpers_are_wanted_nobody_enrols_even_with_zeros():
    venue = Simulation()
    post(venue, DESK, frame(InternalKind.ENROL, role=InternalRole.DESK))
    assert [said(first_lines(payload)) for payload in venue.take_sent(DESK)] == [[("REJECT", "UNKNOWN_MSG_TYPE")]]


@pytest.mark.parametrize("type", [
    CommandType.RESEND_REQUEST, CommandType.ORDER_STATUS_REQUEST, CommandType.ORDER_MASS_STATUS_REQUEST])
def test_requests_go_to_the_desk_with_who_asked_and_as_of_when(venue, type):
    enrol(venue)
    alice = on(venue)
    payload = request(type, 2, target=5)
    alice.post(payload)
    assert alice.answers() == []
    [(line, record)] = frames(venue)
    assert (line["kind"], line["routing"]) == (InternalKind.FORWARD, routing_number(alice))
    assert (line["session"], line["sequence"]) == (1, venue.engine.sequence)
    assert np.frombuffer(record, COMMAND)[0]["target"] == 5
    assert said(alice.send(m.TestRequest(session="alice", test_req_id=1))) == [
        ("BUSINESS_MESSAGE_REJECT", "MSG_SEQ_NUM_OUT_OF_TURN")]     # 2 was taken: 3 is due


def test_a_duplicate_that_says_it_may_be_one_goes_to_the_desk(venue):
    enrol(venue)
    alice = on(venue)
    order = alice.order()
    alice.send(order)
    again = alice.lines(order)
    again["attributes"] |= records.POSS_RESEND
    alice.post(again)
    assert alice.answers() == []
    [(line, record)] = frames(venue)
    assert (line["kind"], np.frombuffer(record, COMMAND)[0]["cl_ord_id"]) == (InternalKind.FORWARD, 1)
    assert said(alice.send(order)) == [("BUSINESS_MESSAGE_REJECT", "DUPLICATE_CL_ORD_ID")]


def test_a_duplicate_that_comes_too_fast_is_answered_and_counts_as_no_refusal():
    """The answer is reports again: each of their messages was counted as THROTTLED."""
    venue = Simulation(secret=SECRET, messages_per_second=5)
    enrol(venue)
    alice = on(venue)
    order = alice.order()
    alice.send(order)
    again = alice.lines(order, *[order] * 6)
    again["attributes"] |= records.POSS_RESEND
    for line in again:
        alice.post(np.array([line]))
    venue.run()
    forwarded = frames(venue)
    assert [(line["kind"], line["reason"]) for line, _ in forwarded] == [(InternalKind.FORWARD, 0)] * 7
    assert venue.loop.counters["refused"] == 0


def test_what_the_desk_delivers_reaches_the_client_as_it_is(venue):
    enrol(venue)
    alice = on(venue)
    post(venue, DESK, frame(InternalKind.DELIVER, b"\x90any bytes", routing=routing_number(alice)))
    assert venue.take_sent(alice.routing_id) == [b"\x90any bytes"]


def test_what_the_desk_refuses_is_counted_with_its_reason(venue):
    enrol(venue)
    alice = on(venue)
    venue.loop.stat.begin(1)
    for reason in (Reason.UNKNOWN_INSTRUMENT, 0, Reason.UNKNOWN_INSTRUMENT):
        post(venue, DESK, frame(InternalKind.DELIVER, b"\x90", routing=routing_number(alice), reason=reason))
    reading = reading_of(venue.loop.stat.read())
    assert reading.refused == {"UNKNOWN_INSTRUMENT": 2} and reading.counters["refused"] == 2


def test_a_client_that_does_not_read_what_the_desk_delivers_loses_its_session(venue):
    enrol(venue)
    alice = on(venue)
    venue.transport.full.add(alice.routing_id)
    post(venue, DESK, frame(InternalKind.DELIVER, b"\x90", routing=routing_number(alice)))
    assert venue.loop.connections == 0


def test_message_pack_goes_to_the_desk_and_comes_back_as_records_of_its_sender(venue):
    enrol(venue)
    peer = Peer(venue, 7, "alice")
    peer.post(MAP)
    venue.run()
    [(line, payload)] = frames(venue)
    assert (payload, line["encoding"], line["session"]) == (MAP, Encoding.MESSAGE_PACK, 0)
    logon = peer.lines(m.Logon(session_name="alice"))
    post(venue, DESK, frame(InternalKind.SUBMIT, logon.tobytes(), routing=line["routing"], encoding=1))
    [(line, payload)] = frames(venue)
    assert (line["kind"], line["routing"]) == (InternalKind.TRANSLATE, routing_number(peer))
    assert said(first_lines(payload)) == [("LOGON_ANSWER", "NONE")]
    assert len(payload) == 128                                  # both lines of each event
    order = peer.lines(peer.order())
    post(venue, DESK, frame(InternalKind.SUBMIT, order.tobytes(), routing=line["routing"], encoding=1))
    [(line, payload)] = frames(venue)
    assert said(first_lines(payload)) == [("NEW", "NONE")]
    assert venue.take_sent(peer.routing_id) == []
    peer.post(order)                                            # lines, on a connection of MessagePack
    venue.run()
    [(line, payload)] = frames(venue)
    assert said(first_lines(payload)) == [("REJECT", "BAD_LENGTH")]


def test_a_connection_of_lines_takes_no_message_pack(venue):
    enrol(venue)
    alice = on(venue)
    alice.post(MAP)
    assert said(alice.answers()) == [("REJECT", "BAD_LENGTH")]
    assert frames(venue) == []


def test_what_is_for_the_desk_waits_in_order_until_it_is_there(venue):
    alice = on(venue)
    assert not venue.loop.desk_wanted
    for number in range(3):
        alice.post(request(CommandType.RESEND_REQUEST, 2 + number, target=number))
    assert alice.answers() == []
    assert venue.loop.desk_wanted
    (_, *waited) = enrol(venue)
    assert [np.frombuffer(record, COMMAND)[0]["target"] for _, record in waited] == [0, 1, 2]
    assert not venue.loop.desk_wanted


def test_a_desk_that_died_is_wanted_again_and_another_one_gets_what_waited(venue):
    enrol(venue)
    alice = on(venue)
    venue.transport.unroutable.add(DESK)
    alice.post(request(CommandType.RESEND_REQUEST, 2, target=1))
    assert alice.answers() == []
    assert venue.loop.desk_wanted
    other = b"\0\0\0\0\x77"
    (_, *waited) = enrol(venue, routing_id=other)
    assert len(waited) == 1


def test_beyond_the_bound_of_what_waits_the_client_is_throttled(venue):
    alice = on(venue)
    count = 0
    answers = []
    while not answers and count < 200:
        payload = b"".join(
            request(CommandType.RESEND_REQUEST, 2 + count * 1000 + i, target=1) for i in range(1000))
        alice.post(payload)
        answers, count = alice.answers(), count + 1
    assert said(answers)[0] == ("BUSINESS_MESSAGE_REJECT", "THROTTLED")
    assert count * 1000 * (64 + 64 + 8) > 1 << 22
    assert venue.loop.connections == 1


def test_the_steward_journals_commands_of_the_venue_and_hears_each_ones_reason(venue):
    enrol(venue, InternalRole.STEWARD, STEWARD)
    lines = np.concatenate([
        venue.codec.encode(m.TradingSessionStatus(symbol="ACME", phase="Halted")),
        venue.codec.encode(m.TradingSessionStatus(symbol="ACME", phase="Halted")),
    ])
    post(venue, STEWARD, frame(InternalKind.SUBMIT, lines.tobytes()))
    [(line, reasons)] = frames(venue, STEWARD)
    assert line["kind"] == InternalKind.RESULT
    assert [Reason(reason) for reason in reasons] == [Reason.NONE, Reason.PHASE_UNCHANGED]
    assert [type(command) for command in venue.journaled()] == [m.TradingSessionStatus] * 2
    assert venue.journaled()[0].session is None


def test_the_desk_sends_no_commands_of_the_venue(venue):
    enrol(venue)
    lines = venue.codec.encode(m.TradingSessionStatus(symbol="ACME", phase="Halted"))
    post(venue, DESK, frame(InternalKind.SUBMIT, lines.tobytes()))
    assert venue.journaled() == []


def pack_session(venue, number=7, session="bob"):
    """A session that speaks MessagePack, logged on by way of the desk."""
    peer = Peer(venue, number, session)
    logon = peer.lines(m.Logon(session_name=session))
    post(venue, DESK, frame(InternalKind.SUBMIT, logon.tobytes(), routing=routing_number(peer), encoding=1))
    return peer


@pytest.mark.parametrize("known", [False, True])
def test_who_floods_the_desk_takes_no_reports_from_others(known):
    venue = Simulation(secret=SECRET, before_logon_per_second=0)
    enrol(venue)
    bob = pack_session(venue)
    order = bob.lines(bob.order("Sell"))
    post(venue, DESK, frame(InternalKind.SUBMIT, order.tobytes(), routing=routing_number(bob), encoding=1))
    flood = pack_session(venue, 8, "operator") if known else Peer(venue, 8)
    venue.transport.full.add(DESK)
    for payload in [b"\x90" + bytes(1 << 15)] * 200 + [b"\x80"] * 50_000:
        flood.post(payload)
    venue.run()
    before = venue.loop.connections
    alice = on(venue)
    assert said(alice.send(alice.order()))[-1] == ("TRADE", "NONE")
    assert venue.loop.connections == before + 1 == 2 + known


def bounded_pack_session():
    """A venue that takes five messages a second, and bob, who speaks MessagePack and has all five yet."""
    venue = Simulation(secret=SECRET, messages_per_second=5)
    enrol(venue)
    bob = pack_session(venue)
    frames(venue)
    venue.advance(2)
    return venue, bob


def test_who_floods_the_desk_with_message_pack_beyond_its_rate_is_logged_out():
    venue, bob = bounded_pack_session()
    orders = [bob.lines(bob.order("Sell")) for _ in range(5)]
    late = [bob.lines(m.TestRequest(session="bob")) for _ in range(5)]
    for _ in range(30):
        bob.post(MAP)
    venue.run()
    forwarded = frames(venue)
    assert [payload for _, payload in forwarded] == [MAP] * 10 + [b"\x90"], "the others are not read"
    assert venue.loop.connections == 1
    submitted(venue, bob, *orders, *late, NOTHING, forwarded=forwarded)
    told = [said(first_lines(payload)) for _, payload in frames(venue)]
    assert told == [[("NEW", "NONE")]] * 5 + [[("HEARTBEAT_ANSWER", "NONE")]] * 5 + [
        [("REJECT", "THROTTLED"), ("LOGOUT_ANSWER", "THROTTLED")] + [("CANCELED", "SESSION_DISCONNECTED")] * 5
    ], "behind what it sent before"
    assert venue.loop.connections == 0
    assert type(venue.journaled()[-1]) is m.Disconnect
    assert venue.loop.counters["refused"] == 20


def test_whose_end_does_not_come_back_from_the_desk_is_ended_all_the_same():
    """The desk died with it. Until then nothing of the session is read or answered, however slowly it goes on."""
    venue = Simulation(secret=SECRET, messages_per_second=5)
    enrol(venue)
    bob = pack_session(venue)
    venue.advance(2)
    for _ in range(11):
        bob.post(MAP)
    venue.run()
    frames(venue)
    for _ in range(4):
        venue.advance(2)
        bob.post(MAP)
        venue.run()
        assert (venue.loop.connections, frames(venue)) == (1, [])
    venue.advance(2.1)
    bob.post(MAP)
    venue.run()
    assert venue.loop.connections == 0


def test_an_empty_message_that_comes_too_fast_ends_nothing():
    venue, bob = bounded_pack_session()
    for _ in range(10):
        bob.post(b"\x90")
    venue.run()
    submitted(venue, bob, *[NOTHING] * 10)
    assert venue.loop.connections == 1
    venue.advance(2)
    order = bob.lines(bob.order("Sell"))
    bob.post(MAP)
    venue.run()
    submitted(venue, bob, order)
    assert said([event for _, payload in frames(venue) for event in first_lines(payload)]) == [("NEW", "NONE")]


NOTHING = np.zeros(0, COMMAND)


def submitted(venue, peer, *lines, forwarded=None):
    """What the desk makes of messages that were forwarded: each frame comes back with the reason that it went with."""
    for (line, _), record in zip(forwarded or frames(venue), lines, strict=True):
        post(venue, DESK, frame(InternalKind.SUBMIT, record.tobytes(), routing=routing_number(peer), encoding=1,
                                reason=line["reason"]))


def test_message_pack_that_comes_too_fast_is_refused_record_by_record_as_lines_are():
    """Each takes its number and is named in its refusal; a Logout is taken; what comes slowly then is in turn."""
    venue, bob = bounded_pack_session()
    orders = [bob.lines(bob.order("Sell")) for _ in range(8)]
    for _ in orders:
        bob.post(MAP)
    venue.run()
    submitted(venue, bob, *orders)
    answers = [event for _, payload in frames(venue) for event in first_lines(payload)]
    assert said(answers) == [("NEW", "NONE")] * 5 + [("BUSINESS_MESSAGE_REJECT", "THROTTLED")] * 3
    assert [int(event["cl_ord_id"]) for event in answers] == list(range(1, 9))
    venue.advance(2)
    late = bob.lines(bob.order("Sell"))
    bob.post(MAP)
    venue.run()
    submitted(venue, bob, late)
    assert said([event for _, payload in frames(venue) for event in first_lines(payload)]) == [("NEW", "NONE")]
    for _ in range(6):
        bob.post(MAP)
    venue.run()
    submitted(venue, bob, *[bob.lines(bob.order("Sell")) for _ in range(5)], bob.lines(m.Logout(session="bob")))
    assert venue.loop.connections == 0
    assert type(venue.journaled()[-1]) is m.Logout


def test_what_the_desk_still_has_for_a_revoked_key_is_not_delivered():
    keys = DoorTable()
    keys.allow(1, records.RIGHT_TRADE)
    keys.grant(1, 1)
    venue = Simulation(secret=SECRET, keys=keys)
    enrol(venue)
    alice = on(venue)
    told = frame(InternalKind.DELIVER, b"answer", routing=routing_number(alice), session=1, user=1)
    post(venue, DESK, told)
    assert venue.take_sent(alice.routing_id) == [b"answer"]
    keys.allow(1, 0)
    post(venue, DESK, told)
    assert venue.take_sent(alice.routing_id) == []
