"""Logons at a drop copy: so many a second of a connection and of a session, what they cost, what is said of them."""

import json
import logging
import time

import pytest
from drop_copies import Raw, logon, served, trade

from pricetime.gateway.drop_copy.bounds import Bounds
from pricetime.gateway.drop_copy.client import DropCopy
from pricetime.gateway.drop_copy.feed import EVERYBODY
from pricetime.gateway.drop_copy.names import Definitions
from pricetime.gateway.drop_copy.pace import Pace
from pricetime.gateway.drop_copy.protocol import FRAME_BYTES, Kind
from pricetime.gateway.notes import Notes
from pricetime.journal import logs
from pricetime.matching.records import LINE_BYTES, Reason

LOGONS = Bounds().logons


@pytest.fixture
def said(caplog, monkeypatch):
    """What the drop copy has said so far."""
    monkeypatch.setattr(logs.ROOT, "propagate", True)
    caplog.set_level(logging.INFO, "pricetime")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "pricetime.drop_copy"]


def answers(raw: Raw, count: int) -> list[tuple[Kind, Reason, int]]:
    """The answers to so many Logons."""
    found = []
    while len(found) < count:
        header = raw.hear()[0]
        if header.kind in (Kind.LOGGED_ON, Kind.ENDED):
            found.append((header.kind, header.reason, header.number))
    return found


GOOD, TOO_FAST = (Kind.LOGGED_ON, Reason.NONE, 1), (Kind.ENDED, Reason.THROTTLED, 0)


# ------------------------------------------------------------------------------------------------------ bounds


def test_a_connection_logs_on_so_often_a_second_and_no_more(venue):
    with served(venue) as endpoint, Raw(endpoint) as raw:
        for attempt in range(2):
            found = []
            for _ in range(LOGONS + 20):
                raw.say(logon("auditor"))
                found += answers(raw, 1)
            assert set(found) == {GOOD, TOO_FAST} and found[:LOGONS] == [GOOD] * LOGONS
            assert found.count(GOOD) < LOGONS + 20, attempt
            time.sleep(1.1)


def test_a_connection_has_no_more_logons_by_naming_one_session_after_another(venue):
    with served(venue) as endpoint, Raw(endpoint) as raw:
        found = []
        for name in ("auditor", "regulator", "nobody", "alice") * LOGONS:
            raw.say(logon(name))
            found += answers(raw, 1)
        assert found[:4] == [GOOD, GOOD, (Kind.ENDED, Reason.UNKNOWN_SESSION, 0),
                             (Kind.ENDED, Reason.NOT_AUTHORIZED, 0)]
        assert found.count(TOO_FAST) > LOGONS


def test_a_sessions_logons_are_bounded_over_all_its_connections_and_another_sessions_are_not(venue):
    with served(venue, Bounds(logons=2)) as endpoint, Raw(endpoint) as one, Raw(endpoint) as two, \
            Raw(endpoint) as three, Raw(endpoint) as four:
        found = []
        for raw in (one, two, three):
            raw.say(logon("regulator"))
            found += answers(raw, 1)
        assert found == [GOOD, GOOD, TOO_FAST]
        four.say(logon("auditor"))
        assert answers(four, 1) == [GOOD]


def test_all_connections_of_a_session_may_come_back_at_once(venue):
    assert Bounds().logons >= Bounds().connections_a_session
    with served(venue) as endpoint:
        copies = [DropCopy(endpoint, "auditor") for _ in range(Bounds().connections_a_session)]
        for copy in copies:
            copy.close()


def test_beside_one_that_logs_on_and_on_and_reads_nothing_another_gets_its_events(venue):
    with served(venue) as endpoint, DropCopy(endpoint, "auditor") as copy, Raw(endpoint, buffer=4096) as deaf:
        for _ in range(2_000):
            deaf.say(logon("regulator") * 4)
        trade(venue, 1)
        assert len(copy.receive(10_000).events)


def test_a_pace_lets_a_second_worth_go_at_once_and_forgets_whom_it_let_go(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("pricetime.gateway.drop_copy.pace.monotonic", lambda: now[0])
    pace = Pace(4)
    assert [pace.take("a") for _ in range(6)] == [True] * 4 + [False] * 2
    assert pace.take("b")
    now[0] += 0.25
    assert [pace.take("a") for _ in range(2)] == [True, False]
    now[0] += 60
    assert [pace.take("a") for _ in range(5)] == [True] * 4 + [False], "nothing is saved up"
    for key in range(100_000):
        now[0] += 0.01
        assert pace.take(key)
    assert len(pace._until) <= 1_024


# ------------------------------------------------------------------------------------------------- what is said


def test_a_flood_of_logons_is_a_few_lines(venue, said):
    with served(venue) as endpoint, Raw(endpoint) as raw:
        for number in range(100):
            for name in ("auditor", "alice", f"nobody {number}"):
                raw.say(logon(name))
                answers(raw, 1)
    lines = said()
    assert lines[0] == "session 'auditor' logged on" and len(lines) <= 8, lines
    assert any(line.startswith("session 'auditor' may not log on: THROTTLED") for line in lines)
    more = next(line for line in lines if " more Logons refused in " in line)
    assert int(more.partition(" ")[0]) >= 280


def test_of_each_kind_and_key_the_first_line_of_a_window_is_said_at_once_the_others_counted(capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("pricetime.gateway.notes.monotonic", lambda: now[0])
    notes = Notes(logs.Log("drop copy"), {"logged_on": "Logons", "refused": "Logons refused"})
    logs.begin("json")
    try:
        for _ in range(3):
            notes.say("logged_on", "'a'", "session 'a' logged on", session="a")
        notes.say("logged_on", "'b'", "session 'b' logged on", session="b")
        for key in ("w", "x", "y", "z") * 2:
            notes.say("refused", key, f"{key} may not")
        notes.tell()
        now[0] += 10
        notes.tell()
        notes.tell()
        notes.say("logged_on", "'a'", "session 'a' logged on", session="a")
        notes.tell(finally_=True)
    finally:
        logs.begin()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["message"] for line in lines] == [
        "session 'a' logged on", "session 'b' logged on", "w may not", "x may not", "y may not", "z may not",
        "2 more Logons in 10 s: 'a' 2", "4 more Logons refused in 10 s: w 1, x 1, y 1 and 1 others",
        "session 'a' logged on",
    ]
    assert {key: lines[6][key] for key in ("event", "level", "count", "seconds", "of")} == {
        "event": "logged_on", "level": "warning", "count": 2, "seconds": 10.0, "of": {"'a'": 2}}


# -------------------------------------------------------------------------------------------------- definitions


def records_of(instruments: int) -> list[tuple[int, bytes]]:
    """Of two participants, a session each, and instruments."""
    return [(1, b"p1" * LINE_BYTES), (2, b"p2" * LINE_BYTES), (1, b"s1" * LINE_BYTES), (2, b"s2" * LINE_BYTES),
            *((EVERYBODY, b"abc" * LINE_BYTES) for _ in range(instruments))]


@pytest.mark.parametrize("instruments", [0, 1, 338, 339, 340, 341, 3_000])
@pytest.mark.parametrize("participant", [EVERYBODY, 1, 2, 3])
def test_definitions_are_all_that_a_participant_may_see_in_frames_that_are_not_too_large(instruments, participant):
    records = records_of(instruments)
    seen = [record for owner, record in records if participant in (EVERYBODY, owner) or owner == EVERYBODY]
    bodies = Definitions(records).bodies(participant)
    assert b"".join(body for body, _ in bodies) == b"".join(seen)
    assert sum(count for _, count in bodies) == len(seen)
    assert all(len(body) <= FRAME_BYTES - LINE_BYTES for body, _ in bodies)
    assert len(bodies) <= len(b"".join(seen)) // (FRAME_BYTES - 4 * LINE_BYTES) + 2


def test_definitions_are_packed_once_and_what_all_get_is_kept_once():
    definitions = Definitions(records_of(3_000))
    first, again, other = definitions.bodies(1), definitions.bodies(1), definitions.bodies(2)
    assert all(mine is same for (mine, _), (same, _) in zip(first[1:], again[1:], strict=True))
    assert all(mine is same for (mine, _), (same, _) in zip(first[1:], other[1:], strict=True))
