"""A client's session without sockets: every report once and in order, every command once, whatever the line does."""

from random import Random

import numpy as np
import pytest

from pricetime.gateway.client_errors import (
    NoAnswer,
    Refused,
    ReportGap,
    ResendUnavailable,
    SessionEnded,
    TooManyOutstanding,
)
from pricetime.gateway.client_session import ClientSession
from pricetime.gateway.client_state import Policy, State
from pricetime.gateway.client_wire import flagged_possible, request
from pricetime.matching.errors import UserError
from pricetime.matching.records import POSS_RESEND, CommandType, EventType, Reason
from tests.gateway.fake_venue import FakeVenue, Line, event

SEEDS = 40


def lined(seed: int = 1, faults: float = 0.0, next_report_number: int = 0, **policy: object) -> Line:
    """A session that is logged on at a venue of its own."""
    dice = Random(seed)
    session = ClientSession("tcp://venue", "alice", Policy(**({"patience": 1e9} | policy)), next_report_number)
    line = Line(session, FakeVenue(dice), dice, 0.0)
    line.step()
    line.step()
    line.faults = faults
    return line


def logon() -> np.ndarray:
    line = request(CommandType.LOGON)
    line["sequence"] = 1
    return line


def orders(first: int, count: int = 1) -> np.ndarray:
    return np.concatenate([request(CommandType.NEW_ORDER_SINGLE, number) for number in range(first, first + count)])


@pytest.mark.parametrize("faults", [0.02, 0.1, 0.3, 0.6])
def test_each_command_counts_once_and_each_report_comes_once_in_order(faults):
    for seed in range(SEEDS):
        line = lined(seed, faults)
        session, sent = line.session, 0
        for _ in range(150):
            if line.dice.random() < 0.3:
                count = line.dice.randint(1, 5)
                session.send(orders(sent + 1, count), line.now)
                sent += count
            line.step(line.dice.choice([0.001, 0.01, 0.3]))
        line.faults = 0.0
        deadline = line.now + 600
        while (len(session.outstanding) or session.order.missing) and line.now < deadline:
            line.step(0.1)
        session.lost(line.now, UserError("cut"))    # a lost last report is noticed at the next Logon
        for _ in range(100):
            line.step(0.1)
        assert not session.errors, f"seed {seed}: {session.errors}"
        assert line.venue.journaled == dict.fromkeys(range(1, sent + 1), 1), f"seed {seed}"
        assert line.told == list(range(1, len(line.venue.reports) + 1)), f"seed {seed}"


def test_the_faults_are_there():
    line = lined(3, 0.3)
    for _ in range(500):
        line.step()
    assert line.logons > 5 and line.restarts > 3


def test_what_is_sent_again_is_flagged_the_command_that_the_mark_names_and_what_is_above_it():
    line = lined()
    session = line.session
    session.send(orders(1, 3), line.now)
    sent = np.frombuffer(session.connection.outgoing.popleft(), orders(1).dtype)
    for record in sent[:2]:
        line.venue.record(line.connection, record)      # two of three arrive, and nobody hears of it
    session.lost(line.now, UserError("cut"))
    line.step(3)
    again = []
    take = line.venue.take
    line.venue.take = lambda connection, payload: again.append(payload) or take(connection, payload)
    for _ in range(5):
        line.step()
    resent = np.frombuffer(b"".join(again), sent.dtype)
    resent = resent[resent["type"] == CommandType.NEW_ORDER_SINGLE]
    assert resent["cl_ord_id"].tolist() == [2, 3]       # is 2 in the log this client's? Then 3 follows
    assert (resent["attributes"] & POSS_RESEND).all()
    assert line.told[:3] == [1, 2, 3] and line.venue.journaled == {1: 1, 2: 1, 3: 1}


def test_nothing_is_asked_before_the_answer_to_the_logon_even_where_a_report_overtakes_it():
    line = lined()
    session = line.session
    session.send(orders(1), line.now)
    line.there.append(session.connection.outgoing.popleft())
    session.lost(line.now, UserError("cut"))
    line.venue.take(line.venue.connection, line.there.pop())    # it arrived, and nobody hears of it
    session.begin(line.now)
    logon = session.connection.outgoing.popleft()
    session.take(line.venue.take(line.connection, logon)[0].tobytes(), line.now)
    session.lost(line.now, UserError("cut"))                    # whose the command at the mark is stays open
    session.begin(line.now)
    session.connection.outgoing.clear()
    session.take(event(EventType.TRADE, cl_ord_id=1, report_number=2).tobytes(), line.now)
    assert session.order.missing and not session.connection.outgoing


def test_a_refusal_at_the_door_is_told_and_not_sent_again():
    line = lined()
    session = line.session
    session.send(orders(1, 2), line.now)
    session.connection.outgoing.clear()
    session.take(event(EventType.BUSINESS_MESSAGE_REJECT, cl_ord_id=1, reason=Reason.THROTTLED).tobytes(), line.now)
    assert session.reports.popleft()["reason"][0] == Reason.THROTTLED
    assert len(session.outstanding) == 1
    session.lost(line.now, UserError("cut"))
    for _ in range(5):
        line.step(3)
    assert line.venue.journaled == {2: 1}


def test_the_echo_of_a_doubled_message_is_not_told():
    line = lined()
    session = line.session
    session.send(orders(1), line.now)
    line.step()
    session.take(event(EventType.BUSINESS_MESSAGE_REJECT, cl_ord_id=1, reason=Reason.DUPLICATE_CL_ORD_ID).tobytes(),
                 line.now)
    assert not session.reports
    session.send(orders(1), line.now)       # but whoever sends one twice hears of it
    line.step()
    assert line.told == [1, 0]


def test_old_reports_that_the_caller_asked_for_are_told_once():
    line = lined()
    session = line.session
    session.send(orders(1), line.now)
    line.step()
    session.send(orders(1), line.now)       # with PossResend the venue says again what it had said
    session.connection.outgoing.clear()
    for _ in range(2):
        session.take(line.venue.reports[0].tobytes(), line.now)
    line.step()
    assert line.told == [1, 1]


def test_old_reports_that_come_in_several_messages_are_told_all():
    """Of a sweep, say. What else the order was told since was not asked for."""
    line = lined()
    session = line.session
    session.send(orders(1), line.now)
    line.step()
    trades = [event(EventType.TRADE, cl_ord_id=1, report_number=number, sequence=7 + number // 5)
              for number in range(2, 9)]
    session.take(np.concatenate(trades).tobytes(), line.now)
    line.step()
    assert line.told == [1, 2, 3, 4, 5, 6, 7, 8]
    session.send(orders(1), line.now)
    session.connection.outgoing.clear()
    for part in (trades[:2], trades[2:3], trades):      # number 5 is of another command
        session.take(np.concatenate(part).tobytes(), line.now)
    line.step()
    assert line.told[8:] == [2, 3, 4]


def test_what_no_venue_can_read_ends_the_session_and_is_not_sent_again():
    line = lined()
    session = line.session
    session.send(orders(1, 2), line.now)
    session.connection.outgoing.clear()
    session.take(event(EventType.REJECT, reason=Reason.UNKNOWN_MSG_TYPE, order_id=4).tobytes(), line.now)
    with pytest.raises(Refused, match="message not readable at byte 4: UNKNOWN_MSG_TYPE"):
        raise session.errors.popleft()
    assert session.state is State.ENDED
    session.restart()
    for _ in range(5):
        line.step(1)
    assert session.state is State.UP and session.logged.mark == 0 and not line.venue.journaled


def test_what_is_kept_is_bounded():
    line = lined(outstanding_max=10)
    line.session.send(orders(1, 10), line.now)
    with pytest.raises(TooManyOutstanding, match="10 commands wait for their reports"):
        line.session.send(orders(11), line.now)
    line.step()
    line.session.send(orders(11), line.now)
    line.step()
    assert line.told[-1] == len(line.venue.reports)


def test_reports_that_nobody_has_any_more_are_an_error_that_says_so():
    line = lined()
    session, venue = line.session, line.venue
    session.send(orders(1), line.now)
    venue.take(line.connection, session.connection.outgoing.popleft())
    session.lost(line.now, UserError("cut"))
    for _ in range(5):
        venue.trade()
    venue.oldest = 4
    for _ in range(5):
        line.step(1)
    remedy = "its log is pruned: to go on without them set next_report_number to 4"
    with pytest.raises(ResendUnavailable, match=f"report 1 is missing, and the venue has none before 4, {remedy}"):
        raise session.errors.popleft()
    assert session.state is State.ENDED
    session.order.begin(4, 0)       # the caller goes on without them
    session.restart()
    for _ in range(5):
        line.step(1)
    assert line.told == [4, 5, 6] and session.state is State.UP


@pytest.mark.parametrize("known", [1, 3, 6])
def test_a_program_that_was_started_anew_gets_what_came_since(known):
    dice = Random(1)
    venue = FakeVenue(dice)
    venue.mark = 1
    for _ in range(5):
        venue.trade()
    session = ClientSession("tcp://venue", "alice", Policy(), known)
    line = Line(session, venue, dice)
    for _ in range(4):
        line.step()
    assert line.told == list(range(known, 6))
    assert session.logged.missed == 6 - known


def test_another_log_is_no_continuation():
    line = lined(next_report_number=7)
    assert line.session.state is State.ENDED
    with pytest.raises(UserError, match=r"its log has 0 reports of session 'alice', this client has 6"):
        raise line.session.errors.popleft()


@pytest.mark.parametrize("more", [0, 1, 2])
def test_a_second_client_whose_commands_have_the_numbers_of_ours_ends_the_first_before_it_hears_of_them(more):
    """The mark is one of our own numbers, so that it does not tell."""
    line = lined()
    session = line.session
    other = object()
    foreign = orders(1)
    foreign["quantity"], foreign["sequence"] = 7, 2
    line.venue.record(other, logon()[0])
    line.venue.record(other, foreign[0])
    session.send(orders(1, 1 + more), line.now)         # 1 is another's by now
    for _ in range(10):
        line.step(1)
    with pytest.raises(SessionEnded, match="another client speaks for session 'alice' too: ClOrdID 1 in the log"):
        raise session.errors.popleft()
    assert line.told == [] and line.venue.journaled == {1: 1}
    session.restart()                                   # the caller begins anew
    line.step(1)
    line.step(1)
    assert session.state is State.UP and session.logged.mark == 1


def test_a_second_client_that_speaks_for_the_session_ends_the_first():
    line = lined()
    line.session.lost(line.now, UserError("cut"))
    line.venue.mark = 5
    line.step(3)
    line.step()
    with pytest.raises(SessionEnded, match="another client speaks for session 'alice'"):
        raise line.session.errors.popleft()


def test_without_reconnect_the_caller_hears_of_everything():
    line = lined(reconnect=False)
    session = line.session
    session.take(event(EventType.TRADE, report_number=2).tobytes(), line.now)
    with pytest.raises(ReportGap, match="report 1 is missing, 2 came"):
        raise session.errors.popleft()
    session.take(FakeVenue.refusal(Reason.MSG_SEQ_NUM_OUT_OF_TURN, 1).tobytes(), line.now)
    with pytest.raises(SessionEnded, match="MSG_SEQ_NUM_OUT_OF_TURN"):
        raise session.errors.popleft()


def test_without_reconnect_old_reports_that_were_asked_for_are_no_gap():
    line = lined(reconnect=False)
    session = line.session
    session.send(orders(1), line.now)
    line.step()
    more = len(line.told) + 1
    old = line.venue.reports[0]
    session.send(flagged_possible(orders(1)), line.now)
    session.take(np.concatenate([old, event(EventType.TRADE, report_number=more, cl_ord_id=1)]).tobytes(), line.now)
    assert session.reports.popleft()["report_number"].tolist() == [1, more] and not session.errors
    session.take(old.tobytes(), line.now)       # nobody asked for it once more
    with pytest.raises(ReportGap, match=f"report {more + 1} is missing, 1 came"):
        raise session.errors.popleft()


def test_a_venue_that_is_gone_is_tried_for_a_bounded_time_with_growing_pauses():
    line = lined(patience=20.0, timeout=1.0)
    session = line.session
    session.lost(line.now, UserError("cut"))
    pauses = []
    while session.state is not State.ENDED and line.now < 1000:
        if session.state is State.AWAY:
            pauses.append(session.retry_at - line.now)
            line.now = session.retry_at
            session.begin(line.now)     # and nobody answers
        line.now += 0.1
        session.tick(line.now)
    assert 20 < line.now < 30
    assert max(pauses[:2]) < 0.2 and 1.0 <= pauses[-1] <= 2.0
    assert isinstance(session.errors.popleft(), NoAnswer)


def test_both_sides_send_heartbeats_and_a_silent_venue_counts_as_gone():
    line = lined(heartbeat=1.0)
    session, sent = line.session, []
    for _ in range(100):
        while session.connection.outgoing:
            sent.append(int(np.frombuffer(session.connection.outgoing.popleft(), orders(1).dtype)["type"][0]))
        line.now += 0.05
        session.tick(line.now)
        if session.state is not State.UP:
            break
    assert sent == [CommandType.HEARTBEAT, CommandType.TEST_REQUEST, CommandType.HEARTBEAT]
    assert session.state is State.AWAY


def test_the_venues_test_request_is_answered():
    line = lined()
    line.session.take(event(EventType.TEST_REQUEST_EVENT, order_id=77).tobytes(), line.now)
    answer = np.frombuffer(line.session.connection.outgoing.popleft(), orders(1).dtype)[0]
    assert (answer["type"], answer["target"]) == (CommandType.HEARTBEAT, 77)


def test_a_refused_logon_is_final():
    session = ClientSession("tcp://venue", "nobody", Policy())
    session.begin(0.0)
    session.take(FakeVenue.refusal(Reason.UNKNOWN_SESSION, 0).tobytes(), 0.0)
    with pytest.raises(Refused, match="session 'nobody' cannot log on: UNKNOWN_SESSION"):
        raise session.errors.popleft()
    assert session.state is State.ENDED


def test_rows_of_a_mass_status_that_were_lost_are_asked_for_again():
    line = lined()
    session = line.session
    asked = session.ask(request(CommandType.ORDER_MASS_STATUS_REQUEST), line.now, many=True)
    number = int(asked.lines["cl_ord_id"][0])
    row = event(EventType.ORDER_STATUS, cl_ord_id=number, leaves_qty=5)
    end = event(EventType.STATUS_ANSWER, cl_ord_id=number, last_qty=2, sequence=9)
    session.connection.outgoing.clear()
    session.take(np.concatenate([row, end]).tobytes(), line.now)
    assert not asked.done and len(session.connection.outgoing) == 1
    session.take(np.concatenate([row, row, end]).tobytes(), line.now)
    assert asked.done and len(asked.rows) == 2
    assert not session.reports
