"""Events: how each is written, numbered, and taken into the event digest. Rules 1, 8 and 9 of docs/rules.md.

Owns the bytes of the events that have not been handed out. It decides nothing: what is reported, and in which order, is
the rules' matter.
"""

from pricetime.matching import records
from pricetime.matching.checksum import digest_events
from pricetime.matching.records import EventType, OrdStatus, Reason
from pricetime.matching.reference.layout import EVENT
from pricetime.matching.reference.state import Order, Session, Venue
from pricetime.matching.reference.tuples import Command

EVENT_SHAPE = records.RECORD_VERSION << 4 | records.EVENT_LINES
FLAGS_SHIFT = 4


class Reports:
    """The one way out of the engine. `take` hands out what has come since the last time."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.place = 0              # of the next event among those of its command
        self.written = bytearray()  # everything since the last take
        self.digested = 0           # how far `written` is in the event digest

    def begin(self) -> None:
        """The next command starts; its sequence number and time stand in the venue."""
        self.place = 0

    def take(self) -> bytes:
        self.fold()
        written, self.written, self.digested = bytes(self.written), bytearray(), 0
        return written

    def fold(self) -> None:
        """Bring the event digest up to the last event."""
        if self.digested < len(self.written):
            self.venue.event_digest = digest_events(bytes(self.written[self.digested:]), *self.venue.event_digest)
            self.digested = len(self.written)

    def write(self, type: EventType, session: Session | None, **fields: int) -> None:
        """Write one event to a session, with its next report number (None: the venue itself, which has none)."""
        if session is not None:
            session.report_number += 1
            fields["report_number"] = session.report_number
        self.write_unnumbered(type, session, **fields)

    def write_unnumbered(self, type: EventType, session: Session | None, **fields: int) -> None:
        """Write one event that has no report number."""
        if session is not None:
            fields.update(session=session.id, participant=session.participant.id)
        self.written += EVENT.pack(
            place=self.place, type=type, shape=EVENT_SHAPE, sequence=self.venue.sequence, time=self.venue.time, **fields
        )
        self.place += 1

    # ------------------------------------------------------------------------------------- execution reports

    def execution(self, type: EventType, order: Order, status: OrdStatus, reason: Reason = Reason.NONE, *,
                  flags: int = 0, cl_ord_id: int | None = None, leaves: int | None = None, **fields: int) -> None:
        """A numbered report on an order to the session that owns it, with the next ExecID."""
        self.venue.last_exec_id += 1
        self.write(
            type,
            order.session,
            status_flags=status | flags << FLAGS_SHIFT,
            reason=reason,
            cl_ord_id=order.cl_ord_id if cl_ord_id is None else cl_ord_id,
            order_id=order.order_id,
            leaves_qty=order.leaves if leaves is None else leaves,
            instrument=order.instrument.id,
            price=order.price or 0,
            cum_qty=order.filled,
            exec_id=self.venue.last_exec_id,
            attributes=order.attributes,
            **fields,
        )

    def trade(self, order: Order, price: int, quantity: int, flags: int = 0) -> None:
        """One side of a trade; the order's quantities are already those after it."""
        status = order.status if order.leaves else OrdStatus.ORDER_FILLED
        self.execution(EventType.TRADE, order, status, flags=flags, last_px=price, last_qty=quantity,
                       trd_match_id=self.venue.last_trd_match_id)

    def canceled(self, order: Order, reason: Reason, cl_ord_id: int | None = None, orig_cl_ord_id: int = 0) -> None:
        self.execution(EventType.CANCELED, order, OrdStatus.ORDER_CANCELED, reason, leaves=0, cl_ord_id=cl_ord_id,
                       orig_cl_ord_id=orig_cl_ord_id)

    def canceled_copy(self, order: Order, reason: Reason, session: Session, cl_ord_id: int) -> None:
        """What the owner was just told, for the other session that asked: unnumbered, with the same ExecID."""
        self.write_unnumbered(
            EventType.CANCELED,
            session,
            status_flags=OrdStatus.ORDER_CANCELED,
            reason=reason,
            cl_ord_id=cl_ord_id,
            order_id=order.order_id,
            instrument=order.instrument.id,
            price=order.price or 0,
            cum_qty=order.filled,
            exec_id=self.venue.last_exec_id,
            attributes=order.attributes,
        )

    def rejected(self, session: Session, command: Command, reason: Reason) -> None:
        """A new order that failed: price and terms are as they were sent."""
        self.venue.last_exec_id += 1
        terms = records.SIDE_MASK << records.SIDE_SHIFT | records.ORD_TYPE_MASK << records.ORD_TYPE_SHIFT
        terms |= records.TIME_IN_FORCE_MASK << records.TIME_IN_FORCE_SHIFT | records.HAS_PRICE | records.POST_ONLY
        self.write(
            EventType.REJECTED,
            session,
            status_flags=OrdStatus.ORDER_REJECTED,
            reason=reason,
            cl_ord_id=command.cl_ord_id,
            instrument=command.instrument,
            price=command.price,
            exec_id=self.venue.last_exec_id,
            attributes=command.attributes & terms,
        )

    # ------------------------------------------------------------------------------------------ other messages

    def cancel_reject(self, session: Session, command: Command, order: Order | None, reason: Reason) -> None:
        """OrderCancelReject [9]; `order` is the one named, where the checks came as far as finding it."""
        by_order_id = command.attributes & records.BY_ORDER_ID
        replace = command.type == records.CommandType.ORDER_CANCEL_REPLACE_REQUEST
        status = OrdStatus.ORDER_REJECTED if order is None else order.status
        named = command.target if by_order_id else 0
        self.write(
            EventType.ORDER_CANCEL_REJECT,
            session,
            status_flags=status | (records.RESPONSE_TO_REPLACE << FLAGS_SHIFT if replace else 0),
            reason=reason,
            cl_ord_id=command.cl_ord_id,
            order_id=named if order is None else order.order_id,
            instrument=command.instrument,
            orig_cl_ord_id=0 if by_order_id else signed(command.target),
        )

    def answer(self, type: EventType, session: Session | None, command: Command, reason: Reason = Reason.NONE,
               **fields: int) -> None:
        """COMMAND_ACK, BUSINESS_MESSAGE_REJECT or SESSION_STATUS to who sent an administrative command."""
        self.write(type, session, reason=reason, cl_ord_id=command.cl_ord_id, instrument=command.instrument, **fields)


def signed(word: int) -> int:
    """The same 64 bits as a signed integer."""
    return word - (1 << 64) if word >= 1 << 63 else word


def door_event(venue: Venue, command: Command, reason: Reason) -> bytes:
    """The answer to what failed at the door: no sequence or report number, in no digest; nothing has changed."""
    session = venue.sessions.get(command.session)
    duplicate = reason == Reason.DUPLICATE_CL_ORD_ID
    return EVENT.pack(
        type=EventType.BUSINESS_MESSAGE_REJECT,
        shape=EVENT_SHAPE,
        reason=reason,
        cl_ord_id=command.cl_ord_id,
        order_id=session.mark if session is not None and duplicate else 0,
        session=command.session,
        instrument=command.instrument,
        time=venue.time,
        participant=0 if session is None else session.participant.id,
    )
