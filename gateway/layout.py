"""Packing of record lines from Python: formats made from the dtypes, and the names of the records' small numbers.

Owns nothing of its own: every number comes from matching/records.pxd, every name from messages.py.
"""

import struct
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

import numpy as np

from pricetime.gateway import messages
from pricetime.matching import records
from pricetime.matching.records import LineType, OrdStatus, OrdType, Phase, Side, TimeInForce

Name = TypeVar("Name", bound=str)
ONE_LINE = records.RECORD_VERSION << 4 | 1


def offset_of(dtype: np.dtype[np.void], field: str) -> int:
    """Where a field of a record stands."""
    fields: Mapping[str, tuple[Any, ...]] = dtype.fields or {}     # name -> (dtype, offset)
    return int(fields[field][1])


def packer(dtype: np.dtype[np.void]) -> struct.Struct:
    """A struct.Struct with the fields of a line's dtype, in its order; reserved arrays take one value for each item."""
    codes = {"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "i8": "q"}
    formats = []
    for name in dtype.names or ():
        base, shape = dtype[name].base, dtype[name].shape
        code = f"{base.itemsize}s" if base.kind == "S" else codes[base.str[1:]]
        formats += [code] * (shape[0] if shape else 1)
    packed = struct.Struct("<" + "".join(formats))
    if packed.size != dtype.itemsize:
        raise AssertionError(f"{dtype} has unnamed padding")
    return packed


COMMAND_LINE = packer(records.COMMAND)
DTYPE_OF_LINE: dict[int, np.dtype[np.void]] = {
    LineType.NAME_LINE: records.NAME,
    LineType.INSTRUMENT_TERMS_LINE: records.INSTRUMENT_TERMS,
    LineType.INSTRUMENT_LIMITS_LINE: records.INSTRUMENT_LIMITS,
    LineType.RISK_ORDER_LIMITS_LINE: records.RISK_ORDER_LIMITS,
    LineType.RISK_OPEN_LIMITS_LINE: records.RISK_OPEN_LIMITS,
    LineType.ADVANCED_LINE: records.ADVANCED,
    LineType.ACCOUNT_LINE: records.TEXT,
    LineType.TEXT_LINE: records.TEXT,
}


def further_line(line_type: LineType, **fields: Any) -> bytes:
    """One further line of a command; fields that are not named are 0."""
    line = np.zeros(1, DTYPE_OF_LINE[line_type])
    line["type"] = line_type
    for name, value in fields.items():
        line[name] = value
    return line.tobytes()


def further_lines(record: bytes) -> dict[int, Any]:
    """The further lines of a record by type, each a NumPy row of its own dtype. KeyError where a type is unknown."""
    offset = offset_of(records.NAME, "type")
    lines = (
        record[start : start + records.LINE_BYTES]
        for start in range(records.LINE_BYTES, len(record), records.LINE_BYTES)
    )
    return {line[offset]: np.frombuffer(line, DTYPE_OF_LINE[line[offset]])[0] for line in lines}


def by_name(rows: np.ndarray) -> dict[str, Any]:
    """The rows of a state table by name."""
    return {row["name"].decode(): row for row in rows}


def text_of(data: bytes) -> str:
    """A text of a record or of the state, zeros cut off, for people and for JSON. A name is UTF-8: an engine takes no
    other. A currency may be any bytes: of what is no UTF-8 they are told, in more than the 8 that a currency has, so
    that no other one looks like it and none is taken for it."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return f"the bytes {data.hex()}"


def record_starts(lines: np.ndarray) -> np.ndarray:
    """Index of the first line of each record in COMMAND lines, or of each event in EVENT_LINE lines."""
    counts = lines["shape"] & 0xF
    if (counts == 1).all():
        return np.arange(len(lines))
    starts, at = [], 0
    while at < len(lines):
        starts.append(at)
        at += max(1, int(counts[at]))
    return np.array(starts, np.int64)


def _numbers(names: Any, enum: Any) -> dict[Any, int]:
    return {name: int(member) for name, member in zip(get_args(names), enum, strict=True)}


SIDES: dict[messages.Side, int] = _numbers(messages.Side, Side)
ORD_TYPES: dict[messages.OrdType, int] = _numbers(messages.OrdType, OrdType)
TIMES_IN_FORCE: dict[messages.TimeInForce, int] = _numbers(messages.TimeInForce, TimeInForce)
PHASES: dict[messages.Phase, int] = _numbers(messages.Phase, Phase)
ORD_STATUSES: dict[messages.OrdStatus, int] = _numbers(messages.OrdStatus, OrdStatus)
SELF_MATCH_INSTRUCTIONS: dict[messages.SelfMatchInstruction, int] = {
    name: number for number, name in enumerate(get_args(messages.SelfMatchInstruction), 1)
}
RIGHTS: dict[messages.Right, int] = {
    "Trade": records.RIGHT_TRADE,
    "Operate": records.RIGHT_OPERATE,
    "Risk": records.RIGHT_RISK,
    "DropCopy": records.RIGHT_DROP_COPY,
    "MarketData": records.RIGHT_MARKET_DATA,
}

# Attributes of orders, shifted into place; None is absent.
SIDE_BITS = {None: 0} | {name: number << records.SIDE_SHIFT for name, number in SIDES.items()}
ORD_TYPE_BITS = {None: 0} | {name: number << records.ORD_TYPE_SHIFT for name, number in ORD_TYPES.items()}
TIME_IN_FORCE_BITS = {None: 0} | {n: number << records.TIME_IN_FORCE_SHIFT for n, number in TIMES_IN_FORCE.items()}
EXEC_INST_BITS = {None: 0, "None": records.HAS_EXEC_INST, "PostOnly": records.HAS_EXEC_INST | records.POST_ONLY}
# Of a new order: Side and OrdType cannot be left out, and there is nothing that ExecInst None would change.
NEW_SIDE_BITS = {name: bits for name, bits in SIDE_BITS.items() if name is not None}
NEW_ORD_TYPE_BITS = {name: bits for name, bits in ORD_TYPE_BITS.items() if name is not None}
NEW_EXEC_INST_BITS = {None: 0, "None": 0, "PostOnly": records.POST_ONLY}


def names_of(numbers: dict[Name, int]) -> dict[int, Name]:
    """The other way: names by number."""
    return {number: name for name, number in numbers.items()}
