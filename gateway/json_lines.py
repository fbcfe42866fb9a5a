"""JSON Lines: text <-> messages. One object a line; numbers are exact decimals; a bad line is a UserError naming it.

Owns the text only; what the messages mean is the codec's. Blank lines are passed over.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Literal, get_args, get_origin

import msgspec
from pricetime.gateway import messages as m
from pricetime.matching.errors import UserError

_encoder = msgspec.json.Encoder(decimal_format="number")
_command_decoder = msgspec.json.Decoder(m.AnyCommand)
_event_decoder = msgspec.json.Decoder(m.AnyEvent)
COMMANDS = {type.__struct_config__.tag: type for type in get_args(m.AnyCommand)}
EVENTS = {type.__struct_config__.tag: type for type in get_args(m.AnyEvent)}


def dumps(messages: Iterable[m.Message]) -> bytes:
    """One line for each message, each ended by a newline."""
    return _encoder.encode_lines(messages)


def command(line: bytes | str) -> m.Command:
    """The command that one line says. UserError: what was found, what was expected."""
    return _parse(line, _command_decoder, COMMANDS)


def event(line: bytes | str) -> m.Event:
    """The event that one line says."""
    return _parse(line, _event_decoder, EVENTS)


def read(file: BinaryIO, name: str) -> Iterator[tuple[int, m.Command]]:
    """(line number from 1, command) for each line of a file; `name` is what errors call it."""
    for number, line in enumerate(file, 1):
        if line.isspace():
            continue
        try:
            message = _command_decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            try:
                message = command(line)
            except UserError as error:
                raise at_line(name, number, error) from None
        yield number, message


def at_line(name: str, number: int, error: Exception) -> UserError:
    """The error with the place where it arose."""
    return UserError(f"{name}, line {number}: {error}")


def _parse(line: bytes | str, decoder: Any, types: dict[str, type]) -> Any:
    try:
        return decoder.decode(line)
    except msgspec.ValidationError as error:
        raise UserError(_explain(line, str(error), types)) from None
    except UnicodeDecodeError:
        raise UserError("not UTF-8: expected one JSON object") from None
    except msgspec.DecodeError as error:
        raise UserError(f"not JSON ({_plain(str(error))}): expected one object a line") from None


def _explain(line: bytes | str, error: str, types: dict[str, type]) -> str:
    """msgspec's error as field, found, expected."""
    raw = msgspec.json.decode(line)
    if not isinstance(raw, dict):
        return f"found {_short(raw)}, expected an object with MsgType"
    if "MsgType" not in raw:
        return f"MsgType: missing, expected one of {', '.join(types)}"
    struct = types.get(raw["MsgType"]) if isinstance(raw["MsgType"], str) else None
    if struct is None:
        return f"MsgType: found {_short(raw['MsgType'])}, expected one of {', '.join(types)}"
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    if match := re.search(r"missing required field `(\w+)`", error):
        return f"{match[1]}: missing, {raw['MsgType']} needs {_wanted(fields[match[1]].type)}"
    if match := re.search(r"unknown field `(.*)`", error):
        return f"{match[1]}: not a field of {raw['MsgType']}, expected one of {', '.join(fields)}"
    if match := re.search(r"`\$\.(\w+)", error):
        return f"{match[1]}: found {_short(raw.get(match[1]))}, expected {_wanted(fields[match[1]].type)}"
    return _plain(error)


def _wanted(type: Any) -> str:
    """A field's type in words."""
    names = _literals(type)
    if names:
        return f"one of {', '.join(names)}"
    text = str(type)
    if "Decimal" in text:
        return "a number"
    if "ge=0, le=9" in text or "ge=0)" in text or "ge=0, gt=None, le=None" in text:
        return "a whole number from 0"
    if match := re.search(r"ge=(-?\d+).*?le=(\d+)", text):
        return f"a whole number from {match[1]} to {match[2]}"
    if match := re.search(r"pattern='(.*?)'", text):
        return f"text like {match[1]}"
    for name, words in (("bool", "true or false"), ("str", "text"), ("int", "a whole number"), ("bytes", "base64")):
        if name in text:
            return words
    return text


def _literals(type: Any) -> list[str]:
    if get_origin(type) is Literal:
        return [str(name) for name in get_args(type)]
    return [name for part in get_args(type) for name in _literals(part)]


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else text[:57] + "..."


def _plain(error: str) -> str:
    return error[:1].lower() + error[1:]
