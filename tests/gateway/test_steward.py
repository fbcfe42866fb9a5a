"""gateway/steward.py beside a loop that is played: what it submits, when, and what it leaves alone."""

from datetime import UTC, datetime

import pytest

from pricetime.gateway import steward
from pricetime.gateway.codec import Codec
from pricetime.gateway.config import ScheduleEntry, ScheduleSection
from pricetime.gateway.directory import Instrument
from pricetime.gateway.layout import PHASES
from pricetime.gateway.steward import Charge, NoResult, Steward
from pricetime.matching.records import Reason

NS = 10**9


def at(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS


class PlayedLoop:
    """Tells of phases and keys as a test has it; `instruments` of them are defined."""

    def __init__(self, instruments):
        self.instruments, self.phases = instruments, []

    def phase_changes(self, after=0):
        return self.phases[after:]

    def key_changes(self, after=0):
        return []


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
    monkeypatch.setattr(steward, "say", lines.append)
    return lines


def made(tmp_path, *entries, instruments=2, phases=None):
    section = ScheduleSection(entries=tuple(ScheduleEntry(at=at_, phase=phase, symbols=tuple(symbols))
                                            for at_, phase, *symbols in entries))
    codec = Codec()
    for id, symbol in ((1, "ACME"), (2, "OTHER")):
        codec.directory.take_instrument(Instrument(id, symbol))
    loop = PlayedLoop(instruments)
    charge = Charge(loop, tmp_path, section, codec, phases or {"ACME": "Closed", "OTHER": "Closed"})
    found = Steward(None, "", b"", charge)
    found._done, found._peer = at("2026-11-30 07:00"), PlayedPeer()
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
    loop.phases.append((1, 0, "ACME", PHASES["Halted"], Reason.NONE))
    found.look(at("2026-11-30 08:00"))
    assert peer.lines == [(2, PHASES["PreOpen"], MONDAY)]
    assert said == ["ACME: stays Halted: the schedule has PreOpen, which is the operator's to give now"]
    found.look(at("2026-11-30 09:00"))
    assert peer.lines[1:] == [(1, PHASES["Closed"], MONDAY), (2, PHASES["Closed"], MONDAY)]


def test_an_instrument_that_is_there_already_is_left_alone(tmp_path, said):
    found, loop, peer = made(tmp_path, *DAY, phases={"ACME": "PreOpen", "OTHER": "Closed"})
    found.look(at("2026-11-30 08:00"))
    assert peer.lines == [(2, PHASES["PreOpen"], MONDAY)]


def test_a_day_that_begins_in_the_phase_of_the_last_one_is_closed_first(tmp_path, said):
    found, loop, peer = made(tmp_path, ("00:00", "Continuous"), ("12:00", "Continuous", "ACME"),
                             phases={"ACME": "Continuous", "OTHER": "Closed"})
    loop.phases.append((1, 0, "OTHER", PHASES["Closed"], Reason.NONE))          # by an operator, meanwhile
    found.look(at("2026-11-30 12:00"))
    assert peer.lines == []                                                     # of today: the same phase, the same day
    found.look(at("2026-12-01 12:00"))
    assert peer.lines == [
        (1, PHASES["Closed"], 0), (1, PHASES["Continuous"], MONDAY + 71), (2, PHASES["Continuous"], MONDAY + 71)]


def test_a_refusal_is_said_and_not_tried_again(tmp_path, said):
    found, _, peer = made(tmp_path, *DAY)
    peer.reasons[2] = Reason.LOG_FULL
    for _ in range(2):
        found.look(at("2026-11-30 08:00"))
    assert said == ["schedule: OTHER: PreOpen was refused: LOG_FULL"]
    assert len(peer.lines) == 2


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
