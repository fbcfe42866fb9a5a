"""New orders, cancel and replace. Rules 4 and 5 of docs/rules.md, the checks in the order in which they stand there.

Each command is one function that takes the command, changes the venue and reports all that follows from it, but for the
stops that it elects: the engine releases them when the command is done (rule 10).
"""

from pricetime.matching import records
from pricetime.matching.records import CommandType, EventType, OrdStatus, Reason, TimeInForce
from pricetime.matching.reference.ending import cancel_all
from pricetime.matching.reference.fields import (
    RESTING,
    Terms,
    check_combinations,
    check_given_fields,
    check_instrument,
    check_new_fields,
    check_phase,
    side_of,
    terms_of,
)
from pricetime.matching.reference.matching import check_book, work_off
from pricetime.matching.reference.reports import Reports
from pricetime.matching.reference.risk import check_risk, check_room
from pricetime.matching.reference.state import Order, Session, Venue
from pricetime.matching.reference.tuples import Command

# -------------------------------------------------------------------------------------------- new orders


def new_order(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """NewOrderSingle [D]. Rule 4: REJECTED and nothing else, or NEW, and then it is worked off."""
    session, terms = venue.sessions[command.session], terms_of(command, record)
    reason = check_new(venue, command, terms)
    if not reason:
        order = order_of(venue, session, command, terms)
        reason = (
            check_combinations(venue, order, None, terms.self_match)
            or check_risk(venue, order, None)
            or check_room(venue, order)
            or check_book(venue, order)
        )
    if reason:
        reports.rejected(session, command, reason)
        return
    venue.last_order_id += 1
    order.order_id = venue.last_order_id
    venue.account(order.participant, order.instrument)
    reports.execution(EventType.NEW, order, OrdStatus.ORDER_NEW)
    work_off(venue, reports, order)


def check_new(venue: Venue, command: Command, terms: Terms) -> Reason:
    """Rule 4, 1 to 5: instrument, phase, fields."""
    if reason := check_instrument(venue, command):
        return reason
    instrument = venue.instruments[command.instrument]
    return (
        check_phase(instrument.phase, terms.time_in_force, terms.min_quantity is not None, bool(terms.post_only))
        or check_new_fields(venue, instrument, terms)
    )


def order_of(venue: Venue, session: Session, command: Command, terms: Terms) -> Order:
    """The order that checked terms describe, with no OrderID yet. TimeInForce absent is Day."""
    self_match_id, instruction = self_match_of(terms.self_match or (0, 0))
    return Order(
        order_id=0,
        cl_ord_id=command.cl_ord_id,
        session=session,
        instrument=venue.instruments[command.instrument],
        side=terms.side,
        ord_type=terms.ord_type,
        time_in_force=terms.time_in_force or int(TimeInForce.DAY),
        post_only=bool(terms.post_only),
        price=terms.price,
        leaves=terms.quantity or 0,
        display_quantity=terms.display_quantity,
        min_quantity=terms.min_quantity,
        stop_price=terms.stop_price,
        expire_time=terms.expire_time,
        self_match_id=self_match_id,
        self_match_instruction=instruction,
    )


def self_match_of(given: tuple[int, int]) -> tuple[int, int]:
    """Rule 11: an id of 0 is no self-match prevention, whatever the instruction."""
    return given if given[0] else (0, 0)


# ------------------------------------------------------------------------------------------------- cancel


def find_order(venue: Venue, session: Session, command: Command) -> Order | None:
    """Rule 5: the live order that a command names and may touch; unknown, ended and foreign ones are all the same."""
    if not command.attributes & records.BY_ORDER_ID:
        return session.orders.get(command.target)
    order = venue.orders.get(command.target)
    return order if order is not None and order.participant is session.participant else None


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
    session, terms = venue.sessions[command.session], terms_of(command, record)
    order = None
    reason = check_replace(venue, command, terms)
    if not reason:
        order = find_order(venue, session, command)
        reason = Reason.UNKNOWN_ORDER if order is None else check_same(order, command)
    if order is not None and not reason and terms.ord_type not in (0, order.ord_type):
        reason = Reason.ORD_TYPE_CHANGED
    if order is None or reason:
        reports.cancel_reject(session, command, order, reason)
        return
    if terms.quantity is not None and terms.quantity <= order.filled:
        cancel_as_asked(venue, reports, session, command, order, Reason.TOTAL_ALREADY_FILLED)
        return
    replaced = replaced_order(order, session, command, terms)
    if reason := check_whole(venue, order, replaced, terms):
        reports.cancel_reject(session, command, order, reason)
    elif keeps_priority(order, replaced):
        change_in_place(venue, reports, order, replaced)
    else:
        come_in_again(venue, reports, order, replaced)


def check_replace(venue: Venue, command: Command, terms: Terms) -> Reason:
    """Rule 5, replace, 1 to 3: what can be said of the command by itself."""
    if reason := check_instrument(venue, command):
        return reason
    instrument = venue.instruments[command.instrument]
    return (
        check_phase(instrument.phase, terms.time_in_force, terms.min_quantity is not None, bool(terms.post_only))
        or check_given_fields(venue, instrument, terms)
    )


def replaced_order(order: Order, session: Session, command: Command, terms: Terms) -> Order:
    """Rule 5, replace, 5: what the order would become. What is absent is the old order's; OrderID and CumQty stay."""
    time_in_force = terms.time_in_force or order.time_in_force
    stays_timed = time_in_force == order.time_in_force == TimeInForce.GTD
    self_match_id, instruction = self_match_of(
        terms.self_match or (order.self_match_id, order.self_match_instruction))
    return Order(
        order_id=order.order_id,
        cl_ord_id=command.cl_ord_id,
        session=session,
        instrument=order.instrument,
        side=order.side,
        ord_type=order.ord_type,
        time_in_force=time_in_force,
        post_only=order.post_only if terms.post_only is None else terms.post_only,
        price=given_or(terms.price, order.price),
        leaves=order.leaves if terms.quantity is None else terms.quantity - order.filled,
        filled=order.filled,
        display_quantity=given_or(terms.display_quantity, order.display_quantity),
        min_quantity=terms.min_quantity,
        stop_price=given_or(terms.stop_price, order.stop_price),
        expire_time=given_or(terms.expire_time, order.expire_time if stays_timed else None),
        self_match_id=self_match_id,
        self_match_instruction=instruction,
    )


def given_or(given: int | None, old: int | None) -> int | None:
    return old if given is None else given


def check_whole(venue: Venue, order: Order, replaced: Order, terms: Terms) -> Reason:
    """Rule 5, replace, 5 to 7: the order as it would be, as if it were new and the old one gone."""
    return (
        check_phase(replaced.instrument.phase, replaced.time_in_force, replaced.min_quantity is not None,
                    replaced.post_only)
        or check_has_no_price(order, terms)
        or check_combinations(venue, replaced, order, terms.self_match)
        or (Reason.NONE if only_lowers(order, replaced) else check_risk(venue, replaced, order))
        or check_book(venue, replaced)
    )


def check_has_no_price(order: Order, terms: Terms) -> Reason:
    """A price on an order that has none."""
    return Reason.PRICE_NOT_ALLOWED if order.price is None and terms.price is not None else Reason.NONE


def keeps_priority(order: Order, replaced: Order) -> bool:
    """Rule 5: the open quantity does not rise; nothing changes but TimeInForce among Day, GTC and GTD, ExpireTime."""
    same_time = order.time_in_force == replaced.time_in_force
    if not same_time and not (order.time_in_force in RESTING and replaced.time_in_force in RESTING):
        return False
    return replaced.leaves <= order.leaves and all_else(order) == all_else(replaced)


def only_lowers(order: Order, replaced: Order) -> bool:
    """Rule 5: less open quantity and nothing else, which passes risk like a cancel."""
    same_time = (order.time_in_force, order.expire_time) == (replaced.time_in_force, replaced.expire_time)
    return same_time and replaced.leaves < order.leaves and keeps_priority(order, replaced)


def all_else(order: Order) -> tuple[object, ...]:
    """What a replace may give besides quantity, TimeInForce and ExpireTime."""
    return (order.price, order.post_only, order.display_quantity, order.min_quantity, order.stop_price,
            order.self_match_id, order.self_match_instruction)


def change_in_place(venue: Venue, reports: Reports, order: Order, replaced: Order) -> None:
    """Rule 5, priority is kept: an iceberg's smaller total takes from what is not shown first."""
    old_session, old_cl_ord_id = order.session, order.cl_ord_id
    order.leaves, order.shown = replaced.leaves, min(order.shown, replaced.leaves)
    order.time_in_force, order.expire_time = replaced.time_in_force, replaced.expire_time
    if order.expire_time is None:
        venue.timed.pop(order.order_id, None)
    else:
        venue.timed[order.order_id] = order
    report_replaced(reports, order, replaced.session, replaced.cl_ord_id)
    del old_session.orders[old_cl_ord_id]
    order.session.orders[order.cl_ord_id] = order


def come_in_again(venue: Venue, reports: Reports, order: Order, replaced: Order) -> None:
    """Rule 5, priority is lost: the order leaves, and all happens to it that happens to a new one."""
    new_session, new_cl_ord_id = replaced.session, replaced.cl_ord_id
    venue.remove(order)
    replaced.session, replaced.cl_ord_id = order.session, order.cl_ord_id
    report_replaced(reports, replaced, new_session, new_cl_ord_id)
    if replaced.is_stop and replaced.stop_price == order.stop_price:
        # A stop that waits, elected or not, stays what it is.
        replaced.age, replaced.standing = order.age, order.standing
        venue.add(replaced)
    else:
        work_off(venue, reports, replaced)


def report_replaced(reports: Reports, order: Order, session: Session, cl_ord_id: int) -> None:
    """REPLACED to the new owner, who gives the order its new name; before, where that is another, to the old one."""
    moved, orig_cl_ord_id = order.session is not session, order.cl_ord_id
    if moved:
        reports.execution(EventType.REPLACED, order, order.status, Reason.ORDER_MOVED)
    order.session, order.cl_ord_id = session, cl_ord_id
    reports.execution(EventType.REPLACED, order, order.status, orig_cl_ord_id=0 if moved else orig_cl_ord_id)


# -------------------------------------------------------------------------------------------- mass cancel


def mass_cancel(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """OrderMassCancelRequest [q]. Rule 5: those of the participant that the request picks, in OrderID order."""
    session = venue.sessions[command.session]
    reason, count = check_mass_cancel(venue, session, command), 0
    if not reason:
        picked = [order for order in session.participant.orders() if is_picked(order, command)]
        count = len(picked)
        cancel_all(venue, reports, picked, Reason.MASS_CANCELED)
    reports.answer(EventType.ORDER_MASS_CANCEL_REPORT, session, command, reason, last_qty=count)


def check_mass_cancel(venue: Venue, session: Session, command: Command) -> Reason:
    """Rule 5: instrument known, session one of the participant's, where they are given."""
    if command.instrument and command.instrument not in venue.instruments:
        return Reason.UNKNOWN_INSTRUMENT
    target = venue.sessions.get(command.target)
    of_participant = target is not None and target.participant is session.participant
    return Reason.NONE if of_participant or not command.target else Reason.UNKNOWN_SESSION


def is_picked(order: Order, command: Command) -> bool:
    """Is the order of the instrument, side and session that the request names? 0 is all."""
    side = side_of(command)
    return (
        command.instrument in (0, order.instrument.id)
        and (side == 0 or (side == records.Side.BUY) == order.is_buy)
        and command.target in (0, order.session.id)
    )


HANDLERS = {
    CommandType.NEW_ORDER_SINGLE: new_order,
    CommandType.ORDER_CANCEL_REQUEST: cancel_order,
    CommandType.ORDER_CANCEL_REPLACE_REQUEST: replace_order,
    CommandType.ORDER_MASS_CANCEL_REQUEST: mass_cancel,
}
