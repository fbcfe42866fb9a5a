"""The release of elected stops, round by round. Rule 10 of docs/rules.md."""

from pricetime.matching.records import EventType, OrdType, Phase, Reason, Standing
from pricetime.matching.reference.matching import cancel_rest, work_off
from pricetime.matching.reference.protection import is_beyond_collar
from pricetime.matching.reference.reports import Reports
from pricetime.matching.reference.state import Instrument, Order, Venue
from pricetime.matching.reference.stops import round_of


def release(venue: Venue, reports: Reports, instrument: Instrument) -> None:
    """Rule 10, released: rounds, as long as there is one and the phase is Continuous."""
    while instrument.stops and (stops := round_of(instrument)):
        for stop in stops:
            if instrument.phase != Phase.CONTINUOUS:
                return
            trigger(venue, reports, stop)


def trigger(venue: Venue, reports: Reports, stop: Order) -> None:
    """Rule 10, released, 2: TRIGGERED, then worked off as the Market or Limit order that it is from now on."""
    venue.remove(stop)
    stop.ord_type = int(OrdType.MARKET if stop.ord_type == OrdType.STOP else OrdType.LIMIT)
    stop.stop_price, stop.standing = None, int(Standing.IN_THE_BOOK)
    reports.execution(EventType.TRIGGERED, stop, stop.status)
    if is_beyond_collar(stop):
        cancel_rest(reports, stop, Reason.PRICE_COLLAR)
    else:
        work_off(venue, reports, stop)
