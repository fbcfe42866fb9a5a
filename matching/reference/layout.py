"""Struct codecs of the records, made from their NumPy dtypes: one definition (records.pxd), no copy of any offset.

Owns nothing but the translation between bytes and the named tuples of tuples.py; knows no rule.
"""

import struct
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import numpy as np

from pricetime.matching import records
from pricetime.matching.records import LineType
from pricetime.matching.reference import tuples

CODES = {"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "i1": "b", "i2": "h", "i4": "i", "i8": "q"}


def field_code(dtype: np.dtype[Any]) -> str:
    """The struct code of one field; an array of integers is kept as bytes."""
    if dtype.kind == "S" or dtype.subdtype is not None:
        return f"{dtype.itemsize}s"
    return CODES[dtype.str[1:]]


R = TypeVar("R", bound=tuple[Any, ...])


class Codec(Generic[R]):
    """One record layout: `unpack` gives a named tuple, `pack` takes fields by name (absent ones are 0).

    `fields` has the offset and size of each. `line_type` is the type of a further line, 0 of all else.
    """

    def __init__(self, record: type[R], dtype: np.dtype[np.void], line_type: int = 0) -> None:
        members: Mapping[str, tuple[Any, ...]] = dtype.fields or {}     # name -> (dtype, offset)
        names = dtype.names or ()
        self.struct = struct.Struct("<" + "".join(field_code(members[name][0]) for name in names))
        if self.struct.size != dtype.itemsize:
            raise TypeError(f"{record.__name__}: dtype has {dtype.itemsize} bytes, its fields {self.struct.size}")
        if tuple(record.__annotations__) != names:
            raise TypeError(f"{record.__name__} has the fields {list(record.__annotations__)}, its dtype {names}")
        self.size = self.struct.size
        self.record = record
        self.line_type = line_type
        self.offsets: dict[str, int] = {name: members[name][1] for name in names}
        self.fields: dict[str, tuple[int, int]] = {
            name: (members[name][1], members[name][0].itemsize) for name in names
        }
        self.empty: dict[str, int | bytes] = dict(zip(names, self.struct.unpack(bytes(self.size)), strict=True))

    def unpack(self, data: bytes | memoryview, offset: int = 0) -> R:
        return tuple.__new__(self.record, self.struct.unpack_from(data, offset))

    def pack(self, **fields: int | bytes) -> bytes:
        values = self.empty | fields
        if len(values) != len(self.empty):
            raise TypeError(f"{self.record.__name__} has no field {sorted(fields.keys() - self.empty.keys())[0]}")
        return self.struct.pack(*values.values())


COMMAND = Codec(tuples.Command, records.COMMAND)
EVENT = Codec(tuples.Event, records.EVENT)
NAME_LINE = Codec(tuples.NameLine, records.NAME, LineType.NAME_LINE)
INSTRUMENT_TERMS_LINE = Codec(tuples.InstrumentTermsLine, records.INSTRUMENT_TERMS, LineType.INSTRUMENT_TERMS_LINE)
INSTRUMENT_LIMITS_LINE = Codec(tuples.InstrumentLimitsLine, records.INSTRUMENT_LIMITS, LineType.INSTRUMENT_LIMITS_LINE)
RISK_ORDER_LIMITS_LINE = Codec(tuples.RiskOrderLimitsLine, records.RISK_ORDER_LIMITS, LineType.RISK_ORDER_LIMITS_LINE)
RISK_OPEN_LIMITS_LINE = Codec(tuples.RiskOpenLimitsLine, records.RISK_OPEN_LIMITS, LineType.RISK_OPEN_LIMITS_LINE)
ADVANCED_LINE = Codec(tuples.AdvancedLine, records.ADVANCED, LineType.ADVANCED_LINE)
ACCOUNT_LINE = Codec(tuples.TextLine, records.TEXT, LineType.ACCOUNT_LINE)
TEXT_LINE = Codec(tuples.TextLine, records.TEXT, LineType.TEXT_LINE)
_LINES: tuple[Codec[Any], ...] = (
    NAME_LINE, INSTRUMENT_TERMS_LINE, INSTRUMENT_LIMITS_LINE, RISK_ORDER_LIMITS_LINE, RISK_OPEN_LIMITS_LINE,
    ADVANCED_LINE, ACCOUNT_LINE, TEXT_LINE,
)
FURTHER_LINES = {int(codec.line_type): codec for codec in _LINES}
STATE_HEADER = Codec(tuples.StateHeader, records.STATE_HEADER)
PARTICIPANT_STATE = Codec(tuples.ParticipantState, records.PARTICIPANT_STATE)
NOTIONAL_LIMITS_STATE = Codec(tuples.NotionalLimitsState, records.NOTIONAL_LIMITS_STATE)
ACCOUNT_STATE = Codec(tuples.AccountState, records.ACCOUNT_STATE)
SESSION_STATE = Codec(tuples.SessionState, records.SESSION_STATE)
INSTRUMENT_STATE = Codec(tuples.InstrumentState, records.INSTRUMENT_STATE)
ORDER_STATE = Codec(tuples.OrderState, records.ORDER_STATE)


def line_count(command: tuples.Command) -> int:
    """How many 64-byte lines the record has, as its first line says."""
    return command.shape & 0xF


def record_version(command: tuples.Command) -> int:
    return command.shape >> 4


def further_line(record: bytes, line: Codec[R]) -> R | None:
    """The record's further line of a kind, or None. The record must have passed the door."""
    for offset in range(records.LINE_BYTES, len(record), records.LINE_BYTES):
        if record[offset + COMMAND.offsets["type"]] == line.line_type:
            return line.unpack(record, offset)
    return None


def present_line(record: bytes, line: Codec[R]) -> R:
    """The record's further line of a kind that a check has found to be there."""
    found = further_line(record, line)
    if found is None:
        raise AssertionError(f"{line.record.__name__} is missing in a record that was checked")
    return found
