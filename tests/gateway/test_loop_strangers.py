"""What the desk reads of a connection that speaks MessagePack and is not logged on: no session's limits bound it."""

import numpy as np
import pytest

from pricetime.gateway.internal import Encoding, InternalKind
from pricetime.gateway.loop import BEFORE_LOGON_PER_SECOND
from pricetime.gateway.stats import reading_of
from pricetime.matching.records import EVENT_LINE, Reason
from tests.gateway.simulation import Peer, Simulation, m, said
from tests.gateway.test_loop_helpers import DESK, MAP, SECRET, enrol, frame, frames, pack_session, post, routing_number

KIB = 1024


def opened(**limits):
    venue = Simulation(secret=SECRET, **limits)
    enrol(venue)
    venue.loop.stat.begin(1)
    return venue


@pytest.fixture
def venue():
    return opened(before_logon_per_second=5)


def flood(venue, peer, count=100, payload=MAP, *more):
    for _ in range(count):
        peer.post(payload, *more)
    venue.run()


def forwarded(found, peer):
    return sum(line["kind"] == InternalKind.FORWARD and line["routing"] == routing_number(peer) for line, _ in found)


def answers(found, peer):
    """(type, reason) of what the desk is to say to a peer."""
    mine = [payload for line, payload in found
            if line["kind"] == InternalKind.TRANSLATE and line["routing"] == routing_number(peer)]
    return [said(np.frombuffer(payload, EVENT_LINE)) for payload in mine]


def test_of_a_connection_that_is_not_logged_on_the_desk_reads_no_more_than_the_bound(venue):
    stranger = Peer(venue, 7)
    flood(venue, stranger)
    assert forwarded(frames(venue), stranger) == 5


def test_what_is_more_is_answered_once_a_second_and_all_of_it_counted(venue):
    stranger = Peer(venue, 7)
    flood(venue, stranger)
    assert answers(frames(venue), stranger) == [[("REJECT", "THROTTLED")]]
    venue.advance(0.9)
    flood(venue, stranger)
    found = frames(venue)
    assert answers(found, stranger) == [] and forwarded(found, stranger) == 4   # that the time since has paid for
    venue.advance(0.1)
    flood(venue, stranger)
    assert answers(frames(venue), stranger) == [[("REJECT", "THROTTLED")]]
    counters = venue.loop.counters
    assert counters["throttled"] == counters["refused"] == 300 - (5 + 4 + 1)
    assert reading_of(venue.loop.stat.read()).refused == {"THROTTLED": counters["refused"]}


def test_who_was_refused_is_read_again_after_a_second(venue):
    stranger = Peer(venue, 7)
    flood(venue, stranger)
    frames(venue)
    venue.advance(1)
    stranger.post(MAP)
    venue.run()
    assert forwarded(frames(venue), stranger) == 1


def test_each_begun_kib_counts_as_a_message(venue):
    found = []
    for number, size in enumerate((KIB - 1, KIB, 4 * KIB, 5 * KIB)):
        stranger = Peer(venue, 7 + number)
        flood(venue, stranger, 100, b"\x90" + bytes(size - 1))
        found.append(forwarded(frames(venue), stranger))
    assert found == [5, 2, 1, 0]


@pytest.mark.parametrize(("payload", "more"), [(MAP, (True,)), (b"\x90" + bytes(65536), ())],
                         ids=["frames", "too large"])
def test_what_is_no_message_is_not_answered_more_often(payload, more):
    venue = opened()
    stranger = Peer(venue, 7)
    flood(venue, stranger, 1_000, payload, *more)
    assert len(answers(frames(venue), stranger)) <= BEFORE_LOGON_PER_SECOND + 1


def test_one_connection_uses_up_nothing_of_anothers(venue):
    flood(venue, Peer(venue, 7))
    frames(venue)
    other = Peer(venue, 8)
    flood(venue, other, 3)
    assert forwarded(frames(venue), other) == 3


def test_who_is_logged_on_is_not_bounded_by_it_and_who_was_is(venue):
    bob = pack_session(venue)
    flood(venue, bob)
    assert forwarded(frames(venue), bob) == 100
    bob.message_number = 1
    logout = bob.lines(m.Logout(session="bob"))
    post(venue, DESK, frame(InternalKind.SUBMIT, logout.tobytes(), routing=routing_number(bob),
                            encoding=Encoding.MESSAGE_PACK))
    assert venue.loop.connections == 0
    frames(venue)
    flood(venue, bob)
    assert forwarded(frames(venue), bob) == 5


def test_lines_are_not_bounded_by_it(venue):
    alice = Peer(venue, 7)
    answers = [said(alice.send(alice.order()))[0] for _ in range(50)]
    assert answers == [("BUSINESS_MESSAGE_REJECT", "NOT_LOGGED_ON")] * 50
    assert said(alice.logon()) == [("LOGON_ANSWER", "NONE")]


def test_0_is_no_bound():
    venue = opened(before_logon_per_second=0)
    stranger = Peer(venue, 7)
    flood(venue, stranger, 1_000)
    found = frames(venue)
    assert forwarded(found, stranger) == 1_000 and answers(found, stranger) == []


def test_without_a_word_the_bound_is_the_default():
    venue = opened()
    stranger = Peer(venue, 7)
    flood(venue, stranger, 1_000)
    assert forwarded(frames(venue), stranger) == BEFORE_LOGON_PER_SECOND
    assert Reason.THROTTLED.name in reading_of(venue.loop.stat.read()).refused
