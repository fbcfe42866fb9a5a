"""The canonical state as bytes. Layout: matching/canonical.pxd, order: rule 9 of docs/rules.md. load.py reads it back.

Equal states, equal bytes, in both engines. Reads a Venue and changes none.
"""

from collections.abc import Iterator

from pricetime.matching import records
from pricetime.matching.reference.layout import (
    ACCOUNT_STATE,
    INSTRUMENT_STATE,
    NOTIONAL_LIMITS_STATE,
    ORDER_STATE,
    PARTICIPANT_STATE,
    SESSION_STATE,
    STATE_HEADER,
)
from pricetime.matching.reference.state import (
    Account,
    Instrument,
    Notional,
    NotionalLimits,
    Order,
    Participant,
    Session,
    Venue,
)

MAGIC = b"PTSTATE2"
# Presence bits of INSTRUMENT_STATE.
LAST_PRICE_PRESENT = 1
REPORTED_PRICE_PRESENT = 2
AUCTION_PRICE_PRESENT = 4
# What a limit of an instrument is called in Instrument and in INSTRUMENT_STATE, and its presence bit.
LIMITS = {
    "reference_price": records.HAS_REFERENCE_PRICE,
    "collar": records.HAS_COLLAR,
    "dynamic_band": records.HAS_DYNAMIC_BAND,
    "static_band": records.HAS_STATIC_BAND,
    "call_duration": records.HAS_CALL_DURATION,
    "max_order_quantity": records.HAS_MAX_ORDER_QUANTITY,
}
LOW = (1 << 64) - 1     # the low half of 128 bits


def or_no_limit(limit: int | None) -> int:
    return records.NO_LIMIT if limit is None else limit


def participant_state(participant: Participant) -> bytes:
    """PARTICIPANT_STATE; without a rate its fields are 0."""
    rate = participant.rate
    limits = {} if rate is None else {
        "presence": records.HAS_MESSAGE_RATE, "rate_tokens": rate.tokens, "rate_interval": rate.interval,
        "rate_level": rate.level, "rate_time": rate.time,
    }
    return PARTICIPANT_STATE.pack(
        id=participant.id,
        flags=participant.flags | (records.BLOCKED if participant.blocked else 0),
        open_orders_limit=or_no_limit(participant.open_orders_limit),
        name=participant.name,
        **limits,
    )


def notional_fields(limits: NotionalLimits) -> dict[str, int]:
    """The fields of both limits of value, alike in NOTIONAL_LIMITS_STATE and ACCOUNT_STATE."""
    order, gross = limits.order or Notional(0, 0), limits.gross or Notional(0, 0)
    presence = records.HAS_ORDER_NOTIONAL_LIMIT if limits.order else 0
    presence |= records.HAS_GROSS_NOTIONAL_LIMIT if limits.gross else 0
    return {
        "presence": presence, "order_scale": order.scale, "gross_scale": gross.scale,
        "order_low": order.amount & LOW, "order_high": order.amount >> 64,
        "gross_low": gross.amount & LOW, "gross_high": gross.amount >> 64,
    }


def notional_limits_states(venue: Venue) -> Iterator[bytes]:
    """NOTIONAL_LIMITS_STATE of all participants, each one's currencies as they were first set."""
    for participant in venue.participants.values():
        for currency, limits in participant.notional.items():
            yield NOTIONAL_LIMITS_STATE.pack(participant=participant.id, currency=currency, **notional_fields(limits))


def account_states(venue: Venue) -> Iterator[bytes]:
    """ACCOUNT_STATE of all accounts."""
    for participant in venue.participants.values():
        for _, account in sorted(participant.accounts.items()):
            yield account_state(account)


def account_state(account: Account) -> bytes:
    return ACCOUNT_STATE.pack(
        participant=account.participant.id,
        instrument=account.instrument.id,
        position=account.position,
        order_quantity_limit=or_no_limit(account.order_quantity_limit),
        open_orders_limit=or_no_limit(account.open_orders_limit),
        open_quantity_limit=or_no_limit(account.open_quantity_limit),
        position_limit=or_no_limit(account.position_limit),
        **notional_fields(account.notional),
    )


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
    presence |= 0 if instrument.auction_price is None else AUCTION_PRICE_PRESENT
    limits = {name: getattr(instrument, name) for name in LIMITS if getattr(instrument, name) is not None}
    return INSTRUMENT_STATE.pack(
        id=instrument.id,
        flags=instrument.flags,
        terms_flags=instrument.terms_flags,
        price_scale=instrument.price_scale,
        qty_scale=instrument.qty_scale,
        phase=instrument.phase,
        presence=presence,
        limits_presence=sum(LIMITS[name] for name in limits),
        iceberg_parts_max=instrument.iceberg_parts_max,
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
        last_price=instrument.last_price or 0,
        reported_price=instrument.reported[0],
        reported_quantity=instrument.reported[1],
        trade_date=instrument.trade_date,
        auction_price=instrument.auction_price or 0,
        call_end=instrument.call_end,
        position_adjusted=instrument.position_adjusted,
        currency=instrument.currency,
        name=instrument.name,
        **limits,
    )


def order_state(order: Order) -> bytes:
    """ORDER_STATE; its presence bits say what the order has now."""
    presence = 0 if order.display_quantity is None else records.HAS_DISPLAY_QUANTITY
    presence |= 0 if order.stop_price is None else records.HAS_STOP_PRICE
    presence |= 0 if order.expire_time is None else records.HAS_EXPIRE_TIME
    presence |= records.HAS_SELF_MATCH_PREVENTION if order.self_match_id else 0
    return ORDER_STATE.pack(
        order_id=order.order_id,
        cl_ord_id=order.cl_ord_id,
        session=order.session.id,
        instrument=order.instrument.id,
        price=order.price or 0,
        leaves_qty=order.leaves,
        cum_qty=order.filled,
        attributes=order.attributes,
        presence=presence,
        self_match_instruction=order.self_match_instruction,
        standing=order.standing,
        display_quantity=order.display_quantity or 0,
        shown_quantity=order.shown,
        stop_price=order.stop_price or 0,
        expire_time=order.expire_time or 0,
        self_match_id=order.self_match_id,
        age=order.age,
        risk_price=order.risk_price,
    )


def dump(venue: Venue) -> bytes:
    """Rule 9: header, participants, their limits, accounts, sessions, instruments, then orders by instrument."""
    low, high = venue.event_digest
    notional_limits = list(notional_limits_states(venue))
    header = STATE_HEADER.pack(
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
        notional_limits=len(notional_limits),
        orders=len(venue.orders),
        last_age=venue.last_age,
        accounts=venue.accounts,
    )
    parts = [header]
    parts += map(participant_state, venue.participants.values())
    parts += notional_limits
    parts += account_states(venue)
    parts += map(session_state, venue.sessions.values())
    parts += map(instrument_state, venue.instruments.values())
    for instrument in venue.instruments.values():
        parts += map(order_state, instrument.orders())
    return b"".join(parts)
