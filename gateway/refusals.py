"""Why an engine refused a definition, limits or a phase: which field, what was found, what was expected.

An engine answers with a Reason alone. Owns no rule: it is asked after the refusal, and where it finds nothing the
Reason stands for itself. docs/rules.md, 6, 7 and 13 have the rules.
"""

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from msgspec import UNSET

from pricetime.gateway import messages as m
from pricetime.gateway.decimals import INT64_MAX, decimal_of, scaled
from pricetime.gateway.directory import Instrument, instrument_of_state
from pricetime.gateway.field_checks import shown
from pricetime.gateway.further_lines import terms_of
from pricetime.gateway.layout import text_of
from pricetime.matching import records
from pricetime.matching.interface import EitherEngine
from pricetime.matching.records import Reason

NOTIONAL = ("max_order_notional", "max_gross_notional")     # limits that are of a currency
REMEDIES = {                    # of what is so for ever
    Reason.TERMS_CHANGED: "give the instrument another symbol",
    Reason.PARTICIPANT_CHANGED: "give the session another name",
}
NAME = f"1 to {records.NAME_BYTES} bytes of UTF-8 without control characters"


@dataclass(frozen=True)
class Fault:
    """A field of a message (its attribute), its value, and what it could have been."""

    attribute: str
    found: Any
    expected: str


Check = tuple[Reason, str, Callable[[Any], bool], str]     # reason, attribute, whether a value is good, expected


def refusal(message: m.Command, reason: Reason, engine: EitherEngine) -> str:
    """One line: field, found, expected and the Reason; the Reason alone where no field is to blame."""
    fault = fault_of(message, reason, engine)
    if fault is None:
        return reason.name
    return f"{m.fix_name(fault.attribute)}: found {in_words(fault.found)}, expected {fault.expected} ({reason.name})"


def in_words(value: Any) -> str:
    """A value of a field as an error shows it: decimals as numbers, true and false as text says them."""
    if isinstance(value, bool):
        return str(value).lower()
    return shown(value) if isinstance(value, str) else str(value)


def not_of_an_instrument(currency: str | None, currencies: set[str]) -> str | None:
    """What is wrong with the currency of a participant's notional limit that no instrument has: it counts no order."""
    if not currencies or (currency or "") in currencies:
        return None
    named = ", ".join(map(repr, sorted(currencies - {""})))
    wanted = f"a currency that an instrument has: {named}" if named else "none, as no instrument has a currency"
    or_none = ", or none" if named and "" in currencies else ""
    return f"{f'found {currency!r}' if currency else 'missing'}, expected {wanted}{or_none}"


def idle_limits(message: m.Command, instruments: Iterable[Instrument]) -> str | None:
    """One line on limits that an engine took and that count no order: notional ones in no instrument's currency."""
    if not isinstance(message, m.RiskLimits) or message.symbol is not None:
        return None
    held = [key for key in NOTIONAL if isinstance(getattr(message, key), Decimal)]
    wrong = not_of_an_instrument(message.currency, {instrument.currency for instrument in instruments})
    return f"Currency: {wrong}; {m.fix_name(held[0])} holds nothing back so far" if held and wrong else None


def fault_of(message: m.Command, reason: Reason, engine: EitherEngine) -> Fault | None:
    """The first field that an engine, as it is now, refuses for that reason."""
    for due, attribute, good, expected in _checks(message, engine):
        value = getattr(message, attribute)
        if due == reason and value is not None and value is not UNSET and not good(value):
            return Fault(attribute, value, expected)
    return None


def _checks(message: m.Command, engine: EitherEngine) -> Iterator[Check]:
    if isinstance(message, m.SecurityDefinition):
        yield from _of_names("symbol", "security_id", message.symbol, engine.instruments)
        yield from _of_security(message, _row(engine.instruments, message.symbol, message.security_id))
    elif isinstance(message, m.PartyDefinition):
        yield from _of_names("participant", "party_id", message.participant, engine.participants)
    elif isinstance(message, m.SessionDefinition):
        yield from _of_names("session_name", "session_id", message.session_name, engine.sessions)
        row = _row(engine.sessions, message.session_name, message.session_id)
        if row is not None:
            owner = engine.participants[int(row["participant"]) - 1]["name"].decode()
            same = partial(operator.eq, owner)
            yield Reason.PARTICIPANT_CHANGED, "participant", same, f"{owner!r}, whose it is for ever"
    elif isinstance(message, m.RiskLimits):
        yield from _of_risk(message, _row(engine.instruments, message.symbol, None))
    elif isinstance(message, m.TradingSessionStatus):
        row = _row(engine.instruments, message.symbol, None)
        after = "" if row is None or not row["trade_date"] else f", {row['trade_date']} or later"
        yield Reason.TRADE_DATE_INVALID, "trade_date", _never, f"a day like 20230711 (yyyymmdd){after}"


def _row(rows: Any, name: str | None, id: int | None) -> Any:
    """The state of what a message names, or None."""
    if id:
        return rows[id - 1] if id <= len(rows) else None
    return next((row for row in rows if row["name"].decode() == name), None)


def _never(value: Any) -> bool:
    """The one field that the reason is about."""
    return False


def _positive(value: Any) -> bool:
    return bool(value > 0)


def _not_negative(value: Any) -> bool:
    return bool(value >= 0)


def _of_names(name_field: str, id_field: str, name: str | None, rows: Any) -> Iterator[Check]:
    known = _row(rows, name, None)
    yield Reason.NAME_INVALID, name_field, _never, NAME
    taken = f"a name that only id {known['id']} has" if known is not None else "the name that this id has"
    yield Reason.NAME_TAKEN, name_field, _never, taken
    yield Reason.ID_OUT_OF_SEQUENCE, id_field, _never, f"1 to {len(rows) + 1}"


def _of_security(message: m.SecurityDefinition, row: Any) -> Iterator[Check]:
    known = None if row is None else instrument_of_state(row)
    if known is not None:
        yield from _of_terms(known)
    terms = terms_of(message, known)
    yield Reason.TICK_INVALID, "tick_size", _positive, "more than 0"
    yield Reason.LOT_INVALID, "lot_size", _positive, "more than 0"
    negative = terms.flags & records.PRICE_MAY_BE_NEGATIVE
    tick = decimal_of(terms.tick_size, terms.price_scale)
    called = row is not None and row["limits_presence"] & records.HAS_CALL_DURATION

    def on_tick(price: Any) -> bool:
        return scaled(price, terms.price_scale, "ReferencePrice") % terms.tick_size == 0

    def has_duration(band: Any) -> bool:
        return bool(called or message.call_duration is not None)

    for attribute, good, expected in (
        ("reference_price", (lambda price: True) if negative else _positive, "more than 0"),
        ("reference_price", on_tick, f"a multiple of the tick size, {tick}"),
        ("collar", _not_negative, "0 or more"),
        ("dynamic_band", _not_negative, "0 or more"),
        ("static_band", _not_negative, "0 or more"),
        ("call_duration", _positive, "1 or more"),
        ("max_order_qty", _positive, "more than 0"),
        ("dynamic_band", has_duration, "a call duration beside it"),
        ("static_band", has_duration, "a call duration beside it"),
    ):
        yield Reason.LIMIT_INVALID, attribute, good, expected


def _of_terms(known: Instrument) -> Iterator[Check]:
    """What an instrument has for ever."""
    for attribute, present in (
        ("currency", known.currency),
        ("price_scale", known.price_scale),
        ("qty_scale", known.qty_scale),
        ("tick_size", decimal_of(known.tick_size, known.price_scale)),
        ("lot_size", decimal_of(known.lot_size, known.qty_scale)),
        ("price_may_be_negative", bool(known.flags & records.PRICE_MAY_BE_NEGATIVE)),
        ("hidden_allowed", bool(known.flags & records.HIDDEN_ALLOWED)),
        ("iceberg_parts_max", known.iceberg_parts_max),
    ):
        same = partial(operator.eq, present)
        yield Reason.TERMS_CHANGED, attribute, same, f"{in_words(present)}, which it has for ever"


def _of_risk(message: m.RiskLimits, instrument: Any) -> Iterator[Check]:
    """Of a participant, or of its account in an instrument."""
    if instrument is None:
        for attribute in ("max_order_qty", "max_open_qty", "max_position"):
            yield Reason.LIMIT_INVALID, attribute, _never, "none, or a symbol beside it"
    else:
        currency = text_of(instrument["currency"])
        yield Reason.LIMIT_INVALID, "rate_tokens", _never, "none: only a whole participant has a rate"
        same = partial(operator.contains, ("", currency))
        yield Reason.LIMIT_INVALID, "currency", same, f"the instrument's, {currency!r}, or none"
    interval = message.rate_interval or 0
    yield Reason.LIMIT_INVALID, "rate_tokens", _positive, "1 or more"
    yield Reason.LIMIT_INVALID, "rate_interval", _positive, "1 or more"
    if interval > 0:
        most = INT64_MAX // interval
        yield Reason.LIMIT_INVALID, "rate_tokens", partial(operator.ge, most), f"at most {most} in such an interval"
    yield Reason.TABLE_FULL, "currency", _never, "one of the 8 that the participant has limits in"
