"""Participants, sessions and instruments: how commands define and redefine them. Rule 7 of docs/rules.md."""

import unicodedata
from collections.abc import Callable, Mapping

from pricetime.matching import records
from pricetime.matching.records import CommandType, EventType, Phase, Reason
from pricetime.matching.reference.layout import (
    INSTRUMENT_LIMITS_LINE,
    INSTRUMENT_TERMS_LINE,
    NAME_LINE,
    further_line,
    present_line,
)
from pricetime.matching.reference.reports import Reports
from pricetime.matching.reference.state import TABLE_MAX, Instrument, Named, Participant, Session, Venue
from pricetime.matching.reference.tuples import Command, InstrumentTermsLine, NameLine

SCALE_MAX = 18
ICEBERG_PARTS_DEFAULT = 100
LIMITS = {     # of an instrument, by the bit that says that they are given
    records.HAS_REFERENCE_PRICE: "reference_price",
    records.HAS_COLLAR: "collar",
    records.HAS_DYNAMIC_BAND: "dynamic_band",
    records.HAS_STATIC_BAND: "static_band",
    records.HAS_CALL_DURATION: "call_duration",
    records.HAS_MAX_ORDER_QUANTITY: "max_order_quantity",
}


def check_identity(table: Mapping[int, Named], id: int, name: bytes | None) -> Reason:
    """A known id, and its own name where one is given; or the next id, with room in the table and a free name."""
    if id in table:
        if name is None or name == table[id].name:
            return Reason.NONE
        return Reason.NAME_TAKEN if is_name(name) else Reason.NAME_INVALID
    if id != len(table) + 1:
        return Reason.ID_OUT_OF_SEQUENCE
    if id > TABLE_MAX:
        return Reason.TABLE_FULL
    if name is None:
        return Reason.LINE_MISSING
    if not is_name(name):
        return Reason.NAME_INVALID
    return Reason.NAME_TAKEN if any(known.name == name for known in table.values()) else Reason.NONE


def is_name(name: bytes) -> bool:
    """1 to 48 bytes of UTF-8 without control characters (Unicode's Cc)."""
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return bool(text) and not any(unicodedata.category(character) == "Cc" for character in text)


def name_of(record: bytes) -> bytes | None:
    line = further_line(record, NAME_LINE)
    return None if line is None else line.name.rstrip(b"\0")


def new_name(record: bytes) -> bytes:
    """The name that a checked definition of a new id has."""
    return present_line(record, NAME_LINE).name.rstrip(b"\0")


# ------------------------------------------------------------------------------- participants and sessions


def check_party(venue: Venue, command: Command, record: bytes) -> Reason:
    return check_identity(venue.participants, command.target, name_of(record))


def party_definition(venue: Venue, command: Command, record: bytes) -> None:
    """PartyDefinition [CX], checked."""
    if command.target in venue.participants:
        venue.participants[command.target].flags = command.attributes
    else:
        venue.participants[command.target] = Participant(command.target, new_name(record), command.attributes)


def check_session(venue: Venue, command: Command, record: bytes) -> Reason:
    """Identity, and the participant: known, and the same for good."""
    if reason := check_identity(venue.sessions, command.target, name_of(record)):
        return reason
    if command.target in venue.sessions:
        same = venue.sessions[command.target].participant.id == command.quantity
        return Reason.NONE if same else Reason.PARTICIPANT_CHANGED
    return Reason.NONE if command.quantity in venue.participants else Reason.UNKNOWN_PARTICIPANT


def session_definition(venue: Venue, command: Command, record: bytes) -> None:
    """SessionDefinition, checked. Before the first VenueStart a new session counts as logged on."""
    if command.target in venue.sessions:
        venue.sessions[command.target].flags = command.attributes
        return
    venue.sessions[command.target] = Session(
        id=command.target,
        name=new_name(record),
        participant=venue.participants[command.quantity],
        flags=command.attributes,
        logged_on=venue.run == 0,
    )


# --------------------------------------------------------------------------------------------- instruments


def check_security(venue: Venue, command: Command, record: bytes) -> Reason:
    """Identity, then terms, then limits of an instrument."""
    if reason := check_identity(venue.instruments, command.instrument, name_of(record)):
        return reason
    terms = further_line(record, INSTRUMENT_TERMS_LINE)
    known = venue.instruments.get(command.instrument)
    if known is None:
        if terms is None:
            return Reason.LINE_MISSING
        if reason := check_terms(terms):
            return reason
        return check_limits(record, terms.tick_size, terms.flags, None)
    if reason := check_unchanged(known, further_line(record, NAME_LINE), terms):
        return reason
    return check_limits(record, known.tick_size, known.terms_flags, known.call_duration)


def check_terms(terms: InstrumentTermsLine | Instrument) -> Reason:
    """Scales, tick and lot: of a new instrument, or those that one has."""
    if terms.price_scale > SCALE_MAX or terms.qty_scale > SCALE_MAX:
        return Reason.SCALE_INVALID
    if terms.tick_size < 1:
        return Reason.TICK_INVALID
    return Reason.LOT_INVALID if terms.lot_size < 1 else Reason.NONE


def check_unchanged(known: Instrument, name_line: NameLine | None, terms: InstrumentTermsLine | None) -> Reason:
    """A known instrument keeps its currency and terms, where the lines that have them are given."""
    if name_line is not None and name_line.currency != known.currency:
        return Reason.TERMS_CHANGED
    if terms is None:
        return Reason.NONE
    fields = ("price_scale", "qty_scale", "tick_size", "lot_size")
    same = all(getattr(terms, field) == getattr(known, field) for field in fields)
    same = same and terms.flags == known.terms_flags and iceberg_parts_max(terms) == known.iceberg_parts_max
    return Reason.NONE if same else Reason.TERMS_CHANGED


def iceberg_parts_max(terms: InstrumentTermsLine) -> int:
    """0 is the default."""
    return terms.iceberg_parts_max or ICEBERG_PARTS_DEFAULT


def check_limits(record: bytes, tick_size: int, terms_flags: int, call_duration: int | None) -> Reason:
    """Limits that can be: `call_duration` is the one that the instrument has already."""
    limits = further_line(record, INSTRUMENT_LIMITS_LINE)
    if limits is None:
        return Reason.NONE
    given = {field: getattr(limits, field) for bit, field in LIMITS.items() if limits.presence & bit}
    return Reason.NONE if are_limits(given, tick_size, terms_flags, call_duration) else Reason.LIMIT_INVALID


def are_limits(given: Mapping[str, int], tick_size: int, terms_flags: int, call_duration: int | None) -> bool:
    """Limits by their names: can they be? What is absent has no say."""
    reference = given.get("reference_price", tick_size)
    banded = "dynamic_band" in given or "static_band" in given
    return (
        (reference > 0 or bool(terms_flags & records.PRICE_MAY_BE_NEGATIVE))
        and reference % tick_size == 0
        and all(given.get(field, 0) >= 0 for field in ("collar", "dynamic_band", "static_band"))
        and all(given.get(field, 1) >= 1 for field in ("call_duration", "max_order_quantity"))
        and (not banded or "call_duration" in given or call_duration is not None)
    )


def security_definition(venue: Venue, command: Command, record: bytes) -> None:
    """SecurityDefinition [d], checked. Before the first VenueStart a new instrument is in Continuous, then Closed."""
    if command.instrument not in venue.instruments:
        venue.instruments[command.instrument] = instrument_of(
            command, record, Phase.CONTINUOUS if venue.run == 0 else Phase.CLOSED)
    instrument = venue.instruments[command.instrument]
    instrument.flags = command.attributes
    limits = further_line(record, INSTRUMENT_LIMITS_LINE)
    for bit, field in LIMITS.items():
        if limits is not None and limits.presence & bit:
            setattr(instrument, field, getattr(limits, field))


def instrument_of(command: Command, record: bytes, phase: Phase) -> Instrument:
    """A new instrument with its name and terms, without limits."""
    terms = present_line(record, INSTRUMENT_TERMS_LINE)
    return Instrument(
        id=command.instrument,
        name=new_name(record),
        currency=present_line(record, NAME_LINE).currency,
        flags=command.attributes,
        terms_flags=terms.flags,
        price_scale=terms.price_scale,
        qty_scale=terms.qty_scale,
        iceberg_parts_max=iceberg_parts_max(terms),
        tick_size=terms.tick_size,
        lot_size=terms.lot_size,
        phase=int(phase),
    )


Check = Callable[[Venue, Command, bytes], Reason]
DEFINITIONS: dict[int, tuple[Check, Callable[[Venue, Command, bytes], None]]] = {
    CommandType.PARTY_DEFINITION: (check_party, party_definition),
    CommandType.SESSION_DEFINITION: (check_session, session_definition),
    CommandType.SECURITY_DEFINITION: (check_security, security_definition),
}


def define(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """Rule 7: check a definition, carry it out, answer who sent it (the venue itself only where it is refused)."""
    check, carry_out = DEFINITIONS[command.type]
    session = venue.sessions.get(command.session)
    if reason := check(venue, command, record):
        reports.answer(EventType.BUSINESS_MESSAGE_REJECT, session, command, reason)
        return
    carry_out(venue, command, record)
    if session is not None:
        reports.answer(EventType.COMMAND_ACK, session, command)


def key_definition(venue: Venue, reports: Reports, command: Command, record: bytes) -> None:
    """Rule 7: keys are the gateway's; that one was given stands in the log, and is answered."""
    session = venue.sessions.get(command.session)
    if session is not None:
        reports.answer(EventType.COMMAND_ACK, session, command)


HANDLERS = {**dict.fromkeys(DEFINITIONS, define), CommandType.KEY_DEFINITION: key_definition}
