"""MessagePack: bytes <-> messages. A payload is one map or an array of maps: FIX names, the Structs of messages.py, as
JSON Lines has them.

Owns the bytes only; what the messages mean is the codec's. Decimals go out as text and come in as text, whole numbers
or floats; a float is the shortest decimal that reads back as it, and never rounded to a scale.
"""

from collections.abc import Iterator, Sequence

import msgspec

from pricetime.gateway import json_lines
from pricetime.gateway import messages as m
from pricetime.gateway.field_checks import COMMANDS, SHOWN_CHARACTERS_MAX
from pricetime.matching.errors import UserError

ARRAY_MARKS = frozenset((*range(0x90, 0xA0), 0xDC, 0xDD))
ARRAY32 = b"\xdd"           # the mark of an array that has its count in 4 bytes
MAP_MARKS = dict.fromkeys(range(0x80, 0x90), 0) | {0xDE: 2, 0xDF: 4}     # and the bytes of a count behind it
MARKS = ARRAY_MARKS | MAP_MARKS.keys()
MAPS_OF_FRAME = 64          # in one frame to a client: 64 of the largest are below 64 KiB
WRONG = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_encoder = msgspec.msgpack.Encoder()
_command: msgspec.msgpack.Decoder[m.Command] = msgspec.msgpack.Decoder(m.AnyCommand)
_commands: msgspec.msgpack.Decoder[list[m.Command]] = msgspec.msgpack.Decoder(list[m.AnyCommand])
_events: msgspec.msgpack.Decoder[list[m.Event]] = msgspec.msgpack.Decoder(list[m.AnyEvent])
_part = msgspec.msgpack.Decoder(msgspec.Raw)
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
        parts = [bytes(part) for part in (_parts.decode(payload) if array else [_part.decode(payload)])]
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
        if part[0] not in MAP_MARKS:
            return json_lines.no_object(_json(part))
        names, values = _pairs(part)
        return json_lines.explain_fields(names, lambda name: _json(values[name]), str(error), COMMANDS)
    except WRONG as why:
        return _unreadable(why)


def _pairs(part: bytes) -> tuple[list[str], dict[str, bytes]]:
    """The names of a map in their order, doubled ones too, and the bytes of each value. Nothing is hashed but text: of
    keys that are arrays a client could send such as all have one hash."""
    size = MAP_MARKS[part[0]]
    count = int.from_bytes(part[1 : 1 + size], "big") if size else part[0] & 0xF
    found = _parts.decode(ARRAY32 + (2 * count).to_bytes(4, "big") + part[1 + size :])
    names = [_name(bytes(key)) for key in found[::2]]
    return names, dict(zip(names, map(bytes, found[1::2]), strict=True))


def _name(key: bytes) -> str:
    """A key, which should be text; another as JSON has it."""
    found = None if key[0] in MARKS else msgspec.msgpack.decode(key)
    return found if isinstance(found, str) else _json(key)


def _json(value: bytes) -> str:
    """JSON of a value, for an error: of an array what lies in it and no deeper, of a map that it is one."""
    if value[0] in ARRAY_MARKS:
        parts = [bytes(part) for part in _parts.decode(value)[:SHOWN_CHARACTERS_MAX]]
        return f"[{','.join('...' if part[0] in MARKS else _json(part) for part in parts)}]"
    if value[0] in MAP_MARKS:
        return "{...}"
    try:
        return msgspec.json.encode(msgspec.msgpack.decode(value)).decode()
    except TypeError:
        return "(an extension type)"


def _unreadable(error: Exception) -> str:
    why = str(error).removeprefix("MessagePack data is malformed: ")
    return f"not MessagePack ({why[:1].lower()}{why[1:]}): expected a map, or an array of maps"
