"""A client's session at odd moments: what was refused, sent twice, asked in vain, or sent by somebody else."""

import math

import numpy as np
import pytest

from pricetime.gateway.client_errors import NoAnswer, Refused, SessionEnded
from pricetime.gateway.client_listing import PAUSE_MAX_S, PAUSE_S, Pace
from pricetime.gateway.client_session import ClientSession
from pricetime.gateway.client_state import State
from pricetime.gateway.client_wire import request
from pricetime.matching.errors import UserError
from pricetime.matching.records import COMMAND, CommandType, EventType, Reason
from tests.gateway.fake_venue import FakeVenue, Line, event
from tests.gateway.test_client_session import lined, orders


def throttle(session: ClientSession, line: Line, number: int) -> None:
    """The venue refuses an order at the door: it never took it."""
    session.connection.outgoing.clear()
    session.connection.message_number -= 1
    session.take(FakeVenue.refusal(Reason.THROTTLED, number).tobytes(), line.now)
    assert session.reports.popleft()["reason"][0] == Reason.THROTTLED


def later(line: Line, steps: int = 10) -> None:
    for _ in range(steps):
        line.step(1)


def cut(line: Line) -> None:
    line.session.lost(line.now, UserError("cut"))


def test_a_clordid_that_was_refused_at_the_door_is_free_again_while_the_line_is_down_too():
    line = lined()
    session = line.session
    session.send(orders(1), line.now)
    throttle(session, line, 1)
    cut(line)
    session.send(orders(1), line.now)
    assert len(session.outstanding) == 1
    later(line)
    assert line.venue.journaled == {1: 1} and line.told == [1] and session.state is State.UP


def test_it_counts_as_this_clients_own_where_the_line_is_cut_before_its_report():
    line = lined()
    session = line.session
    session.send(orders(1, 2), line.now)
    throttle(session, line, 1)
    session.connection.message_number -= 1
    session.take(FakeVenue.refusal(Reason.THROTTLED, 2).tobytes(), line.now)
    session.reports.clear()
    session.send(orders(1), line.now)
    line.venue.take(line.connection, session.connection.outgoing.popleft())     # and nobody hears of it
    cut(line)
    later(line)
    assert line.venue.journaled == {1: 1} and line.told == [1] and not session.errors


@pytest.mark.parametrize("reconnect", [True, False])
@pytest.mark.parametrize("number", [2**62 + 1, 2**63 - 1])
def test_a_refusal_of_a_command_is_told_however_high_its_clordid_is(reconnect, number):
    line = lined(reconnect=reconnect)
    session = line.session
    asked = session.ask(request(CommandType.ORDER_STATUS_REQUEST), line.now, many=False)
    session.send(request(CommandType.NEW_ORDER_SINGLE, number), line.now)
    throttle(session, line, number)
    assert not len(session.outstanding) and not asked.done
    session.take(FakeVenue.refusal(Reason.UNSUPPORTED, int(asked.lines["cl_ord_id"][0])).tobytes(), line.now)
    assert asked.done and not session.reports


def test_one_below_an_accepted_one_is_not_free():
    line = lined()
    session = line.session
    session.send(orders(1, 3), line.now)
    sent = np.frombuffer(session.connection.outgoing.popleft(), COMMAND)
    session.connection.message_number -= 1
    session.take(FakeVenue.refusal(Reason.THROTTLED, 2).tobytes(), line.now)
    assert len(session.outstanding) == 2 and session.outstanding.highest == 3
    assert sent["cl_ord_id"].tolist() == [1, 2, 3]


def test_a_clordid_that_is_sent_twice_while_the_line_is_down_is_answered_as_the_duplicate_that_it_is():
    line = lined()
    session = line.session
    session.send(orders(1), line.now)
    line.step()
    cut(line)
    session.send(np.concatenate([orders(1), orders(2)]), line.now)
    later(line)
    assert line.venue.journaled == {1: 1, 2: 1}
    assert sorted(line.told) == [0, 1, 2]       # 0: the refusal of the second 1


def test_what_was_sent_twice_before_logging_on_anew_is_not_sent_then():
    """Another client's mark is below it: the venue would take it for an order."""
    line = lined()
    session = line.session
    session.send(orders(1, 3), line.now)
    session.connection.outgoing.clear()
    cut(line)
    session.send(orders(3), line.now)
    line.venue.mark = 2
    line.venue.contents[2] = 7          # is not what this client sent by it
    later(line, 3)
    assert isinstance(session.errors.popleft(), SessionEnded)
    session.restart()
    later(line, 3)
    assert session.state is State.UP and not line.venue.journaled


def test_a_logout_waits_for_what_was_kept_while_the_line_was_down():
    line = lined()
    session = line.session
    session.send(orders(1), line.now)
    line.venue.take(line.connection, session.connection.outgoing.popleft())
    cut(line)
    session.send(orders(2), line.now)
    while session.state is not State.UP:
        line.now += 1
        if session.state is State.AWAY:
            line.open()
        session.take(line.venue.take(line.connection, session.connection.outgoing.popleft())[0].tobytes(), line.now)
    assert not session.speaks       # whose 1 is, is being asked; 2 has not left
    later(line)
    assert session.speaks and line.venue.journaled == {1: 1, 2: 1}


def test_a_line_that_is_cut_during_a_logout_is_an_error_where_commands_wait_for_their_answers():
    line = lined()
    line.session.send(orders(1), line.now)
    line.session.logout(line.now)
    with pytest.raises(UserError, match="logging out"):
        line.session.send(orders(2), line.now)
    cut(line)
    assert line.session.state is State.ENDED and isinstance(line.session.errors.popleft(), UserError)
    line = lined()
    line.session.logout(line.now)
    cut(line)
    assert line.session.state is State.ENDED and not line.session.errors


@pytest.mark.parametrize("reconnect", [True, False])
def test_a_logout_that_a_full_log_has_no_room_for_is_an_error_that_says_so(reconnect):
    line = lined(reconnect=reconnect)
    session = line.session
    session.logout(line.now)
    session.take(FakeVenue.refusal(Reason.LOG_FULL, 0).tobytes(), line.now)
    assert session.state is State.ENDED and not session.reports
    with pytest.raises(Refused, match="session 'alice' cannot log out: LOG_FULL"):
        raise session.errors.popleft()


def test_a_venue_that_refuses_resends_for_a_while_is_asked_seldom_and_then_all_goes_on():
    """The mark names a command without a numbered report, so that nothing is missing: whose it is must be asked."""
    line = lined()
    session, venue = line.session, line.venue
    session.send(orders(1), line.now)
    venue.take(line.connection, session.connection.outgoing.popleft())
    venue.reports.clear()
    cut(line)
    session.send(orders(2), line.now)
    answer, asked = venue.command, []

    def busy(kind: int, record: np.void) -> list[np.ndarray]:
        if kind == CommandType.RESEND_REQUEST and line.now < 40:
            asked.append(line.now)
            return [FakeVenue.refusal(Reason.THROTTLED, int(record["cl_ord_id"]))]
        return answer(kind, record)

    venue.command = busy
    while line.now < 39:
        line.step(0.01)
    assert 10 < len(asked) < 40
    later(line, 20)
    assert venue.journaled == {1: 1, 2: 1} and not session.errors


def test_a_venue_that_never_says_what_became_of_a_command_is_left_and_its_mark_decides():
    line = lined(timeout=0.5, heartbeat=1e9)
    session, venue = line.session, line.venue
    session.send(orders(1), line.now)
    venue.take(line.connection, session.connection.outgoing.popleft())
    venue.reports.clear()
    logons = line.logons
    for _ in range(3_000):
        line.step(0.01)
    assert logons < line.logons <= logons + 2 and not len(session.outstanding)


def test_the_late_refusal_of_a_forgotten_question_is_not_the_resends():
    line = lined()
    session = line.session
    asked = session.ask(request(CommandType.ORDER_STATUS_REQUEST), line.now, many=False)
    number = int(asked.lines["cl_ord_id"][0])
    session.questions.forget(asked)
    session.take(event(EventType.TRADE, cl_ord_id=1, report_number=2).tobytes(), line.now)
    assert session.order.missing and session.resend.until is not None
    session.take(FakeVenue.refusal(Reason.NOT_AUTHORIZED, number).tobytes(), line.now)
    assert session.state is State.UP and session.resend.possible and not session.errors


def test_a_mark_between_ones_own_clordids_is_another_clients_and_logging_on_anew_goes_on():
    line = lined()
    session = line.session
    session.send(np.concatenate([orders(10), orders(20)]), line.now)
    session.connection.outgoing.clear()
    line.venue.mark = 15
    cut(line)
    later(line, 3)
    with pytest.raises(SessionEnded, match="its mark is 15, this one's 20"):
        raise session.errors.popleft()
    assert not line.venue.journaled
    session.restart()
    later(line, 3)
    assert session.state is State.UP and not session.errors and session.logged.mark == 15


def test_logging_on_anew_asks_nothing_of_commands_that_another_client_made_doubtful():
    line = lined()
    session, venue = line.session, line.venue
    session.send(orders(1), line.now)
    session.connection.outgoing.clear()
    other = orders(1)
    other["quantity"], other["sequence"] = 7, venue.number + 1
    venue.record(line.connection, other[0])
    cut(line)
    session.begin(line.now)
    session.take(venue.take(object(), session.connection.outgoing.popleft())[0].tobytes(), line.now)
    cut(line)                   # before it is known whose command 1 is
    venue.mark = 9              # and now it does not matter any more
    later(line, 3)
    with pytest.raises(SessionEnded, match="its mark is 9, this one's 1"):
        raise session.errors.popleft()
    session.restart()
    later(line, 3)
    assert session.state is State.UP and not session.errors and session.logged.mark == 9


@pytest.mark.parametrize("reconnect", [True, False])
def test_a_list_of_instruments_that_came_too_fast_is_asked_for_again_a_second_later_then_two(reconnect):
    line = lined(reconnect=reconnect)
    session, venue = line.session, line.venue
    answer, refused, asked_at = venue.command, [], []

    def busy(kind: int, record: np.void) -> list[np.ndarray]:
        if kind == CommandType.SECURITY_LIST_REQUEST:
            asked_at.append(line.now)
            if len(refused) < 2:
                refused.append(int(record["cl_ord_id"]))
                return [FakeVenue.refusal(Reason.THROTTLED, refused[-1])]
        return answer(kind, record)

    venue.command = busy
    session.list_instruments(line.now)
    line.step(0.01)
    assert not session.listed and 0 < session.due(line.now) - line.now <= 1.0
    for _ in range(330):
        line.step(0.01)
    assert session.listed and len(refused) == 2 and line.told == [] and not session.errors
    assert np.diff(asked_at) == pytest.approx([1, 2], abs=0.05)
    assert session.due(line.now) < math.inf and not isinstance(session.final, NoAnswer)


def test_a_list_of_instruments_that_always_came_too_fast_is_an_error_at_last():
    line = lined()
    session, answer = line.session, line.venue.command
    line.venue.command = lambda kind, record: (
        [FakeVenue.refusal(Reason.THROTTLED, int(record["cl_ord_id"]))] if kind == CommandType.SECURITY_LIST_REQUEST
        else answer(kind, record))
    session.list_instruments(line.now)
    later(line, 60)
    assert session.listed and session.state is State.UP
    assert [str(error) for error in session.errors] == ["the list of instruments was refused: THROTTLED"]


def test_no_more_of_the_clients_own_questions_go_out_in_a_second_than_the_venue_took_before_it_refused_one():
    pace = Pace()
    for _ in range(4):
        assert pace.at == 0.0
        pace.sent(0.0)
    pace.refused(0.0)           # the fourth
    assert pace.at == PAUSE_S
    now = pace.at
    for _ in range(3):
        assert pace.at <= now
        pace.sent(now)
    assert pace.at == now + PAUSE_S
    pace.begin()                # another connection: the venue is the same
    for _ in range(3):
        assert pace.at == 0.0
        pace.sent(10.0)
    assert pace.at == 10.0 + PAUSE_S


def test_a_question_that_stays_refused_has_longer_pauses_up_to_a_bound():
    pace, pauses = Pace(), []
    for _ in range(5):
        pace.refused(0.0)
        pauses.append(pace.at)
    assert pauses == [1, 2, PAUSE_MAX_S, PAUSE_MAX_S, PAUSE_MAX_S]
    pace.taken()
    pace.refused(0.0)
    assert pace.at == 1


def test_after_a_refusal_missing_reports_wait_for_their_turn_and_come_before_the_list():
    line = lined()
    session = line.session
    session.pace.refused(line.now)      # as at a venue that takes one message a second
    later(line)
    cut(line)
    line.venue.report(EventType.NEW, 0)
    asked = []
    answer = line.venue.command
    line.venue.command = lambda kind, record: asked.append((kind, line.now)) or answer(kind, record)
    while not session.listed or len(asked) < 2:
        line.step(0.05)
    kinds = [kind for kind, _ in asked if kind != CommandType.TEST_REQUEST]
    assert kinds == [CommandType.RESEND_REQUEST, CommandType.SECURITY_LIST_REQUEST]
    times = [at for kind, at in asked if kind != CommandType.TEST_REQUEST]
    assert times[1] - times[0] >= PAUSE_S and line.told == [1] and not session.errors
