"""JSON Lines: text <-> messages. One object a line; numbers are exact decimals; a bad line is a UserError naming it.

Owns the text only; what the messages mean is the codec's. Blank lines are passed over, and so is a byte order mark at
the start of a file. Where a field stands twice in an object, the later one counts, as msgspec has it: telling them
apart would cost a second reading of every line.
"""

import codecs
import difflib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from io import TextIOBase
from os import PathLike
from typing import Any, BinaryIO, TypeVar, get_args

import msgspec

from pricetime.gateway import messages as m
from pricetime.gateway.field_checks import COMMANDS, SHOWN_CHARACTERS_MAX, expected, shown
from pricetime.matching.errors import UserError

M = TypeVar("M", bound=m.Message)
_encoder = msgspec.json.Encoder(decimal_format="number")
_command_decoder: msgspec.json.Decoder[m.Command] = msgspec.json.Decoder(m.AnyCommand)
_event_decoder: msgspec.json.Decoder[m.Event] = msgspec.json.Decoder(m.AnyEvent)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
OTHER_MARKS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"), (codecs.BOM_UTF16_LE, "UTF-16"),
               (codecs.BOM_UTF16_BE, "UTF-16"))  # fmt: skip
# Of text, of which nothing else can be said.
_TEXTS = (("Symbol", "ACME"), ("SessionName", "alice"), ("Participant", "firm"))
EXAMPLES = {name: f'"{name}":"{value}"' for name, value in _TEXTS}
SUFFIX_CHARACTERS_MIN = 3   # Qty is the end of OrderQty
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
    given: object = file
    if isinstance(given, str | bytes | PathLike | TextIOBase):
        what = "one of text" if isinstance(given, TextIOBase) else shown(given)
        raise UserError(f"{name}: found {what}, expected a file of bytes: open(path, 'rb')")
    for number, line in enumerate(file, 1):
        if number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)
        if not line or line.isspace():
            continue
        try:
            message = command(line)
        except UserError as error:
            raise at_line(name, number, error) from None
        yield number, message


def at_line(name: str, number: int, error: Exception | str) -> UserError:
    """The error with the place where it arose."""
    return UserError(f"{name}, line {number}: {error}")


def _parse(line: bytes | str, decoder: msgspec.json.Decoder[M], types: dict[str, type]) -> M:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(explain(line, str(error), types)) from None


def explain(line: bytes | str, error: str, types: dict[str, type]) -> str:
    """msgspec's error as field, found, expected. Values are shown as they stand in the line."""
    text = line if isinstance(line, str) else bytes(line).decode(errors="replace")
    try:
        raw = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        return no_object(line)
    except msgspec.DecodeError as fault:
        return _explain_text(line, text, types) or f"not JSON ({_plain(str(fault))}): expected one object a line"
    except UnicodeDecodeError:
        return "not UTF-8: expected one JSON object"
    except RecursionError:
        return "nested too deeply: expected one flat object"
    try:
        pairs = json.loads(text, object_pairs_hook=list, parse_int=str, parse_float=str, strict=False)
    except RecursionError:      # what lies in a field may be deeper than what was passed over
        return "nested too deeply: expected one flat object"
    return explain_fields([name for name, _ in pairs], raw.__getitem__, error, types)


def no_object(found: bytes | str) -> str:
    """Of what is well-formed and no object at all."""
    return f"found {_short(found)}, expected an object with MsgType"


def explain_fields(names: list[str], value: Callable[[str], Any], error: str, types: dict[str, type]) -> str:
    """msgspec's error about an object whose fields have these names, each as often as it stands there. value: the JSON
    of the field of a name. Takes time in proportion: who sends what is wrong may send much of it."""
    if doubled := [name for name, count in Counter(names).items() if count > 1]:
        return f"{_short(doubled[0])}: stands there twice, expected once"
    if "MsgType" not in names:
        return f"MsgType: missing, expected one of {', '.join(types)}"
    given = value("MsgType")
    name = given if isinstance(given, str) else bytes(given).decode(errors="replace")
    name = name.strip('"')
    if name not in types:
        return f"MsgType: found {_short(given)}, expected one of {', '.join(types)}"
    return _explain_field(types[name], value, error)


def _explain_field(type: Any, value: Callable[[str], Any], error: str) -> str:
    """What is wrong with a field of a message. What was sent may stand within msgspec's error, and say anything: only
    how that begins and how it ends is msgspec's own."""
    name, fields = type.__struct_config__.tag, _fields(type)
    if match := re.match(r"Object missing required field `(\w+)`", error):
        example = f", such as {EXAMPLES[match[1]]}" if match[1] in EXAMPLES else ""
        return f"{match[1]}: missing, {name} needs {expected(fields[match[1]])}{example}"
    if match := re.match(r"Object contains unknown field `(.*)`", error, re.S):
        nearest, *others = _by_likeness(match[1], fields)
        return (
            f"{_short(match[1])}: not a field of {name}; the nearest that there is: {nearest}; "
            f"the others: {', '.join(others)}"
        )
    if (match := re.match(r"\w+", error.rpartition(" - at `$.")[2])) and match[0] in fields:
        return f"{match[0]}: found {_short(value(match[0]))}, expected {expected(fields[match[0]])}"
    return f"not UTF-8 or not text: {_plain(error)}"


class _NoNumber(str):
    """NaN, Infinity or -Infinity, as it stands in a line."""


def _explain_text(line: bytes | str, text: str, types: dict[str, type]) -> str | None:
    """What is no JSON, but known all the same: another encoding, a misplaced mark, a number that is none."""
    for mark, encoding in OTHER_MARKS:
        if isinstance(line, bytes | bytearray) and line.startswith(mark):
            return f"byte order mark: found that of {encoding}, expected UTF-8"
    if text.startswith("\ufeff"):
        return "byte order mark: found one, expected at most one, at the start of the file"
    try:     # Python's json takes NaN, Infinity and -Infinity
        pairs = json.loads(text, object_pairs_hook=list, parse_constant=_NoNumber)
        field, found = next((name, value) for name, value in pairs if isinstance(value, _NoNumber))
    except (ValueError, TypeError, StopIteration, RecursionError):
        return None
    name = next((value for name, value in pairs if name == "MsgType" and isinstance(value, str)), None)
    fields = _fields(types[name]) if name in types else {}
    return f"{_short(field)}: found {found}, expected {expected(fields[field]) if field in fields else 'a number'}"


def _fields(type: Any) -> dict[str, msgspec.structs.FieldInfo]:
    """The fields of a message by their names on the wire."""
    return {field.encode_name: field for field in msgspec.structs.fields(type)}


def _by_likeness(found: str, known: Iterable[str]) -> list[str]:
    """The known names, the most like what was found first: those that end so in their own order, then by likeness."""
    found = found[:SHOWN_CHARACTERS_MAX].casefold()    # likeness costs its length times that of each name

    def likeness(name: str) -> float:
        ends = len(found) >= SUFFIX_CHARACTERS_MIN and name.casefold().endswith(found)
        return 1.0 if ends else difflib.SequenceMatcher(None, found, name.casefold()).ratio()

    return sorted(known, key=likeness, reverse=True)


def _short(value: Any) -> str:
    """A value of the input on one line, cut where it is long."""
    text = value if isinstance(value, str) else bytes(value).decode(errors="backslashreplace")
    text = text.strip()[: SHOWN_CHARACTERS_MAX + 1]     # no more is looked at: it may be 64 KiB
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= SHOWN_CHARACTERS_MAX else text[: SHOWN_CHARACTERS_MAX - 3] + "..."


def _plain(error: str) -> str:
    error = error.removeprefix("JSON is malformed: ")
    return error[:1].lower() + error[1:]
