"""Operate a running venue: phases, halts, limits, the kill switch, instruments, participants, sessions, keys.

Logs on as a session with the right to do it (--session, `operator`), sends the command, waits for what came of it, and
logs out. The log has each command with the session that gave it. A session is logged on once: give this one its own.
Exit status: 0 done, 1 refused (with the reason), 2 wrong use.
"""

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, get_args

import numpy as np
from msgspec import UNSET

from pricetime.gateway import messages as m
from pricetime.gateway.cli.refused import NS_PER_MS, in_options, option_of, why_refused
from pricetime.gateway.client import Client, NoAnswer, Refused, SessionEnded
from pricetime.gateway.config import RISK_OF_ACCOUNT, RISK_OF_PARTICIPANT
from pricetime.gateway.decimals import INT64_MAX
from pricetime.gateway.refusals import NOTIONAL, idle_limits
from pricetime.gateway.security import is_key, load_public
from pricetime.matching.errors import CheckFailed, UserError
from pricetime.matching.records import EventType, Reason

OUTCOMES = (EventType.COMMAND_ACK, EventType.SESSION_STATUS, EventType.BUSINESS_MESSAGE_REJECT)
# A session may send a second's worth at once; after so long without a message it may again, and is forgiven.
WINDOW_SECONDS = 1.05
TRIES_MAX = 5                       # for one command that is THROTTLED
NONE_WORDS = ("none", "None")       # of a limit: taken away
LIMITS = (
    "max_order_qty", "max_order_notional", "max_open_orders", "max_open_qty", "max_position", "max_gross_notional",
)
COUNTS = {                          # limits that are whole numbers: the least, and what they count
    "max_open_orders": (0, "orders that are open at a time"), "rate_tokens": (1, "orders in each --rate-interval-ms"),
}
PRICES = ("tick_size", "lot_size", "reference_price", "collar", "dynamic_band", "static_band", "max_order_qty")
WHOLE = ("price_scale", "qty_scale", "iceberg_parts_max", "call_duration_ms")     # of an instrument: whole numbers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("endpoint", metavar="ENDPOINT", help="of the venue: tcp://HOST:PORT or ipc://PATH")
    _common(parser, top=True)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (summary, arguments, _) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        arguments(command)
        _common(command, top=False)


def _common(parser: argparse.ArgumentParser, top: bool) -> None:
    """Options that may stand before the command or behind it."""

    def option(name: str, default: Any, **options: Any) -> None:
        parser.add_argument(name, default=default if top else argparse.SUPPRESS, **options)

    option("--session", "operator", metavar="NAME", help="as whom (operator)")
    option("--key", None, metavar="FILE", help="the secret file of a key, where the endpoint has CURVE")
    option("--venue-key", None, metavar="FILE", help="the venue's public key, likewise: its keys/venue.public")
    option("--json", False, action="store_true", help="print what came of it as JSON Lines")


def run(arguments: argparse.Namespace) -> int:
    """One line for each command on standard output; refusals end it with status 1."""
    make = COMMANDS[arguments.command][2]
    refused = []
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(connect(arguments))
        if arguments.command in NAMES_PARTIES:
            load_parties(client)
        commands = make(arguments, client)
        for place, (name, message) in enumerate(commands):
            what = printable(name)
            try:
                result = outcome(client, message)
            except SessionEnded as error:
                refused.append(f"{error}; {undone(commands[place:], known=error.reason == Reason.THROTTLED)}")
                break
            except NoAnswer as error:
                raise UserError(f"{error}; {undone(commands[place:], known=False)}") from None
            if arguments.json:
                print(json.dumps({"Command": arguments.command, "What": name, **result}))
            elif "Reason" not in result:
                print(f"{what}: done, command {result['Sequence']}")
            if "Reason" in result:
                why = why_refused(message, Reason[result["Reason"]], client.codec.directory)
                refused.append(f"{what}: refused: {why}")
            elif note := idle_limits(message, client.codec.directory.instruments.by_id.values()):
                print(f"pricetime admin: {note}", file=sys.stderr)
    if refused:
        raise CheckFailed("; ".join(refused))
    return 0


def printable(name: str) -> str:
    """A name on one line."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in name)


def undone(commands: "Made", known: bool) -> str:
    """What of many commands is left. known: whether it is known of the first one, which was sent."""
    names = [printable(name) for name, _ in commands]
    sent = [] if known else [f"{names.pop(0)}: not known to be done: the log has it, or has it not"]
    return "; ".join(sent + ([f"not done: {', '.join(names)}"] if names else []))


def connect(arguments: argparse.Namespace) -> Client:
    """The client that is logged on. CheckFailed where the venue does not let it in."""
    keys: dict[str, Any] = {"key": arguments.key, "venue_key": arguments.venue_key}
    if (arguments.key is None) != (arguments.venue_key is None):
        raise UserError("--key and --venue-key: found one, expected both (CURVE) or neither")
    try:
        return Client(arguments.endpoint, arguments.session, **(keys if arguments.key else {}))
    except Refused as error:
        raise CheckFailed(str(error)) from None
    except NoAnswer as error:
        raise UserError(f"{error}" + ("; or it does not know the key" if arguments.key else "")) from None


class NotDone(Exception):
    """A command was refused."""


def load_parties(client: Client) -> None:
    """Names of participants and sessions. CheckFailed where the venue does not tell them."""
    for left in reversed(range(TRIES_MAX)):
        try:
            client.load_parties()
            return
        except Refused as error:
            if isinstance(error, SessionEnded) or error.reason != Reason.THROTTLED or not left:
                raise CheckFailed(str(error)) from None
        time.sleep(WINDOW_SECONDS)


def outcome(client: Client, message: m.Command) -> dict[str, Any]:
    """What came of a command: its sequence number in the log, or the reason of its refusal. What comes faster than
    [limits] has it is sent again when there is room. SessionEnded; NoAnswer where nobody says what came of it."""
    result = dict[str, Any]()
    for left in reversed(range(TRIES_MAX)):
        # What was refused is not defined: its terms and names are forgotten, those that there are stay known.
        with contextlib.suppress(NotDone), client.codec.directory.all_or_nothing():
            result = _outcome(client, message)
            if "Reason" in result:
                raise NotDone
        if result.get("Reason") != Reason.THROTTLED.name or not left:
            break
        time.sleep(WINDOW_SECONDS)
    return result


def _outcome(client: Client, message: m.Command) -> dict[str, Any]:
    number = client.mark + 1
    message.session, message.cl_ord_id = client.session, number
    try:
        record = client.codec.encode(message)
    except UserError as error:
        raise in_options(message, error) from None
    client.send(record)
    while (events := client.receive()) is not None:
        wanted = events[(events["cl_ord_id"] == number) & np.isin(events["type"], OUTCOMES)]
        if len(wanted):
            reason = Reason(int(wanted[0]["reason"]))
            done = wanted[0]["type"] != EventType.BUSINESS_MESSAGE_REJECT
            return {"Sequence": int(wanted[0]["sequence"])} | ({} if done else {"Reason": reason.name})
    raise NoAnswer(f"{client.endpoint} did not answer")


# ------------------------------------------------------------------------------------------------- the commands

Made = list[tuple[str, m.Command]]


def symbols_of(arguments: argparse.Namespace, client: Client) -> list[str]:
    """The instruments that are named, or all."""
    known = client.codec.directory.instruments.by_name
    if arguments.all == bool(arguments.symbol):
        raise UserError("SYMBOL: expected at least one, or --all")
    for symbol in arguments.symbol:
        if symbol not in known:
            names = ", ".join(sorted(known)) or "it has none"
            raise UserError(f"SYMBOL: found {symbol!r}, expected one of the venue's: {names}")
    return sorted(known) if arguments.all else list(dict.fromkeys(arguments.symbol))


def _symbols(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbol", metavar="SYMBOL", nargs="*", help="of an instrument")
    parser.add_argument("--all", action="store_true", help="all instruments")


def _phase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("phase", metavar="PHASE", choices=get_args(m.Phase), help=", ".join(get_args(m.Phase)))
    _symbols(parser)
    parser.add_argument("--trade-date", metavar="YYYYMMDD", help="the day that it is from now on")


def phase(arguments: argparse.Namespace, client: Client) -> Made:
    """Change the phase of instruments."""
    trade_date = day(arguments.trade_date)
    return [
        (f"{symbol}: {arguments.phase}",
         m.TradingSessionStatus(symbol=symbol, phase=arguments.phase, trade_date=trade_date))
        for symbol in symbols_of(arguments, client)
    ]


def day(text: str | None) -> int:
    """--trade-date as a record has it, 0 where it is not given. UserError where it is no day of the calendar."""
    if text is None:
        return 0
    try:
        if len(text) == len("YYYYMMDD") and text.isascii() and text.isdigit() and datetime.strptime(text, "%Y%m%d"):
            return int(text)
    except ValueError:
        pass
    raise UserError(f"--trade-date: found {text!r}, expected a day of the calendar as YYYYMMDD, such as 20260131")


def halt(arguments: argparse.Namespace, client: Client) -> Made:
    """Halt instruments."""
    return [(f"{symbol}: Halted", m.TradingSessionStatus(symbol=symbol, phase="Halted"))
            for symbol in symbols_of(arguments, client)]


def _limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("participant", metavar="PARTICIPANT")
    parser.add_argument("--symbol", metavar="SYMBOL", help="in this instrument only")
    parser.add_argument("--currency", metavar="CCY", help="of the notional limits")
    parser.add_argument("--rate-tokens", metavar="N", help="orders in each interval")
    parser.add_argument("--rate-interval-ms", metavar="MS", type=int)
    for name in LIMITS:
        parser.add_argument(f"--{name.replace('_', '-')}", metavar="N")


def limits(arguments: argparse.Namespace, client: Client) -> Made:
    """Limits that are named change; `none` takes one away."""
    fields: dict[str, Any] = {name: limit_of(name, getattr(arguments, name)) for name in (*LIMITS, "rate_tokens")}
    if all(value is UNSET for value in fields.values()):
        raise UserError("limits: expected at least one, such as --max-order-qty 100")
    check_scope(arguments)
    interval = arguments.rate_interval_ms
    if arguments.currency is not None and all(fields[name] is UNSET for name in NOTIONAL):
        raise UserError(f"--currency: found {arguments.currency!r}, but no notional limit, which alone goes by it")
    if interval is not None and fields["rate_tokens"] in (None, UNSET):
        raise UserError(f"--rate-interval-ms: found {interval}, but no --rate-tokens N beside it")
    if interval is None and fields["rate_tokens"] not in (None, UNSET):
        raise UserError("--rate-interval-ms: missing, expected it beside --rate-tokens")
    message = m.RiskLimits(
        participant=party(client, arguments.participant), symbol=arguments.symbol, currency=arguments.currency,
        rate_interval=nanoseconds("rate_interval", interval), **fields,
    )
    return [(f"limits of {arguments.participant}" + (f" in {arguments.symbol}" if arguments.symbol else ""), message)]


def check_scope(arguments: argparse.Namespace) -> None:
    """Each limit is one that a participant has, or with --symbol one that it has in an instrument."""
    known = RISK_OF_PARTICIPANT if arguments.symbol is None else RISK_OF_ACCOUNT
    for name in ("rate_tokens", *LIMITS):
        value = getattr(arguments, name)
        if value is not None and name not in known:
            mend = "a whole participant has none; add --symbol SYMBOL" if arguments.symbol is None else (
                f"in {arguments.symbol!r} alone there is none; leave --symbol out")
            raise UserError(f"{option_of(name)}: found {value!r}, but {mend}")


def limit_of(name: str, text: str | None) -> Any:
    """A limit as RiskLimits has it."""
    if text is None:
        return UNSET
    if text in NONE_WORDS:
        return None
    value = decimal(option_of(name), text)
    if name in COUNTS:
        lowest, what = COUNTS[name]
        if not lowest <= value <= INT64_MAX or value != value.to_integral_value():
            raise UserError(f"{option_of(name)}: found {text!r}, expected a whole number from {lowest} to {INT64_MAX} "
                            f"({what}), or none, which takes the limit away")
        return int(value)
    if value < 0:
        raise UserError(f"{option_of(name)}: found {text!r}, expected 0 or more, or none")
    return value


def decimal(name: str, text: str) -> Decimal:
    """A number as it was written."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise UserError(f"{name}: found {text!r}, expected a number")
    return value


def nanoseconds(name: str, milliseconds: int | None) -> int | None:
    """A time as a record has it."""
    if milliseconds is None:
        return None
    if abs(milliseconds) > INT64_MAX // NS_PER_MS:
        raise UserError(f"{option_of(name)}: found {milliseconds}, expected 1 to {INT64_MAX // NS_PER_MS}")
    return milliseconds * NS_PER_MS


def party(client: Client, name: str) -> str:
    """A participant's name that the venue has."""
    known = client.codec.directory.participants.by_name
    if name not in known:
        raise UserError(f"PARTICIPANT: found {name!r}, expected one of the venue's: {', '.join(sorted(known))}")
    return name


def _kill(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("participant", metavar="PARTICIPANT")
    parser.add_argument("--off", action="store_true", help="lift the block")


def kill(arguments: argparse.Namespace, client: Client) -> Made:
    """The kill switch."""
    switch = m.KillSwitch(participant=party(client, arguments.participant), on=not arguments.off)
    return [(f"{arguments.participant}: kill switch {'off' if arguments.off else 'on'}", switch)]


def _position(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("participant", metavar="PARTICIPANT")
    parser.add_argument("symbol", metavar="SYMBOL")
    parser.add_argument("position", metavar="QUANTITY", help="what it has now: below 0 where it is short")


def position(arguments: argparse.Namespace, client: Client) -> Made:
    """A participant's position."""
    message = m.PositionAdjust(
        participant=party(client, arguments.participant), symbol=arguments.symbol,
        position=decimal("QUANTITY", arguments.position),
    )
    return [(f"{arguments.participant} in {arguments.symbol}: {arguments.position}", message)]


def _instrument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbol", metavar="SYMBOL")
    parser.add_argument("--currency", metavar="CCY")
    for name in PRICES:
        parser.add_argument(f"--{name.replace('_', '-')}", metavar="N")
    for name in WHOLE:
        parser.add_argument(f"--{name.replace('_', '-')}", metavar="N", type=int)
    for name in ("price_may_be_negative", "hidden_allowed"):
        parser.add_argument(f"--{name.replace('_', '-')}", action="store_true", default=None)
    parser.add_argument("--disabled", action="store_true", help="no new orders; without it the instrument is enabled")


def instrument(arguments: argparse.Namespace, client: Client) -> Made:
    """Define an instrument, or change what may change of one."""
    fields: dict[str, Any] = {
        name: None if getattr(arguments, name) is None else decimal(option_of(name), getattr(arguments, name))
        for name in PRICES
    }
    for name in (*PRICES, *WHOLE):
        value = getattr(arguments, name)
        if name != "reference_price" and value is not None and Decimal(value) < 0:
            raise UserError(f"{option_of(name)}: found {str(value)!r}, expected 0 or more")
    fields |= {name: getattr(arguments, name) for name in (
        "symbol", "currency", "price_scale", "qty_scale", "iceberg_parts_max", "price_may_be_negative",
        "hidden_allowed", "disabled")}
    fields["call_duration"] = nanoseconds("call_duration", arguments.call_duration_ms)
    return [(f"instrument {arguments.symbol}", m.SecurityDefinition(**fields))]


def _participant(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("participant", metavar="NAME")
    parser.add_argument("--disabled", action="store_true", help="no new orders; without it the participant is enabled")


def participant(arguments: argparse.Namespace, client: Client) -> Made:
    """Define a participant, disable or enable one."""
    definition = m.PartyDefinition(participant=arguments.participant, disabled=arguments.disabled)
    return [(f"participant {arguments.participant}", definition)]


def _session(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--participant", metavar="NAME", help="whose it is; of a new one, one of its own name")
    _rights(parser)
    parser.add_argument("--cancel-on-disconnect", action="store_true", help="its orders go when it goes")
    parser.add_argument("--disabled", action="store_true", help="no new orders")


def _rights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rights", metavar="RIGHT", nargs="+", choices=get_args(m.Right), default=["Trade"],
                        help=f"{', '.join(get_args(m.Right))} (Trade)")


def session(arguments: argparse.Namespace, client: Client) -> Made:
    """Define a session, or change one: rights and flags are stated whole."""
    directory = client.codec.directory
    made: Made = []
    owner = arguments.participant
    if owner is None and arguments.name not in directory.sessions.by_name:
        owner = arguments.name
        if owner not in directory.participants.by_name:
            made.append((f"participant {owner}", m.PartyDefinition(participant=owner)))
    elif owner is not None:
        party(client, owner)
    definition = m.SessionDefinition(
        session_name=arguments.name, participant=owner, rights=tuple(arguments.rights),
        cancel_on_disconnect=arguments.cancel_on_disconnect, disabled=arguments.disabled,
    )
    return [*made, (f"session {arguments.name}", definition)]


def _key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="of the key")
    parser.add_argument("--public", metavar="KEY", help="its public key: 40 characters, or the NAME.public file")
    parser.add_argument("--for", metavar="SESSION", nargs="+", default=[], dest="sessions",
                        help="sessions that it may speak for, beside those that it may already")
    _rights(parser)
    parser.add_argument("--revoke", action="store_true", help="it may come in no more; with --for: no more for those")


def key(arguments: argparse.Namespace, client: Client) -> Made:
    """Let a key in, or shut it out."""
    known = client.codec.directory.sessions.by_name
    for name in arguments.sessions:
        if name not in known:
            raise UserError(f"--for: found {name!r}, expected a session of the venue's")
    if arguments.revoke == (arguments.public is not None):
        raise UserError("key: expected --public KEY, or --revoke")
    public = None
    if arguments.public is not None:
        public = arguments.public if is_key(arguments.public) else load_public(Path(arguments.public)).decode()
    rights = () if arguments.revoke else tuple(arguments.rights)
    what = " revoked" if arguments.revoke else " given"
    return [
        (f"key {arguments.name}" + (f" for {name}" if name else "") + what,
         m.KeyDefinition(key_name=arguments.name, public=public, target_session=name, rights=rights,
                         disabled=arguments.revoke))
        for name in arguments.sessions or [None]
    ]


Arguments = Callable[[argparse.ArgumentParser], None]
COMMANDS: dict[str, tuple[str, Arguments, Callable[[argparse.Namespace, Client], Made]]] = {
    "phase": ("change the phase of instruments", _phase, phase),
    "halt": ("halt instruments", _symbols, halt),
    "limits": ("set limits of a participant", _limits, limits),
    "kill": ("cancel all orders of a participant and block new ones, or lift the block", _kill, kill),
    "position": ("set a participant's position in an instrument", _position, position),
    "instrument": ("define an instrument, or change its limits", _instrument, instrument),
    "participant": ("define a participant, disable or enable it", _participant, participant),
    "session": ("define a session, or change its rights", _session, session),
    "key": ("let a CURVE key in, or revoke it", _key, key),
}
NAMES_PARTIES = ("limits", "kill", "position", "participant", "session", "key")
