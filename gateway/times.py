"""Times and stretches of time as people read them."""

from datetime import UTC, datetime, timedelta

from pricetime.journal.reader import EVER
from pricetime.matching.errors import UserError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def nanoseconds_of(text: str, option: str) -> int:
    """A time on the command line as nanoseconds since 1970, exactly: given so, or like 2023-07-11T09:30:00.5 (UTC)."""
    if text.lstrip("-").isdigit():
        value = int(text)
    else:
        whole, _, fraction = text.removesuffix("Z").partition(".")
        try:
            moment = datetime.fromisoformat(whole)
            value = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // timedelta(seconds=1) * 10**9
            value += int(fraction[:9].ljust(9, "0"))
        except ValueError:
            raise UserError(f"{option} {text}: expected nanoseconds since 1970 or a time like "
                            "2023-07-11T09:30:00.5") from None
    if not 0 <= value < EVER:
        raise UserError(f"{option} {text}: outside 1970 to 2262")
    return value


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
