"""The canonical state as bytes, and back. Layout: matching/canonical.pxd. Equal states, equal bytes, in both engines.

Reads and builds a Venue; changes none that is running.
"""

from collections.abc import Callable

from pricetime.matching import records
from pricetime.matching.records import OrdType, Side
from pricetime.matching.reference.layout import (
    INSTRUMENT_STATE,
    ORDER_STATE,
    PARTICIPANT_STATE,
    SESSION_STATE,
    STATE_HEADER,
    Codec,
    R,
)
from pricetime.matching.reference.state import Instrument, Order, Participant, Session, Venue
from pricetime.matching.reference.tuples import InstrumentState, OrderState, ParticipantState, SessionState, StateHeader

MAGIC = b"PTSTATE1"
LAST_PRICE_PRESENT = 1
REPORTED_PRICE_PRESENT = 2


def participant_state(participant: Participant) -> bytes:
    return PARTICIPANT_STATE.pack(id=participant.id, flags=participant.flags, name=participant.name)


def session_state(session: Session) -> bytes:
    return SESSION_STATE.pack(
        id=session.id,
        participant=session.participant.id,
        flags=session.flags,
        logged_on=session.logged_on,
        mark=session.mark,
        report_number=session.report_number,
        name=session.name,
    )


def instrument_state(instrument: Instrument) -> bytes:
    """INSTRUMENT_STATE of one instrument; what is absent is 0."""
    presence = 0 if instrument.last_price is None else LAST_PRICE_PRESENT
    presence |= REPORTED_PRICE_PRESENT if instrument.reported[1] else 0
    limits = 0 if instrument.reference_price is None else records.HAS_REFERENCE_PRICE
    limits |= 0 if instrument.max_order_quantity is None else records.HAS_MAX_ORDER_QUANTITY
    return INSTRUMENT_STATE.pack(
        id=instrument.id,
        flags=instrument.flags,
        terms_flags=instrument.terms_flags,
        price_scale=instrument.price_scale,
        qty_scale=instrument.qty_scale,
        phase=instrument.phase,
        presence=presence,
        limits_presence=limits,
        iceberg_parts_max=instrument.iceberg_parts_max,
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
        reference_price=instrument.reference_price or 0,
        last_price=instrument.last_price or 0,
        reported_price=instrument.reported[0],
        reported_quantity=instrument.reported[1],
        max_order_quantity=instrument.max_order_quantity or 0,
        trade_date=instrument.trade_date,
        currency=instrument.currency,
        name=instrument.name,
    )


def order_state(order: Order) -> bytes:
    return ORDER_STATE.pack(
        order_id=order.order_id,
        cl_ord_id=order.cl_ord_id,
        session=order.session.id,
        instrument=order.instrument.id,
        price=order.price or 0,
        leaves_qty=order.leaves,
        cum_qty=order.filled,
        attributes=order.attributes,
    )


def dump(venue: Venue) -> bytes:
    """Header, participants, sessions, instruments by id, then orders by instrument, side and queue."""
    low, high = venue.event_digest
    parts = [
        STATE_HEADER.pack(
            magic=MAGIC,
            rules_version=records.RULES_VERSION,
            shard=venue.shard,
            sequence=venue.sequence,
            time=venue.time,
            last_order_id=venue.last_order_id,
            last_exec_id=venue.last_exec_id,
            last_trd_match_id=venue.last_trd_match_id,
            run=venue.run,
            event_digest_low=low,
            event_digest_high=high,
            order_capacity=venue.order_capacity,
            participants=len(venue.participants),
            sessions=len(venue.sessions),
            instruments=len(venue.instruments),
            orders=len(venue.orders),
        )
    ]
    parts += map(participant_state, venue.participants.values())
    parts += map(session_state, venue.sessions.values())
    parts += map(instrument_state, venue.instruments.values())
    for instrument in venue.instruments.values():
        parts += map(order_state, instrument.book.orders())
    return b"".join(parts)


# ---------------------------------------------------------------------------------------------------- load


def load(data: bytes) -> Venue:
    """The venue that `dump` wrote. ValueError where the bytes are none, or of rules that this engine lacks."""
    header = read_header(data)
    venue = Venue(order_capacity=header.order_capacity, shard=header.shard)
    venue.sequence, venue.time, venue.run = header.sequence, header.time, header.run
    venue.last_order_id, venue.last_exec_id = header.last_order_id, header.last_exec_id
    venue.last_trd_match_id = header.last_trd_match_id
    venue.event_digest = header.event_digest_low, header.event_digest_high
    rest = memoryview(data)[STATE_HEADER.size:]
    rest = load_table(venue, rest, PARTICIPANT_STATE, header.participants, load_participant)
    rest = load_table(venue, rest, SESSION_STATE, header.sessions, load_session)
    rest = load_table(venue, rest, INSTRUMENT_STATE, header.instruments, load_instrument)
    load_table(venue, rest, ORDER_STATE, header.orders, load_order)
    if dump(venue) != data:
        raise ValueError("state is not canonical: written again it has other bytes; take an intact snapshot")
    return venue


def read_header(data: bytes) -> StateHeader:
    """The header, once it is certain that all that it announces is there."""
    if len(data) < STATE_HEADER.size:
        raise ValueError(f"state has {len(data)} bytes, its header alone {STATE_HEADER.size}")
    header = STATE_HEADER.unpack(data)
    if header.magic != MAGIC:
        raise ValueError(f"no state: it begins with {header.magic!r}, expected {MAGIC!r}")
    if header.rules_version != records.RULES_VERSION:
        raise ValueError(f"state of rules version {header.rules_version}, this engine has {records.RULES_VERSION}")
    expected = STATE_HEADER.size + sum(
        codec.size * count
        for codec, count in (
            (PARTICIPANT_STATE, header.participants),
            (SESSION_STATE, header.sessions),
            (INSTRUMENT_STATE, header.instruments),
            (ORDER_STATE, header.orders),
        )
    )
    if len(data) != expected:
        raise ValueError(f"state has {len(data)} bytes, expected {expected} from its header")
    return header


def load_table(venue: Venue, data: memoryview, codec: Codec[R], count: int,
               load_entry: Callable[[Venue, R], None]) -> memoryview:
    """Load `count` entries; returns the bytes after them."""
    for index in range(count):
        load_entry(venue, codec.unpack(data, index * codec.size))
    return data[count * codec.size:]


def load_participant(venue: Venue, state: ParticipantState) -> None:
    venue.participants[state.id] = Participant(state.id, state.name.rstrip(b"\0"), state.flags)


def load_session(venue: Venue, state: SessionState) -> None:
    """One SessionState into the venue's table."""
    if state.participant not in venue.participants:
        raise ValueError(f"session {state.id} is of participant {state.participant}, which the state has not")
    venue.sessions[state.id] = Session(
        id=state.id,
        name=state.name.rstrip(b"\0"),
        participant=venue.participants[state.participant],
        flags=state.flags,
        logged_on=bool(state.logged_on),
        mark=state.mark,
        report_number=state.report_number,
    )


def load_instrument(venue: Venue, state: InstrumentState) -> None:
    """One InstrumentState into the venue's table. Its book is empty until its orders are loaded."""
    has_reference = state.limits_presence & records.HAS_REFERENCE_PRICE
    has_max = state.limits_presence & records.HAS_MAX_ORDER_QUANTITY
    venue.instruments[state.id] = Instrument(
        id=state.id,
        name=state.name.rstrip(b"\0"),
        currency=state.currency,
        flags=state.flags,
        terms_flags=state.terms_flags,
        price_scale=state.price_scale,
        qty_scale=state.qty_scale,
        iceberg_parts_max=state.iceberg_parts_max,
        tick_size=state.tick_size,
        lot_size=state.lot_size,
        phase=state.phase,
        reference_price=state.reference_price if has_reference else None,
        max_order_quantity=state.max_order_quantity if has_max else None,
        last_price=state.last_price if state.presence & LAST_PRICE_PRESENT else None,
        reported=(state.reported_price, state.reported_quantity),
        trade_date=state.trade_date,
    )


def load_order(venue: Venue, state: OrderState) -> None:
    """Orders stand in queue order, so each joins the back of its queue."""
    if state.session not in venue.sessions or state.instrument not in venue.instruments:
        raise ValueError(f"order {state.order_id} is of session {state.session} and instrument {state.instrument}, "
                         "of which the state lacks one")
    attributes = state.attributes
    order = Order(
        order_id=state.order_id,
        cl_ord_id=state.cl_ord_id,
        session=venue.sessions[state.session],
        instrument=venue.instruments[state.instrument],
        side=attributes >> records.SIDE_SHIFT & records.SIDE_MASK,
        ord_type=attributes >> records.ORD_TYPE_SHIFT & records.ORD_TYPE_MASK,
        time_in_force=attributes >> records.TIME_IN_FORCE_SHIFT & records.TIME_IN_FORCE_MASK,
        post_only=bool(attributes & records.POST_ONLY),
        price=state.price if attributes & records.HAS_PRICE else None,
        leaves=state.leaves_qty,
        filled=state.cum_qty,
    )
    if order.side not in list(Side) or (order.ord_type, order.price is None) not in (
            (OrdType.LIMIT, False), (OrdType.MARKET, True)):
        raise ValueError(f"order {state.order_id} has attributes {attributes:#06x}, which no live order has")
    venue.add(order)
