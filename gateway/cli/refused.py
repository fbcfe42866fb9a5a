"""Why a venue refused a command of `pricetime admin`: field, found, expected and remedy on one line.

A venue answers with a Reason alone. Owns the words for options and for reasons that stand in no field; which field of a
definition is to blame gateway/refusals.py says, asked with what the client knows of the venue.
"""

from collections.abc import Iterator

from pricetime.gateway import messages as m
from pricetime.gateway.codec import Codec
from pricetime.gateway.decimals import decimal_of
from pricetime.gateway.directory import Directory, Instrument
from pricetime.gateway.refusals import REMEDIES, Fault, fault_of, in_words
from pricetime.matching import records
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError
from pricetime.matching.records import Reason

NS_PER_MS = 1_000_000
IN_MS = ("call_duration", "rate_interval")      # nanoseconds in messages, milliseconds in options
RISK_COMMANDS = (m.RiskLimits, m.PositionAdjust, m.KillSwitch)
PLACES = {                                      # what is no option: how `pricetime admin ... --help` calls it
    (m.SecurityDefinition, "symbol"): "SYMBOL", (m.PartyDefinition, "participant"): "NAME",
    (m.SessionDefinition, "session_name"): "NAME", (m.PositionAdjust, "position"): "QUANTITY",
    (m.TradingSessionStatus, "phase"): "PHASE",
}


def option_of(name: str) -> str:
    """What a field's option is called."""
    return f"--{name.replace('_', '-')}" + ("-ms" if name in IN_MS else "")


def in_options(message: m.Command, error: UserError) -> UserError:
    """What was wrong with a message before it was sent, by what the command line calls the field."""
    field, colon, rest = str(error).partition(": ")
    attribute = dict(zip(message.__struct_encode_fields__, message.__struct_fields__, strict=True)).get(field)
    return UserError(f"{_place(message, attribute)}: {rest}") if colon and attribute else error


def _place(message: m.Command, attribute: str) -> str:
    return PLACES.get((type(message), attribute), option_of(attribute))


def why_refused(message: m.Command, reason: Reason, directory: Directory) -> str:
    """One line on a refusal; the Reason alone where nothing is known but that. directory: as before the command."""
    if isinstance(message, m.KeyDefinition):
        said = _of_key(message, reason)
    else:
        said = _of_any(message, reason) or _of_field(message, reason, directory)
    return f"{said} ({reason.name})" if said else reason.name


def _of_key(message: m.KeyDefinition, reason: Reason) -> str | None:
    if reason == Reason.NAME_TAKEN:
        return (f"Public: found {message.public!r}, expected one that no key of another name has; revoke that key "
                "first, or make another by `pricetime keygen`")
    if reason == Reason.NAME_INVALID:
        expected = ("letters that can be printed; take another name" if not message.disabled else
                    "a key that the venue has; nothing is to be done: it was never given, or is revoked already")
        return f"KeyName: found {message.key_name!r}, expected {expected}"
    return _of_any(message, reason)


def _of_any(message: m.Command, reason: Reason) -> str | None:
    """Where the message itself says it all."""
    if reason == Reason.NOT_AUTHORIZED:
        right = "the right Operate" + (" or Risk" if isinstance(message, RISK_COMMANDS) else "")
        return f"--session: found {message.session!r}, expected one with {right}; with CURVE its --key needs it, too"
    if reason == Reason.LOG_FULL:
        return "the venue's log has no room; make room on its disk, and give the command again"
    if reason == Reason.THROTTLED:
        return "the session sends faster than [limits] of the venue allows; give the command again later"
    if isinstance(message, m.TradingSessionStatus):
        if reason == Reason.PHASE_UNCHANGED:
            return (f"PHASE: found {message.phase}, expected another one: {message.symbol} is {message.phase} already; "
                    "nothing is to be done")
        if reason == Reason.TRADE_DATE_INVALID:
            return (f"--trade-date: found {message.trade_date}, expected the day that {message.symbol} is in, or a "
                    "later one; without --trade-date it keeps its day")
    if isinstance(message, m.PositionAdjust) and reason == Reason.OVERFLOW:
        return (f"QUANTITY: found {message.position}, expected one that stays below 2^63 with the participant's open "
                "orders; cancel them first, or give a smaller one")
    return None


def _of_field(message: m.Command, reason: Reason, directory: Directory) -> str | None:
    """The first field of a definition, or of limits, that is refused for this reason."""
    try:
        fault = fault_of(message, reason, _known(message, directory))
    except UserError:
        return None         # what is known does not fit together: then it is no help
    if fault is None:
        return None
    place = _place(message, fault.attribute)
    found = fault.found // NS_PER_MS if fault.attribute in IN_MS else fault.found
    remedy = _remedy(reason, fault, message)
    return f"{place}: found {in_words(found)}, expected {fault.expected}" + (f"; {remedy}" if remedy else "")


def _remedy(reason: Reason, fault: Fault, message: m.Command) -> str | None:
    option = option_of(fault.attribute)
    if reason in REMEDIES:
        return f"leave {option} out, or {REMEDIES[reason]}"
    if reason == Reason.NAME_INVALID:
        return "take another name"
    without_duration = isinstance(message, m.SecurityDefinition) and message.call_duration is None
    if fault.attribute in ("dynamic_band", "static_band") and fault.found >= 0 and without_duration:
        return "add --call-duration-ms MS"
    return f"change {option}, or leave it out"


def _known(message: m.Command, directory: Directory) -> Engine:
    """An engine that has what the client knows of what a message names."""
    engine, codec = Engine(order_capacity=1), Codec()
    for definition in _definitions(message, directory):
        engine.apply(codec.encode(definition))
    return engine


def _definitions(message: m.Command, directory: Directory) -> Iterator[m.Command]:
    if isinstance(message, m.SessionDefinition):
        session = directory.sessions.by_name.get(message.session_name or "")
        owner = directory.participants.by_id.get(session.participant) if session is not None else None
        if session is not None and owner is not None:
            yield m.PartyDefinition(participant=owner.name)
            yield m.SessionDefinition(session_name=session.name, participant=owner.name)
    elif isinstance(message, m.SecurityDefinition | m.RiskLimits):
        instrument = directory.instruments.by_name.get(message.symbol or "")
        if instrument is not None:
            yield _defined(instrument)


def _defined(known: Instrument) -> m.SecurityDefinition:
    """Terms of an instrument as a definition says them."""
    return m.SecurityDefinition(
        symbol=known.symbol, currency=known.currency or None, price_scale=known.price_scale, qty_scale=known.qty_scale,
        tick_size=decimal_of(known.tick_size, known.price_scale),
        lot_size=decimal_of(known.lot_size, known.qty_scale), iceberg_parts_max=known.iceberg_parts_max,
        price_may_be_negative=bool(known.flags & records.PRICE_MAY_BE_NEGATIVE),
        hidden_allowed=bool(known.flags & records.HIDDEN_ALLOWED),
    )
