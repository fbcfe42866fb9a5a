"""What the time has come for, before a command is worked off. Rule 2 of docs/rules.md."""

from pricetime.matching.records import Phase, Reason
from pricetime.matching.reference.ending import expire_all
from pricetime.matching.reference.phases import change_phase
from pricetime.matching.reference.release import release
from pricetime.matching.reference.reports import Reports
from pricetime.matching.reference.state import Venue


def next_deadline(venue: Venue) -> int | None:
    """The earliest ExpireTime of a live order or end of a VolatilityCall; None where there is neither."""
    times = [order.expire_time for order in venue.timed.values() if order.expire_time is not None]
    times += [instrument.call_end for instrument in venue.calls.values()]
    return min(times, default=None)


def do_what_is_due(venue: Venue, reports: Reports) -> None:
    """Rule 2: GTD orders expire, in OrderID order; then VolatilityCalls end, by instrument id, each with its stops."""
    deadline = next_deadline(venue)
    if deadline is None or deadline > venue.time:
        return
    expired = [order for order in venue.timed.values() if (order.expire_time or 0) <= venue.time]
    expire_all(venue, reports, expired, Reason.EXPIRE_TIME_REACHED)
    for id in sorted(id for id, instrument in venue.calls.items() if instrument.call_end <= venue.time):
        instrument = venue.instruments[id]
        change_phase(venue, reports, instrument, Phase.CONTINUOUS, None, reason=Reason.CALL_ENDED)
        release(venue, reports, instrument)
