"""Lanes of the desk: what each client sent keeps its order, and nobody waits for what another sent."""

import pytest

from pricetime.gateway.desk import lanes
from pricetime.gateway.desk.frames import Frame
from pricetime.gateway.desk.lanes import Lanes
from pricetime.gateway.internal import InternalKind


class Clock:
    """Each frame takes a second."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


class Worker:
    """Works off frames that are not `blocked`, and notes which."""

    def __init__(self, clock):
        self.clock, self.done, self.refused, self.blocked, self.late = clock, [], [], set(), []
        self.lanes = Lanes(self.take, self.refuse, clock.monotonic)

    def refuse(self, frame):
        self.refused.append((frame.routing, frame.payload))

    def take(self, frame, late):
        self.clock.now += 1
        if frame.routing in self.blocked:
            self.late.append(late)
            return False
        self.done.append((frame.routing, frame.payload))
        return True

    def add(self, routing, *payloads, stranger=False):
        for payload in payloads:
            frame = Frame(InternalKind.FORWARD, payload, routing)
            self.lanes.add((routing, 0), frame, self.clock.now, stranger)


@pytest.fixture
def worker():
    return Worker(Clock())


def test_who_has_sent_much_is_not_before_who_has_sent_little(worker):
    worker.add(1, *[b"%d" % number for number in range(1_000)])
    worker.add(2, b"logon", b"order")
    assert worker.lanes.serve(10_000)
    assert worker.done[:5] == [(1, b"0"), (2, b"logon"), (1, b"1"), (2, b"order"), (1, b"2")]
    assert [payload for routing, payload in worker.done if routing == 1] == [b"%d" % number for number in range(1_000)]
    assert len(worker.lanes) == 0 and worker.refused == []


def test_a_turn_that_ran_out_of_time_goes_on_where_it_was(worker):
    for routing in range(1, 6):
        worker.add(routing, b"a", b"b")
    for _ in range(5):
        assert worker.lanes.serve(2)
    assert worker.done == [(routing, payload) for payload in (b"a", b"b") for routing in range(1, 6)]


def test_what_has_to_wait_keeps_nobody_else_and_is_asked_once_a_round(worker):
    worker.blocked = {1}
    worker.add(1, b"first", b"second")
    worker.add(2, b"a", b"b", b"c")
    assert worker.lanes.serve(100)
    assert worker.done == [(2, b"a"), (2, b"b"), (2, b"c")] and worker.late == [False]
    assert not worker.lanes.serve(100)
    worker.blocked.clear()
    assert worker.lanes.serve(100)
    assert worker.done[3:] == [(1, b"first"), (1, b"second")]


def test_what_has_waited_long_enough_is_late(worker):
    worker.blocked = {1}
    worker.add(1, b"first")
    worker.clock.now += lanes.WAIT_SECONDS + 1
    worker.lanes.serve(1)
    assert worker.late == [True]


def test_a_lane_is_bounded_and_a_strangers_is_short(worker, monkeypatch):
    monkeypatch.setattr(lanes, "LANE_FRAMES_MAX", 3)
    monkeypatch.setattr(lanes, "STRANGER_FRAMES_MAX", 2)
    worker.add(1, b"a", b"b", b"c", b"d")
    worker.add(2, b"a", b"b", b"c", stranger=True)
    assert worker.refused == [(1, b"d"), (2, b"c")]
    worker.lanes.serve(100)
    worker.add(2, b"e", stranger=True)
    worker.lanes.serve(100)
    assert worker.done[-1] == (2, b"e") and len(worker.refused) == 2


def test_strangers_take_no_room_from_sessions(worker, monkeypatch):
    monkeypatch.setattr(lanes, "STRANGERS_BYTES_MAX", 10_000)
    worker.add(1, *[bytes(1_000)] * 100, stranger=True)
    refused = len(worker.refused)
    assert refused > 90
    worker.add(2, *[bytes(1_000)] * 100)
    assert len(worker.refused) == refused
    worker.lanes.serve(1_000)
    worker.add(1, b"again", stranger=True)
    assert len(worker.refused) == refused


@pytest.mark.parametrize("stranger", [False, True])
def test_many_who_flood_together_keep_nobody_out(worker, monkeypatch, stranger):
    monkeypatch.setattr(lanes, "STRANGERS_BYTES_MAX" if stranger else "WAITING_BYTES_MAX", 10_000)
    for routing in range(1, 21):
        worker.add(routing, *[b"x"] * 10, stranger=stranger)
    worker.refused.clear()
    worker.add(99, b"logon", b"order", stranger=stranger)
    assert worker.refused == [(99, b"order")]       # one of each, however many there are
    worker.add(98, bytes(lanes.ALWAYS_BYTES + 1), stranger=stranger)
    assert len(worker.refused) == 2
    worker.lanes.serve(1_000)
    assert (99, b"logon") in worker.done[:22]
