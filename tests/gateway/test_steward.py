"""gateway/steward.py beside a loop that is played: what it submits, when, and what it leaves alone."""

import time
from datetime import UTC, datetime
from types import SimpleNamespace

import msgspec
import pytest

from pricetime.gateway import steward
from pricetime.gateway.config import ScheduleEntry, ScheduleSection
from pricetime.gateway.keyring import Keyring
from pricetime.gateway.layout import PHASES
from pricetime.gateway.steward import Charge, NoResult, Steward
from pricetime.matching.errors import UserError
from pricetime.matching.records import Reason

NS = 10**9


def at(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS


class PlayedLoop:
    """Tells of phases and keys as a test has it; `instruments` of them are defined."""

    def __init__(self, instruments):
        self.instruments, self.phases, self.now = instruments, [], 0

    def phase_changes(self, after=0):
        return self.phases[after:]

    def key_changes(self, after=0):
        return []

    def utc(self):
        return self.now


class PlayedPeer:
    """Takes what a steward submits, or does not answer."""

    def __init__(self):
        self.lines, self.reasons, self.silent = [], {}, False

    def submit(self, lines):
        if self.silent:
            raise NoResult
        self.lines += [(int(line["instrument"]), int(line["attributes"]), int(line["quantity"])) for line in lines]
        return [self.reasons.get(int(line["instrument"]), Reason.NONE) for line in lines]

    def close(self):
        pass


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(steward, "say", lambda line, *event, **fields: lines.append(line))
    monkeypatch.setattr(steward, "FULL_SECONDS", 1e-9)
    monkeypatch.setattr(steward, "FULL_SECONDS_MAX", 1e-9)
    return lines


def made(tmp_path, *entries, instruments=2, phases=None):
    section = ScheduleSection(entries=tuple(ScheduleEntry(at=at_, phase=phase, symbols=tuple(symbols))
                                            for at_, phase, *symbols in entries))
    loop = PlayedLoop(instruments)
    charge = Charge(loop, tmp_path, section, {1: "ACME", 2: "OTHER"}, phases or {1: "Closed", 2: "Closed"},
                    at("2026-11-30 07:00"))
    found = Steward(None, "", b"", charge)
    found._peer = PlayedPeer()
    return found, loop, found._peer


DAY = (("08:00", "PreOpen"), ("09:00", "Continuous", "ACME"))
MONDAY = 20261130


def test_nothing_is_submitted_before_its_time_and_all_of_it_once(tmp_path, said):
    found, _, peer = made(tmp_path, *DAY)
    found.look(at("2026-11-30 08:00") - 1)
    assert peer.lines == []
    for _ in range(2):
        found.look(at("2026-11-30 08:00"))
        assert peer.lines == [(1, PHASES["PreOpen"], MONDAY), (2, PHASES["PreOpen"], MONDAY)]
    found.look(at("2026-11-30 09:00"))
    assert peer.lines[2:] == [(1, PHASES["Continuous"], MONDAY)]
    assert said == []


def test_it_goes_by_the_time_that_the_loop_believes(tmp_path, said):
    """A wrong clock of the machine brought days of the schedule, with their TradeDates, into the log."""
    found, loop, peer = made(tmp_path, *DAY)
    loop.now = at("2026-11-30 08:30")
    found.start()
    while len(peer.lines) < 2:
        time.sleep(0.01)
    time.sleep(4 * steward.LOOK_SECONDS)
    found.end()
    assert peer.lines == [(1, PHASES["PreOpen"], MONDAY), (2, PHASES["PreOpen"], MONDAY)]


def test_what_was_slept_through_comes_in_its_order(tmp_path, said):
    found, _, peer = made(tmp_path, *DAY, instruments=1)
    found.look(at("2026-11-30 12:00"))
    assert peer.lines == [(1, PHASES["PreOpen"], MONDAY), (1, PHASES["Continuous"], MONDAY)]


def test_an_instrument_that_was_defined_meanwhile_is_one_of_all(tmp_path, said):
    found, loop, peer = made(tmp_path, *DAY)
    loop.instruments = 3
    found.look(at("2026-11-30 08:00"))
    assert [id for id, *_ in peer.lines] == [1, 2, 3]


def test_a_halted_instrument_stays_so_until_the_day_is_closed(tmp_path, said):
    found, loop, peer = made(tmp_path, ("08:00", "PreOpen"), ("09:00", "Closed"))
    loop.phases.append((1, 0, 1, "ACME", PHASES["Halted"], Reason.NONE))
    found.look(at("2026-11-30 08:00"))
    assert peer.lines == [(2, PHASES["PreOpen"], MONDAY)]
    assert said == ["ACME: stays Halted: the schedule has PreOpen, which is the operator's to give now"]
    found.look(at("2026-11-30 09:00"))
    assert peer.lines[1:] == [(1, PHASES["Closed"], MONDAY), (2, PHASES["Closed"], MONDAY)]


def test_an_instrument_that_is_there_already_is_left_alone(tmp_path, said):
    found, loop, peer = made(tmp_path, *DAY, phases={1: "PreOpen", 2: "Closed"})
    found.look(at("2026-11-30 08:00"))
    assert peer.lines == [(2, PHASES["PreOpen"], MONDAY)]


def test_a_day_that_begins_in_the_phase_of_the_last_one_is_closed_first(tmp_path, said):
    found, loop, peer = made(tmp_path, ("00:00", "Continuous"), ("12:00", "Continuous", "ACME"),
                             phases={1: "Continuous", 2: "Closed"})
    loop.phases.append((1, 0, 2, "OTHER", PHASES["Closed"], Reason.NONE))          # by an operator, meanwhile
    found.look(at("2026-11-30 12:00"))
    assert peer.lines == []                                                     # of today: the same phase, the same day
    found.look(at("2026-12-01 12:00"))
    assert peer.lines == [
        (1, PHASES["Closed"], 0), (1, PHASES["Continuous"], MONDAY + 71), (2, PHASES["Continuous"], MONDAY + 71)]


OPEN = ("00:00", "Continuous")     # a market without a night
CLOSED, CONTINUOUS, HALTED = PHASES["Closed"], PHASES["Continuous"], PHASES["Halted"]


@pytest.mark.parametrize("phase", ["PreOpen", "VolatilityCall", "Continuous"])
def test_where_there_is_no_night_the_day_ends_whatever_the_phase(tmp_path, said, phase):
    found, _, peer = made(tmp_path, OPEN, instruments=1, phases={1: phase})
    found.look(at("2026-12-01 00:00"))
    assert peer.lines == [(1, CLOSED, 0), (1, CONTINUOUS, MONDAY + 71)]


def test_where_there_is_no_night_the_day_of_a_halted_instrument_ends_and_it_stays_halted(tmp_path, said):
    found, _, peer = made(tmp_path, OPEN, instruments=1, phases={1: "Halted"})
    found.look(at("2026-12-01 00:00"))
    assert peer.lines == [(1, CLOSED, 0), (1, HALTED, MONDAY + 71)]
    assert said == ["ACME: stays Halted: the schedule has Continuous, which is the operator's to give now"]


def test_an_instrument_that_was_defined_meanwhile_has_its_day_and_its_halt(tmp_path, said):
    found, loop, peer = made(tmp_path, OPEN, instruments=2, phases={1: "Continuous", 2: "Continuous"})
    loop.instruments = 4
    loop.phases += [(1, 0, 3, "NEW", CONTINUOUS, Reason.NONE), (2, 0, 4, "STOPPED", HALTED, Reason.NONE)]
    found.look(at("2026-12-01 00:00"))
    assert peer.lines[4:] == [(3, CLOSED, 0), (3, CONTINUOUS, MONDAY + 71), (4, CLOSED, 0), (4, HALTED, MONDAY + 71)]
    assert said == ["STOPPED: stays Halted: the schedule has Continuous, which is the operator's to give now"]


def test_where_there_was_no_instrument_at_the_start_those_that_came_follow_the_schedule(tmp_path, said):
    found, loop, peer = made(tmp_path, ("08:00", "PreOpen"), instruments=0)
    found._charge.symbols.clear(), found._charge.phases.clear()
    loop.instruments = 1
    found.look(at("2026-11-30 08:00"))
    assert peer.lines == [(1, PHASES["PreOpen"], MONDAY)] and said == []


def test_a_market_opens_again_without_a_date_where_an_operator_gave_a_later_one(tmp_path, said):
    found, _, peer = made(tmp_path, OPEN, instruments=1, phases={1: "Continuous"})
    take = peer.submit

    def submit(lines):
        take(lines)
        return [Reason.TRADE_DATE_INVALID if line["quantity"] else Reason.NONE for line in lines]

    peer.submit = submit
    found.look(at("2026-12-01 00:00"))
    assert peer.lines == [(1, CLOSED, 0), (1, CONTINUOUS, MONDAY + 71), (1, CONTINUOUS, 0)]
    assert said == [] and found._charge.phases == {1: "Continuous"}


@pytest.mark.parametrize("phase", ["Continuous", "Halted"])
def test_a_day_that_begins_with_closed_closes_once_what_somebody_had_opened_in_the_night(tmp_path, said, phase):
    found, _, peer = made(tmp_path, ("00:00", "Closed"), ("08:00", "Continuous"), ("17:35", "Closed"),
                          phases={1: phase, 2: "Closed"})
    found._done = at("2026-11-30 23:59")
    found.look(at("2026-12-01 00:00"))
    assert peer.lines == [(1, CLOSED, 0)] and said == []


def test_what_an_operator_did_a_moment_before_is_no_failure(tmp_path, said):
    found, _, peer = made(tmp_path, *DAY)
    peer.reasons[2] = Reason.PHASE_UNCHANGED
    for _ in range(2):
        found.look(at("2026-11-30 08:00"))
    assert said == [] and len(peer.lines) == 2 and found._charge.phases == {1: "PreOpen", 2: "PreOpen"}


def test_what_fell_into_the_start_is_done(tmp_path, said):
    """The phases at the start are the schedule's as of when it looked, not of when this thread began."""
    found, _, peer = made(tmp_path, ("06:59", "PreOpen"), ("07:01", "Continuous"), instruments=1)
    assert found._done == at("2026-11-30 07:00")
    found.look(at("2026-11-30 08:00"))
    assert peer.lines == [(1, CONTINUOUS, MONDAY)]


def test_a_refusal_is_said_and_not_tried_again(tmp_path, said):
    found, _, peer = made(tmp_path, *DAY)
    peer.reasons[2] = Reason.PHASE_UNKNOWN
    for _ in range(2):
        found.look(at("2026-11-30 08:00"))
    assert said == ["schedule: OTHER: PreOpen was refused: PHASE_UNKNOWN"]
    assert len(peer.lines) == 2


def test_entries_that_a_jump_of_the_clocks_puts_at_one_moment_come_in_their_order_and_once(tmp_path, said):
    found, _, peer = made(tmp_path, ("02:30", "PreOpen"), ("03:00", "Continuous"))
    found._charge.schedule = msgspec.structs.replace(
        found._charge.schedule, time_zone="Europe/Berlin", weekdays=("Sunday",))
    found._done = at("2026-03-29 00:00")
    take = peer.submit

    def submit(lines):
        first = len(peer.lines) == 2        # Continuous, tried for the first time
        return [Reason.LOG_FULL if first and row == 1 else reason for row, reason in enumerate(take(lines))]

    peer.submit = submit
    for _ in range(2):
        found.look(at("2026-03-29 01:00"))
    day = 20260329
    assert peer.lines == [(1, PHASES["PreOpen"], day), (2, PHASES["PreOpen"], day), (1, CONTINUOUS, day),
                          (2, CONTINUOUS, day), (2, CONTINUOUS, day)]


FULL = "schedule: %s: the log has no room (LOG_FULL); tried again until it has; make room on its disk"


def test_what_the_log_has_no_room_for_is_said_once_and_tried_again_until_it_has(tmp_path, said):
    found, _, peer = made(tmp_path, *DAY)
    peer.reasons[2] = Reason.LOG_FULL
    for _ in range(3):
        found.look(at("2026-11-30 08:00"))
    assert said == [FULL % "PreOpen"]
    assert peer.lines == [(1, PHASES["PreOpen"], MONDAY), *[(2, PHASES["PreOpen"], MONDAY)] * 3]
    found.look(at("2026-11-30 09:00"))
    assert len(peer.lines) == 5 and found._charge.phases == {1: "PreOpen", 2: "Closed"}    # nothing overtakes it
    peer.reasons.clear()
    found.look(at("2026-11-30 09:00"))
    assert peer.lines[5:] == [(2, PHASES["PreOpen"], MONDAY), (1, CONTINUOUS, MONDAY)]
    peer.reasons[1] = peer.reasons[2] = Reason.LOG_FULL
    found._charge.schedule = ScheduleSection(entries=(ScheduleEntry(at="10:00", phase="Closed"),))
    found.look(at("2026-11-30 10:00"))
    assert said == [FULL % "PreOpen", FULL % "Closed"]          # another time that it is full


def test_a_full_log_is_tried_with_one_command_and_ever_more_seldom(tmp_path, said, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(steward, "say", lambda line, *event, **fields: said.append(line))
    clock, sizes, tries = [100.0], [], []
    monkeypatch.setattr(steward.time, "monotonic", lambda: clock[0])
    found, _, peer = made(tmp_path, *DAY, instruments=70)
    full = [True]

    def submit(lines):
        sizes.append(len(lines)), tries.append(clock[0])
        return [Reason.LOG_FULL if full[0] else Reason.NONE] * len(lines)

    peer.submit = submit
    for _ in range(1_000):
        found.look(at("2026-11-30 08:00"))
        clock[0] += 0.05
    pauses = [round(later - earlier) for earlier, later in zip(tries, tries[1:], strict=False)]
    assert pauses == [1, 2, 4, 8, 10, 10, 10] and sizes == [64] + [1] * 7 and said == [FULL % "PreOpen"]
    full[0], clock[0] = False, clock[0] + 10
    found.look(at("2026-11-30 08:00"))
    assert sizes[8:] == [1, 64, 5]


def test_a_day_that_ended_before_the_log_was_full_is_not_ended_again(tmp_path, said):
    """Neither of an instrument that got its phase (the day's orders would expire), nor of one that was only Closed."""
    found, _, peer = made(tmp_path, OPEN, instruments=3, phases={1: "Continuous", 2: "Continuous", 3: "Halted"})
    taken, room = [], 3

    def submit(lines):
        nonlocal room
        reasons = []
        for line in lines:
            reasons.append(Reason.NONE if room else Reason.LOG_FULL)
            if room:
                taken.append((int(line["instrument"]), int(line["attributes"])))
                room -= 1
        return reasons

    peer.submit = submit
    found.look(at("2026-12-01 00:00"))
    assert taken == [(1, CLOSED), (1, CONTINUOUS), (2, CLOSED)]
    room = 2
    found.look(at("2026-12-01 00:00"))
    assert taken[3:] == [(2, CONTINUOUS), (3, CLOSED)]
    room = 9
    for _ in range(2):
        found.look(at("2026-12-01 00:00"))
    assert taken[5:] == [(3, HALTED)]
    assert said == ["instrument 3: stays Halted: the schedule has Continuous, which is the operator's to give now",
                    FULL % "Continuous", FULL % "Halted"]       # there had been room between the two


def test_what_is_done_is_not_done_again_where_the_log_was_full_in_a_later_part(tmp_path, said):
    found, _, peer = made(tmp_path, OPEN, instruments=70, phases=dict.fromkeys(range(1, 71), "Continuous"))
    peer.reasons[70] = Reason.LOG_FULL
    found.look(at("2026-12-01 00:00"))
    assert len(peer.lines) == 140
    peer.reasons.clear()
    found.look(at("2026-12-01 00:00"))
    assert peer.lines[140:] == [(70, CLOSED, 0), (70, CONTINUOUS, MONDAY + 71)]


def test_a_loop_that_does_not_answer_is_asked_again(tmp_path, said, monkeypatch):
    found, _, peer = made(tmp_path, *DAY)
    again = PlayedPeer()
    monkeypatch.setattr(steward, "LoopPeer", lambda *_: again)
    peer.silent = True
    found.look(at("2026-11-30 08:00"))
    assert "did not answer" in said[0]
    found.look(at("2026-11-30 08:00"))
    assert len(again.lines) == 2


def test_many_instruments_go_in_parts(tmp_path, said):
    found, _, peer = made(tmp_path, *DAY, instruments=200)
    sizes = []
    take = peer.submit
    peer.submit = lambda lines: (sizes.append(len(lines)), take(lines))[1]
    found.look(at("2026-11-30 08:00"))
    assert sizes == [64, 64, 64, 8] and [id for id, *_ in peer.lines] == list(range(1, 201))


def test_many_keys_that_changed_since_the_last_look_are_let_in_at_once(tmp_path, said, monkeypatch):
    """Writing the file for each of them kept a key that was revoked behind them in for seconds."""
    done, committed, changes = [], [3], [(1, 5), (2, 7), (3, 12)]

    def read_log(ring, directory, until, begin=0):
        done.append(("read", begin, until))
        ring.sequence = max(ring.sequence, min(until, committed[0]))
        return committed[0] >= until

    monkeypatch.setattr(steward, "read_log", read_log)
    monkeypatch.setattr(steward, "save", lambda ring, directory: done.append(("save", ring.sequence)))
    found, loop, _ = made(tmp_path)
    found._charge.keys = Keyring(sequence=3)
    found._charge.door = SimpleNamespace(admit=lambda ring: done.append(("admit", ring.sequence)))
    loop.key_changes = lambda after=0: [change for change in changes if change[0] > after]
    monkeypatch.setattr(steward, "last_command", lambda directory: 3)
    found.look(at("2026-11-30 07:00"))
    assert done == [("read", 5, 12)]                # nothing of it is on the disk yet
    committed[0] = 8
    found.look(at("2026-11-30 07:00"))
    assert done[1:] == [("read", 5, 12), ("admit", 8), ("save", 8)]
    committed[0] = 12
    found.look(at("2026-11-30 07:00"))
    assert done[4:] == [("read", 5, 12), ("admit", 12), ("save", 12)]
    found.look(at("2026-11-30 07:00"))
    assert len(done) == 7
    del changes[:]
    changes += [(5, 20), (6, 21)]                   # change 4 was forgotten meanwhile
    committed[0] = 21
    found.look(at("2026-11-30 07:00"))
    assert done[7:] == [("read", 0, 21), ("admit", 21), ("save", 21)]


def test_what_was_read_of_keys_counts_where_the_rest_cannot_be_read(tmp_path, said, monkeypatch):
    done = []

    def read_log(ring, directory, until, begin=0):
        ring.sequence = 5
        raise UserError("damaged")

    monkeypatch.setattr(steward, "read_log", read_log)
    monkeypatch.setattr(steward, "save", lambda ring, directory: None)
    monkeypatch.setattr(steward, "last_command", lambda directory: 5)
    found, loop, _ = made(tmp_path)
    found._charge.keys = Keyring(sequence=3)
    found._charge.door = SimpleNamespace(admit=lambda ring: done.append(ring.sequence))
    loop.key_changes = lambda after=0: [(1, 5), (2, 7)]
    with pytest.raises(UserError):
        found.look(at("2026-11-30 07:00"))
    assert done == [5]
