"""Working off: what an accepted order does. Rule 4 (at once, worked off, trading), with rules 11 and 12.

An order that is worked off is in no queue; when this is done it rests, waits or has ended.
"""

from pricetime.matching import records
from pricetime.matching.records import (
    EventType,
    OrdType,
    Phase,
    Reason,
    SelfMatchInstruction,
    Standing,
    TimeInForce,
)
from pricetime.matching.reference.book import Level
from pricetime.matching.reference.protection import farthest_price, interrupt, is_inside_bands, note_trade
from pricetime.matching.reference.reports import Reports
from pricetime.matching.reference.state import Order, Venue
from pricetime.matching.reference.stops import begin_to_wait, elect


def comes_in_to_match(order: Order) -> bool:
    """Rule 4, 8: in Continuous, and neither a stop nor AtTheClose."""
    in_continuous = order.instrument.phase == Phase.CONTINUOUS
    return in_continuous and not order.is_stop and order.time_in_force != TimeInForce.AT_THE_CLOSE


# ------------------------------------------------------------------------------------- checks of the book


def check_book(venue: Venue, order: Order) -> Reason:
    """Rule 4, 8: post-only, FOK and MinQty of an order that is in no queue."""
    if not comes_in_to_match(order):
        return Reason.NONE
    if order.post_only:
        other = order.instrument.book.other_side(order)
        best = other.best()
        if best is not None and other.within(best.limit, order.price):
            return Reason.POST_ONLY_WOULD_TRADE
    if order.time_in_force == TimeInForce.FOK and at_once(venue, order) < order.leaves:
        return Reason.FILL_OR_KILL_UNFILLABLE
    if order.min_quantity is not None and at_once(venue, order) < order.min_quantity:
        return Reason.MIN_QUANTITY_UNFILLABLE
    return Reason.NONE


def at_once(venue: Venue, order: Order) -> int:
    """Rule 4: what the order would trade before anything else happens; counted no further than its own quantity."""
    other, farthest, counted = order.instrument.book.other_side(order), farthest_price(order), 0
    passes_over_own = order.self_match_instruction == SelfMatchInstruction.CANCEL_RESTING
    for key, level in other.levels.items():
        price = other.price(key)
        if counted >= order.leaves or not other.within(price, farthest):
            break
        own = [resting for resting in level.orders() if is_prevented(order, resting)]
        others = [resting for resting in level.orders() if resting not in own]
        if not is_inside_bands(venue, order.instrument, price):
            if passes_over_own and not others:
                continue        # no trade there that would interrupt
            break
        if own and not passes_over_own:
            counted += ahead_of(level, own[0])
            break
        counted += sum(resting.leaves for resting in others)
    return min(counted, order.leaves)


def ahead_of(level: Level, own: Order) -> int:
    """Rule 11: what an incoming order meets at a price before the first order of its own participant."""
    if not own.is_hidden:
        before = list(level.displayed.values())
        return sum(order.displayed for order in before[:before.index(own)])
    before = list(level.hidden.values())
    hidden = sum(order.leaves for order in before[:before.index(own)])
    return hidden + sum(order.leaves for order in level.displayed.values())


# --------------------------------------------------------------------------------------------- worked off


def work_off(venue: Venue, reports: Reports, order: Order) -> None:
    """Rule 4, worked off: an accepted order that is in no queue waits, is set aside, trades, ends or rests."""
    order.standing, order.age = int(Standing.IN_THE_BOOK), 0
    if order.is_stop:
        begin_to_wait(venue, order)
    elif order.time_in_force == TimeInForce.AT_THE_CLOSE:
        order.age = venue.next_age()
        if order.instrument.phase != Phase.CLOSING_CALL:
            order.standing = int(Standing.SET_ASIDE)
        venue.add(order)
    else:
        if comes_in_to_match(order):
            match(venue, reports, order)
            end_or_keep_rest(reports, order)
        if order.leaves:
            rest(venue, order)


def end_or_keep_rest(reports: Reports, order: Order) -> None:
    """Rule 4, worked off, 3 and 4, and rule 12: what is left of an order that has matched. 0, where it ends."""
    if not order.leaves:
        return
    interrupted = order.instrument.phase != Phase.CONTINUOUS
    if order.is_immediate:
        cancel_rest(reports, order, Reason.VOLATILITY_INTERRUPTION if interrupted else Reason.IMMEDIATE_REST)
    elif order.ord_type == OrdType.MARKET_WITH_LEFT_OVER_AS_LIMIT and order.filled:
        become_limit(reports, order)
    elif order.is_market and not interrupted:
        cancel_rest(reports, order, Reason.MARKET_REST)


def cancel_rest(reports: Reports, order: Order, reason: Reason) -> None:
    """End an order that is in no queue."""
    reports.canceled(order, reason)
    order.leaves = 0


def become_limit(reports: Reports, order: Order) -> None:
    """A MarketWithLeftOverAsLimit that has just traded: a Limit order at that price. Alive, it never had before."""
    order.ord_type, order.price = int(OrdType.LIMIT), order.instrument.last_price
    reports.execution(EventType.RESTATED, order, order.status, Reason.LEFT_OVER_AS_LIMIT)


def rest(venue: Venue, order: Order) -> None:
    """Join the queue. Rule 1: icebergs and hidden orders with a new age."""
    if order.display_quantity is not None:
        order.age = venue.next_age()
        order.shown = min(order.display_quantity, order.leaves)
    venue.add(order)


# ------------------------------------------------------------------------------------------------ trading


def match(venue: Venue, reports: Reports, incoming: Order) -> None:
    """Rule 4, worked off, 2: trade against the other side, best first, at the resting order's price."""
    instrument = incoming.instrument
    other, farthest = instrument.book.other_side(incoming), farthest_price(incoming)
    while incoming.leaves:
        resting = other.best()
        if resting is None or not other.within(resting.limit, farthest):
            return
        if is_prevented(incoming, resting):
            prevent(venue, reports, incoming, resting)
        elif not is_inside_bands(venue, instrument, resting.limit):
            interrupt(venue, reports, instrument)
            return
        else:
            note_trade(venue, instrument)
            price, quantity = resting.limit, min(incoming.leaves, part(resting))
            trade(venue, reports, resting, incoming, price, quantity, flags_of_second=records.AGGRESSOR)
            elect(instrument, price)
            take_from_part(venue, resting, quantity)


def part(resting: Order) -> int:
    """What an incoming order meets of a resting one: of an iceberg what is shown, else all."""
    return resting.shown if resting.is_iceberg else resting.leaves


def take_from_part(venue: Venue, resting: Order, quantity: int) -> None:
    """After `quantity` came off a resting order: an iceberg shows less, or its next part."""
    if resting.is_iceberg:
        resting.shown -= quantity
        if resting.leaves and not resting.shown:
            show_next_part(venue, resting)


def show_next_part(venue: Venue, iceberg: Order) -> None:
    """Rule 4: the smaller of DisplayQty and what is open, at the back of the displayed queue, with a new age."""
    iceberg.shown, iceberg.age = min(iceberg.display_quantity or 0, iceberg.leaves), venue.next_age()
    iceberg.instrument.book.side(iceberg).to_the_back(iceberg)


def trade(venue: Venue, reports: Reports, first: Order, second: Order, price: int, quantity: int,
          flags_of_second: int = 0) -> None:
    """One trade, `first` reported first. Positions move; a resting order that is filled is gone."""
    venue.last_trd_match_id += 1
    first.instrument.last_price = price
    for order in (first, second):
        order.leaves -= quantity
        order.filled += quantity
        order.participant.accounts[order.instrument.id].position += quantity if order.is_buy else -quantity
    reports.trade(first, price, quantity)
    reports.trade(second, price, quantity, flags_of_second)
    for order in (first, second):
        if not order.leaves and order.order_id in venue.orders:
            venue.remove(order)


# ----------------------------------------------------------------------------------- self-match prevention


def is_prevented(incoming: Order, resting: Order) -> bool:
    """Rule 11: two orders of one participant with the same SelfMatchPreventionID, not 0."""
    same_id = incoming.self_match_id != 0 and incoming.self_match_id == resting.self_match_id
    return same_id and incoming.participant is resting.participant


def prevent(venue: Venue, reports: Reports, incoming: Order, resting: Order) -> None:
    """Rule 11: what happens instead of a trade, as the incoming order's instruction says."""
    instruction = incoming.self_match_instruction
    if instruction == SelfMatchInstruction.DECREMENT_BOTH:
        decrement(venue, reports, incoming, resting)
        return
    if instruction != SelfMatchInstruction.CANCEL_INCOMING:
        reports.canceled(resting, Reason.SELF_MATCH)
        venue.remove(resting)
    if instruction != SelfMatchInstruction.CANCEL_RESTING:
        cancel_rest(reports, incoming, Reason.SELF_MATCH)


def decrement(venue: Venue, reports: Reports, incoming: Order, resting: Order) -> None:
    """Rule 11: what this match would have traded comes off each; the resting order first."""
    quantity = min(incoming.leaves, part(resting))
    for order in (resting, incoming):
        order.leaves -= quantity
        if order.leaves:
            reports.execution(EventType.RESTATED, order, order.status, Reason.SELF_MATCH)
        else:
            reports.canceled(order, Reason.SELF_MATCH)
    if resting.leaves:
        take_from_part(venue, resting, quantity)
    else:
        venue.remove(resting)
