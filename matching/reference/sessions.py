"""The coming and going of sessions, and the start of the venue. Rule 7 of docs/rules.md."""

from pricetime.matching import records
from pricetime.matching.records import CommandType, EventType, Reason
from pricetime.matching.reference.ending import cancel_all
from pricetime.matching.reference.reports import Reports
from pricetime.matching.reference.state import ORDER_CAPACITY_MAX, Session, Venue
from pricetime.matching.reference.tuples import Command


def disconnect_session(venue: Venue, reports: Reports, session: Session) -> None:
    """Rule 7: one marked CANCEL_ON_DISCONNECT loses its orders; before the first VenueStart it stays logged on."""
    if session.flags & records.CANCEL_ON_DISCONNECT:
        cancel_all(venue, reports, session.orders.values(), Reason.SESSION_DISCONNECTED)
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
    CommandType.LOGON: logon,
    CommandType.LOGOUT: logout,
    CommandType.DISCONNECT: disconnect,
    CommandType.VENUE_START: venue_start,
}
