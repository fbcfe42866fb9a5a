"""What a venue.toml says and the state does not: the commands that make the state agree, for the venue to journal at
its start.

Owns the comparison. What the state has and the file does not name stays as it is, and is said; what can never change
and differs is a UserError.
"""

from collections.abc import Iterator
from typing import Any

from pricetime.gateway import messages as m
from pricetime.gateway.config import Config, InstrumentSection, ParticipantSection, SessionSection
from pricetime.gateway.decimals import decimal_of, scaled
from pricetime.gateway.layout import RIGHTS, by_name, text_of
from pricetime.gateway.refusals import REMEDIES, in_words
from pricetime.gateway.risk_definitions import NS_PER_MS, risk_differences, unnamed_limits
from pricetime.matching import records
from pricetime.matching.errors import UserError
from pricetime.matching.interface import EitherEngine
from pricetime.matching.records import Reason


def differences(config: Config, engine: EitherEngine) -> Iterator[m.Command]:
    """Definitions of what is new and redefinitions of what changed: participants, then sessions, then
    instruments, then risk limits."""
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
    yield from risk_differences(config, engine)


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
    yield from unnamed_limits(config, engine)


def check_participant(session: SessionSection, present: str) -> None:
    """A session belongs to its participant for ever."""
    wanted = session.participant or session.name
    if wanted != present:
        raise UserError(
            f"[[session]] {session.name!r} participant: found {wanted!r}, but in the log it is {present!r} and can "
            f"never change; {REMEDIES[Reason.PARTICIPANT_CHANGED]}"
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
        hidden_allowed=section.hidden_allowed,
        iceberg_parts_max=section.iceberg_parts_max,
        reference_price=section.reference_price,
        disabled=section.disabled,
        **wanted_limits(section),
    )


def wanted_limits(section: InstrumentSection) -> dict[str, Any]:
    """The limits that the file names, as SecurityDefinition has them."""
    limits: dict[str, Any] = {key: getattr(section, key) for key in ("collar", "dynamic_band", "static_band")}
    duration = section.call_duration_ms
    limits["call_duration"] = None if duration is None else duration * NS_PER_MS
    limits["max_order_qty"] = section.max_order_qty
    return {key: value for key, value in limits.items() if value is not None}


def changed_instrument(section: InstrumentSection, row: Any) -> Iterator[m.SecurityDefinition]:
    """What may change: disabled, limits. UserError where terms differ, or a limit of the log is missing in the file."""
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
        "currency": (section.currency, text_of(row["currency"])),
        "price_may_be_negative": (
            section.price_may_be_negative,
            bool(row["terms_flags"] & records.PRICE_MAY_BE_NEGATIVE),
        ),
        "hidden_allowed": (section.hidden_allowed, bool(row["terms_flags"] & records.HIDDEN_ALLOWED)),
        "iceberg_parts_max": (section.iceberg_parts_max, int(row["iceberg_parts_max"])),
    }
    shown = {
        "tick_size": decimal_of(int(row["tick_size"]), price_scale),
        "lot_size": decimal_of(int(row["lot_size"]), qty_scale),
    }
    for key, (wanted, present) in terms.items():
        if wanted is not None and wanted != present:
            raise UserError(
                f"{place} {key}: found {in_words(getattr(section, key))}, but in the log it is "
                f"{in_words(shown.get(key, present))} and can never change; {REMEDIES[Reason.TERMS_CHANGED]}"
            )
    limits, wanted_now = present_limits(row), wanted_limits(section)
    for field, value in limits.items():
        if field not in wanted_now:
            key, shown_value = ("call_duration_ms", value // NS_PER_MS) if field == "call_duration" else (field, value)
            raise UserError(
                f"{place} {key}: missing, but the log has {shown_value}, and a limit can be changed but not taken "
                "away; say which it shall be"
            )
    changed = {field: value for field, value in wanted_now.items() if field not in limits or limits[field] != value}
    if changed or bool(row["flags"] & records.DISABLED) != section.disabled:
        yield m.SecurityDefinition(symbol=section.symbol, disabled=section.disabled, **changed)


def present_limits(row: Any) -> dict[str, Any]:
    """The limits of an instrument in the state, as SecurityDefinition has them."""
    price_scale, presence = int(row["price_scale"]), int(row["limits_presence"])
    bits = {
        "collar": records.HAS_COLLAR, "dynamic_band": records.HAS_DYNAMIC_BAND, "static_band": records.HAS_STATIC_BAND
    }
    limits: dict[str, Any] = {
        key: decimal_of(int(row[key]), price_scale) for key, bit in bits.items() if presence & bit
    }
    if presence & records.HAS_CALL_DURATION:
        limits["call_duration"] = int(row["call_duration"])
    if presence & records.HAS_MAX_ORDER_QUANTITY:
        limits["max_order_qty"] = decimal_of(int(row["max_order_quantity"]), int(row["qty_scale"]))
    return limits
