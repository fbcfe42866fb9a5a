"""What a venue.toml says and the state does not: the commands that make the state agree, for the venue to journal at
its start.

Owns the comparison. What the state has and the file does not name stays as it is, and is said; what can never change
and differs is a UserError.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from pricetime.gateway import messages as m
from pricetime.gateway.config import Config, InstrumentSection, ParticipantSection, SessionSection
from pricetime.gateway.decimals import decimal_of, scaled
from pricetime.gateway.layout import RIGHTS
from pricetime.matching import records
from pricetime.matching.errors import UserError
from pricetime.matching.interface import EitherEngine


def differences(config: Config, engine: EitherEngine) -> Iterator[m.Command]:
    """Definitions of what is new and redefinitions of what changed: participants, then sessions, then instruments."""
    participants = by_name(engine.participants)
    own = [
        ParticipantSection(name=s.name) for s in config.session if s.participant is None and s.name not in participants
    ]
    named = {p.name for p in config.participant}
    for participant in [*config.participant, *(p for p in own if p.name not in named)]:
        row = participants.get(participant.name)
        if row is None or bool(row["flags"] & records.DISABLED) != participant.disabled:
            yield m.PartyDefinition(participant=participant.name, disabled=participant.disabled)
    sessions = by_name(engine.sessions)
    names = [row["name"].decode() for row in engine.participants]
    for session in config.session:
        if session.name in sessions:
            check_participant(session, names[int(sessions[session.name]["participant"]) - 1])
        if session.name not in sessions or int(sessions[session.name]["flags"]) != session_flags(session):
            yield m.SessionDefinition(
                session_name=session.name,
                participant=session.participant or session.name,
                rights=session.rights,
                cancel_on_disconnect=session.cancel_on_disconnect,
                disabled=session.disabled,
            )
    instruments = by_name(engine.instruments)
    for instrument in config.instrument:
        row = instruments.get(instrument.symbol)
        if row is None:
            yield new_instrument(instrument)
        else:
            yield from changed_instrument(instrument, row)


def unnamed(config: Config, engine: EitherEngine) -> Iterator[str]:
    """A line for each thing that the state has and the file does not name."""
    named = {
        "participant": {p.name for p in config.participant} | {s.participant or s.name for s in config.session},
        "session": {s.name for s in config.session},
        "instrument": {i.symbol for i in config.instrument},
    }
    for kind, names in named.items():
        for name in by_name(getattr(engine, kind + "s")):
            if name not in names:
                yield f"{kind} {name!r} is in the log but not in the configuration: it stays as it is"


def by_name(rows: np.ndarray) -> dict[str, Any]:
    """The rows of a state table by name."""
    return {row["name"].decode(): row for row in rows}


def check_participant(session: SessionSection, present: str) -> None:
    """A session belongs to its participant for ever."""
    wanted = session.participant or session.name
    if wanted != present:
        raise UserError(
            f"[[session]] {session.name!r} participant: found {wanted!r}, but in the log it is {present!r} and can "
            "never change; give the session another name"
        )


def session_flags(session: SessionSection) -> int:
    """The flags that a session has in the state."""
    flags = sum(RIGHTS[right] for right in set(session.rights))
    flags |= records.CANCEL_ON_DISCONNECT if session.cancel_on_disconnect else 0
    return flags | (records.DISABLED if session.disabled else 0)


def new_instrument(section: InstrumentSection) -> m.SecurityDefinition:
    """The whole definition."""
    return m.SecurityDefinition(
        symbol=section.symbol,
        currency=section.currency,
        price_scale=section.price_scale,
        qty_scale=section.qty_scale,
        tick_size=section.tick_size,
        lot_size=section.lot_size,
        price_may_be_negative=section.price_may_be_negative,
        reference_price=section.reference_price,
        max_order_qty=section.max_order_qty,
        disabled=section.disabled,
    )


def changed_instrument(section: InstrumentSection, row: Any) -> Iterator[m.SecurityDefinition]:
    """What may change: disabled, max_order_qty. UserError where scale, tick or lot differ."""
    place = f"[[instrument]] {section.symbol!r}"
    price_scale, qty_scale = int(row["price_scale"]), int(row["qty_scale"])
    terms = {
        "price_scale": (section.price_scale, price_scale),
        "qty_scale": (section.qty_scale, qty_scale),
        "tick_size": (
            section.tick_size and scaled(section.tick_size, price_scale, f"{place} tick_size"),
            int(row["tick_size"]),
        ),
        "lot_size": (
            section.lot_size and scaled(section.lot_size, qty_scale, f"{place} lot_size"),
            int(row["lot_size"]),
        ),
        "currency": (section.currency, row["currency"].decode()),
        "price_may_be_negative": (
            section.price_may_be_negative,
            bool(row["terms_flags"] & records.PRICE_MAY_BE_NEGATIVE),
        ),
    }
    shown = {
        "tick_size": decimal_of(int(row["tick_size"]), price_scale),
        "lot_size": decimal_of(int(row["lot_size"]), qty_scale),
    }
    for key, (wanted, present) in terms.items():
        if wanted is not None and wanted != present:
            raise UserError(
                f"{place} {key}: found {getattr(section, key)}, but in the log it is {shown.get(key, present)} and can "
                "never change; give the instrument another symbol"
            )
    if section.max_order_qty is None and row["limits_presence"] & records.HAS_MAX_ORDER_QUANTITY:
        present = decimal_of(int(row["max_order_quantity"]), qty_scale)
        raise UserError(
            f"{place} max_order_qty: missing, but the log has {present}, and a limit can "
            "be changed but not taken away; say which it shall be"
        )
    largest = None
    if section.max_order_qty is not None and scaled(section.max_order_qty, qty_scale, f"{place} max_order_qty") != int(
        row["max_order_quantity"]
    ):
        largest = section.max_order_qty
    if largest is not None or bool(row["flags"] & records.DISABLED) != section.disabled:
        yield m.SecurityDefinition(symbol=section.symbol, max_order_qty=largest, disabled=section.disabled)
