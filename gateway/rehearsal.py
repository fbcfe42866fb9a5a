"""What venue.toml says, applied to an engine of its own before anything is written: where that refuses, nothing has
happened.

Owns the words of a refusal: file, entry and key as they stand in the file, what was found, what was expected.
"""

import re
from typing import Any

from pricetime.gateway import messages as m
from pricetime.gateway.codec import Codec
from pricetime.gateway.config import NO_LIMIT_KEY, Config
from pricetime.gateway.definitions import differences
from pricetime.gateway.layout import text_of
from pricetime.gateway.refusals import NOTIONAL, fault_of, in_words, not_of_an_instrument
from pricetime.gateway.risk_definitions import NS_PER_MS
from pricetime.matching.engine import Engine, fill
from pricetime.matching.errors import UserError
from pricetime.matching.records import EventType, Reason

IN_MS = ("call_duration", "rate_interval")      # nanoseconds in messages, milliseconds in the file
KEYS = {"session_name": "name"} | {attribute: f"{attribute}_ms" for attribute in IN_MS}


def rehearse(config: Config, engine: Engine, name: str) -> None:
    """UserError, one line that begins with the file's name, where the engine would not take what the file says."""
    try:
        check_capacity(config, engine)
        check_currencies(config, engine)
        if next(differences(config, engine), None) is None:
            return
        scratch = copy_of(engine) if engine.sequence else Engine(order_capacity=1)
        codec = Codec()
        scratch.apply(codec.encode(m.VenueStart(run=scratch.run + 1)))
        codec.directory.load(scratch)
        for definition in differences(config, scratch):
            check_definition(definition, scratch, codec, config)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def copy_of(engine: Engine) -> Engine:
    """An engine in the same state."""
    copy = Engine()
    fill(copy, engine.dump())
    return copy


def check_capacity(config: Config, engine: Engine) -> None:
    """The pool of orders is sized by the first start only."""
    wanted = config.venue.order_capacity
    if engine.run and wanted and wanted != (present := engine.order_capacity):
        raise UserError(
            f"[venue] order_capacity: found {wanted}, but the log began with {present}, and that cannot change"
        )


def check_currencies(config: Config, engine: Engine) -> None:
    """A notional limit of a participant counts orders of its currency: where no instrument has that, it holds nothing
    back. Without any instrument nobody can tell."""
    currencies = {row["name"].decode(): text_of(row["currency"]) for row in engine.instruments}
    currencies |= {entry.symbol: entry.currency or "" for entry in config.instrument if entry.symbol not in currencies}
    for entry in config.risk:
        limits = {key: getattr(entry, key) for key in NOTIONAL}
        held = [key for key, value in limits.items() if value is not None and value != NO_LIMIT_KEY]
        wrong = not_of_an_instrument(entry.currency, set(currencies.values()))
        if entry.symbol is None and held and wrong:
            raise UserError(f"[[risk]] of {entry.participant!r} currency: {wrong}; {held[0]} would hold nothing back")


def check_definition(definition: m.Command, scratch: Engine, codec: Codec, config: Config) -> None:
    """Apply one; UserError where it cannot be said or is refused."""
    entry = entry_of(definition, config)
    try:
        lines = codec.encode(definition)
    except UserError as error:
        raise UserError(f"{entry} {in_keys(str(error), definition)}") from None
    events = scratch.apply(lines)
    for event in events[events["type"] == EventType.BUSINESS_MESSAGE_REJECT]:
        reason = Reason(int(event["reason"]))
        fault = fault_of(definition, reason, scratch)
        if fault is None:
            raise UserError(f"{entry}: refused: {reason.name}")
        found = fault.found // NS_PER_MS if fault.attribute in IN_MS else fault.found
        key = key_of(definition, fault.attribute)
        raise UserError(f"{entry} {key}: found {in_words(found)}, expected {fault.expected} ({reason.name})")


def entry_of(definition: Any, config: Config) -> str:
    """The entry of the file that a definition comes from."""
    if isinstance(definition, m.PartyDefinition):
        own = all(entry.name != definition.participant for entry in config.participant)
        return f"[[{'session' if own else 'participant'}]] {definition.participant!r}"
    if isinstance(definition, m.SessionDefinition):
        return f"[[session]] {definition.session_name!r}"
    if isinstance(definition, m.SecurityDefinition):
        return f"[[instrument]] {definition.symbol!r}"
    return f"[[risk]] of {definition.participant!r}" + (f" in {definition.symbol!r}" if definition.symbol else "")


def key_of(definition: m.Command, attribute: str) -> str:
    """The key of the file that an attribute comes from."""
    if attribute == "participant" and isinstance(definition, m.PartyDefinition):
        return "name"
    return KEYS.get(attribute, attribute)


def in_keys(error: str, definition: m.Command) -> str:
    """An encoder's error with the key in place of the field."""
    attributes = {m.fix_name(attribute): attribute for attribute in definition.__struct_fields__}
    field = re.match(r"\w*", error)[0]  # type: ignore[index]
    return key_of(definition, attributes[field]) + error[len(field):] if field in attributes else error
