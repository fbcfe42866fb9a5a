"""Times on the command line: every part of one counts, or it is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricetime.gateway.cli.order import expire_time
from pricetime.gateway.times import nanoseconds_of, other_unit, utc
from pricetime.journal.reader import EVER
from pricetime.matching.errors import UserError

FOUR = 1_796_140_800 * 10**9    # 2026-12-01T16:00:00Z
HOUR = 3_600 * 10**9


@pytest.mark.parametrize(("text", "value"), [
    ("0", 0), ("9", 9), ("007", 7), (str(EVER - 1), EVER - 1), (str(FOUR), FOUR),
    ("1970-01-01", 0), ("2026-12-01", FOUR - 16 * HOUR),
    ("2026-12-01T16:00", FOUR), ("2026-12-01 16:00", FOUR), ("2026-12-01T16:00:00", FOUR), ("2026-12-01T16:00Z", FOUR),
    ("2026-12-01T16:00:00.5", FOUR + 500_000_000), ("2026-12-01T16:00:00.5Z", FOUR + 500_000_000),
    ("2026-12-01T16:00:00.000000001", FOUR + 1), ("2026-12-01T16:00:00.123456789Z", FOUR + 123_456_789),
    ("2026-12-01T16:00+01:00", FOUR - HOUR), ("2026-12-01T16:00:00-08:30", FOUR + 17 * HOUR // 2),
    ("2026-12-01T16:00:00.5+01:00", FOUR - HOUR + 500_000_000),
    ("2026-12-01T16:00:00.123456789+01:00", FOUR - HOUR + 123_456_789),
    ("2026-12-01T16:00:00.123456789-00:00", FOUR + 123_456_789), ("1969-12-31T23:59:59.5-00:01", 59_500_000_000),
])
def test_a_time_is_read_to_the_nanosecond_with_its_zone(text, value):
    assert nanoseconds_of(text, "--at") == value


@pytest.mark.parametrize("text", [
    "", "tomorrow", "²", "٣", "--5", "+5", "1_0", "1e9", "5 ", " 5", "5\n", "9" * 41, "9" * 5_000,
    "2026-12", "2026-W49-2", "2026-13-01", "2026-02-30", "0000-01-01", "2026-12-01\n", "٢٠٢٦-12-01", "2026-12-01Z",
    "2026-12-01T16", "2026-12-01T24:00", "2026-12-01T16:00:60", "2026-12-01T16:00.5", "2026-12-01t16:00",
    "2026-12-01T16:00:00,5", "2026-12-01T16:00:00.", "2026-12-01T16:00:00.-5", "2026-12-01T16:00:00.+5",
    "2026-12-01T16:00:00. 5", "2026-12-01T16:00:00.1_0", "2026-12-01T16:00:00.1234567890",
    "2026-12-01T16:00:00.123456789xyz", "2026-12-01T16:00:00ZZ", "2026-12-01T16:00:00.5Z+05:00",
    "2026-12-01T16:00:00+1:00", "2026-12-01T16:00:00+0100", "2026-12-01T16:00:00+01", "2026-12-01T16:00:00+01:60",
    "2026-12-01T16:00:00+24:00", "2026-12-01T16:00:00+01:00:30",
])
def test_what_is_no_time_in_every_part_is_refused(text):
    with pytest.raises(UserError) as error:
        nanoseconds_of(text, "--at")
    said = str(error.value)
    assert said.startswith("--at ") and said.endswith("expected nanoseconds since 1970 or a time like "
                                                      "2023-07-11T09:30:00.5")
    assert said.isprintable() and len(said) < 200


@pytest.mark.parametrize("text", ["-1", str(EVER), "9" * 40, "1969-12-31T23:59:59.999999999", "1970-01-01T00:00+00:01",
                                  "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "2262-04-12"])
def test_a_time_that_no_record_can_have_is_refused(text):
    with pytest.raises(UserError, match="^--at .*: outside 1970 to 2262$"):
        nanoseconds_of(text, "--at")


@given(st.integers(0, EVER - 1), st.integers(-23 * 60, 23 * 60))
def test_a_time_as_it_is_shown_is_the_same_time(time, minutes):
    assert nanoseconds_of(utc(time), "--at") == time
    zone = timezone(timedelta(minutes=minutes))
    there = datetime.fromtimestamp(time // 10**9, UTC).astimezone(zone)
    text = f"{there.replace(tzinfo=None).isoformat()}.{time % 10**9:09d}{there:%z}"
    assert nanoseconds_of(f"{text[:-2]}:{text[-2:]}", "--at") == time


def test_a_number_may_be_a_time_in_another_unit():
    for unit, size in (("seconds", 10**9), ("milliseconds", 10**6), ("microseconds", 10**3)):
        assert other_unit(FOUR // size, FOUR // 2, 2 * FOUR) == (unit, FOUR)
    for time in (0, 9, 20_261_201, FOUR, FOUR // 10**12):
        assert other_unit(time, FOUR // 2, 2 * FOUR) is None


@pytest.fixture
def at_four(monkeypatch):
    monkeypatch.setattr("pricetime.gateway.cli.order.time.time_ns", lambda: FOUR)


@pytest.mark.parametrize(("text", "unit", "meant"), [
    ("1796140800", "seconds", FOUR), ("1796140800123", "milliseconds", FOUR + 123_000_000),
    ("1796140800000001", "microseconds", FOUR + 1_000), ("4000000000", "seconds", 4 * 10**18),
    ("1700000000", "seconds", 17 * 10**17),
])
def test_an_order_does_not_expire_in_1970_for_want_of_zeros(at_four, text, unit, meant):
    with pytest.raises(UserError) as error:
        expire_time(text)
    assert str(error.value) == f"--expire {text}: found {unit}, as it seems, expected nanoseconds since 1970: " \
                               f"--expire {meant}"


@pytest.mark.parametrize("text", ["9", "20261201", str(FOUR), str(FOUR - 1), str(EVER - 1), "1970-01-01T00:00:01.8"])
def test_what_else_expires_is_the_venues_to_judge(at_four, text):
    assert expire_time(text) == nanoseconds_of(text, "--expire")
