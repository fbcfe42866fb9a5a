"""A disk that takes its time: reports wait for the committed position, in order, while further commands are taken."""

import errno

import pytest

from pricetime.matching.errors import UserError
from pricetime.matching.records import EventType
from tests.gateway.simulation import DEFINITIONS, SECOND, Peer, Simulation, first_lines, m, said


@pytest.fixture
def venue():
    """Nothing is committed unless a test says so."""
    simulation = Simulation(slow=True)
    simulation.storage.patient = True
    return simulation


def rounds(venue):
    while venue.loop.round():
        pass


def logged_on(venue, number, session):
    peer = Peer(venue, number, session)
    peer.post(peer.lines(m.Logon(session_name=session)))
    rounds(venue)
    venue.storage.commit()
    venue.loop.round()
    assert [event["type"] for event in seen(venue, peer)] == [EventType.LOGON_ANSWER]
    return peer


def seen(venue, peer):
    return [event for payload in venue.take_sent(peer.routing_id) for event in first_lines(payload)]


@pytest.fixture
def alice(venue):
    return logged_on(venue, 1, "alice")


def test_nothing_is_answered_before_the_disk_has_it_and_further_commands_are_taken_meanwhile(venue, alice):
    for _ in range(5):
        alice.post(alice.lines(alice.order()))
        rounds(venue)
    assert venue.engine.sequence == venue.storage.published == len(DEFINITIONS) + 6
    assert venue.transport.sent == []
    first = len(DEFINITIONS) + 2
    venue.storage.commit(first + 1)
    rounds(venue)
    assert [event["sequence"] for event in seen(venue, alice)] == [first, first + 1]
    venue.storage.commit()
    rounds(venue)
    assert [event["sequence"] for event in seen(venue, alice)] == [first + 2, first + 3, first + 4]


def test_what_one_round_took_leaves_as_one_message(venue, alice):
    for _ in range(3):
        alice.post(alice.lines(alice.order()))
    rounds(venue)
    venue.storage.commit()
    rounds(venue)
    (payload,) = venue.take_sent(alice.routing_id)
    assert said(first_lines(payload)) == [("NEW", "NONE")] * 3


def test_both_sides_of_a_trade_wait_for_it(venue, alice):
    bob = logged_on(venue, 2, "bob")
    alice.post(alice.lines(alice.order("Buy", 10)))
    rounds(venue)
    venue.storage.commit()
    bob.post(bob.lines(bob.order("Sell", 4)))
    rounds(venue)
    assert said(seen(venue, alice)) == [("NEW", "NONE")]
    assert seen(venue, bob) == []
    venue.storage.commit()
    rounds(venue)
    assert said(seen(venue, alice)) == [("TRADE", "NONE")]
    assert said(seen(venue, bob)) == [("NEW", "NONE"), ("TRADE", "NONE")]


def test_a_refusal_does_not_overtake_the_reports_before_it(venue, alice):
    order = alice.order()
    alice.post(alice.lines(order))
    rounds(venue)
    alice.post(alice.lines(order))
    rounds(venue)
    assert venue.transport.sent == []
    venue.storage.commit()
    rounds(venue)
    assert said(seen(venue, alice)) == [("NEW", "NONE"), ("BUSINESS_MESSAGE_REJECT", "DUPLICATE_CL_ORD_ID")]


def test_after_a_logout_what_is_answered_comes_behind_what_was_still_to_come(venue, alice):
    alice.post(alice.lines(alice.order()))
    rounds(venue)
    alice.post(alice.lines(m.Logout(session="alice")))
    rounds(venue)
    alice.post(alice.lines(alice.order()))
    rounds(venue)
    assert venue.transport.sent == []
    venue.storage.commit()
    rounds(venue)
    assert [kind for kind, _ in said(seen(venue, alice))] == ["NEW", "LOGOUT_ANSWER", "BUSINESS_MESSAGE_REJECT"]


def test_a_stranger_is_answered_at_once(venue, alice):
    alice.post(alice.lines(alice.order()))
    stranger = Peer(venue, 9)
    stranger.post(stranger.lines(stranger.order()))
    rounds(venue)
    assert said(seen(venue, stranger)) == [("BUSINESS_MESSAGE_REJECT", "NOT_LOGGED_ON")]
    assert seen(venue, alice) == []


def test_a_peer_that_is_gone_when_the_disk_is_done_loses_its_session_and_nobody_else_does(venue, alice):
    bob = logged_on(venue, 2, "bob")
    for peer in (alice, bob, alice, bob):
        peer.post(peer.lines(peer.order()))
        rounds(venue)
    venue.transport.unroutable.add(alice.routing_id)
    venue.storage.commit()
    rounds(venue)
    assert said(seen(venue, bob)) == [("NEW", "NONE")] * 2
    assert venue.loop.connections == 1
    venue.transport.unroutable.clear()
    venue.storage.commit()
    rounds(venue)
    assert seen(venue, alice) == []       # a report left out would be a gap


def test_who_logs_on_again_gets_what_it_was_owed_first(venue, alice):
    alice.post(alice.lines(alice.order()))
    rounds(venue)
    alice.message_number = 0
    alice.post(alice.lines(m.Logon(session_name="alice")))
    rounds(venue)
    venue.storage.commit()
    rounds(venue)
    assert [kind for kind, _ in said(seen(venue, alice))] == ["NEW", "LOGON_ANSWER"]


def test_a_full_queue_waits_for_the_disk_and_loses_nothing(venue, alice):
    venue.storage.patient = False
    before = venue.storage.listened
    for _ in range(5000):       # more than HELD_MAX parts
        alice.post(alice.lines(alice.order()))
        venue.loop.round()
    assert venue.storage.listened > before
    venue.run()
    assert [event["report_number"] for event in seen(venue, alice)] == list(range(1, 5001))


def test_more_connections_than_blocks_wait_for_the_disk_and_all_are_answered():
    count = 1100                # more than BLOCKS
    names = [f"s{number}" for number in range(count)]
    definitions = [m.VenueStart(run=1), m.PartyDefinition(participant="firm")]
    definitions += [m.SessionDefinition(session_name=name, participant="firm") for name in names]
    venue = Simulation(definitions, slow=True, max_connections=count)
    peers = [Peer(venue, number + 1, name) for number, name in enumerate(names)]
    for peer in peers:
        peer.post(peer.lines(m.Logon(session_name=peer.session)))
    rounds(venue)
    venue.run()
    assert all(said(seen(venue, peer)) == [("LOGON_ANSWER", "NONE")] for peer in peers)


def test_a_disk_that_fails_ends_the_loop_in_one_line_before_anything_false_is_said(venue, alice):
    alice.post(alice.lines(alice.order()))
    rounds(venue)
    committed = venue.storage.committed
    venue.storage.sync_error = errno.EIO
    said_so = f"the disk failed: .*; stopped: commands 1 to {committed} are on it, what came after was not acknowledged"
    with pytest.raises(UserError, match=said_so):
        venue.loop.round()
    assert venue.transport.sent == []


def test_what_is_committed_still_leaves_when_the_disk_fails(venue, alice):
    for _ in range(2):
        alice.post(alice.lines(alice.order()))
        rounds(venue)
    venue.storage.commit(venue.engine.sequence - 1)
    venue.storage.sync_error = errno.EIO
    with pytest.raises(UserError, match="the disk failed"):
        venue.loop.round()
    assert [event["cl_ord_id"] for event in seen(venue, alice)] == [1]


def test_the_operator_hears_of_a_phase_when_it_is_committed(venue):
    operator = logged_on(venue, 3, "operator")
    changes = len(venue.loop.phase_changes())
    halt = m.TradingSessionStatus(session="operator", cl_ord_id=1, symbol="ACME", phase="Halted")
    operator.post(operator.lines(halt))
    rounds(venue)
    assert len(venue.loop.phase_changes()) == changes
    venue.storage.commit()
    rounds(venue)
    assert [change[4] for change in venue.loop.phase_changes()[changes:]] != []


def test_connections_that_are_all_lost_at_once_leave_their_blocks_to_others():
    """More makers than blocks, all silent for too long, get a sweep's trades; the sweeper does not read; and in that
    very round an order of another session expires, whose report wants a block."""
    makers = 2048
    names = [f"s{number}" for number in range(makers + 2)]
    definitions = [m.VenueStart(run=1), m.PartyDefinition(participant="firm")]
    definitions += [m.SessionDefinition(session_name=name, participant="firm") for name in names]
    definitions += DEFINITIONS[-2:]
    venue = Simulation(definitions, max_connections=len(names))
    peers = [Peer(venue, number + 1, name) for number, name in enumerate(names)]
    *resting, taker, timed = peers
    taker.full = True
    for peer in peers:
        peer.post(peer.lines(m.Logon(session_name=peer.session, full_reports=peer.full)))
    venue.run()
    for peer in resting:
        peer.post(peer.lines(peer.order("Sell", 1)))
    venue.run()
    venue.advance(25)
    for peer in (taker, timed):
        peer.post(peer.lines(m.Heartbeat(session=peer.session)))
    timed.post(timed.lines(timed.order("Buy", 1, "1.00", time_in_force="GTD", expire_time=venue.utc + 10 * SECOND)))
    venue.run()
    venue.advance(9.9)

    class TimeGoesOn:
        """The taker, who does not read; and while the venue tries, the clock goes on."""

        def __hash__(self):
            return hash(taker.routing_id)

        def __eq__(self, other):
            if other == taker.routing_id:
                venue.loop.set_time(venue.utc + SECOND, venue.monotonic + SECOND)
            return other == taker.routing_id

    venue.transport.full = {TimeGoesOn()}
    taker.post(taker.lines(taker.order("Buy", makers, "100.00")))
    venue.loop.round()
    assert venue.loop.connections == 1
    assert [kind for kind, _ in said(seen(venue, timed))][-1] == "EXPIRED"
