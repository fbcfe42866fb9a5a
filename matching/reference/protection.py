"""Price protection: the collar, the bands, the interruption. Rule 12 of docs/rules.md.

Owns what a price is measured by. The reference of rule 12 is `Instrument.reference`.
"""

from pricetime.matching.records import EventType, OrdType, Phase, Reason
from pricetime.matching.reference.reports import Reports
from pricetime.matching.reference.state import INT64_MAX, INT64_MIN, Instrument, Order, Venue


def by_the_collar(instrument: Instrument, is_buy: bool, price: int) -> int:
    """`price` plus (buy) or less (sell) the collar, where there is one; it stops at the ends of 64 bits."""
    collar = instrument.collar or 0
    return min(price + collar, INT64_MAX) if is_buy else max(price - collar, INT64_MIN)


def farthest_price(order: Order) -> int | None:
    """Up to where an order trades that comes in now: its limit, or of a market order the collar. None: anywhere."""
    instrument = order.instrument
    if not order.is_market:
        return order.limit
    if instrument.collar is None or instrument.reference is None:
        return None
    return by_the_collar(instrument, order.is_buy, instrument.reference)


def is_beyond_collar(order: Order) -> bool:
    """Is the limit of this Limit or triggered StopLimit order too far from the reference, on the aggressive side?"""
    instrument = order.instrument
    if order.ord_type != OrdType.LIMIT or instrument.collar is None or instrument.reference is None:
        return False
    edge = by_the_collar(instrument, order.is_buy, instrument.reference)
    return order.limit > edge if order.is_buy else order.limit < edge


# --------------------------------------------------------------------------------------------------- bands


def is_inside_bands(venue: Venue, instrument: Instrument, price: int) -> bool:
    """Would a trade at `price` be inside both bands? The edge is inside; a band without its middle does not hold."""
    if instrument.dynamic_band is not None:
        middle = dynamic_middle(venue, instrument)
        if middle is not None and abs(price - middle) > instrument.dynamic_band:
            return False
    if instrument.static_band is not None:
        middle = instrument.reference_price if instrument.auction_price is None else instrument.auction_price
        if middle is not None and abs(price - middle) > instrument.static_band:
            return False
    return True


def dynamic_middle(venue: Venue, instrument: Instrument) -> int | None:
    """The last trade price before this command and what was due with it, or the uncross that one of them began with.

    `venue.middles` has it of those instruments that have traded in this command.
    """
    return venue.middles.get(instrument.id, instrument.last_price)


def note_trade(venue: Venue, instrument: Instrument) -> None:
    """To be called before each trade in Continuous: what was the last price until now is the middle of this command."""
    venue.middles.setdefault(instrument.id, instrument.last_price)


def note_uncross(venue: Venue, instrument: Instrument, price: int) -> None:
    """To be called with the price of each uncross that trades."""
    venue.middles[instrument.id] = price


# -------------------------------------------------------------------------------------------- interruption


def set_phase(venue: Venue, instrument: Instrument, phase: int) -> None:
    """Into a phase: what was reported of the call before is forgotten; a VolatilityCall has its end (rule 6, 3)."""
    instrument.phase, instrument.reported, instrument.call_end = phase, (0, 0), 0
    if phase == Phase.VOLATILITY_CALL and instrument.call_duration is not None:
        instrument.call_end = min(venue.time + instrument.call_duration, INT64_MAX)
    if instrument.call_end:
        venue.calls[instrument.id] = instrument
    else:
        venue.calls.pop(instrument.id, None)


def interrupt(venue: Venue, reports: Reports, instrument: Instrument) -> None:
    """A trade would have been outside a band: the VolatilityCall begins instead."""
    set_phase(venue, instrument, Phase.VOLATILITY_CALL)
    reports.write(EventType.SESSION_STATUS, None, instrument=instrument.id, leaves_qty=int(Phase.VOLATILITY_CALL),
                  reason=Reason.VOLATILITY_INTERRUPTION)
