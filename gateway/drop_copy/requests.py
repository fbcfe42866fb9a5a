"""What a client may send to a drop copy: a message's bytes as requests, or why they are none. No socket, no state."""

from dataclasses import dataclass

import numpy as np

from pricetime.gateway.drop_copy.protocol import Point
from pricetime.matching.records import COMMAND, LINE_BYTES, NAME, RECORD_VERSION, CommandType, LineType, Reason

MESSAGE_LINES_MAX = 8


@dataclass(frozen=True)
class LogonRequest:
    """Log on as a session, by name, or by id where the name is empty."""

    name: str
    session: int


@dataclass(frozen=True)
class StreamRequest:
    """Everything behind a point."""

    after: Point


@dataclass(frozen=True)
class AliveRequest:
    """A TestRequest or Heartbeat: say that you are there. `wanted`: with an answer."""

    wanted: bool


@dataclass(frozen=True)
class LogoutRequest:
    """Forget this connection."""


@dataclass(frozen=True)
class Unreadable:
    """No request."""

    reason: Reason


Request = LogonRequest | StreamRequest | AliveRequest | LogoutRequest | Unreadable


def requests_of(frames: list[bytes]) -> list[Request]:
    """Of a message's frames behind the routing id; behind what is unreadable nothing is looked at."""
    if len(frames) != 1 or not frames[0] or len(frames[0]) % LINE_BYTES:
        return [Unreadable(Reason.BAD_LENGTH)]
    if len(frames[0]) > MESSAGE_LINES_MAX * LINE_BYTES:
        return [Unreadable(Reason.MESSAGE_TOO_LARGE)]
    lines = np.frombuffer(frames[0], COMMAND)
    found: list[Request] = []
    start = 0
    while start < len(lines):
        count = int(lines[start]["shape"]) & 0xF
        if lines[start]["shape"] >> 4 != RECORD_VERSION:
            return [*found, Unreadable(Reason.UNKNOWN_VERSION)]
        if not 1 <= count <= len(lines) - start:
            return [*found, Unreadable(Reason.BAD_LINE_COUNT)]
        found.append(request_of(lines[start:start + count]))
        if isinstance(found[-1], Unreadable):
            break
        start += count
    return found


def request_of(record: np.ndarray) -> Request:
    """Of one record's lines."""
    first = record[0]
    if first["type"] == CommandType.LOGON and len(record) <= 2:
        if len(record) == 1:
            return LogonRequest("", int(first["session"]))
        name = record[1:2].view(NAME)[0]
        if name["type"] != LineType.NAME_LINE:
            return Unreadable(Reason.BAD_FURTHER_LINE)
        return LogonRequest(name["name"].decode(errors="replace"), int(first["session"]))
    if len(record) != 1:
        return Unreadable(Reason.BAD_LINE_COUNT)
    if first["type"] == CommandType.RESEND_REQUEST:
        place = int(first["quantity"])
        if not 0 <= place <= 0xFFFF_FFFF:
            return Unreadable(Reason.RESERVED_NOT_ZERO)
        return StreamRequest(Point(int(first["target"]), place))
    if first["type"] in (CommandType.HEARTBEAT, CommandType.TEST_REQUEST):
        return AliveRequest(first["type"] == CommandType.TEST_REQUEST)
    if first["type"] == CommandType.LOGOUT:
        return LogoutRequest()
    return Unreadable(Reason.UNKNOWN_MSG_TYPE)
