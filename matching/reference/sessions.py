"""Phases of instruments, and the coming and going of sessions. Rules 6 and 7 of docs/rules.md."""

from pricetime.matching import records
from pricetime.matching.records import CommandType, EventType, OrdStatus, Phase, Reason, TimeInForce
from pricetime.matching.reference.auction import uncross, uncross_of
from pricetime.matching.reference.reports import Reports
from pricetime.matching.reference.state import (
    ORDER_CAPACITY_MAX,
    Instrument,
    Order,
    Session,
    Venue,
    by_order_id,
)
from pricetime.matching.reference.tuples import Command

CALLS = (Phase.PRE_OPEN, Phase.OPENING_CALL, Phase.CLOSING_CALL)

# ------------------------------------------------------------------------------------------------- phases


def check_status(venue: Venue, command: Command) -> Reason:
    """Rule 6: instrument, phase and TradeDate of a TradingSessionStatus."""
    if command.instrument not in venue.instruments:
        return Reason.UNKNOWN_INSTRUMENT
    instrument = venue.instruments[command.instrument]
    if command.attributes not in list(Phase):
        return Reason.PHASE_UNKNOWN
    if command.attributes == Phase.VOLATILITY_CALL:
        return Reason.UNSUPPORTED
    if command.attributes == instrument.phase:
        return Reason.PHASE_UNCHANGED
    if command.quantity and not (is_date(command.quantity) and command.quantity >= instrument.trade_date):
        return Reason.TRADE_DATE_INVALID
    return Reason.NONE


def is_date(number: int) -> bool:
    """yyyymmdd, the year 1 to 9999, the month 1 to 12, the day 1 to 31."""
    year, month, day = number // 10000, number // 100 % 100, number % 100
    return 1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31


def trading_session_status(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """TradingSessionStatus [h]. Rule 6: what happens, in its order."""
    session = venue.sessions.get(command.session)
    if reason := check_status(venue, command):
        reports.answer(EventType.BUSINESS_MESSAGE_REJECT, session, command, reason)
        return
    instrument = venue.instruments[command.instrument]
    before, phase = instrument.phase, command.attributes
    if command.quantity > instrument.trade_date:
        expire_day_orders(venue, reports, instrument)
        instrument.trade_date = command.quantity
    uncrosses = phase == Phase.CONTINUOUS or (before, phase) == (Phase.CLOSING_CALL, Phase.CLOSED)
    crossing = uncross_of(instrument) if uncrosses else None
    price, quantity = crossing or (0, 0)
    instrument.phase, instrument.reported = phase, (0, 0)
    reports.answer(EventType.SESSION_STATUS, session, command, last_px=price, last_qty=quantity, leaves_qty=phase)
    if crossing is not None:
        uncross(venue, reports, instrument, price)
    if uncrosses:
        cancel_all(venue, reports, market_orders(instrument), Reason.UNCROSS_REST)
    if phase == Phase.CLOSED:
        close_day(venue, reports, instrument)


def market_orders(instrument: Instrument) -> list[Order]:
    return [order for order in instrument.book.orders() if order.is_market]


def close_day(venue: Venue, reports: Reports, instrument: Instrument) -> None:
    """Rule 6, into Closed: Day orders expire, the last trade becomes the reference."""
    expire_day_orders(venue, reports, instrument)
    instrument.reference_price = instrument.reference
    instrument.last_price = None


def expire_day_orders(venue: Venue, reports: Reports, instrument: Instrument) -> None:
    """Rule 6: EXPIRED with DAY_END, in OrderID order."""
    for order in by_order_id(instrument.book.orders()):
        if order.time_in_force == TimeInForce.DAY:
            reports.execution(EventType.EXPIRED, order, OrdStatus.ORDER_EXPIRED, Reason.DAY_END, leaves=0)
            venue.remove(order)


def cancel_all(venue: Venue, reports: Reports, orders: list[Order], reason: Reason) -> None:
    """CANCELED unasked, in OrderID order, with each order's own ClOrdID."""
    for order in by_order_id(orders):
        reports.canceled(order, reason)
        venue.remove(order)


def clock(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """Clock. Rule 6: an INDICATIVE_PRICE for each call whose price or quantity changed since it was last reported."""
    for instrument in venue.instruments.values():
        if instrument.phase not in CALLS:
            continue
        indicative = uncross_of(instrument) or (0, 0)
        if indicative != instrument.reported:
            instrument.reported = indicative
            reports.write(EventType.INDICATIVE_PRICE, None, instrument=instrument.id, last_px=indicative[0],
                          last_qty=indicative[1])
    if command.session:
        reports.answer(EventType.COMMAND_ACK, venue.sessions[command.session], command)


# ----------------------------------------------------------------------------------------------- sessions


def disconnect_session(venue: Venue, reports: Reports, session: Session) -> None:
    """Rule 7: one marked CANCEL_ON_DISCONNECT loses its orders; before the first VenueStart it stays logged on."""
    if session.flags & records.CANCEL_ON_DISCONNECT:
        cancel_all(venue, reports, list(session.orders.values()), Reason.SESSION_DISCONNECTED)
    session.logged_on = venue.run == 0


def logon(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """Logon [A]. Rule 7: the old connection goes first; the answer has the mark and the next report number."""
    session = venue.sessions[command.session]
    if session.logged_on:
        disconnect_session(venue, reports, session)
    session.logged_on = True
    reports.write_unnumbered(EventType.LOGON_ANSWER, session, cl_ord_id=session.mark,
                             order_id=session.report_number + 1)


def logout(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """Logout [5]. Rule 7: a disconnect with an answer."""
    session = venue.sessions[command.session]
    disconnect_session(venue, reports, session)
    reports.write_unnumbered(EventType.LOGOUT_ANSWER, session)


def disconnect(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """Disconnect. Rule 7."""
    disconnect_session(venue, reports, venue.sessions[command.session])


def check_venue_start(venue: Venue, command: Command) -> Reason:
    """Rule 7: run number, rules version, order capacity."""
    if command.target != venue.run + 1:
        return Reason.RUN_OUT_OF_SEQUENCE
    if command.price != records.RULES_VERSION:
        return Reason.RULES_VERSION_UNKNOWN
    if command.quantity not in (0, venue.order_capacity):
        settable = venue.run == 0 and not venue.instruments
        if not settable or not 1 <= command.quantity <= ORDER_CAPACITY_MAX:
            return Reason.CAPACITY_INVALID
    return Reason.NONE


def venue_start(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """VenueStart. Rule 7: every logged-on session is disconnected, by id."""
    if reason := check_venue_start(venue, command):
        reports.answer(EventType.BUSINESS_MESSAGE_REJECT, None, command, reason)
        return
    venue.run = command.target
    venue.order_capacity = command.quantity or venue.order_capacity
    for session in venue.sessions.values():
        if session.logged_on:
            disconnect_session(venue, reports, session)


HANDLERS = {
    CommandType.TRADING_SESSION_STATUS: trading_session_status,
    CommandType.CLOCK: clock,
    CommandType.LOGON: logon,
    CommandType.LOGOUT: logout,
    CommandType.DISCONNECT: disconnect,
    CommandType.VENUE_START: venue_start,
}
