"""New orders, cancel and replace. Rules 4 and 5 of docs/rules.md, the checks in the order in which they stand there.

Each command is one function that takes the command, changes the venue and reports all that follows from it.
"""

from pricetime.matching import records
from pricetime.matching.records import CommandType, EventType, OrdStatus, OrdType, Phase, Reason, TimeInForce
from pricetime.matching.reference.layout import ADVANCED_LINE, further_line
from pricetime.matching.reference.reports import Reports
from pricetime.matching.reference.state import Instrument, Order, Session, Venue
from pricetime.matching.reference.tuples import Command

ORD_TYPES = (OrdType.MARKET, OrdType.LIMIT)
ORD_TYPES_TO_COME = (OrdType.STOP, OrdType.STOP_LIMIT, OrdType.MARKET_WITH_LEFT_OVER_AS_LIMIT)
TIMES_IN_FORCE = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
TIMES_IN_FORCE_TO_COME = (TimeInForce.GTD, TimeInForce.AT_THE_OPENING, TimeInForce.AT_THE_CLOSE)
IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)


def side_of(command: Command) -> int:
    return command.attributes >> records.SIDE_SHIFT & records.SIDE_MASK


def ord_type_of(command: Command) -> int:
    return command.attributes >> records.ORD_TYPE_SHIFT & records.ORD_TYPE_MASK


def time_in_force_of(command: Command) -> int:
    return command.attributes >> records.TIME_IN_FORCE_SHIFT & records.TIME_IN_FORCE_MASK


# ------------------------------------------------------------------------------------------------- checks


def check_instrument(venue: Venue, command: Command) -> Reason:
    """Rule 4: the instrument is known and enabled."""
    if command.instrument not in venue.instruments:
        return Reason.UNKNOWN_INSTRUMENT
    disabled = venue.instruments[command.instrument].flags & records.DISABLED
    return Reason.INSTRUMENT_DISABLED if disabled else Reason.NONE


def check_phase(phase: int, time_in_force: int, post_only: bool) -> Reason:
    """Rules 4 and 6: may such an order come in now?"""
    if phase == Phase.CONTINUOUS:
        return Reason.NONE
    if phase == Phase.CLOSED:
        return Reason.PHASE_CLOSED
    if phase == Phase.HALTED:
        return Reason.PHASE_HALTED
    if time_in_force in IMMEDIATE:
        return Reason.IMMEDIATE_IN_CALL
    return Reason.POST_ONLY_IN_CALL if post_only else Reason.NONE


def check_supported(command: Command, record: bytes) -> Reason:
    """Rule 4: what these rules do not have yet is refused, never ignored."""
    if ord_type_of(command) in ORD_TYPES_TO_COME or time_in_force_of(command) in TIMES_IN_FORCE_TO_COME:
        return Reason.UNSUPPORTED
    line = further_line(record, ADVANCED_LINE)
    if line is not None and (line.presence or line.self_match_instruction):
        return Reason.UNSUPPORTED
    return Reason.NONE


def check_price(instrument: Instrument, price: int) -> Reason:
    """Rule 1: the sign and the tick."""
    if price <= 0 and not instrument.terms_flags & records.PRICE_MAY_BE_NEGATIVE:
        return Reason.PRICE_NOT_POSITIVE
    return Reason.PRICE_OFF_TICK if price % instrument.tick_size else Reason.NONE


def check_quantity(venue: Venue, instrument: Instrument, quantity: int) -> Reason:
    """Rule 1: the sign, the lot and the bound."""
    if quantity <= 0:
        return Reason.QUANTITY_NOT_POSITIVE
    if quantity % instrument.lot_size:
        return Reason.QUANTITY_OFF_LOT
    return Reason.QUANTITY_TOO_LARGE if quantity > venue.quantity_bound(instrument) else Reason.NONE


def check_combination(ord_type: int, time_in_force: int, post_only: bool) -> Reason:
    """Rule 4: attributes, each known, that contradict each other."""
    if ord_type == OrdType.MARKET and time_in_force == TimeInForce.GTC:
        return Reason.MARKET_TIME_IN_FORCE
    if ord_type == OrdType.MARKET and post_only:
        return Reason.POST_ONLY_MARKET
    return Reason.POST_ONLY_IMMEDIATE if post_only and time_in_force in IMMEDIATE else Reason.NONE


def check_new_fields(venue: Venue, instrument: Instrument, command: Command, record: bytes) -> Reason:
    """Rule 4, the fields of a new order."""
    if reason := check_supported(command, record):
        return reason
    if side_of(command) == 0:
        return Reason.UNKNOWN_SIDE
    if ord_type_of(command) not in ORD_TYPES:
        return Reason.UNKNOWN_ORD_TYPE
    if time_in_force_of(command) not in (0, *TIMES_IN_FORCE):
        return Reason.UNKNOWN_TIME_IN_FORCE
    has_price = command.attributes & records.HAS_PRICE
    if ord_type_of(command) == OrdType.LIMIT:
        if not has_price:
            return Reason.PRICE_MISSING
        if reason := check_price(instrument, command.price):
            return reason
    elif has_price:
        return Reason.PRICE_NOT_ALLOWED
    if not command.attributes & records.HAS_QUANTITY:
        return Reason.QUANTITY_MISSING
    if reason := check_quantity(venue, instrument, command.quantity):
        return reason
    post_only = bool(command.attributes & records.POST_ONLY)
    return check_combination(ord_type_of(command), time_in_force_of(command), post_only)


def check_enabled(session: Session) -> Reason:
    """Rule 4, risk: session and participant are enabled."""
    if session.flags & records.DISABLED:
        return Reason.SESSION_DISABLED
    return Reason.PARTICIPANT_DISABLED if session.participant.flags & records.DISABLED else Reason.NONE


def check_book(order: Order) -> Reason:
    """Rule 4, the book, in Continuous only: post-only and FOK of an order that is in no queue."""
    if order.instrument.phase != Phase.CONTINUOUS:
        return Reason.NONE
    other = order.instrument.book.other_side(order)
    if order.post_only:
        best = other.best()
        if best is not None and other.within(best.limit, order.price):
            return Reason.POST_ONLY_WOULD_TRADE
    if order.time_in_force == TimeInForce.FOK and other.available(order.price, order.leaves) < order.leaves:
        return Reason.FILL_OR_KILL_UNFILLABLE
    return Reason.NONE


# -------------------------------------------------------------------------------------------- new orders


def new_order(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """NewOrderSingle [D]. Rule 4: REJECTED and nothing else, or NEW, the trades, and what ends it."""
    session = venue.sessions[command.session]
    reason = check_new(venue, session, command, record)
    if not reason:
        order = order_of(venue, session, command)
        reason = check_book(order)
    if reason:
        reports.rejected(session, command, reason)
        return
    venue.last_order_id += 1
    order.order_id = venue.last_order_id
    reports.execution(EventType.NEW, order, OrdStatus.ORDER_NEW)
    work_off(venue, reports, order)


def check_new(venue: Venue, session: Session, command: Command, record: bytes) -> Reason:
    """Rule 4: all checks but the book's."""
    if reason := check_instrument(venue, command):
        return reason
    instrument = venue.instruments[command.instrument]
    post_only = bool(command.attributes & records.POST_ONLY)
    if reason := check_phase(instrument.phase, time_in_force_of(command), post_only):
        return reason
    if reason := check_new_fields(venue, instrument, command, record):
        return reason
    if reason := check_enabled(session):
        return reason
    return Reason.ORDER_POOL_FULL if len(venue.orders) >= venue.order_capacity else Reason.NONE


def order_of(venue: Venue, session: Session, command: Command) -> Order:
    """The order that a checked command describes, with no OrderID yet. TimeInForce absent is Day."""
    return Order(
        order_id=0,
        cl_ord_id=command.cl_ord_id,
        session=session,
        instrument=venue.instruments[command.instrument],
        side=side_of(command),
        ord_type=ord_type_of(command),
        time_in_force=time_in_force_of(command) or int(TimeInForce.DAY),
        post_only=bool(command.attributes & records.POST_ONLY),
        price=command.price if command.attributes & records.HAS_PRICE else None,
        leaves=command.quantity,
    )


def work_off(venue: Venue, reports: Reports, order: Order) -> None:
    """Rule 4: match an accepted order that is in no queue, end what may not rest, let the others rest."""
    if order.instrument.phase == Phase.CONTINUOUS:
        match(venue, reports, order)
        if not order.leaves:
            return
        if order.is_immediate or order.is_market:
            reports.canceled(order, Reason.IMMEDIATE_REST if order.is_immediate else Reason.MARKET_REST)
            return
    venue.add(order)


def match(venue: Venue, reports: Reports, incoming: Order) -> None:
    """Rule 4: trade against the other side, best price first, oldest first, at the resting order's price."""
    other = incoming.instrument.book.other_side(incoming)
    while incoming.leaves:
        resting = other.best()
        if resting is None or not other.within(resting.limit, incoming.price):
            return
        trade(venue, reports, resting, incoming, resting.limit, incoming_flags=records.AGGRESSOR)


def trade(venue: Venue, reports: Reports, first: Order, second: Order, price: int, incoming_flags: int = 0) -> None:
    """One trade of the smaller of what both have left, `first` reported first; a filled resting order is gone."""
    quantity = min(first.leaves, second.leaves)
    venue.last_trd_match_id += 1
    first.instrument.last_price = price
    for order in (first, second):
        order.leaves -= quantity
        order.filled += quantity
    reports.trade(first, price, quantity)
    reports.trade(second, price, quantity, incoming_flags)
    for order in (first, second):
        if not order.leaves and order.order_id in venue.orders:
            venue.remove(order)


# ------------------------------------------------------------------------------------------------- cancel


def find_order(venue: Venue, session: Session, command: Command) -> Order | None:
    """Rule 5: the live order that a command names and may touch; unknown, ended and foreign ones are all the same."""
    if not command.attributes & records.BY_ORDER_ID:
        return session.orders.get(command.target)
    order = venue.orders.get(command.target)
    return order if order is not None and order.session.participant is session.participant else None


def check_same(order: Order, command: Command) -> Reason:
    """Rule 5: instrument and side are the order's own."""
    if order.instrument.id != command.instrument:
        return Reason.INSTRUMENT_CHANGED
    return Reason.SIDE_CHANGED if side_of(command) not in (0, order.side) else Reason.NONE


def cancel_order(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """OrderCancelRequest [F]. Rule 5: allowed in every phase, whatever is disabled."""
    session = venue.sessions[command.session]
    order = None
    if command.instrument not in venue.instruments:
        reason = Reason.UNKNOWN_INSTRUMENT
    else:
        order = find_order(venue, session, command)
        reason = Reason.UNKNOWN_ORDER if order is None else check_same(order, command)
    if order is None or reason:
        reports.cancel_reject(session, command, order, reason)
    else:
        cancel_as_asked(venue, reports, session, command, order, Reason.NONE)


def cancel_as_asked(venue: Venue, reports: Reports, session: Session, command: Command, order: Order,
                    reason: Reason) -> None:
    """Rule 5: the owner is told; another session that asked gets an unnumbered copy."""
    if order.session is session:
        reports.canceled(order, reason, command.cl_ord_id, order.cl_ord_id)
    else:
        reports.canceled(order, reason)
        reports.canceled_copy(order, reason, session, command.cl_ord_id)
    venue.remove(order)


# ------------------------------------------------------------------------------------------------ replace


def replace_order(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """OrderCancelReplaceRequest [G]. Rule 5: a replace that fails leaves the order as it was."""
    session = venue.sessions[command.session]
    order = None
    reason = check_replace(venue, command, record)
    if not reason:
        order = find_order(venue, session, command)
        reason = Reason.UNKNOWN_ORDER if order is None else check_same(order, command)
    if order is not None and not reason and ord_type_of(command) not in (0, order.ord_type):
        reason = Reason.ORD_TYPE_CHANGED
    if order is None or reason:
        reports.cancel_reject(session, command, order, reason)
        return
    if command.attributes & records.HAS_QUANTITY and command.quantity <= order.filled:
        cancel_as_asked(venue, reports, session, command, order, Reason.TOTAL_ALREADY_FILLED)
        return
    replaced = replaced_order(order, session, command)
    if reason := check_whole(replaced, command):
        reports.cancel_reject(session, command, order, reason)
        return
    accept_replace(venue, reports, order, replaced)


def check_replace(venue: Venue, command: Command, record: bytes) -> Reason:
    """Rule 5: what can be said of the command by itself, each field that it gives."""
    if reason := check_instrument(venue, command):
        return reason
    instrument = venue.instruments[command.instrument]
    post_only = command.attributes & records.HAS_EXEC_INST and command.attributes & records.POST_ONLY
    if reason := check_phase(instrument.phase, time_in_force_of(command), bool(post_only)):
        return reason
    if reason := check_supported(command, record):
        return reason
    if ord_type_of(command) not in (0, *ORD_TYPES):
        return Reason.UNKNOWN_ORD_TYPE
    if time_in_force_of(command) not in (0, *TIMES_IN_FORCE):
        return Reason.UNKNOWN_TIME_IN_FORCE
    if command.attributes & records.HAS_PRICE and (reason := check_price(instrument, command.price)):
        return reason
    if command.attributes & records.HAS_QUANTITY:
        return check_quantity(venue, instrument, command.quantity)
    return Reason.NONE


def replaced_order(order: Order, session: Session, command: Command) -> Order:
    """What the order would become: what is absent is the old order's; OrderID and CumQty stay."""
    attributes = command.attributes
    return Order(
        order_id=order.order_id,
        cl_ord_id=command.cl_ord_id,
        session=session,
        instrument=order.instrument,
        side=order.side,
        ord_type=order.ord_type,
        time_in_force=time_in_force_of(command) or order.time_in_force,
        post_only=bool(attributes & records.POST_ONLY) if attributes & records.HAS_EXEC_INST else order.post_only,
        price=command.price if attributes & records.HAS_PRICE else order.price,
        leaves=command.quantity - order.filled if attributes & records.HAS_QUANTITY else order.leaves,
        filled=order.filled,
    )


def check_whole(replaced: Order, command: Command) -> Reason:
    """Rule 5: the order as it would be, as if it were new and the old one gone."""
    if reason := check_phase(replaced.instrument.phase, replaced.time_in_force, replaced.post_only):
        return reason
    if replaced.is_market and replaced.price is not None:
        return Reason.PRICE_NOT_ALLOWED
    if reason := check_combination(replaced.ord_type, replaced.time_in_force, replaced.post_only):
        return reason
    if reason := check_enabled(replaced.session):
        return reason
    return check_book(replaced)


def keeps_priority(order: Order, replaced: Order) -> bool:
    """Rule 5: the open quantity does not rise and nothing changes but TimeInForce between Day and GTC."""
    same = order.price == replaced.price and order.post_only == replaced.post_only
    return same and replaced.leaves <= order.leaves and not replaced.is_immediate


def accept_replace(venue: Venue, reports: Reports, order: Order, replaced: Order) -> None:
    """Rule 5: change the order in its place, or let it leave and come in again; either way it has its new names."""
    old_session, old_cl_ord_id = order.session, order.cl_ord_id
    in_place = keeps_priority(order, replaced)
    if in_place:
        del old_session.orders[old_cl_ord_id]
    else:
        venue.remove(order)
    order.time_in_force, order.post_only, order.price = replaced.time_in_force, replaced.post_only, replaced.price
    order.leaves = replaced.leaves
    moved = old_session is not replaced.session
    if moved:
        reports.execution(EventType.REPLACED, order, order.status, Reason.ORDER_MOVED)
    order.session, order.cl_ord_id = replaced.session, replaced.cl_ord_id
    reports.execution(EventType.REPLACED, order, order.status, orig_cl_ord_id=0 if moved else old_cl_ord_id)
    if in_place:
        order.session.orders[order.cl_ord_id] = order
    else:
        work_off(venue, reports, order)


HANDLERS = {
    CommandType.NEW_ORDER_SINGLE: new_order,
    CommandType.ORDER_CANCEL_REQUEST: cancel_order,
    CommandType.ORDER_CANCEL_REPLACE_REQUEST: replace_order,
}
