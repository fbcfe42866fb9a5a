"""What a start of the venue says of each definition that it journals: whose it is, and of what was there already each
value that becomes another one."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from msgspec import UNSET

from pricetime.gateway import messages as m
from pricetime.gateway.definitions import present_limits
from pricetime.gateway.keyring import Key
from pricetime.gateway.layout import RIGHTS, by_name
from pricetime.gateway.refusals import in_words
from pricetime.gateway.risk_definitions import NS_PER_MS, LimitsInForce, plain
from pricetime.matching import records
from pricetime.matching.interface import EitherEngine

LIMITS = ("collar", "dynamic_band", "static_band", "call_duration", "max_order_qty")     # of an instrument
TIMES = ("call_duration", "rate_interval")      # nanoseconds, in the file <name>_ms


class Before:
    """What an engine has before a start defines anything, by name. Each table is made once, when it is first asked for:
    definitions may be many, and each name has one."""

    def __init__(self, engine: EitherEngine) -> None:
        self.engine = engine
        self._tables: dict[str, dict[str, Any]] = {}
        self._limits: LimitsInForce | None = None

    def row(self, command: m.Command) -> Any:
        """What the state has of the name that is defined, or None."""
        if isinstance(command, m.PartyDefinition):
            return self._row("participants", command.participant)
        if isinstance(command, m.SessionDefinition):
            return self._row("sessions", command.session_name)
        assert isinstance(command, m.SecurityDefinition), "a venue.toml defines nothing else"
        return self._row("instruments", command.symbol)

    def limits(self, command: m.RiskLimits) -> dict[str, Any]:
        """Those that the command may change."""
        if self._limits is None:
            self._limits = LimitsInForce(self.engine)
        return self._limits.of(command)

    def _row(self, kind: str, name: str | None) -> Any:
        table = self._tables.get(kind)
        if table is None:
            table = self._tables[kind] = by_name(getattr(self.engine, kind))
        return table.get(name or "")


def definition_note(command: m.Command, before: Before) -> str:
    """One line of a definition that is not carried out yet."""
    changes = list(_changes(command, _present(command, before)))
    if not changes:
        return f"defined {definition_name(command)}"
    return f"changed {definition_name(command)}: {', '.join(changes)}"


def key_note(command: m.KeyDefinition, before: Key | None, after: Key | None, sessions: Mapping[int, str]) -> str:
    """The same of a key, which no engine knows. before: None where it is new; sessions: names by id."""
    if before is None or after is None:
        return f"{'revoked' if command.disabled else 'defined'} {definition_name(command)}"
    old, new = _of_key(before, sessions), _of_key(after, sessions)
    changes = (f"{field} from {_in_words(old[field], '')} to {_in_words(new[field], '')}"
               for field in old if old[field] != new[field])
    return f"changed key {command.key_name!r}: {', '.join(changes)}"


def _of_key(key: Key, sessions: Mapping[int, str]) -> dict[str, Any]:
    """Its fields as [[key]] has them."""
    return {
        "public": key.public.decode(),
        "rights": tuple(right for right, bit in RIGHTS.items() if key.rights & bit),
        "sessions": tuple(sessions.get(id, f"number {id}") for id in sorted(key.sessions)),
    }


def definition_name(command: m.Command) -> str:
    """What a definition is called in notes and errors."""
    if isinstance(command, m.PartyDefinition):
        return f"participant {command.participant!r}"
    if isinstance(command, m.SessionDefinition):
        return f"session {command.session_name!r}"
    if isinstance(command, m.SecurityDefinition):
        return f"instrument {command.symbol!r}"
    if isinstance(command, m.RiskLimits):
        where = repr(command.symbol) if command.symbol else plain(command.currency or "")
        return f"limits of {command.participant!r}" + (f" in {where}" if where else "")
    if isinstance(command, m.KeyDefinition):
        return f"key {command.key_name!r}" + (f" for {command.target_session!r}" if command.target_session else "")
    return type(command).__name__


def _present(command: m.Command, before: Before) -> dict[str, Any]:
    """What the state has of the fields that the command may change; nothing where it is all new."""
    if isinstance(command, m.RiskLimits):
        limits = before.limits(command)
        return {} if all(value is None for value in limits.values()) else limits
    row = before.row(command)
    if row is None:
        return {}
    flags = int(row["flags"])
    fields: dict[str, Any] = {"disabled": bool(flags & records.DISABLED)}
    if isinstance(command, m.SessionDefinition):
        fields["rights"] = tuple(right for right, bit in RIGHTS.items() if flags & bit)
        fields["cancel_on_disconnect"] = bool(flags & records.CANCEL_ON_DISCONNECT)
    elif isinstance(command, m.SecurityDefinition):
        fields |= dict.fromkeys(LIMITS) | present_limits(row)
    return fields


def _changes(command: m.Command, present: dict[str, Any]) -> Iterator[str]:
    for field, old in present.items():
        new = getattr(command, field)
        takes_away = isinstance(command, m.RiskLimits) and (field != "rate_interval" or command.rate_tokens is None)
        if new is UNSET or new is None and not takes_away:
            continue            # it stays; of a limit that is taken away None is the new value
        if field == "rights":
            new = tuple(right for right in RIGHTS if right in new)
        if new != old:
            unit = "_ms" if field in TIMES else ""
            yield f"{field}{unit} from {_in_words(old, unit)} to {_in_words(new, unit)}"


def _in_words(value: Any, unit: str) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return " ".join(value)
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return in_words(value // NS_PER_MS if unit else value)
