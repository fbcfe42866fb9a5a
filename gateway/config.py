"""venue.toml: read, checked and turned into messages. An unknown key is an error that names it and the nearest known
one.

Owns the names and bounds of the keys and nothing of their effect: definitions.py compares with the state, venue.py
acts.

    [venue]
    endpoints = ["tcp://127.0.0.1:7001"]
    [[participant]]
    name = "firm"
    [[session]]
    name = "alice"
    participant = "firm"
    [[instrument]]
    symbol = "ACME"
    tick_size = "0.01"
"""

import difflib
import re
import tomllib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from pricetime.gateway import messages as m
from pricetime.gateway.config_checks import check_endpoint, check_keys, check_schedule, nearest
from pricetime.gateway.desk.process import REPORTS
from pricetime.gateway.drop_copy.bounds import Bounds
from pricetime.gateway.exporter import LISTEN, parse_listen
from pricetime.gateway.field_checks import shown
from pricetime.gateway.loop import BEFORE_LOGON_PER_SECOND, DIGEST_EVERY, HEARTBEAT_TIMEOUT_MS, MAX_CONNECTIONS
from pricetime.gateway.refusals import NOTIONAL
from pricetime.gateway.security import KEY_CHARACTERS
from pricetime.matching.errors import UserError

FILE_NAME = "venue.toml"
Name = Annotated[str, Meta(min_length=1, max_length=48)]
Limit = Annotated[int, Meta(ge=-1, le=2**63 - 1)]
TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"
Weekday = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MS_MAX = (2**63 - 1) // 10**6   # a record has nanoseconds
Milliseconds = Annotated[int, Meta(ge=1, le=MS_MAX)]
# Tokens times interval in nanoseconds are below 2^63: with an interval of 1 ms so many.
RateTokens = Annotated[int, Meta(ge=-1, le=MS_MAX, description=f"-1, or 1 to {MS_MAX:,}")]


class Section(Struct, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class EndpointSection(Section, kw_only=True):
    """One of the endpoints of [venue], where it is a table. curve: only who has a [[key]] gets in."""

    address: str
    curve: bool = False


class VenueSection(Section, kw_only=True):
    """[venue]. digest_every: commands between two EventDigest records, 0 for none.

    clock: "flow" takes each record's own time. clock_ahead_seconds: a machine's clock that is further ahead of the log
    at a start, or goes further ahead at once, is not believed; 0: any is."""

    endpoints: Annotated[list[str | EndpointSection], Meta(min_length=1)]
    clock: Literal["machine", "flow"] = "machine"
    clock_ahead_seconds: Annotated[int, Meta(ge=0, le=315_360_000)] = 31 * 86_400
    digest_every: Annotated[int, Meta(ge=0, le=2**32)] = DIGEST_EVERY
    order_capacity: Annotated[int, Meta(ge=0, le=2**24)] = 0
    max_connections: Annotated[int, Meta(ge=1, le=65_535)] = MAX_CONNECTIONS
    heartbeat_timeout_ms: Annotated[int, Meta(ge=0, le=86_400_000)] = HEARTBEAT_TIMEOUT_MS


class LogSection(Section, kw_only=True):
    """[log]. segment_mib: size of each segment file.

    durability: what an acknowledged order survives: "process", the death of the process; "power", that of the machine,
    too. pack_after: so many of the newest segments stay plain, older ones are packed; 0: none is. prune: whether
    segments are removed that none of the snapshots that are kept needs."""

    segment_mib: Annotated[int, Meta(ge=1, le=65_536)] = 64
    durability: Literal["process", "power"] = "process"
    pack_after: Annotated[int, Meta(ge=0, le=2**31)] = 0
    prune: bool = False


class SnapshotSection(Section, kw_only=True):
    """[snapshot]: made by a process beside the venue. every_commands, every_seconds: since the last one, 0 for none.

    keep: how many good ones stay."""

    every_commands: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    every_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 0
    keep: Annotated[int, Meta(ge=1, le=1_000)] = 3


class LimitsSection(Section, kw_only=True):
    """[limits]: what a session may send in a second, 0 for no bound; a second's worth at once.

    What is more is refused, THROTTLED, each; after another second's worth of refusals the session is logged out.
    Its Logons are counted apart, by messages_per_second, or where that is 0 by orders_per_second.
    before_logon_per_second: MessagePack of a connection that is not logged on, each begun KiB a message."""

    messages_per_second: Annotated[int, Meta(ge=0, le=10_000_000)] = 0
    orders_per_second: Annotated[int, Meta(ge=0, le=100_000_000)] = 0
    before_logon_per_second: Annotated[int, Meta(ge=0, le=10_000_000)] = BEFORE_LOGON_PER_SECOND


class DeskSection(Section, kw_only=True):
    """[desk]: the process that answers what takes time. start: when somebody first asks, or with the venue.

    reports: so many events, and lines of commands, it keeps in memory; what is older it finds in the log."""

    start: Literal["on-demand", "always"] = "on-demand"
    reports: Annotated[int, Meta(ge=1_024, le=2**24)] = REPORTS


class ExporterSection(Section, kw_only=True):
    """[exporter]: a process beside the venue that answers Prometheus there. Absent: none."""

    listen: Annotated[str, Meta(min_length=3, max_length=64)] = LISTEN


class DropCopySection(Section, kw_only=True):
    """[drop_copy]: a process beside the venue that serves drop copies. Absent: none.

    events: so many of the newest are kept in memory. connections: at one time. replays: of older points at one time,
    each with an engine of its own; others wait."""

    endpoints: Annotated[list[str | EndpointSection], Meta(min_length=1)]
    events: Annotated[int, Meta(ge=1_024, le=2**24)] = Bounds.events
    connections: Annotated[int, Meta(ge=1, le=65_535)] = Bounds.connections
    replays: Annotated[int, Meta(ge=1, le=64)] = Bounds.replays


class ParticipantSection(Section, kw_only=True):
    """[[participant]]: a firm that owns orders."""

    name: Name
    disabled: bool = False


class SessionSection(Section, kw_only=True):
    """[[session]]: one login of a participant; its own where none is named."""

    name: Name
    participant: Name | None = None
    rights: tuple[m.Right, ...] = ("Trade",)
    cancel_on_disconnect: bool = False
    disabled: bool = False


class InstrumentSection(Section, kw_only=True):
    """[[instrument]]. Decimals are exact, as strings or numbers.

    reference_price counts when the instrument is new only: after that
    it follows the trades. Scales that are absent have as many decimals as tick_size and lot_size need."""

    symbol: Name
    currency: Annotated[str, Meta(max_length=8)] | None = None
    price_scale: Annotated[int, Meta(ge=0, le=18)] | None = None
    qty_scale: Annotated[int, Meta(ge=0, le=18)] | None = None
    tick_size: Decimal | None = None
    lot_size: Decimal | None = None
    price_may_be_negative: bool = False
    hidden_allowed: bool = False
    iceberg_parts_max: Annotated[int, Meta(ge=1, le=2**32 - 1)] | None = None
    reference_price: Decimal | None = None
    collar: Decimal | None = None
    dynamic_band: Decimal | None = None
    static_band: Decimal | None = None
    call_duration_ms: Milliseconds | None = None
    max_order_qty: Decimal | None = None
    disabled: bool = False


class RiskSection(Section, kw_only=True):
    """[[risk]]: limits of a participant, or with a symbol of the participant in that instrument.

    -1 takes a limit away; one that is absent stays as it is. Notional limits count in the currency that is named, those
    of an instrument in its own."""

    participant: Name
    symbol: Name | None = None
    currency: Annotated[str, Meta(max_length=8)] | None = None
    rate_tokens: RateTokens | None = None
    rate_interval_ms: Milliseconds | None = None
    max_order_qty: Decimal | None = None
    max_order_notional: Decimal | None = None
    max_open_orders: Limit | None = None
    max_open_qty: Decimal | None = None
    max_position: Decimal | None = None
    max_gross_notional: Decimal | None = None


class KeySection(Section, kw_only=True):
    """[[key]]: who may come in by CURVE, with which rights, and for which sessions it may speak.

    revoked: it may no longer, and stands there so that the log says so."""

    name: Name
    public: Annotated[str, Meta(description=f"{KEY_CHARACTERS} characters, as `pricetime keygen` prints them")]
    sessions: tuple[Name, ...] = ()
    rights: tuple[m.Right, ...] = ("Trade",)
    revoked: bool = False


class ScheduleEntry(Section, kw_only=True):
    """One of the entries of [schedule]: at this time of each day that counts, this phase.

    symbols: of these instruments; all of them where it is absent."""

    at: Annotated[str, Meta(pattern=TIME_OF_DAY, description="`\"09:00\"` or `\"09:00:30\"`")]
    phase: m.Phase
    symbols: tuple[Name, ...] = ()


class ScheduleSection(Section, kw_only=True):
    """[schedule]: the phases of a day, in a time zone, on these weekdays but holidays."""

    time_zone: str = "UTC"
    weekdays: tuple[Weekday, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    holidays: tuple[date, ...] = ()
    entries: tuple[ScheduleEntry, ...] = ()


class Config(Section, kw_only=True):
    """The whole file."""

    venue: VenueSection
    log: LogSection = msgspec.field(default_factory=LogSection)
    snapshot: SnapshotSection = msgspec.field(default_factory=SnapshotSection)
    limits: LimitsSection = msgspec.field(default_factory=LimitsSection)
    desk: DeskSection = msgspec.field(default_factory=DeskSection)
    schedule: ScheduleSection = msgspec.field(default_factory=ScheduleSection)
    key: list[KeySection] = []
    exporter: ExporterSection | None = None
    drop_copy: DropCopySection | None = None
    participant: list[ParticipantSection] = []
    session: list[SessionSection] = []
    instrument: list[InstrumentSection] = []
    risk: list[RiskSection] = []


SECTIONS: dict[str, type[Section]] = {
    "venue": VenueSection,
    "log": LogSection,
    "snapshot": SnapshotSection,
    "limits": LimitsSection,
    "desk": DeskSection,
    "schedule": ScheduleSection,
    "key": KeySection,
    "exporter": ExporterSection,
    "drop_copy": DropCopySection,
    "participant": ParticipantSection,
    "session": SessionSection,
    "instrument": InstrumentSection,
    "risk": RiskSection,
}
# Tables within a section, by its path without numbers.
INNER: dict[str, type[Section]] = {
    "venue.endpoints": EndpointSection, "drop_copy.endpoints": EndpointSection, "schedule.entries": ScheduleEntry,
}  # fmt: skip
# What docs/rules.md, 13 limits of a participant and of an account.
RISK_OF_PARTICIPANT = ("rate_tokens", "rate_interval_ms", "max_open_orders", *NOTIONAL)
RISK_OF_ACCOUNT = (
    "max_order_qty", "max_order_notional", "max_open_orders", "max_open_qty", "max_position", "max_gross_notional",
)
NO_LIMIT_KEY = -1  # what a limit of the file says to be taken away


WORDS = {  # msgspec's names of types
    "array": "a list",
    "bool": "true or false",
    "decimal": "a decimal number",
    "date": "a date like 2026-12-25",
    "int": "a whole number",
    "object": "a table",
    "str": "text",
}


def load(path: Path) -> Config:
    """The checked configuration of a file. UserError, one line: what, where in the file, how to mend it."""
    try:
        with path.open("rb") as file:
            table = tomllib.load(file, parse_float=Decimal)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read: {error.strerror}; `pricetime serve` takes the path of a {FILE_NAME}"
        ) from None
    except (ValueError, ArithmeticError, RecursionError) as error:      # numbers that Python makes none of, too
        what = "a number with too large an exponent" if isinstance(error, ArithmeticError) else error
        raise UserError(f"{path}: not TOML: {what}") from None
    return convert(table, str(path))


def convert(tables: dict[str, Any], name: str = FILE_NAME) -> Config:
    """The same for tables that are there already; `name` is what errors call them."""
    try:
        config = msgspec.convert(tables, Config)
    except msgspec.ValidationError as error:
        raise UserError(f"{name}: {explain(str(error), tables)}") from None
    for endpoint in endpoints_of(config):
        check_endpoint(endpoint, name)
    check_keys(config, name)
    check_schedule(config, name)
    for endpoint in drop_copy_endpoints_of(config):
        check_endpoint(endpoint, name, "drop_copy")
    if config.exporter:
        parse_listen(config.exporter.listen, f"{name}: [exporter] listen")
    check_names(config, name)
    check_risk(config, name)
    check_prune(config, name)
    return config


def explain(message: str, tables: dict[str, Any]) -> str:
    """msgspec's message with the place as it stands in the file, and for an unknown key the nearest known one."""
    found = re.match(r"(?P<what>.*) - at `\$\.?(?P<path>.*)`$", message)
    what, path = (found["what"], found["path"]) if found else (message, "")
    section = re.match(r"\w*", path)[0]  # type: ignore[index]
    place = f"[{path}]: " if path else ""
    if missing := re.match(r"Object missing required field `(?P<key>.*)`", what):
        return f"[{path}{'.' if path else ''}{missing['key']}]: missing, expected it: it has no default"
    unknown = re.match(r"Object contains unknown field `(?P<key>.*)`", what)
    if not unknown:
        return f"{place}{found_and_expected(what, value_at(tables, path), path)}"
    inner = INNER.get(re.sub(r"\[.*?\]", "", path))
    known = (inner or (SECTIONS[section] if section else Config)).__struct_fields__
    near = difflib.get_close_matches(unknown["key"], known, n=1, cutoff=0.0)
    return f"{place}unknown key {unknown['key']!r}; the nearest that there is: {near[0]!r}"


def found_and_expected(what: str, value: Any, path: str) -> str:
    """msgspec's message on a wrong value, in the words of the file."""
    if re.match(r"Invalid enum value", what):
        return f"found {in_toml(value)}, expected one of {', '.join(names_at(path))}"
    if "matching regex" in what:        # only a time has one
        return f"found {in_toml(value)}, expected a time of the day like \"09:00\""
    if what.startswith("Invalid RFC3339"):
        return f"found {in_toml(value)}, expected a date like 2026-12-25"
    if what == "Invalid decimal string":
        return f"found {in_toml(value)}, expected {WORDS['decimal']}"
    if wanted := re.match(r"Expected (?P<type>.*?)(?:, got `\w+`)?$", what):
        expected = re.sub(r"`(\w+)(?: \| (\w+))?`", _in_words, wanted["type"])
        brackets = {"a list": f"[[{path}]]", "a table": f"[{path}]"}.get(expected) if path in SECTIONS else None
        return f"found {in_toml(value)}, expected {expected}" + (f": write {brackets}" if brackets else "")
    return what


def _in_words(types: re.Match[str]) -> str:
    """One of msgspec's types, or one of two; null cannot be said in the file."""
    return " or ".join(WORDS.get(type, type) for type in types.groups() if type not in (None, "null"))


def in_toml(value: Any) -> str:
    """A value as the file says it."""
    if isinstance(value, dict | list):
        return WORDS["object" if isinstance(value, dict) else "array"]
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, Decimal) else shown(value)


def value_at(tables: Any, path: str) -> Any:
    """What stands at a place such as `session[0].rights[0]`."""
    for key in re.findall(r"\w+", path):
        tables = tables[int(key)] if isinstance(tables, list) else tables[key]
    return tables


def names_at(path: str) -> tuple[str, ...]:
    """The names that a key takes; its path as msgspec has it, such as `session[0].rights[0]`."""
    *section, key = re.findall(r"([a-z_]+)", path)
    hint = get_type_hints({**SECTIONS, **INNER}[".".join(section)])[key]
    return get_args(hint if get_origin(hint) is Literal else get_args(hint)[0])


def endpoints_of(config: Config) -> list[EndpointSection]:
    """The endpoints, each as a table."""
    return as_tables(config.venue.endpoints)


def drop_copy_endpoints_of(config: Config) -> list[EndpointSection]:
    """Those of the drop copy, likewise; none where there is no drop copy."""
    return as_tables(config.drop_copy.endpoints) if config.drop_copy else []


def as_tables(endpoints: Sequence[str | EndpointSection]) -> list[EndpointSection]:
    """Endpoints, each as a table."""
    return [EndpointSection(address=endpoint) if isinstance(endpoint, str) else endpoint for endpoint in endpoints]


def check_names(config: Config, name: str) -> None:
    """Names are unique, and a session's participant is there."""
    for table, key in (("participant", "name"), ("session", "name"), ("instrument", "symbol"), ("key", "name")):
        seen: set[str] = set()
        for entry in getattr(config, table):
            value = getattr(entry, key)
            if value in seen:
                raise UserError(f"{name}: [[{table}]] {key} = {value!r} stands there twice; names are unique")
            seen.add(value)
    participants = participants_of(config)
    for session in config.session:
        if session.participant is not None and session.participant not in participants:
            raise UserError(
                f"{name}: [[session]] {session.name!r}: no [[participant]] {session.participant!r}"
                + nearest(session.participant, participants)
            )


def participants_of(config: Config) -> set[str]:
    """The names of all participants: those of the file, and sessions that are their own."""
    own = {entry.name for entry in config.session if entry.participant is None}
    return {entry.name for entry in config.participant} | own


def check_risk(config: Config, name: str) -> None:
    """Limits are of what is there, and of the kind that it can have."""
    participants, symbols = participants_of(config), {entry.symbol for entry in config.instrument}
    seen: set[tuple[str, ...]] = set()
    for entry in config.risk:
        # An account has one currency, its instrument's; of a participant only notional limits go by it.
        of = (entry.participant, entry.symbol) if entry.symbol else (entry.participant, "", entry.currency or "")
        place = f"{name}: [[risk]] of {entry.participant!r}" + (f" in {entry.symbol!r}" if entry.symbol else "")
        if entry.participant not in participants:
            raise UserError(f"{place}: no such participant" + nearest(entry.participant, participants))
        if entry.symbol is not None and entry.symbol not in symbols:
            raise UserError(f"{place}: no [[instrument]] {entry.symbol!r}" + nearest(entry.symbol, symbols))
        if of in seen:
            raise UserError(f"{place}: stands there twice for one currency; say all its limits in one")
        seen.add(of)
        check_limits(entry, place)
        for key in RISK_OF_PARTICIPANT if entry.symbol is None else ():
            if key in NOTIONAL or getattr(entry, key) is None:
                continue
            if (entry.participant, "", "", key) in seen:
                raise UserError(f"{place} {key}: stands there twice, and it has no currency; say it in one [[risk]]")
            seen.add((entry.participant, "", "", key))


def check_prune(config: Config, name: str) -> None:
    """Only behind snapshots is a log pruned: without any it never would be, silently."""
    made = config.snapshot.every_commands or config.snapshot.every_seconds
    if config.log.prune and not made:
        raise UserError(
            f"{name}: [log] prune: found true, but no snapshot is ever made behind which it could; expected "
            "every_commands or every_seconds in [snapshot] (or `pricetime prune` by hand)"
        )


def check_limits(entry: RiskSection, place: str) -> None:
    """Each limit is one that its scope has, and is 0 or more, or -1."""
    known = RISK_OF_PARTICIPANT if entry.symbol is None else RISK_OF_ACCOUNT
    for key in (*RISK_OF_PARTICIPANT, *RISK_OF_ACCOUNT):
        value = getattr(entry, key)
        if value is None:
            continue
        if key not in known:
            mend = "a whole participant has none; name a symbol" if entry.symbol is None else "leave the symbol out"
            raise UserError(f"{place} {key}: found {value}, but {mend}")
        if isinstance(value, Decimal) and not value.is_finite() or value < 0 and value != NO_LIMIT_KEY:
            raise UserError(f"{place} {key}: found {value}, expected 0 or more, or -1 for no limit")
    if entry.rate_tokens == 0:
        raise UserError(f"{place} rate_tokens: found 0, expected 1 or more, or -1 for no limit")
    if entry.rate_tokens not in (None, NO_LIMIT_KEY) and entry.rate_interval_ms is None:
        raise UserError(f"{place} rate_interval_ms: missing, expected it beside rate_tokens")
    if entry.rate_tokens in (None, NO_LIMIT_KEY) and entry.rate_interval_ms is not None:
        raise UserError(f"{place} rate_tokens: missing, expected it beside rate_interval_ms")
