"""Times and stretches of time as people read them."""

import re
from datetime import UTC, datetime, timedelta

from pricetime.gateway.field_checks import SHOWN_CHARACTERS_MAX, shown
from pricetime.journal.reader import EVER
from pricetime.matching.errors import UserError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = {"seconds": 10**9, "milliseconds": 10**6, "microseconds": 10**3}
NUMBER = re.compile(r"-?[0-9]{1,40}")
# Day, hour and minute, seconds, decimals, zone. Nothing is passed over: without its zone a time is another one.
DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]((?:[01][0-9]|2[0-3]):[0-5][0-9])(?:(:[0-9]{2})"
                  r"(?:\.([0-9]{1,9}))?)?(Z|[+-][0-9]{2}:[0-5][0-9])?)?")


def nanoseconds_of(text: str, option: str) -> int:
    """A time on the command line as nanoseconds since 1970, exactly: given so, or like 2023-07-11T09:30:00.5 (UTC),
    with a zone like 2023-07-11T09:30:00.5+02:00. UserError."""
    value = int(text) if NUMBER.fullmatch(text) else _of_date(text)
    given = text if len(text) <= SHOWN_CHARACTERS_MAX and text.isprintable() else shown(text)
    if value is None:
        raise UserError(f"{option} {given}: expected nanoseconds since 1970 or a time like 2023-07-11T09:30:00.5")
    if not 0 <= value < EVER:
        raise UserError(f"{option} {given}: outside 1970 to 2262")
    return value


def _of_date(text: str) -> int | None:
    """Nanoseconds since 1970; None where there is no such time."""
    parts = DATE.fullmatch(text)
    if parts is None:
        return None
    day, minute, seconds, decimals, zone = parts.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{minute or '00:00'}{seconds or ':00'}{zone or 'Z'}")
    except ValueError:
        return None
    return (moment - EPOCH) // timedelta(seconds=1) * 10**9 + int((decimals or "").ljust(9, "0"))


def other_unit(time: int, earliest: int, latest: int) -> tuple[str, int] | None:
    """The unit in which a number would be a time between two, and that time in nanoseconds; None: in none."""
    found = ((unit, time * factor) for unit, factor in UNITS.items())
    return next(((unit, meant) for unit, meant in found if earliest < meant < latest), None)


def utc(time: int) -> str:
    """Nanoseconds since 1970 as a date and time."""
    moment = datetime.fromtimestamp(time // 10**9, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time % 10**9:09d}Z"


def spoken(seconds: float) -> str:
    """A stretch of time in its two largest units."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, part, smaller in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // part} {smaller}"
    return f"{whole} s"
