"""Who may come in and when what opens, checked before anything happens: endpoints, keys and schedule of a venue.toml.

Owns the words of what is wrong there; the tables are config.py's.
"""

import difflib
import ipaddress
import zoneinfo
from collections.abc import Iterable
from datetime import time
from itertools import combinations
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pricetime.gateway.field_checks import shown
from pricetime.gateway.security import KEY_CHARACTERS, is_key
from pricetime.matching.errors import UserError
from pricetime.matching.records import NAME_BYTES

if TYPE_CHECKING:
    from pricetime.gateway.config import Config, EndpointSection


def check_endpoint(endpoint: "EndpointSection", name: str, section: str = "venue") -> None:
    """Without CURVE there is nobody who checks who speaks: only this machine may."""
    address = endpoint.address
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        # ipc://*: libzmq makes up a path, which nobody finds.
        good = parts.scheme == "ipc" and address not in ("ipc://", "ipc://*") or parts.scheme == "tcp" and (
            # .port: ValueError above 65,535, which libzmq would take for another port.
            parts.port is not None and (host == "localhost" or _is_here(host) or endpoint.curve and _is_address(host))
        )
    except ValueError:
        good = False
    if not good and endpoint.curve:
        raise UserError(f"{name}: [{section}] endpoints: found {address!r}, expected tcp://ADDRESS:PORT (tcp://*:PORT: "
                        "any of this machine's) or ipc://PATH")
    if not good:
        opened = f'; {{address = "{address}", curve = true}} opens it to whoever has a [[key]]'
        raise UserError(
            f"{name}: [{section}] endpoints: found {address!r}, expected tcp://127.0.0.1:PORT, tcp://[::1]:PORT or "
            f"ipc://PATH: without CURVE keys a venue is for its own machine only" + opened * ("://" in address)
        )


def _is_here(host: str) -> bool:
    """Whether an address is this machine's loopback. ValueError where it is none."""
    return host != "*" and ipaddress.ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    return host == "*" or bool(ipaddress.ip_address(host))


def check_keys(config: "Config", name: str) -> None:
    """Keys are keys, are not there twice, have a right, and speak for sessions that are there."""
    by_public: dict[str, str] = {}
    sessions = {entry.name for entry in config.session}
    for entry in config.key:
        place = f"{name}: [[key]] {entry.name!r}"
        if not entry.name.isprintable() or len(entry.name.encode()) > NAME_BYTES:
            raise UserError(f"{place} name: found {shown(entry.name)}, expected 1 to {NAME_BYTES} bytes that can be "
                            "printed")
        if not is_key(entry.public):
            raise UserError(f"{place} public: found {shown(entry.public)}, expected the {KEY_CHARACTERS} characters "
                            "that `pricetime keygen` printed")
        if entry.public in by_public:
            raise UserError(f"{place} public: is that of {by_public[entry.public]!r}, too; each has a key of its own")
        by_public[entry.public] = entry.name
        if not entry.rights:
            raise UserError(f"{place} rights: found none, expected at least one; `revoked = true` takes a key away")
        for session in entry.sessions:
            if session not in sessions:
                raise UserError(f"{place} sessions: no [[session]] {session!r}" + nearest(session, sessions))


def check_schedule(config: "Config", name: str) -> None:
    """A time zone that there is, instruments that are there, a clock that goes by itself."""
    schedule, symbols = config.schedule, {entry.symbol for entry in config.instrument}
    place = f"{name}: [schedule]"
    if schedule.entries and config.venue.clock != "machine":
        raise UserError(f"{place} entries: with [venue] clock = {config.venue.clock!r} only commands bring time; leave "
                        "them out, or take the machine's clock")
    if schedule.entries and not schedule.weekdays:
        raise UserError(f"{place} weekdays: found none, expected at least one")
    try:
        zoneinfo.ZoneInfo(schedule.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError(f"{place} time_zone: found {shown(schedule.time_zone)}, expected one like Europe/Berlin (where "
                        "the machine has no list of them: pip install tzdata)") from None
    for entry in schedule.entries:
        for symbol in entry.symbols:
            if symbol not in symbols:
                raise UserError(f"{place} entries at {entry.at}: no [[instrument]] {symbol!r}"
                                + nearest(symbol, symbols))
    for one, other in combinations(schedule.entries, 2):
        both = set(one.symbols or symbols) & set(other.symbols or symbols)
        if one.phase != other.phase and time.fromisoformat(one.at) == time.fromisoformat(other.at) and both:
            raise UserError(f"{place} entries at {other.at}: found {one.phase} and {other.phase} for {min(both)!r}, "
                            "expected one phase at a time")


def nearest(name: str, known: Iterable[str]) -> str:
    """What an error adds on a name that is not there."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"; the nearest that there is: {near[0]!r}" if near else ""
