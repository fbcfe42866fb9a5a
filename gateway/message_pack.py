"""MessagePack: bytes <-> messages. A payload is one map or an array of maps: FIX names, the Structs of messages.py, as
JSON Lines has them.

Owns the bytes only; what the messages mean is the codec's. Decimals go out as text and come in as text, whole numbers
or floats; a float is the shortest decimal that reads back as it, and never rounded to a scale.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from pricetime.gateway import json_lines
from pricetime.gateway import messages as m
from pricetime.gateway.field_checks import COMMANDS
from pricetime.matching.errors import UserError

ARRAY_MARKS = frozenset((*range(0x90, 0xA0), 0xDC, 0xDD))
MAPS_OF_FRAME = 64          # in one frame to a client: 64 of the largest are below 64 KiB
WRONG = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_encoder = msgspec.msgpack.Encoder()
_command: msgspec.msgpack.Decoder[m.Command] = msgspec.msgpack.Decoder(m.AnyCommand)
_commands: msgspec.msgpack.Decoder[list[m.Command]] = msgspec.msgpack.Decoder(list[m.AnyCommand])
_events: msgspec.msgpack.Decoder[list[m.Event]] = msgspec.msgpack.Decoder(list[m.AnyEvent])
_parts = msgspec.msgpack.Decoder(list[msgspec.Raw])


def dumps(messages: m.Message | Sequence[m.Message]) -> bytes:
    """One message as a map, several as an array of maps."""
    return _encoder.encode(messages)


def frames(messages: Sequence[m.Message]) -> Iterator[bytes]:
    """Arrays of maps, as many as it takes so that none is too large to send."""
    for start in range(0, len(messages), MAPS_OF_FRAME):
        yield _encoder.encode(messages[start : start + MAPS_OF_FRAME])


def commands(payload: bytes) -> tuple[list[m.Command], str | None]:
    """The commands of a payload, and what is wrong with the first map that is none: field, found, expected. None:
    nothing is. Where the payload as a whole cannot be read there are no commands."""
    try:
        if payload[:1] and payload[0] in ARRAY_MARKS:
            return _commands.decode(payload), None
        return [_command.decode(payload)], None
    except WRONG:
        return _up_to_the_fault(payload)


def events(payload: bytes) -> list[m.Event]:
    """The events of one frame from the venue. UserError where they are none."""
    try:
        return _events.decode(payload)
    except WRONG as error:
        raise UserError(f"not events in MessagePack: {error}") from None


def _up_to_the_fault(payload: bytes) -> tuple[list[m.Command], str]:
    """What commands() could not read at once, map by map."""
    good: list[m.Command] = []
    try:
        array = bool(payload) and payload[0] in ARRAY_MARKS
        parts = [bytes(part) for part in _parts.decode(payload)] if array else [payload]
    except WRONG as error:
        return good, _unreadable(error)
    for part in parts:
        try:
            good.append(_command.decode(part))
        except WRONG as error:
            return good, _fault(part, error)
    raise AssertionError("every part can be read, and all of them cannot")


def _fault(part: bytes, error: Exception) -> str:
    """field, found, expected: as JSON Lines says it of the same map."""
    try:
        map: Any = msgspec.msgpack.decode(part)
        text = msgspec.json.encode(map)
    except (*WRONG, TypeError, ValueError):
        return _unreadable(error)
    return json_lines.explain(text, str(error), COMMANDS)


def _unreadable(error: Exception) -> str:
    why = str(error).removeprefix("MessagePack data is malformed: ")
    return f"not MessagePack ({why[:1].lower()}{why[1:]}): expected a map, or an array of maps"
