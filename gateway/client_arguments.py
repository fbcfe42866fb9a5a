"""What clients take from their callers: one line for what they do not, before anything of it is used."""

import os
from numbers import Real
from pathlib import Path
from typing import Any

from pricetime.gateway.field_checks import is_unicode, is_whole, shown
from pricetime.matching.errors import UserError
from pricetime.matching.records import NAME_BYTES

MILLISECONDS_MAX = 2**31 - 1        # libzmq and the system have 32 bits for them
PORT_MAX = 65_535


def session_name(name: str) -> str:
    """A session's name. One that no venue can have does not go further."""
    size = len(name.encode()) if isinstance(name, str) and is_unicode(name) else 0
    if not 1 <= size <= NAME_BYTES or any(ord(c) < 32 or 127 <= ord(c) < 160 for c in name):
        raise UserError(f"session: found {shown(name)}, expected the name of one of the venue's sessions: 1 to "
                        f"{NAME_BYTES} bytes of UTF-8 without control characters")
    return name


def milliseconds(value: int, field: str) -> int:
    """A time that something may take."""
    if not is_whole(value) or not 1 <= value <= MILLISECONDS_MAX:
        raise UserError(f"{field}: found {shown(value)}, expected a whole number of milliseconds from 1 to "
                        f"{MILLISECONDS_MAX}")
    return int(value)


def seconds(value: Any, field: str = "timeout_ms") -> float:
    """How long something is waited for, given in milliseconds; not at all where there are fewer than 0."""
    if isinstance(value, bool) or not isinstance(value, Real) or not value <= MILLISECONDS_MAX:     # NaN is not
        raise UserError(f"{field}: found {shown(value)}, expected a number of milliseconds up to {MILLISECONDS_MAX}")
    return float(value) / 1000


def check_endpoint(endpoint: object) -> None:
    """UserError for what libzmq takes and no venue can be at: it cuts a port to 16 bits, so that 72537 is 7001."""
    text = endpoint.decode("utf-8", "replace") if isinstance(endpoint, bytes) else endpoint
    if not isinstance(text, str):
        return      # libzmq says so
    port = text.rpartition(":")[2]
    if text.startswith("tcp://") and not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= PORT_MAX):
        raise UserError(f"cannot connect to {shown(endpoint)}: found no port from 1 to {PORT_MAX}; expected "
                        "tcp://HOST:PORT or ipc://PATH")
    if text.startswith("inproc://"):
        raise UserError(f"cannot connect to {shown(endpoint)}: nobody else is there; expected tcp://HOST:PORT or "
                        "ipc://PATH")


def flag(value: bool, field: str) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise UserError(f"{field}: found {shown(value)}, expected True or False")
    return value


def key_file(value: str | Path, field: str, made: str) -> Path:
    """The path of a key's file."""
    try:
        path = Path(value)
        named = b"\0" not in os.fsencode(path)
    except (TypeError, UnicodeEncodeError):
        named = False
    if not named:
        raise UserError(f"{field}: found {shown(value)}, expected the path of {made}")
    return path
