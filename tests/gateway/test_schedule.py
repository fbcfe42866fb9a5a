"""gateway/schedule.py: which phase when, by time zone, weekday and holiday."""

from datetime import UTC, date, datetime

import pytest

from pricetime.gateway.config import ScheduleEntry, ScheduleSection
from pricetime.gateway.schedule import NS, begins_day, events_of, next_events, standing


def schedule(*entries, zone="Europe/Berlin", **fields):
    found = tuple(ScheduleEntry(at=at, phase=phase, symbols=tuple(symbols)) for at, phase, *symbols in entries)
    return ScheduleSection(time_zone=zone, entries=found, **fields)


def at(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS


DAY = (("08:00", "PreOpen"), ("09:00", "Continuous"), ("17:30", "ClosingCall"), ("17:35", "Closed"))


def test_an_event_is_at_the_local_time_of_the_zone():
    assert [(event.at, event.phase) for event in next_events(schedule(*DAY), at("2026-11-30 05:00"))] == [
        (at("2026-11-30 07:00"), "PreOpen")]
    assert [event.at for event in next_events(schedule(*DAY), at("2026-07-01 05:00"))] == [at("2026-07-01 06:00")]
    assert [event.at for event in next_events(schedule(*DAY, zone="America/New_York"), at("2026-11-30 05:00"))] == [
        at("2026-11-30 13:00")]


def test_the_next_event_is_later_than_the_time_that_is_asked_for():
    assert next_events(schedule(*DAY), at("2026-11-30 07:00"))[0].phase == "Continuous"
    assert next_events(schedule(*DAY), at("2026-11-30 07:00") - 1)[0].phase == "PreOpen"


def test_a_weekend_is_passed_over():
    event, = next_events(schedule(*DAY), at("2026-11-27 17:00"))     # a Friday, after the close
    assert (event.at, event.trade_date) == (at("2026-11-30 07:00"), 20261130)


def test_holidays_are_passed_over_and_other_weekdays_count_where_they_are_named():
    section = schedule(*DAY, holidays=(date(2026, 12, 25), date(2026, 12, 28)))
    assert next_events(section, at("2026-12-24 20:00"))[0].trade_date == 20261229
    section = schedule(*DAY, weekdays=("Sunday",))
    assert next_events(section, at("2026-12-24 20:00"))[0].trade_date == 20261227


def test_entries_at_one_time_come_together_in_the_order_of_the_file():
    section = schedule(("09:00", "Continuous", "A"), ("08:00", "PreOpen"), ("09:00", "OpeningCall", "B"))
    assert [(event.phase, event.symbols) for event in next_events(section, at("2026-11-30 07:30"))] == [
        ("Continuous", ("A",)), ("OpeningCall", ("B",))]


JUMP = date(2026, 3, 29)        # Berlin: 02:00 +01 becomes 03:00 +02 (01:00 UTC)


@pytest.mark.parametrize("passed_over", ["02:00", "02:30", "02:59:59"])
def test_a_time_that_the_clocks_pass_over_is_the_moment_when_they_do(passed_over):
    section = schedule(("01:59:59", "Closed"), (passed_over, "PreOpen"), ("03:10", "Continuous"), weekdays=("Sunday",))
    assert [(event.at, event.phase) for event in events_of(section, JUMP)] == [
        (at("2026-03-29 00:59:59"), "Closed"), (at("2026-03-29 01:00"), "PreOpen"),
        (at("2026-03-29 01:10"), "Continuous")]


def test_the_entries_of_a_day_keep_their_order_over_a_jump_of_the_clocks():
    section = schedule(("02:10", "Closed"), ("02:30", "PreOpen"), ("03:00", "Continuous"), weekdays=("Sunday",))
    jump = at("2026-03-29 01:00")
    assert [event.phase for event in next_events(section, jump - 1)] == ["Closed", "PreOpen", "Continuous"]
    assert {event.at for event in events_of(section, JUMP)} == {jump}
    assert standing(section, "ACME", at("2026-03-29 12:00")).phase == "Continuous"
    assert next_events(section, jump)[0].trade_date == 20260405


@pytest.mark.parametrize(
    ("zone", "day", "jump"),
    [
        ("America/New_York", date(2026, 3, 8), "2026-03-08 07:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), "2026-10-03 15:30"),     # by half an hour
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-23 22:00"),            # at midnight
    ],
)
def test_the_moment_of_a_jump_is_the_zones(zone, day, jump):
    gap = "00:15" if zone == "Africa/Cairo" else "02:15"
    section = schedule((gap, "PreOpen"), zone=zone, weekdays=("Friday", "Sunday"))
    assert [event.at for event in events_of(section, day)] == [at(jump)]


@pytest.mark.parametrize("day", [date(2026, 3, 28), JUMP, date(2026, 10, 25)])
def test_the_order_of_the_file_does_not_matter(day):
    entries = (("02:00", "PreOpen"), ("02:30", "OpeningCall"), ("03:00", "Continuous"), ("17:35", "Closed"))
    every_day = ("Saturday", "Sunday")
    assert events_of(schedule(*reversed(entries), weekdays=every_day), day) == events_of(
        schedule(*entries, weekdays=every_day), day)


def test_a_day_begins_once_where_a_jump_of_the_clocks_puts_its_entries_at_one_moment():
    section = schedule(("02:30", "PreOpen"), ("03:00", "Continuous"), weekdays=("Saturday", "Sunday"))
    first, second = events_of(section, JUMP)
    assert not begins_day(section, "ACME", first) and not begins_day(section, "ACME", second)
    section = schedule(("02:30", "Continuous"), ("03:00", "Continuous", "ACME"), weekdays=("Saturday", "Sunday"))
    first, second = events_of(section, JUMP)
    assert begins_day(section, "ACME", first) and not begins_day(section, "ACME", second)


def test_an_hour_that_is_twice_means_the_first():
    # 25 October 2026, Berlin: 03:00 +02 becomes 02:00 +01 (01:00 UTC).
    section = schedule(("02:30", "PreOpen"), ("03:00", "Continuous"), weekdays=("Sunday",))
    assert [(event.at, event.phase) for event in events_of(section, date(2026, 10, 25))] == [
        (at("2026-10-25 00:30"), "PreOpen"), (at("2026-10-25 02:00"), "Continuous")]
    assert next_events(section, at("2026-10-25 00:30"))[0].phase == "Continuous"     # not the second 02:30


def test_each_day_has_its_own_events_over_a_change_of_the_clocks():
    section, now, days = schedule(*DAY, weekdays=("Saturday", "Sunday", "Monday")), at("2026-03-28 00:00"), []
    for _ in range(12):
        event, = next_events(section, now)
        now = event.at
        days.append((event.trade_date, event.phase, datetime.fromtimestamp(now // NS, UTC).hour))
    assert [day for day in days if day[1] == "Continuous"] == [
        (20260328, "Continuous", 8), (20260329, "Continuous", 7), (20260330, "Continuous", 7)]


@pytest.mark.parametrize(
    ("now", "phase", "trade_date"),
    [
        ("2026-11-30 06:59:59", "Closed", 20261127),     # Monday before the first entry: as Friday ended
        ("2026-11-30 07:00", "PreOpen", 20261130),
        ("2026-11-30 12:00", "Continuous", 20261130),
        ("2026-11-30 16:31", "ClosingCall", 20261130),
        ("2026-11-29 12:00", "Closed", 20261127),        # Sunday
    ],
)
def test_a_start_in_the_middle_of_a_day_finds_the_phase_that_stands(now, phase, trade_date):
    event = standing(schedule(*DAY), "ACME", at(now))
    assert (event.phase, event.trade_date) == (phase, trade_date)


def test_an_instrument_has_the_last_entry_that_names_it_or_all():
    section = schedule(("08:00", "PreOpen"), ("09:00", "Continuous", "ACME"), ("10:00", "Continuous", "OTHER"))
    now = at("2026-11-30 08:30")
    assert standing(section, "ACME", now).phase == "Continuous"
    assert standing(section, "OTHER", now).phase == "PreOpen"


def test_a_time_zone_a_day_ahead_has_its_own_day():
    section = schedule(("00:30", "PreOpen"), zone="Pacific/Auckland", weekdays=("Tuesday",))
    assert next_events(section, at("2026-11-30 08:00"))[0].at == at("2026-11-30 11:30")     # Tuesday there
    assert next_events(section, at("2026-11-30 08:00"))[0].trade_date == 20261201


def test_a_schedule_without_a_day_has_no_event():
    assert next_events(schedule(), at("2026-11-30 08:00")) == []
    assert standing(schedule(), "ACME", at("2026-11-30 08:00")) is None
    first = date(2026, 1, 1).toordinal()
    every_day = tuple(date.fromordinal(first + day) for day in range(1_000))
    assert next_events(schedule(*DAY, holidays=every_day), at("2026-11-30 08:00")) == []
