"""What an order command says, and the checks that need no more than that: rule 4, 1 to 6, and rule 5, 1 to 5.

Pure checks, in the order in which the rules page has them. A replace is checked with the same ones: first each field
that it gives, later the whole that it would make of the order.
"""

from dataclasses import dataclass

from pricetime.matching import records
from pricetime.matching.records import OrdType, Phase, Reason, SelfMatchInstruction, TimeInForce
from pricetime.matching.reference.layout import ADVANCED_LINE, COMMAND, further_line
from pricetime.matching.reference.state import IMMEDIATE, MARKETS, PRICED, STOPS, Instrument, Order, Venue
from pricetime.matching.reference.tuples import Command

AUCTION = (TimeInForce.AT_THE_OPENING, TimeInForce.AT_THE_CLOSE)
RESTING = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD)
ORD_TYPE_LAST = max(OrdType)
TIME_IN_FORCE_LAST = max(TimeInForce)
SELF_MATCH_INSTRUCTION_LAST = max(SelfMatchInstruction)


@dataclass(slots=True)
class Terms:
    """What a new order or replace says of an order. Absent is 0 of side, OrdType and TimeInForce, else None."""

    side: int
    ord_type: int
    time_in_force: int
    price: int | None
    quantity: int | None                        # OrderQty: of a replace the new total
    post_only: bool | None
    display_quantity: int | None = None
    min_quantity: int | None = None
    stop_price: int | None = None
    expire_time: int | None = None
    self_match: tuple[int, int] | None = None   # SelfMatchPreventionID and instruction


def terms_of(command: Command, record: bytes) -> Terms:
    """The terms that the record gives. A new order is post-only or not, a replace may say nothing of it."""
    bits = command.attributes
    is_replace = command.type == records.CommandType.ORDER_CANCEL_REPLACE_REQUEST
    says_exec_inst = bits & records.HAS_EXEC_INST or not is_replace
    terms = Terms(
        side=side_of(command),
        ord_type=bits >> records.ORD_TYPE_SHIFT & records.ORD_TYPE_MASK,
        time_in_force=bits >> records.TIME_IN_FORCE_SHIFT & records.TIME_IN_FORCE_MASK,
        price=command.price if bits & records.HAS_PRICE else None,
        quantity=command.quantity if bits & records.HAS_QUANTITY else None,
        post_only=bool(bits & records.POST_ONLY) if says_exec_inst else None,
    )
    line = further_line(record, ADVANCED_LINE) if len(record) > COMMAND.size else None
    if line is None:
        return terms
    if line.presence & records.HAS_DISPLAY_QUANTITY:
        terms.display_quantity = line.display_quantity
    if line.presence & records.HAS_MIN_QUANTITY:
        terms.min_quantity = line.min_quantity
    if line.presence & records.HAS_STOP_PRICE:
        terms.stop_price = line.stop_price
    if line.presence & records.HAS_EXPIRE_TIME:
        terms.expire_time = line.expire_time
    if line.presence & records.HAS_SELF_MATCH_PREVENTION:
        terms.self_match = line.self_match_id, line.self_match_instruction
    return terms


def side_of(command: Command) -> int:
    return command.attributes >> records.SIDE_SHIFT & records.SIDE_MASK


# ---------------------------------------------------------------------------------- rule 4, 1 and 2


def check_instrument(venue: Venue, command: Command) -> Reason:
    """Rule 4, 1: the instrument is known and enabled."""
    if command.instrument not in venue.instruments:
        return Reason.UNKNOWN_INSTRUMENT
    disabled = venue.instruments[command.instrument].flags & records.DISABLED
    return Reason.INSTRUMENT_DISABLED if disabled else Reason.NONE


def check_phase(phase: int, time_in_force: int, has_min_quantity: bool, post_only: bool) -> Reason:
    """Rule 4, 2: may such an order come in now?"""
    if phase == Phase.CLOSED:
        return Reason.PHASE_CLOSED
    if phase == Phase.HALTED:
        return Reason.PHASE_HALTED
    if phase != Phase.CONTINUOUS:
        if time_in_force in IMMEDIATE:
            return Reason.IMMEDIATE_IN_CALL
        if has_min_quantity:
            return Reason.MIN_QUANTITY_IN_CALL
        if post_only:
            return Reason.POST_ONLY_IN_CALL
    if time_in_force == TimeInForce.AT_THE_OPENING and phase not in (Phase.PRE_OPEN, Phase.OPENING_CALL):
        return Reason.OPENING_OVER
    return Reason.NONE


# ------------------------------------------------------------------------------ rule 4, 3 to 5: fields


def check_new_fields(venue: Venue, instrument: Instrument, terms: Terms) -> Reason:
    """Rule 4, 3 to 5: what a new order must have, and each field by itself."""
    if terms.side == 0:
        return Reason.UNKNOWN_SIDE
    if not 1 <= terms.ord_type <= ORD_TYPE_LAST:
        return Reason.UNKNOWN_ORD_TYPE
    if terms.time_in_force > TIME_IN_FORCE_LAST:
        return Reason.UNKNOWN_TIME_IN_FORCE
    if terms.ord_type in PRICED:
        if terms.price is None:
            return Reason.PRICE_MISSING
        if reason := check_price(instrument, terms.price):
            return reason
    elif terms.price is not None:
        return Reason.PRICE_NOT_ALLOWED
    if terms.quantity is None:
        return Reason.QUANTITY_MISSING
    return check_quantity(venue, instrument, terms.quantity)


def check_given_fields(venue: Venue, instrument: Instrument, terms: Terms) -> Reason:
    """Rule 5, replace, 3: each field that is given, by itself."""
    if terms.ord_type > ORD_TYPE_LAST:
        return Reason.UNKNOWN_ORD_TYPE
    if terms.time_in_force > TIME_IN_FORCE_LAST:
        return Reason.UNKNOWN_TIME_IN_FORCE
    if terms.price is not None and (reason := check_price(instrument, terms.price)):
        return reason
    if terms.quantity is not None and (reason := check_quantity(venue, instrument, terms.quantity)):
        return reason
    if terms.stop_price is not None and (reason := check_stop_price(instrument, terms.stop_price)):
        return reason
    if terms.display_quantity is not None and (reason := check_display_quantity(instrument, terms.display_quantity)):
        return reason
    return check_self_match(terms.self_match)


def check_price(instrument: Instrument, price: int) -> Reason:
    """Rule 1: the sign and the tick."""
    if price <= 0 and not instrument.allows_negative:
        return Reason.PRICE_NOT_POSITIVE
    return Reason.PRICE_OFF_TICK if price % instrument.tick_size else Reason.NONE


def check_stop_price(instrument: Instrument, stop_price: int) -> Reason:
    """The same of StopPx."""
    if stop_price <= 0 and not instrument.allows_negative:
        return Reason.STOP_PRICE_NOT_POSITIVE
    return Reason.STOP_PRICE_OFF_TICK if stop_price % instrument.tick_size else Reason.NONE


def check_quantity(venue: Venue, instrument: Instrument, quantity: int) -> Reason:
    """Rule 1: the sign, the lot and the bound."""
    if quantity <= 0:
        return Reason.QUANTITY_NOT_POSITIVE
    if quantity % instrument.lot_size:
        return Reason.QUANTITY_OFF_LOT
    of_instrument = instrument.max_order_quantity
    bound = venue.quantity_bound if of_instrument is None else min(venue.quantity_bound, of_instrument)
    return Reason.QUANTITY_TOO_LARGE if quantity > bound else Reason.NONE


def check_display_quantity(instrument: Instrument, display_quantity: int) -> Reason:
    """Hidden orders where the instrument has them; the sign and the lot."""
    if display_quantity == 0 and not instrument.allows_hidden:
        return Reason.HIDDEN_NOT_ALLOWED
    invalid = display_quantity < 0 or display_quantity % instrument.lot_size
    return Reason.DISPLAY_QUANTITY_INVALID if invalid else Reason.NONE


def check_self_match(self_match: tuple[int, int] | None) -> Reason:
    """An instruction that is one, and one with each id. An id of 0 means no prevention."""
    id, instruction = self_match or (0, 0)
    wrong = instruction > SELF_MATCH_INSTRUCTION_LAST or (id and not instruction)
    return Reason.UNKNOWN_SELF_MATCH_INSTRUCTION if wrong else Reason.NONE


# ----------------------------------------------------------------------- rule 4, 6: combinations


def check_combinations(venue: Venue, order: Order, replaces: Order | None,
                       self_match: tuple[int, int] | None) -> Reason:
    """Rule 4, 6: attributes, each known, that contradict each other. The order as it would be, in no queue yet."""
    return (
        check_market(order, replaces)
        or check_post_only(order)
        or check_stop(order)
        or check_iceberg(order)
        or check_min_quantity(order)
        or check_expire_time(venue, order)
        or check_self_match(self_match)
        or check_left_over(order)
    )


def check_market(order: Order, replaces: Order | None) -> Reason:
    """Market GTC or GTD; a triggered Stop keeps the TimeInForce that it has."""
    if replaces is not None and replaces.time_in_force == order.time_in_force:
        return Reason.NONE
    bad = order.ord_type == OrdType.MARKET and order.time_in_force in (TimeInForce.GTC, TimeInForce.GTD)
    return Reason.MARKET_TIME_IN_FORCE if bad else Reason.NONE


def check_post_only(order: Order) -> Reason:
    """A post-only order is a Limit order that may rest in the book."""
    if not order.post_only:
        return Reason.NONE
    if order.ord_type in MARKETS:
        return Reason.POST_ONLY_MARKET
    if order.time_in_force in IMMEDIATE:
        return Reason.POST_ONLY_IMMEDIATE
    if order.ord_type in STOPS:
        return Reason.POST_ONLY_STOP
    return Reason.POST_ONLY_AUCTION if order.time_in_force in AUCTION else Reason.NONE


def check_stop(order: Order) -> Reason:
    """TimeInForce and StopPx of stops; no StopPx elsewhere."""
    is_stop = order.ord_type in STOPS
    if is_stop and order.time_in_force not in RESTING:
        return Reason.STOP_TIME_IN_FORCE
    if order.stop_price is None:
        return Reason.STOP_PRICE_MISSING if is_stop else Reason.NONE
    return check_stop_price(order.instrument, order.stop_price) if is_stop else Reason.STOP_PRICE_NOT_ALLOWED


def check_iceberg(order: Order) -> Reason:
    """DisplayQty: what may have one, what it may be, and not too many parts."""
    display = order.display_quantity
    if display is None:
        return Reason.NONE
    if order.ord_type not in PRICED:
        return Reason.DISPLAY_QUANTITY_MARKET
    if order.time_in_force in IMMEDIATE:
        return Reason.DISPLAY_QUANTITY_IMMEDIATE
    if order.time_in_force in AUCTION:
        return Reason.DISPLAY_QUANTITY_AUCTION
    if reason := check_display_quantity(order.instrument, display):
        return reason
    too_small = display > 0 and display * order.instrument.iceberg_parts_max < order.total
    return Reason.DISPLAY_QUANTITY_TOO_SMALL if too_small else Reason.NONE


def check_min_quantity(order: Order) -> Reason:
    """MinQty: of an IOC, positive, in lots, at most what is open."""
    minimum = order.min_quantity
    if minimum is None:
        return Reason.NONE
    if order.time_in_force != TimeInForce.IOC:
        return Reason.MIN_QUANTITY_NOT_IOC
    valid = 0 < minimum <= order.leaves and minimum % order.instrument.lot_size == 0
    return Reason.NONE if valid else Reason.MIN_QUANTITY_INVALID


def check_expire_time(venue: Venue, order: Order) -> Reason:
    """ExpireTime: of GTD, after the command's time."""
    if order.expire_time is None:
        return Reason.EXPIRE_TIME_MISSING if order.time_in_force == TimeInForce.GTD else Reason.NONE
    if order.time_in_force != TimeInForce.GTD:
        return Reason.EXPIRE_TIME_NOT_ALLOWED
    return Reason.EXPIRE_TIME_PASSED if order.expire_time <= venue.time else Reason.NONE


def check_left_over(order: Order) -> Reason:
    bad = order.ord_type == OrdType.MARKET_WITH_LEFT_OVER_AS_LIMIT and order.time_in_force not in RESTING
    return Reason.LEFT_OVER_TIME_IN_FORCE if bad else Reason.NONE
