"""When which instruments change to which phase: [schedule] of a venue.toml as a calculation on times.

Pure: a schedule and a time in, the next event or the phase that stands out. A day is the local date in the schedule's
time zone; it counts where its weekday is named and it is no holiday. Its entries happen in the order of their times by
the clocks there, whatever the order of the file. A time that the clocks pass over (spring) is the moment of the jump;
one that they pass twice (autumn) means the first. Who acts on it is steward.py.
"""

import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pricetime.gateway import messages as m
from pricetime.gateway.config import ScheduleSection
from pricetime.gateway.decoder import PHASE_NAMES

DAYS_MAX = 400      # looked ahead and back: a schedule without a day that counts in so many has none
NS = 10**9
LEFT_ALONE = ("Halted", "VolatilityCall")   # phases that end by an operator, or by themselves
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Event:
    """At `at` (UTC nanoseconds since 1970) these instruments change (all of them where `symbols` is empty)."""

    at: int
    phase: m.Phase
    symbols: tuple[str, ...]
    trade_date: int         # yyyymmdd, of the local day

    def concerns(self, symbol: str) -> bool:
        """Whether an instrument changes."""
        return not self.symbols or symbol in self.symbols


def events_of(section: ScheduleSection, day: date) -> list[Event]:
    """The events of one local day in order, at one time in that of the file. A day that does not count has none."""
    if WEEKDAYS[day.weekday()] not in section.weekdays or day in section.holidays:
        return []
    zone = zoneinfo.ZoneInfo(section.time_zone)
    by_clock = [(time.fromisoformat(entry.at), entry) for entry in section.entries]
    # By the clock, not by UTC: what a jump of the clocks puts at one moment keeps its order, so the last entry stands.
    return [
        Event(_utc(datetime.combine(day, at, zone)), entry.phase, entry.symbols,
              day.year * 10_000 + day.month * 100 + day.day)
        for at, entry in sorted(by_clock, key=lambda pair: pair[0])
    ]


def _utc(moment: datetime) -> int:
    """Nanoseconds; of a time that is twice: the first; of one that the clocks pass over: when they do."""
    # By the offset before a jump and by that after it: the same but for what is passed over, where they lie around it.
    behind, before = (_seconds(moment.replace(fold=fold)) for fold in (0, 1))
    if before >= behind:
        return behind * NS
    offset = _offset(before, moment)
    while behind - before > 1:
        middle = (before + behind) // 2
        if _offset(middle, moment) == offset:
            before = middle
        else:
            behind = middle
    return behind * NS


def _seconds(moment: datetime) -> int:
    """Since 1970, UTC."""
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86_400 + since.seconds


def _offset(seconds: int, moment: datetime) -> timedelta | None:
    """Of the zone of a moment at another time."""
    return datetime.fromtimestamp(seconds, moment.tzinfo).utcoffset()


def next_events(section: ScheduleSection, after: int) -> list[Event]:
    """The events of the next time later than `after` at which there are any; none where there never are."""
    for day in _days(section, after, 1):
        later = [event for event in events_of(section, day) if event.at > after]
        if later:
            return [event for event in later if event.at == later[0].at]
    return []


def standing(section: ScheduleSection, symbol: str, now: int) -> Event | None:
    """The last event of an instrument at or before `now`: the phase that it should have. None: there was none."""
    for day in _days(section, now, -1):
        past = [event for event in events_of(section, day) if event.at <= now and event.concerns(symbol)]
        if past:
            return past[-1]
    return None


def begins_day(section: ScheduleSection, symbol: str, event: Event) -> bool:
    """Whether an event only has a new date for an instrument: the day before ended in the phase that it begins with."""
    day = date(event.trade_date // 10_000, event.trade_date // 100 % 100, event.trade_date % 100)
    of_day = events_of(section, day)
    if any(earlier.concerns(symbol) for earlier in of_day[: of_day.index(event)]):
        return False
    before = standing(section, symbol, event.at - 1)
    return before is not None and before.phase == event.phase and before.trade_date < event.trade_date


def _days(section: ScheduleSection, now: int, step: int) -> Iterator[date]:
    """Local days around a time, in one direction, from the one behind it on: an event may belong to a neighbour."""
    if not section.entries:
        return
    today = datetime.fromtimestamp(now // NS, zoneinfo.ZoneInfo(section.time_zone)).date()
    for days in range(-1, DAYS_MAX):
        yield today + timedelta(days=days * step)


PhaseCommand = tuple[m.TradingSessionStatus, str]


def phase_commands(section: ScheduleSection, instruments: Any, now: int) -> Iterator[PhaseCommand]:
    """What makes instruments (INSTRUMENT_STATE rows) be in the phases that stand, each with a line for the operator.

    A Halted one stays so, and a VolatilityCall ends by itself. One that a day before left open, Halted too, is Closed
    first, so that its Day orders expire."""
    for row in instruments:
        symbol, phase, trade_date = row["name"].decode(), PHASE_NAMES[int(row["phase"])], int(row["trade_date"])
        event = standing(section, symbol, now)
        over = event is not None and phase != "Closed" and 0 < trade_date < event.trade_date
        if event is None or phase in LEFT_ALONE and not over:
            continue
        to: m.Phase = "Halted" if phase == "Halted" and event.phase != "Closed" else event.phase
        if over:
            line = f"{symbol}: Closed: the day {trade_date} is over"
            yield m.TradingSessionStatus(symbol=symbol, phase="Closed"), line
            phase = "Closed"
        if phase != to:
            why = "as an operator had it" if to == "Halted" else "by the schedule"
            yield m.TradingSessionStatus(symbol=symbol, phase=to, trade_date=event.trade_date), f"{symbol}: {to} {why}"
