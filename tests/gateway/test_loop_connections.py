"""Connections: who speaks for a session, who is gone, who does not read; a full log; digests; a world that loses
messages."""

import errno
import random

import numpy as np
import pytest

from pricetime.gateway.loop import Loop
from pricetime.gateway.simulated import SimulatedStorage, SimulatedTransport
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError
from pricetime.matching.records import COMMAND, LINE_BYTES, CommandType
from tests.gateway.simulation import DEFINITIONS, Peer, Simulation, m, said


@pytest.fixture
def venue():
    return Simulation()


def on(venue, number, session="alice", **options):
    peer = Peer(venue, number, session, **options)
    assert said(peer.logon())[-1] == ("LOGON_ANSWER", "NONE")
    return peer


def kinds(venue):
    return [type(command) for command in venue.journaled()]


def test_a_second_logon_takes_the_session_over_and_the_first_is_forgotten(venue):
    old, new = on(venue, 1), on(venue, 2)
    assert said(old.send(old.order())) == [("BUSINESS_MESSAGE_REJECT", "NOT_LOGGED_ON")]
    assert said(new.send(new.order())) == [("NEW", "NONE")]
    assert venue.loop.connections == 1


def test_a_logon_tells_the_mark_and_the_next_report_number(venue):
    alice = on(venue, 1)
    alice.cl_ord_id = 41
    alice.send(alice.order(), alice.order())
    (answer,) = Peer(venue, 2).logon()
    assert (answer["cl_ord_id"], answer["order_id"]) == (43, 3)


def test_a_logon_on_the_same_connection_begins_anew(venue):
    alice = on(venue, 1)
    alice.send(alice.order())
    alice.logon()
    assert said(alice.send(alice.order())) == [("NEW", "NONE")]
    assert venue.loop.connections == 1


def test_another_session_on_the_same_connection_disconnects_the_first(venue):
    bob = on(venue, 1, "bob")
    bob.send(bob.order())
    alice = on(venue, 1, "alice")
    assert kinds(venue) == [m.Logon, m.NewOrderSingle, m.Disconnect, m.Logon]
    assert len(venue.engine.orders("ACME")) == 0  # bob's orders went with him: cancel on disconnect
    assert said(alice.send(alice.order())) == [("NEW", "NONE")]


def test_a_logout_is_answered_and_ends_the_connection(venue):
    alice = on(venue, 1)
    assert said(alice.send(m.Logout(session="alice"), alice.order())) == [
        ("LOGOUT_ANSWER", "NONE"),
        ("BUSINESS_MESSAGE_REJECT", "NOT_LOGGED_ON"),
    ]
    assert venue.loop.connections == 0
    assert kinds(venue) == [m.Logon, m.Logout]


def test_orders_that_go_with_the_session_are_reported_before_the_reason(venue):
    bob = on(venue, 1, "bob")
    bob.send(bob.order())
    bob.message_number += 1
    assert said(bob.send(bob.order())) == [
        ("BUSINESS_MESSAGE_REJECT", "MSG_SEQ_NUM_OUT_OF_TURN"),
        ("CANCELED", "SESSION_DISCONNECTED"),
    ]


@pytest.mark.parametrize("fault", ["unroutable", "full"])
def test_a_peer_that_is_gone_or_does_not_read_loses_its_session(venue, fault):
    alice, bob = on(venue, 1), on(venue, 2, "bob")
    alice.send(alice.order())
    getattr(venue.transport, fault).add(alice.routing_id)
    assert said(bob.send(bob.order("Sell", 4))) == [("NEW", "NONE"), ("TRADE", "NONE")]
    assert kinds(venue)[-1] is m.Disconnect
    assert (venue.loop.connections, venue.loop.counters["disconnects"]) == (1, 1)
    assert len(venue.engine.orders("ACME")) == 1  # alice's order stays: she is not marked cancel on disconnect
    getattr(venue.transport, fault).clear()
    assert said(alice.send(alice.order())) == [("BUSINESS_MESSAGE_REJECT", "NOT_LOGGED_ON")]
    assert said(bob.send(bob.order("Sell", 1))) == [("NEW", "NONE"), ("TRADE", "NONE")]


def test_reports_of_a_session_that_is_away_are_counted_and_stay_in_the_log(venue):
    alice, bob = on(venue, 1), on(venue, 2, "bob")
    alice.send(alice.order(), m.Logout(session="alice"))
    bob.send(bob.order("Sell", 4))
    assert venue.loop.counters["dropped"] == 1
    (answer,) = Peer(venue, 3).logon()
    assert answer["order_id"] == 3  # NEW and TRADE had numbers 1 and 2


def test_a_silent_connection_is_disconnected(venue):
    alice, bob = on(venue, 1), on(venue, 2, "bob")
    venue.advance(20)
    bob.send(m.Heartbeat(session="bob"))
    assert said(alice.answers()) == [("TEST_REQUEST_EVENT", "NONE")]
    venue.advance(15)
    venue.run()
    assert venue.loop.connections == 1
    assert said(alice.send(alice.order())) == [("BUSINESS_MESSAGE_REJECT", "NOT_LOGGED_ON")]
    assert said(bob.send(bob.order()))[-1] == ("NEW", "NONE")


@pytest.mark.parametrize("peers", [1, 600])
def test_a_venue_that_stood_still_asks_before_it_ends_a_session_and_reads_what_came_meanwhile(peers):
    """600: more than it takes at once."""
    sessions = [m.SessionDefinition(session_name=f"s{number}", participant="firm", cancel_on_disconnect=True)
                for number in range(peers)]
    venue = Simulation((*DEFINITIONS, *sessions))
    there = [Peer(venue, number + 1, f"s{number}") for number in range(peers)]
    for peer in there:
        peer.logon()
        peer.send(peer.order())
    venue.advance(45)
    if peers == 1:
        venue.run()             # libzmq has not even handed over what came
    for peer in there:
        peer.post(peer.lines(m.Heartbeat(session=peer.session)))
    venue.run()
    venue.advance(1)
    venue.run()
    assert venue.loop.connections == peers and len(venue.engine.orders("ACME")) == peers


def test_no_more_connections_than_configured():
    venue = Simulation(max_connections=2)
    on(venue, 1), on(venue, 2, "bob")
    assert said(Peer(venue, 3, "operator").logon()) == [("BUSINESS_MESSAGE_REJECT", "THROTTLED")]
    on(venue, 4, "bob")  # taking over needs no more room
    assert venue.loop.connections == 2


def test_many_connections_come_and_go():
    sessions = [m.SessionDefinition(session_name=f"s{i}", participant="firm") for i in range(200)]
    venue = Simulation((*DEFINITIONS, *sessions), max_connections=200)
    chance = random.Random(5)
    numbers = iter(range(2**32 - 600, 2**32 + 10_000))
    peers: dict[str, Peer] = {}
    for _ in range(3000):
        name = f"s{chance.randrange(200)}"
        if name in peers and chance.random() < 0.7:
            if chance.random() < 0.5:
                peers[name].order()
                assert said(peers[name].send(peers[name].order()))[0] == ("NEW", "NONE")
            else:
                assert said(peers.pop(name).send(m.Logout(session=name))) == [("LOGOUT_ANSWER", "NONE")]
        else:
            cl_ord_id = peers[name].cl_ord_id if name in peers else None
            peers[name] = Peer(venue, next(numbers) % 2**32, name)
            (answer,) = peers[name].logon()
            peers[name].cl_ord_id = int(answer["cl_ord_id"]) if cl_ord_id is None else cl_ord_id
    assert venue.loop.connections == len(peers)


# ------------------------------------------------------------------------------------------------- log and digest


def test_a_full_log_is_answered_and_the_venue_goes_on(venue):
    alice = on(venue, 1)
    venue.storage.room = 1
    digest = None
    events = alice.send(alice.order())
    digest = venue.engine.digest()
    events += alice.send(alice.order(), m.TestRequest(session="alice"))
    assert said(events) == [("NEW", "NONE"), ("BUSINESS_MESSAGE_REJECT", "LOG_FULL"), ("HEARTBEAT_ANSWER", "NONE")]
    assert venue.engine.digest() == digest
    assert said(Peer(venue, 2, "bob").logon()) == [("BUSINESS_MESSAGE_REJECT", "LOG_FULL")]
    assert venue.loop.last_log_error == errno.ENOSPC
    venue.storage.room = None
    assert said(alice.send(alice.order(cl_ord_id=2))) == [("NEW", "NONE")]
    on(venue, 2, "bob")


def test_a_session_that_is_lost_while_the_log_is_full_can_come_back(venue):
    alice = on(venue, 1)
    venue.storage.room = 0
    alice.message_number += 1
    assert said(alice.send(alice.order())) == [("BUSINESS_MESSAGE_REJECT", "MSG_SEQ_NUM_OUT_OF_TURN")]
    venue.storage.room = None
    assert said(on(venue, 2).logon()) == [("LOGON_ANSWER", "NONE")]


def test_a_log_that_is_out_of_step_stops_the_loop(venue):
    alice = on(venue, 1)
    venue.storage.room, venue.storage.error = 0, errno.EINVAL
    alice.post(alice.lines(alice.order()))
    with pytest.raises(RuntimeError, match="out of step"):
        venue.run()
    assert venue.take_sent(alice.routing_id) == []


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EMFILE, errno.ENFILE])
def test_a_log_that_finds_no_room_or_no_file_now_refuses_and_goes_on_later(venue, error):
    """Connections can use up all files: no client may stop the venue that way."""
    alice = on(venue, 1)
    venue.storage.room, venue.storage.error = 0, error
    assert said(alice.send(alice.order())) == [("BUSINESS_MESSAGE_REJECT", "LOG_FULL")]
    venue.storage.room = None
    assert said(alice.send(alice.order())) == [("NEW", "NONE")]


def test_a_log_that_failed_for_good_stops_the_loop_and_answers_nothing(venue):
    alice = on(venue, 1)
    venue.storage.room, venue.storage.error = 0, errno.EIO
    alice.post(alice.lines(alice.order()))
    with pytest.raises(UserError, match="takes no command after"):
        venue.run()
    assert venue.take_sent(alice.routing_id) == []


def test_a_transport_that_is_broken_stops_the_loop(venue):
    venue.transport.error = errno.EBADF
    with pytest.raises(RuntimeError, match="transport failed"):
        venue.loop.round()


def test_a_digest_is_journaled_every_so_many_commands():
    venue = Simulation(digest_every=10)
    alice = on(venue, 1)
    for _ in range(35):
        alice.send(alice.order())
    assert 3 <= kinds(venue).count(m.EventDigest) <= 5
    replayed = Engine()
    replayed.apply(venue.storage.records())
    assert replayed.digest() == venue.engine.digest()


def test_the_venues_own_commands_must_be_its_own(venue):
    with pytest.raises(ValueError, match="NOT_AUTHORIZED"):
        venue.loop.journal(venue.codec.encode(m.Logout(session="alice")))
    with pytest.raises(RuntimeError, match="RUN_OUT_OF_SEQUENCE"):
        venue.loop.journal(venue.codec.encode(m.VenueStart(run=7)))
    with pytest.raises(ValueError, match="max_connections"):
        Loop(Engine(), SimulatedTransport(SimulatedStorage()), SimulatedStorage(), max_connections=0)


# ------------------------------------------------------------------------------------------------- a hostile world


@pytest.mark.parametrize("seed", range(6))
def test_a_world_that_loses_doubles_and_reorders_never_corrupts_an_order(seed):
    """A client that logs on again and sends what is above its mark has each of its orders taken once and in order."""
    chance = random.Random(seed)
    venue = Simulation()
    number = 1
    alice = on(venue, number)
    while alice.cl_ord_id < 200:
        batch = [
            alice.lines(*(alice.order() for _ in range(chance.randrange(1, 5)))) for _ in range(chance.randrange(1, 6))
        ]
        fate = chance.random()
        if fate < 0.1:
            batch.pop(chance.randrange(len(batch)))
        elif fate < 0.2:
            batch.insert(chance.randrange(len(batch)), batch[chance.randrange(len(batch))])
        elif fate < 0.3:
            chance.shuffle(batch)
        elif fate < 0.4:
            venue.transport.unroutable.add(alice.routing_id)
        for lines in batch:
            alice.post(lines)
        alice.answers()
        if venue.loop.connections == 0 or fate < 0.4:
            number += 1
            alice = Peer(venue, number)
            alice.cl_ord_id = int(alice.logon()[-1]["cl_ord_id"])
    taken = [command.cl_ord_id for command in venue.journaled() if isinstance(command, m.NewOrderSingle)]
    assert taken == list(range(1, len(taken) + 1)), f"seed {seed}"
    replayed = Engine()
    replayed.apply(venue.storage.records())
    assert replayed.digest() == venue.engine.digest(), f"seed {seed}"
    venue.engine.check()


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes_and_mutated_records_change_no_state(seed):
    """From strangers nothing is journaled; from a session only what decodes, is in turn and new."""
    chance = random.Random(seed)
    venue = Simulation()
    stranger, alice = Peer(venue, 99, "bob"), on(venue, 1)
    digest = venue.engine.digest()
    record = alice.lines(alice.order()).tobytes()
    for _ in range(800):
        if chance.random() < 0.3:
            payload = chance.randbytes(chance.choice([1, 64, 128, 640, 1000]))
        else:
            mutated = bytearray(record * chance.randrange(1, 4))
            for _ in range(chance.randrange(1, 6)):
                mutated[chance.randrange(len(mutated))] = chance.randrange(256)
            payload = bytes(mutated)
        if has_logon(payload):
            continue
        stranger.post(payload)
        venue.run()
    assert venue.engine.digest() == digest, f"seed {seed}"
    assert venue.loop.counters["refused"] >= 700
    assert said(alice.send(alice.order(cl_ord_id=500)))[0][0] in ("NEW", "BUSINESS_MESSAGE_REJECT")


def has_logon(payload: bytes) -> bool:
    """The one thing that a stranger may do is to log on."""
    lines = np.frombuffer(payload[: len(payload) // LINE_BYTES * LINE_BYTES], COMMAND)
    return bool((lines["type"] == CommandType.LOGON).any())


@pytest.mark.parametrize("others", [False, True])
def test_a_session_that_is_lost_while_the_log_is_full_is_ended_when_there_is_room(others):
    """Bob's orders are cancelled by his disconnect, whenever that can be journaled."""
    venue = Simulation(heartbeat_timeout_ms=1_000)
    bob = Peer(venue, 1, "bob")
    bob.logon()
    bob.send(bob.order())
    venue.storage.room = 0
    fall_silent(venue)
    assert venue.loop.connections == 0
    assert [type(command) for command in venue.journaled()] == [m.Logon, m.NewOrderSingle]
    venue.storage.room = None
    if others:
        Peer(venue, 2).logon()
    venue.advance(1)
    venue.run()
    assert [command.session for command in venue.journaled() if type(command) is m.Disconnect] == ["bob"]
    assert len(venue.engine.orders("ACME")) == 0
    before = len(venue.journaled())
    venue.advance(1)
    venue.run()
    assert [type(command) for command in venue.journaled()[before:]] == [m.Disconnect] * others, "alice is silent"


def fall_silent(venue):
    """Whoever is there is asked for, says nothing, and is gone."""
    for _ in range(2):
        venue.advance(1)
        venue.run()


def owed_by_bob():
    """A venue whose log is full; bob has lost his connection, and his Disconnect is owed."""
    venue = Simulation(heartbeat_timeout_ms=1_000)
    bob = Peer(venue, 1, "bob")
    bob.logon()
    venue.storage.room = 0
    fall_silent(venue)
    assert venue.loop.connections == 0 and venue.loop.counters["log_errors"] == 1
    return venue


def test_a_session_that_is_back_when_there_is_room_is_not_ended():
    venue = owed_by_bob()
    venue.storage.room = None
    Peer(venue, 2, "bob").logon()
    venue.advance(0.5)
    venue.run()
    assert [type(command) for command in venue.journaled()] == [m.Logon, m.Logon]
    assert venue.loop.connections == 1


def test_a_disconnect_that_is_owed_is_tried_ever_more_seldom_and_counted_once():
    venue, tries, begun = owed_by_bob(), [], 0.0
    for tick in range(1, 801):
        venue.advance(0.05)
        refused = venue.storage.refused
        venue.run()
        if venue.storage.refused > refused:
            tries.append(round(tick * 0.05 - begun, 2))
            begun = tick * 0.05
    assert tries == pytest.approx([1, 2, 4, 8, 10, 10], abs=0.1)
    assert venue.loop.counters["log_errors"] == 1
    venue.storage.room = None
    venue.advance(10.05)
    venue.run()
    assert [type(command) for command in venue.journaled()] == [m.Logon, m.Disconnect]


def test_a_disconnect_that_is_owed_comes_at_once_when_the_log_has_taken_another_command():
    venue = owed_by_bob()
    for _ in range(60):
        venue.advance(0.5)
        venue.run()
    venue.storage.room = None
    Peer(venue, 2).logon()
    venue.advance(0.05)
    venue.run()
    assert [type(command) for command in venue.journaled()] == [m.Logon, m.Logon, m.Disconnect]


def test_where_the_log_has_room_for_some_of_the_disconnects_that_are_owed_the_pause_begins_anew():
    venue = Simulation(heartbeat_timeout_ms=1_000)
    for number, session in enumerate(("alice", "bob", "operator"), 1):
        Peer(venue, number, session).logon()
    venue.storage.room = 0
    fall_silent(venue)
    for _ in range(60):
        venue.advance(0.5)
        venue.run()
    assert venue.loop.counters["log_errors"] == 3
    venue.storage.room = 2
    venue.advance(10)
    venue.run()
    venue.storage.room = None
    venue.advance(1)
    venue.run()
    assert [command.session for command in venue.journaled() if type(command) is m.Disconnect] == [
        "alice", "bob", "operator"]
    assert venue.loop.counters["log_errors"] == 3


def test_of_a_message_of_a_stranger_four_records_are_answered_and_a_logon_behind_them_counts(venue):
    """So what waits for one that reads nothing is small, whatever it sends."""
    stranger = Peer(venue, 1)
    orders = [stranger.order() for _ in range(1_000)]
    logon = stranger.lines(m.Logon(session_name="alice"))
    stranger.message_number = 0
    events = stranger.send(*orders)
    assert said(events) == [("BUSINESS_MESSAGE_REJECT", "NOT_LOGGED_ON")] * 4
    assert venue.loop.counters["refused"] == 1_000
    stranger.post(np.concatenate([stranger.lines(*orders[:10]), logon]))
    assert said(stranger.answers())[-1] == ("LOGON_ANSWER", "NONE")
