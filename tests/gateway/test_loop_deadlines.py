"""Time that passes without a command: the loop journals a Clock when something is due, and only then; how long it
waits for a message."""

import errno
from decimal import Decimal

import pytest

from pricetime.matching.records import Phase, Reason
from tests.gateway.simulation import DEFINITIONS, SECOND, Peer, Simulation, m, said

WAIT_MS = 50
BANDS = m.SecurityDefinition(
    symbol="ACME", reference_price=Decimal(100), static_band=Decimal(5), call_duration=3 * SECOND
)


@pytest.fixture
def venue():
    return Simulation()


def on(venue, number=1, session="alice"):
    peer = Peer(venue, number, session)
    peer.logon()
    return peer


def gtd(peer, seconds, **fields):
    """A buy order of a peer that expires so many seconds from now."""
    time = peer.simulation.utc + int(seconds * SECOND)
    return peer.order(time_in_force="GTD", expire_time=time, **fields)


def clocks(venue):
    return [command.transact_time for command in venue.journaled() if isinstance(command, m.Clock)]


def waits(venue):
    """How long a round without messages waits for one."""
    venue.transport.waits.clear()
    venue.loop.round(wait=True)
    [wait] = venue.transport.waits
    return wait


def test_an_order_expires_when_its_time_has_come_and_nothing_else_does(venue):
    alice = on(venue)
    assert said(alice.send(gtd(alice, 2))) == [("NEW", "NONE")]
    venue.advance(1.999999999)
    assert (alice.answers(), clocks(venue)) == ([], [])
    venue.advance(0.000000001)
    assert said(alice.answers()) == [("EXPIRED", "EXPIRE_TIME_REACHED")]
    assert clocks(venue) == [venue.utc]
    venue.advance(100)
    assert (said(alice.answers()), len(clocks(venue))) == ([("TEST_REQUEST_EVENT", "NONE")], 1)     # is she there?


def test_a_command_that_comes_in_time_makes_no_clock(venue):
    alice, bob = on(venue), on(venue, 2, "bob")
    alice.send(gtd(alice, 2))
    venue.advance(3)
    assert said(bob.send(bob.order("Sell"))) == [("NEW", "NONE")]
    assert said(alice.answers()) == [("EXPIRED", "EXPIRE_TIME_REACHED")]
    assert clocks(venue) == []


def test_what_is_refused_at_the_door_brings_no_time_so_a_clock_does(venue):
    alice, bob = on(venue), on(venue, 2, "bob")
    alice.send(gtd(alice, 2))
    venue.advance(3)
    assert said(bob.send(bob.order("Sell", cl_ord_id=-1))) == [("BUSINESS_MESSAGE_REJECT", "INVALID_CL_ORD_ID")]
    assert said(alice.answers()) == [("EXPIRED", "EXPIRE_TIME_REACHED")]
    assert len(clocks(venue)) == 1


def test_an_order_that_is_cancelled_leaves_nothing_due(venue):
    alice = on(venue)
    order = gtd(alice, 2)
    alice.send(order)
    alice.cl_ord_id += 1
    cancel = m.OrderCancelRequest(session="alice", cl_ord_id=2, symbol="ACME", orig_cl_ord_id=order.cl_ord_id)
    assert said(alice.send(cancel)) == [("CANCELED", "NONE")]
    venue.advance(10)
    assert (alice.answers(), clocks(venue), waits(venue)) == ([], [], WAIT_MS)


def test_all_that_is_due_together_takes_one_clock(venue):
    alice = on(venue)
    alice.send(*(gtd(alice, 1 + number / 100) for number in range(50)))
    venue.advance(2)
    assert said(alice.answers()) == [("EXPIRED", "EXPIRE_TIME_REACHED")] * 50
    assert len(clocks(venue)) == 1


def test_a_volatility_call_ends_by_the_gateways_clock():
    venue = Simulation([*DEFINITIONS[:-1], BANDS, DEFINITIONS[-1]])
    alice, bob = on(venue), on(venue, 2, "bob")
    bob.send(bob.order("Sell", price="106.00"))
    assert said(alice.send(alice.order("Buy", price="106.00"))) == [("NEW", "NONE")]
    assert waits(venue) == WAIT_MS
    venue.advance(3)
    assert said(alice.answers()) == [("TRADE", "NONE")]
    assert said(bob.answers()) == [("TRADE", "NONE")]
    assert clocks(venue) == [venue.utc]


def test_on_flow_time_only_commands_bring_time():
    venue = Simulation(clock="flow")
    alice, bob = on(venue), on(venue, 2, "bob")
    order = alice.order(time_in_force="GTD", expire_time=2 * SECOND, transact_time=SECOND)
    assert said(alice.send(order)) == [("NEW", "NONE")]
    assert (alice.answers(), clocks(venue), waits(venue)) == ([], [], WAIT_MS)
    assert said(bob.send(bob.order("Sell", price="200.00", transact_time=2 * SECOND))) == [("NEW", "NONE")]
    assert said(alice.answers()) == [("EXPIRED", "EXPIRE_TIME_REACHED")]
    assert clocks(venue) == []


@pytest.mark.parametrize(("left", "wait"), [
    (10 * SECOND, WAIT_MS), (50_000_001, WAIT_MS), (50_000_000, WAIT_MS), (49_999_999, 50), (20_000_001, 21),
    (20_000_000, 20), (1, 1),
])
def test_a_wait_ends_at_the_deadline_and_never_before_it(venue, left, wait):
    alice = on(venue)
    alice.send(gtd(alice, left / SECOND))
    assert waits(venue) == wait


def test_a_clock_that_stands_still_costs_no_storm(venue):
    """A nanosecond before the deadline: each wait is a millisecond, and nothing is journaled."""
    alice = on(venue)
    alice.send(gtd(alice, 0.000000001))
    journaled = len(venue.storage.records())
    assert {waits(venue) for _ in range(20)} == {1}
    assert len(venue.storage.records()) == journaled


def test_a_clock_that_is_set_back_makes_nothing_due(venue):
    alice = on(venue)
    alice.send(gtd(alice, 5))
    venue.utc -= 10 * SECOND
    venue.advance(0)
    assert (alice.answers(), clocks(venue), waits(venue)) == ([], [], WAIT_MS)
    venue.advance(15)
    assert said(alice.answers())[-1] == ("EXPIRED", "EXPIRE_TIME_REACHED")


def test_a_full_log_is_tried_again_without_a_storm_and_the_order_expires_when_there_is_room(venue):
    alice = on(venue)
    alice.send(gtd(alice, 1))
    venue.storage.room, venue.storage.error = 0, errno.ENOSPC
    venue.advance(2)
    assert alice.answers() == []
    assert [waits(venue) for _ in range(3)] == [WAIT_MS] * 3
    assert len(venue.engine.orders("ACME")) == 1
    assert venue.loop.last_log_error == errno.ENOSPC
    assert (venue.loop.counters["log_errors"], venue.storage.refused) == (1, 4), "one Clock, however often it is tried"
    venue.storage.room = None
    assert said(alice.answers()) == [("EXPIRED", "EXPIRE_TIME_REACHED")]


def test_digests_come_in_turn_when_only_time_passes():
    venue = Simulation(digest_every=2)
    alice = on(venue)
    for _ in range(3):
        alice.send(gtd(alice, 1))
        venue.advance(1)
        alice.answers()
    kinds = [type(command) for command in venue.journaled()]
    assert kinds.count(m.Clock) == 3
    since = 0
    for kind in kinds:
        since = 0 if kind is m.EventDigest else since + 1
        assert since <= 2


def test_the_report_of_an_expiry_leaves_when_its_clock_is_committed(venue):
    alice = on(venue)
    alice.send(gtd(alice, 1))
    venue.take_sent(alice.routing_id)
    venue.advance(1)
    venue.loop.round()
    [(_, _, committed)] = venue.transport.sent
    assert committed == venue.storage.appended == venue.engine.sequence


def change_phase(operator, phase):
    operator.cl_ord_id += 1
    fields = {"session": "operator", "cl_ord_id": operator.cl_ord_id}
    operator.send(m.TradingSessionStatus(symbol="ACME", phase=phase, **fields))


def test_changes_of_phases_are_kept_for_the_operator(venue):
    operator = on(venue, 3, "operator")
    before = len(venue.loop.phase_changes())
    change_phase(operator, "Halted")
    venue.advance(1)
    change_phase(operator, "Continuous")
    assert venue.loop.phase_changes(before) == [
        (before + 1, venue.utc - SECOND, 1, "ACME", Phase.HALTED, Reason.NONE),
        (before + 2, venue.utc, 1, "ACME", Phase.CONTINUOUS, Reason.NONE),
    ]
    assert venue.loop.phase_changes(before + 2) == []


def test_of_many_changes_of_phases_the_newest_are_kept(venue):
    operator = on(venue, 3, "operator")
    before = len(venue.loop.phase_changes())
    for _ in range(300):
        change_phase(operator, "Halted")
        change_phase(operator, "Continuous")
    numbers = [number for number, *_ in venue.loop.phase_changes(before)]
    assert numbers == list(range(before + 600 - 254, before + 601))


def test_a_volatility_call_is_told_when_it_begins_and_when_it_ends():
    venue = Simulation([*DEFINITIONS[:-1], BANDS, DEFINITIONS[-1]])
    alice, bob = on(venue), on(venue, 2, "bob")
    before = len(venue.loop.phase_changes())
    bob.send(bob.order("Sell", price="106.00"))
    alice.send(alice.order("Buy", price="106.00"))
    began = venue.utc
    venue.advance(3)
    alice.answers()
    assert [change[1:] for change in venue.loop.phase_changes(before)] == [
        (began, 1, "ACME", Phase.VOLATILITY_CALL, Reason.VOLATILITY_INTERRUPTION),
        (venue.utc, 1, "ACME", Phase.CONTINUOUS, Reason.CALL_ENDED),
    ]


YEARS = 10 * 365 * 86_400


def jump(venue, seconds):
    """The machine's clock of the day alone."""
    venue.utc += seconds * SECOND
    venue.advance(0)


def test_a_clock_that_goes_too_far_ahead_at_once_is_not_believed():
    """Its time would stay in the log for good: an order that is good for a year would expire."""
    venue = Simulation(clock_ahead_seconds=3_600)
    alice = Peer(venue, 1)
    alice.logon()
    expires = venue.utc + 365 * 86_400 * SECOND
    assert said(alice.send(alice.order(time_in_force="GTD", expire_time=expires))) == [("NEW", "NONE")]
    jump(venue, YEARS)
    venue.advance(5)
    before = venue.loop.clock_disbelieved
    assert said(alice.send(alice.order())) == [("NEW", "NONE")]
    assert venue.loop.clock_disbelieved > before == 0
    assert venue.engine.time == venue.utc - YEARS * SECOND, "so much has passed by the other clock"
    jump(venue, -YEARS)
    venue.advance(5)
    stands = venue.loop.clock_disbelieved
    alice.send(alice.order())
    assert (venue.engine.time, venue.loop.clock_disbelieved) == (venue.utc, stands)
    assert len(venue.engine.orders("ACME")) == 3


@pytest.mark.parametrize("ahead", [0, 3_600])
def test_a_clock_is_believed_where_so_much_time_has_passed_or_any_is(ahead):
    venue = Simulation(clock_ahead_seconds=ahead)
    alice = Peer(venue, 1)
    alice.logon()
    jump(venue, 3_599)
    alice.send(alice.order())
    assert venue.engine.time == venue.utc
    venue.loop.set_time(venue.utc + YEARS * SECOND, venue.monotonic + (YEARS * SECOND if ahead else 1))
    bob = Peer(venue, 2, "bob")
    bob.logon()
    assert venue.engine.time == venue.utc + YEARS * SECOND
    assert venue.loop.clock_disbelieved == 0


def test_a_clock_that_was_behind_the_log_at_the_start_is_believed_when_it_is_set_right():
    """A machine whose battery is empty begins in 1970, until it has asked for the time."""
    log = Simulation()
    Peer(log, 1).logon()
    venue = Simulation(definitions=(), clock_ahead_seconds=3_600, engine=log.engine)
    jump(venue, -50 * YEARS // 10)
    alice = Peer(venue, 1)
    alice.logon()
    assert venue.engine.time == log.utc, "the log's time never goes back"
    venue.utc = log.utc + 3_000 * SECOND
    venue.advance(5)
    assert (venue.loop.utc(), venue.loop.clock_believed) == (venue.utc, True)
    alice.send(alice.order())
    assert (venue.engine.time, venue.loop.clock_disbelieved) == (venue.utc, 0)
    jump(venue, 3_700)
    alice.send(alice.order())
    assert venue.engine.time == venue.utc - 3_700 * SECOND and venue.loop.clock_disbelieved > 0


def test_time_counts_on_by_itself_from_what_was_believed_last():
    """It did not stand still until the other clock had made up for a step that was believed."""
    venue = Simulation(clock_ahead_seconds=3_600)
    alice = Peer(venue, 1)
    alice.logon()
    jump(venue, 3_000)
    alice.send(alice.order())
    believed = venue.utc
    jump(venue, YEARS)
    for _ in range(3):
        venue.advance(10)
        believed += 10 * SECOND
        alice.send(alice.order())
        # What is asked for first tells nothing of what passed before it: the pause before a doubt is not counted.
        assert venue.engine.time == pytest.approx(believed - 10 * SECOND, abs=1)


def test_whoever_asks_from_outside_hears_the_time_that_is_believed_and_whether_the_clock_is():
    venue = Simulation(clock_ahead_seconds=3_600)
    Peer(venue, 1).logon()
    assert (venue.loop.utc(), venue.loop.clock_believed) == (venue.utc, True)
    jump(venue, YEARS)
    venue.advance(5)
    assert (venue.loop.utc(), venue.loop.clock_believed) == (venue.utc - YEARS * SECOND, False)
    assert venue.loop.clock_disbelieved == 0, "only what is stamped counts"
