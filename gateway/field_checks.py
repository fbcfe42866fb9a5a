"""What each field of a message takes: in words, and as a check of a message that was made in Python.

A Struct takes whatever it is given: what came as text was checked when it was read (json_lines.py), what a program made
is checked here, before the encoder looks at it. UserError: field, found, expected.
"""

import builtins
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from operator import index
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import inspect

from pricetime.gateway import messages as m
from pricetime.matching.errors import UserError

COUNTER_MAX = 2**64 - 1     # msgspec's own bounds end at 2^63 - 1: a type without an upper one has this
CL_ORD_ID = f"a whole number from 1 to {2**63 - 1}"
SHOWN_CHARACTERS_MAX = 60
COMMANDS: dict[str, type] = {str(type.__struct_config__.tag): type for type in get_args(m.AnyCommand)}


# -------------------------------------------------------------------------------------------------- in words


def expected(field: msgspec.structs.FieldInfo) -> str:
    """What a field takes, in words. A ClOrdID of 0 can be said, but only the venue itself may have it."""
    if field.name == "cl_ord_id":
        return CL_ORD_ID
    if field.name == "trade_date":
        return "a whole number like 20230711 (yyyymmdd)"
    return _wanted(field.type) + (" or null" if field.default is msgspec.UNSET else "")


def _wanted(type: Any) -> str:
    """A field's type in words."""
    info = value_type(type)
    if isinstance(info, inspect.VarTupleType):
        return f"a list of {', '.join(get_args(_literal(type)))}"
    if isinstance(info, inspect.LiteralType):
        return f"one of {', '.join(get_args(_literal(type)))}"
    if isinstance(info, inspect.IntType):
        lowest, highest = bounds(info)
        return f"a whole number from {lowest} to {highest}"
    if isinstance(info, inspect.StrType):
        return "text" if info.pattern is None else f"text like {info.pattern}"
    return {inspect.DecimalType: "a number", inspect.BoolType: "true or false", inspect.BytesType: "base64"}[
        builtins.type(info)
    ]


def value_type(type: Any) -> inspect.Type:
    """What a type takes beside None and UNSET."""
    info = inspect.type_info(type)
    if isinstance(info, inspect.UnionType):
        info = next(part for part in info.types if not isinstance(part, inspect.NoneType))
    return info.type if isinstance(info, inspect.Metadata) else info


def bounds(info: inspect.IntType) -> tuple[int, int]:
    """The least and the largest that a whole number may be."""
    return -(2**63) if info.ge is None else info.ge, COUNTER_MAX if info.le is None else info.le


def _literal(type: Any) -> Any:
    """The Literal in a type that may be optional or a list; it has the names in the order of the records' numbers."""
    return type if get_origin(type) is Literal else next(part for part in get_args(type) if get_origin(part) is Literal)


def shown(value: Any) -> str:
    """Any value on one line, cut where it is long."""
    try:
        text = str(value) if isinstance(value, Decimal) and not value.is_finite() else repr(value)
    except Exception:  # noqa: BLE001  a repr of others may fail in any way; Python's own refuses ints of 5,000 digits
        text = f"a {type(value).__name__} that cannot be shown"
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= SHOWN_CHARACTERS_MAX else text[: SHOWN_CHARACTERS_MAX - 3] + "..."


# ---------------------------------------------------------------------------------------------- as a check

Takes = Callable[[Any], bool]


def check(message: object) -> None:
    """UserError naming the first field of a command whose value is none that it takes."""
    name = type(message).__name__
    if COMMANDS.get(name) is not type(message):
        raise UserError(f"MsgType: found {name}, expected a command: one of {', '.join(COMMANDS)}")
    for attribute, takes, text in _checks(name):
        value = getattr(message, attribute)
        if not takes(value):
            raise UserError(f"{m.fix_name(attribute)}: found {shown(value)}, expected {text}")


@lru_cache
def _checks(name: str) -> tuple[tuple[str, Takes, str], ...]:
    """(attribute, whether it takes a value, what it takes) of each field of a message."""
    return tuple((field.name, _takes(field), _in_python(field)) for field in msgspec.structs.fields(COMMANDS[name]))


def _in_python(field: msgspec.structs.FieldInfo) -> str:
    """expected(), where Python's types have other names than JSON's."""
    info = value_type(field.type)
    none = " or None" if field.default is msgspec.UNSET else ""
    if isinstance(info, inspect.DecimalType):
        return f"a finite Decimal{none}"
    if isinstance(info, inspect.BoolType):
        return f"True or False{none}"
    return "bytes" if isinstance(info, inspect.BytesType) else expected(field).replace("null", "None")


def _takes(field: msgspec.structs.FieldInfo) -> Takes:
    info, least = value_type(field.type), field.default
    takes = _taken_by(info)
    parts = get_args(field.type)
    optional = least is None or least is msgspec.UNSET or type(None) in parts
    if not optional:
        return takes
    return lambda value: value is None or value is least or takes(value)


def _taken_by(info: inspect.Type) -> Takes:
    """Whether a value is one of a type; what can be shown to be wrong only with the instrument is not looked at."""
    if isinstance(info, inspect.IntType):
        lowest, highest = bounds(info)
        return lambda value: is_whole(value) and lowest <= index(value) <= highest
    if isinstance(info, inspect.LiteralType):
        return lambda value: isinstance(value, str) and value in info.values
    if isinstance(info, inspect.VarTupleType):
        one = _taken_by(info.item_type)
        return lambda value: isinstance(value, tuple | list) and all(map(one, value))
    if isinstance(info, inspect.StrType):
        pattern = re.compile(info.pattern or "")
        return lambda value: isinstance(value, str) and is_unicode(value) and pattern.search(value) is not None
    return {
        inspect.DecimalType: lambda value: isinstance(value, Decimal) and value.is_finite(),
        inspect.BoolType: lambda value: isinstance(value, bool),
        inspect.BytesType: lambda value: isinstance(value, bytes),
    }[type(info)]


def is_whole(value: Any) -> bool:
    """Whether this is a whole number: an int or what stands for one (NumPy's), but no bool."""
    if isinstance(value, bool):
        return False
    try:
        index(value)
    except TypeError:
        return False
    return True


def is_unicode(text: str) -> bool:
    """Whether a text can be said in UTF-8: half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
