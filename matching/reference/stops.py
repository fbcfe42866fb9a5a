"""Stops that wait: how a price elects them. Rule 10 of docs/rules.md; their release is in release.py.

Owns who is elected, and in which order those that are elected are released.
"""

from pricetime.matching.records import Phase, Standing
from pricetime.matching.reference.state import Instrument, Order, Venue


def is_reached(stop: Order, price: int) -> bool:
    """Is `price` at or beyond the StopPx: of a buy at or above, of a sell at or below?"""
    return price >= stop.trigger if stop.is_buy else price <= stop.trigger


def begin_to_wait(venue: Venue, stop: Order) -> None:
    """Rule 10, on entry: in Continuous one that the last price has reached already is elected at once."""
    instrument = stop.instrument
    stop.age, stop.standing = venue.next_age(), int(Standing.WAITING_STOP)
    price = instrument.reference
    if instrument.phase == Phase.CONTINUOUS and price is not None and is_reached(stop, price):
        stop.standing = int(Standing.ELECTED_STOP)
    venue.add(stop)


def elect(instrument: Instrument, price: int) -> None:
    """Rule 10: a trade in Continuous, or the last price when it begins, elects. Elected, a stop stays so."""
    for stop in instrument.stops.values():
        if is_reached(stop, price):
            stop.standing = int(Standing.ELECTED_STOP)


def round_of(instrument: Instrument) -> list[Order]:
    """Rule 10, released, 1: those that are elected by now, in the order of their release."""
    elected = [stop for stop in instrument.stops.values() if stop.standing == Standing.ELECTED_STOP]
    elected.sort(key=lambda stop: (stop.urgency, stop.age))
    buys = [stop for stop in elected if stop.is_buy]
    sells = [stop for stop in elected if not stop.is_buy]
    merged = []
    while buys and sells:
        merged.append(buys.pop(0) if buys[0].age < sells[0].age else sells.pop(0))
    return merged + buys + sells
