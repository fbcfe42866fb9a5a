"""Reports again: from memory, from the log, from a snapshot on; exactly those that the session had."""

import time

import commands as c
import numpy as np
import pytest
from desk_world import World, flagged, resend_request
from market import ACME, ALICE, ANN, BOB, OPS, POWER, opening

from pricetime.gateway.desk import requests
from pricetime.gateway.desk.follower import Follower
from pricetime.gateway.desk.history import History, find_command
from pricetime.gateway.desk.recent import RecentCommands, RecentEvents, Ring
from pricetime.gateway.internal import Encoding
from pricetime.journal.packing import prune
from pricetime.journal.restoration import restore, take_snapshot
from pricetime.matching.errors import UserError
from pricetime.matching.records import COMMAND, EVENT, EventType, Reason


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path / "venue")
    world.journal(*opening())
    yield world
    world.end()


def trades(first, count, price=100):
    """ALICE buys in POWER, BOB sells to her: two reports for her each time, and two for him."""
    for number in range(first, first + count):
        yield c.new(ALICE, number, POWER, c.BUY, 1, price)
        yield c.new(BOB, number, POWER, c.SELL, 1, price)


def resent(world, session, begin, end=0, **options):
    """What the desk says to a ResendRequest: reports, and the answer behind them."""
    world.forward(resend_request(begin, end, cl_ord_id=5), session, **options)
    events = world.told_until(EventType.RESEND_ANSWER)
    answer = events[-1]
    assert (answer["session"], answer["cl_ord_id"], answer["report_number"]) == (session, 5, 0)
    return events[:-1], answer


def check_resent(world, session, begin, end=0):
    events, answer = resent(world, session, begin, end)
    expected = world.reports_of(session, begin, end or 2**63)
    assert len(expected) and events.tobytes() == expected.tobytes()
    assert (answer["order_id"], answer["last_qty"]) == (expected["report_number"][-1] + 1, len(expected))
    assert answer["reason"] == 0
    return events


def test_reports_come_again_from_memory_as_they_were(world):
    world.start()
    world.journal(*trades(1, 20))
    for begin, end in ((1, 0), (1, 1), (7, 12), (40, 0)):
        check_resent(world, ALICE, begin, end)
        check_resent(world, BOB, begin, end)


def test_only_the_first_line_of_each_where_the_logon_asked_for_no_more(world):
    world.journal(*trades(1, 3))
    world.start()
    world.forward(resend_request(2, 4), ALICE, report_lines=1)
    lines = world.told_lines()
    assert (lines["shape"] == 0x11).all()
    assert lines["type"][-1] == EventType.RESEND_ANSWER
    expected = world.reports_of(ALICE, 2, 4)
    for name in lines.dtype.names:
        if name != "shape":
            assert lines[name][:-1].tolist() == expected[name].tolist()


def test_nothing_missed_is_nothing_sent(world):
    world.start()
    world.journal(*trades(1, 2))
    for begin in (5, 6, 2**64 - 1):
        events, answer = resent(world, ALICE, begin)
        assert (len(events), answer["order_id"], answer["last_qty"], answer["reason"]) == (0, 5, 0, 0)
    events, answer = resent(world, ALICE, 3, 2)
    assert (len(events), answer["order_id"]) == (0, 3)
    events, answer = resent(world, ANN, 1)
    assert (len(events), answer["order_id"]) == (0, 1)


def test_what_is_no_longer_in_memory_comes_from_the_log(tmp_path):
    world = World(tmp_path / "venue", reports=16)
    try:
        world.journal(*opening(), *trades(1, 200))
        world.start()
        world.journal(*trades(201, 20))
        for begin, end in ((1, 0), (1, 3), (100, 120), (390, 0), (438, 0), (440, 440)):
            check_resent(world, ALICE, begin, end)
    finally:
        world.end()


def test_a_long_history_comes_part_by_part_and_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(requests, "RESENT_MAX", 64)
    world = World(tmp_path / "venue", reports=16)
    try:
        world.journal(*opening(), *trades(1, 150))
        world.start()
        parts, begin = [], 1
        while begin <= 300:
            events, answer = resent(world, ALICE, begin)
            assert 0 < answer["last_qty"] <= 64
            parts.append(events)
            begin = int(answer["order_id"])
        assert np.concatenate(parts).tobytes() == world.reports_of(ALICE).tobytes()
        check_resent(world, BOB, 10, 20)       # back to the beginning
    finally:
        world.end()


def test_a_resend_waits_for_the_command_that_was_applied_when_it_was_asked(world):
    world.journal(*trades(1, 2))
    world.start()
    world.forward(resend_request(1), ALICE, sequence=world.engine.sequence + 1)
    assert world.is_silent()
    world.journal(c.new(ALICE, 3, POWER, c.BUY, 1, 50))
    events = world.told_until(EventType.RESEND_ANSWER)
    assert events[:-1].tobytes() == world.reports_of(ALICE).tobytes()
    assert events["sequence"][-1] == world.engine.sequence


def test_who_waits_keeps_nobody_else_waiting(world):
    world.start()
    world.journal(*trades(1, 2))
    world.forward(resend_request(1), ALICE, sequence=world.engine.sequence + 1, routing=1)
    world.forward(resend_request(1), BOB, routing=2)
    assert world.frame().routing == 2
    world.journal(*trades(3, 1))
    assert world.frame().routing == 1


def test_a_command_that_never_comes_is_said_after_a_bounded_wait(world, monkeypatch):
    monkeypatch.setattr("pricetime.gateway.desk.lanes.WAIT_SECONDS", 0.05)
    world.start()
    world.forward(resend_request(1, cl_ord_id=8), ALICE, sequence=world.engine.sequence + 1)
    event = world.told()[0]
    assert (event["type"], event["reason"]) == (EventType.BUSINESS_MESSAGE_REJECT, Reason.THROTTLED)
    assert event["cl_ord_id"] == 8


def pruned_world(tmp_path):
    """A log whose first segments are gone, with the snapshot that it goes on from; and an older one, of no use."""
    world = World(tmp_path / "venue", reports=16)
    world.journal(*opening(), *trades(1, 10))
    take_snapshot(world.directory)
    world.journal(*trades(11, 100))
    taken = take_snapshot(world.directory)
    world.journal(*trades(111, 100))
    pruned(world, taken)
    return world


def pruned(world, taken):
    """Of the log, what the snapshot makes needless is gone."""
    patience = time.monotonic() + 10
    while not prune(world.directory, taken.snapshot.sequence):
        assert time.monotonic() < patience, "the first segments are not marked as complete"
        time.sleep(0.01)


def test_a_history_that_is_pruned_between_two_of_its_parts_names_the_oldest_that_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(requests, "RESENT_MAX", 16)
    world = World(tmp_path / "venue", reports=16)
    try:
        world.journal(*opening(), *trades(1, 200))
        taken = take_snapshot(world.directory)
        world.journal(*trades(201, 50))
        world.start()
        for begin in (1, 17):
            assert resent(world, ALICE, begin)[1]["order_id"] == begin + 16
        pruned(world, taken)
        for _ in range(2):
            events, answer = resent(world, ALICE, 33)
            assert (len(events), answer["reason"], answer["order_id"]) == (0, Reason.RESEND_UNAVAILABLE, 401)
        check_resent(world, ALICE, 401, 416)
    finally:
        world.end()


def test_a_desk_behind_a_log_that_is_pruned_before_it_has_read_it_ends_and_so_begins_anew(tmp_path):
    world = World(tmp_path / "venue", reports=16)
    try:
        world.journal(*opening(), *trades(1, 10))
        follower = Follower(world.directory, 16)
        while follower.step():
            pass
        world.journal(*trades(11, 100))
        pruned(world, take_snapshot(world.directory))
        with pytest.raises(UserError, match="the log was pruned"):
            while follower.step():
                pass
    finally:
        world.end()


def test_reports_that_are_not_kept_are_unavailable_and_the_oldest_is_named(tmp_path):
    world = pruned_world(tmp_path)
    try:
        world.start()
        events, answer = resent(world, ALICE, 1)
        assert (len(events), answer["reason"], answer["last_qty"]) == (0, Reason.RESEND_UNAVAILABLE, 0)
        oldest = int(answer["order_id"])
        assert 20 < oldest < world.reports_of(ALICE)["report_number"][-1]
        check_resent(world, ALICE, oldest, oldest + 100)
        events, answer = resent(world, ALICE, oldest - 1)
        assert (answer["reason"], answer["order_id"]) == (Reason.RESEND_UNAVAILABLE, oldest)
        check_resent(world, BOB, oldest + 50, oldest + 60)
    finally:
        world.end()


def test_the_nearest_snapshot_is_where_a_search_begins(tmp_path, monkeypatch):
    world = World(tmp_path / "venue", reports=16)
    try:
        world.journal(*opening(), *trades(1, 50))
        take_snapshot(world.directory)
        world.journal(*trades(51, 50))
        take_snapshot(world.directory)
        world.journal(*trades(101, 50))
        history = History(world.directory)
        began = []
        monkeypatch.setattr("pricetime.gateway.desk.history.restore", lambda *given, **options: began.append(
            options["until_sequence"]) or restore(*given, **options))
        for begin in (1, 12, 100, 101, 201):
            found = history.reports(ALICE, begin, begin + 10, 1000, world.engine.sequence)
            assert found.events.tobytes() == world.reports_of(ALICE, begin, begin + 10).tobytes()
        assert began == [0, 0, 111, 211]    # 12 goes on where 1 to 11 ended
    finally:
        world.end()


def test_an_answer_that_took_long_is_there_for_who_asks_again_as_its_first_asker_is_gone(tmp_path, monkeypatch):
    """Else a client that waits less long than the log is read never gets what it misses."""
    world = World(tmp_path / "venue", reports=16)
    try:
        world.journal(*opening(), *trades(1, 100))
        history, began = History(world.directory), []
        monkeypatch.setattr("pricetime.gateway.desk.history.restore", lambda *given, **options: began.append(
            options["until_sequence"]) or restore(*given, **options))
        wanted = {number: world.reports_of(ALICE, 3, 2 + number).tobytes() for number in (1, 50, 198)}
        for end, most in ((200, 50), (200, 50), (3, 50), (200, 1000)):
            found = history.reports(ALICE, 3, end, most, world.engine.sequence)
            assert found.events.tobytes() == wanted[1 if end == 3 else 50]
        assert len(began) == 1
        assert history.reports(ALICE, 53, 200, 1000, world.engine.sequence).events["report_number"].tolist() == list(
            range(53, 201))
        assert len(began) == 1
        assert history.reports(ALICE, 3, 200, 1000, world.engine.sequence).events.tobytes() == wanted[198]
        assert len(began) == 2
        for sequence in (20, 20, 21):
            found = history.first_reports(sequence, ALICE)
            of_it = world.events[(world.events["sequence"] == sequence) & (world.events["session"] == ALICE)]
            assert found.tobytes() == of_it.tobytes()
        assert len(began) == 4
    finally:
        world.end()


def test_a_session_that_came_later_than_a_snapshot_has_its_reports(tmp_path):
    world = World(tmp_path / "venue", reports=16)
    try:
        world.journal(*opening(), *trades(1, 5))
        take_snapshot(world.directory)
        world.journal(c.define_session(6, "late", 1))
        world.journal(*(c.new(6, number, POWER, c.BUY, 1, 1) for number in range(1, 60)))
        world.start()
        check_resent(world, 6, 1)
        check_resent(world, 6, 3, 4)
    finally:
        world.end()


def test_events_in_memory_are_found_by_session_however_the_ring_lies():
    for capacity in (1, 5, 7, 64):
        ring, all_of_them, number = RecentEvents(capacity, 3), np.zeros(0, EVENT), {1: 0, 2: 0}
        for sequence in range(4, 40):
            events = np.zeros(1 + sequence % 4, EVENT)
            events["sequence"] = sequence
            for place, event in enumerate(events):
                event["session"] = session = (sequence + place) % 3
                if session:
                    number[session] += 1
                    event["report_number"] = number[session]
            ring.append(events)
            all_of_them = np.concatenate((all_of_them, events[events["session"] != 0]))
            here = all_of_them[-capacity:]
            assert ring.since == (3 if len(all_of_them) <= capacity else all_of_them["sequence"][-capacity - 1])
            for session in (1, 2):
                mine = all_of_them[all_of_them["session"] == session]
                for begin in range(1, number[session] + 2):
                    found = ring.reports(session, begin, begin + 2, 2)
                    if begin in here["report_number"][here["session"] == session]:
                        expected = mine[(mine["report_number"] >= begin)][:2]
                        assert found.tobytes() == expected.tobytes()
                    else:
                        assert found is None
                for asked in range(1, sequence + 1):
                    found = ring.of_command(asked, session)
                    if asked <= ring.since:
                        assert found is None
                    else:
                        assert found.tobytes() == mine[mine["sequence"] == asked].tobytes()


def test_commands_in_memory_are_found_by_session_and_name_however_the_ring_lies():
    advanced = c.advanced_line(display=1)
    records = [c.new(1 + number % 2, number // 2 + 1, 1, c.BUY, 5, 7, lines=(advanced,) * (number % 3 == 0))
               for number in range(40)]
    for capacity in (5, 9, 200):
        ring = RecentCommands(capacity)
        for number, record in enumerate(records):
            ring.append(np.frombuffer(record, COMMAND))
            for earlier in range(number + 1):
                behind = sum(len(later) for later in records[earlier:number + 1]) // 64
                found = ring.find(1 + earlier % 2, earlier // 2 + 1)
                assert found == (records[earlier] if behind <= capacity else None)
    assert ring.find(3, 1) is None


def test_a_ring_takes_more_at_once_than_it_holds():
    ring = Ring(4, number="<i8")
    ring.append(number=np.arange(3))
    ring.append(number=np.arange(3, 13))
    places = ring.in_order(np.arange(4))
    assert ring.columns["number"][places].tolist() == [9, 10, 11, 12]


# -------------------------------------------------------------------------------------------- PossResend


def test_a_command_sent_again_gets_the_reports_of_the_first(world):
    world.start()
    first = c.new(ALICE, 1, POWER, c.BUY, 3, 100, lines=(c.advanced_line(display=2),))
    said = world.journal(first)
    world.journal(c.new(BOB, 1, POWER, c.SELL, 1, 100))
    crossing = c.new(ALICE, 2, POWER, c.SELL, 1, 100)
    said_of_crossing = world.journal(crossing)
    for record, events in ((first, said), (crossing, said_of_crossing)):
        world.forward(flagged(record), ALICE)
        assert world.told().tobytes() == events[events["session"] == ALICE].tobytes()
    world.forward(flagged(c.new(BOB, 1, POWER, c.SELL, 1, 100)), BOB)
    assert [event["type"] for event in world.told()] == [EventType.NEW, EventType.TRADE]


@pytest.mark.parametrize("reports", [4, 1024])
def test_another_command_of_that_name_is_a_duplicate_and_the_mark_is_told(tmp_path, reports):
    world = World(tmp_path / "venue", reports=reports)
    try:
        world.journal(*opening(), c.new(ALICE, 5, POWER, c.BUY, 3, 100))
        has_it = world.engine.sequence
        world.journal(*trades(7, 20))
        world.start()
        for other in (c.new(ALICE, 5, POWER, c.BUY, 3, 101), c.new(ALICE, 5, ACME, c.BUY, 3, 100),
                      c.new(ALICE, 5, POWER, c.BUY, 3, 100, tif=c.GTC), c.cancel(ALICE, 5, POWER, 1),
                      c.new(ALICE, 5, POWER, c.BUY, 3, 100, lines=(c.advanced_line(display=2),)),
                      c.new(ALICE, 6, POWER, c.BUY, 3, 100)):      # 6: never sent
            world.forward(flagged(other), ALICE)
            event = world.told()[0]
            assert (event["type"], event["reason"]) == (EventType.BUSINESS_MESSAGE_REJECT, Reason.DUPLICATE_CL_ORD_ID)
            cl_ord_id = np.frombuffer(other, COMMAND)[0]["cl_ord_id"]
            assert (event["order_id"], event["session"]) == (26, ALICE)
            assert event["sequence"] == (has_it if cl_ord_id == 5 else 0)       # the command that has the ClOrdID
        world.forward(flagged(c.new(ALICE, 5, POWER, c.BUY, 3, 100)), ALICE)
        assert [event["type"] for event in world.told()] == [EventType.NEW]
    finally:
        world.end()


def test_a_command_sent_again_is_found_in_older_segments(tmp_path):
    world = World(tmp_path / "venue", reports=16)
    try:
        first = c.new(ALICE, 1, POWER, c.BUY, 3, 90)
        cancel = c.cancel(ALICE, 2, POWER, 1)
        world.journal(*opening())
        said = [world.journal(first), world.journal(cancel)]
        number = 10
        while world.writer.rolls < 2:
            world.journal(*trades(number, 500))
            number += 500
        world.start()
        for record, events in zip((first, cancel), said, strict=True):
            world.forward(flagged(record), ALICE)
            assert world.told().tobytes() == events.tobytes()
        assert find_command(world.directory, ALICE, 1, world.engine.sequence).sequence == said[0]["sequence"][0]
        assert find_command(world.directory, ALICE, 3, world.engine.sequence) is None
        assert find_command(world.directory, ANN, 1, world.engine.sequence) is None
    finally:
        world.end()


def test_a_command_that_can_have_been_pruned_is_unavailable_and_one_between_kept_ones_was_never_sent(tmp_path):
    world = pruned_world(tmp_path)
    try:
        world.journal(c.new(ALICE, 300, POWER, c.BUY, 1, 90), *trades(301, 20))
        world.start()
        for cl_ord_id, reason in ((1, Reason.RESEND_UNAVAILABLE), (40, Reason.RESEND_UNAVAILABLE),
                                  (250, Reason.DUPLICATE_CL_ORD_ID)):
            world.forward(flagged(c.new(ALICE, cl_ord_id, POWER, c.BUY, 1, 100)), ALICE)
            event = world.told()[0]
            assert (event["type"], event["reason"]) == (EventType.BUSINESS_MESSAGE_REJECT, reason)
            assert (event["cl_ord_id"], event["order_id"], event["sequence"]) == (cl_ord_id, 320, 0)
        world.forward(flagged(c.new(ALICE, 300, POWER, c.BUY, 1, 90)), ALICE)
        assert [event["type"] for event in world.told()] == [EventType.NEW]
    finally:
        world.end()


@pytest.mark.parametrize("reports", [4, 1024])
def test_a_logon_of_that_number_is_not_taken_for_the_command(tmp_path, reports):
    world = World(tmp_path / "venue", reports=reports)
    try:
        world.journal(*opening(), c.venue_start(1), c.logon(ALICE, cl_ord_id=3))
        first = c.new(ALICE, 3, POWER, c.BUY, 3, 90)
        said = world.journal(first)
        world.journal(c.logon(ALICE, cl_ord_id=3), c.logon(ALICE, cl_ord_id=1), *(c.logon(BOB) for _ in range(9)))
        world.start()       # from the log's beginning: all of it is in memory, where it has room
        world.forward(flagged(first), ALICE)
        assert world.told().tobytes() == said.tobytes()
    finally:
        world.end()


def test_the_same_in_message_pack(world):
    world.journal(*trades(1, 3))
    world.start()
    world.forward(resend_request(2, 4), ALICE, encoding=Encoding.MESSAGE_PACK)
    *reports, answer = world.told_maps()
    assert reports == world.codec.events(world.reports_of(ALICE, 2, 4))
    assert (answer.reports, answer.next_report_number, answer.reason) == (3, 5, None)


def test_a_record_that_the_desk_does_not_answer_is_refused(world):
    world.start()
    world.forward(c.new(OPS, 1, POWER, c.BUY, 1, 1), OPS)
    frame = world.delivered()
    event = np.frombuffer(frame.payload, EVENT)[0]
    assert (event["type"], event["reason"]) == (EventType.BUSINESS_MESSAGE_REJECT, Reason.UNKNOWN_MSG_TYPE)
    assert frame.reason == Reason.UNKNOWN_MSG_TYPE      # by which the loop counts it


def test_commands_sent_again_whose_reports_are_pruned_are_one_line_a_session_and_window(tmp_path, monkeypatch):
    """Whoever is logged on can send them as often as it likes."""
    lines = []
    monkeypatch.setattr(requests.LOG, "say",
                        lambda event, line, **_: lines.append(line) if event == "unavailable" else None)
    world = pruned_world(tmp_path)
    try:
        world.start()
        asked = 0
        for _ in range(2):
            for number in range(60, 111):       # behind the oldest command that is kept, before the oldest state
                world.forward(flagged(c.new(ALICE, number, POWER, c.BUY, 1, 100)), ALICE)
                asked += int(world.told()["reason"][0]) == Reason.RESEND_UNAVAILABLE
        assert asked > 20 and len(lines) == 1 and lines[0].startswith("no reports of a command sent again: ")
    finally:
        world.end()
    assert len(lines) == 2 and "more commands sent again whose reports are not kept in" in lines[1]
