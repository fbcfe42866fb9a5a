"""Struct codecs of the records, made from their NumPy dtypes: one definition (records.pxd), no copy of any offset.

Owns nothing but the translation between bytes and named tuples; knows no rule.
"""

import struct
from collections import namedtuple

import numpy as np

from pricetime.matching import records

CODES = {"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "i1": "b", "i2": "h", "i4": "i", "i8": "q"}


def field_code(dtype: np.dtype) -> str:
    """The struct code of one field; an array of integers is kept as bytes."""
    if dtype.kind == "S" or dtype.subdtype is not None:
        return f"{dtype.itemsize}s"
    return CODES[dtype.str[1:]]


class Codec:
    """One record layout: `unpack` gives a named tuple, `pack` takes fields by name (absent ones are 0).

    `fields` has the offset and size of each.
    """

    def __init__(self, name: str, dtype: np.dtype) -> None:
        fields = [dtype.fields[field] for field in dtype.names]
        self.struct = struct.Struct("<" + "".join(field_code(field) for field, _ in fields))
        if self.struct.size != dtype.itemsize:
            raise TypeError(f"{name}: dtype has {dtype.itemsize} bytes, its fields {self.struct.size}")
        self.size = self.struct.size
        self.record = namedtuple(name, dtype.names)
        self.offsets = {field: dtype.fields[field][1] for field in dtype.names}
        self.fields = {field: (dtype.fields[field][1], dtype.fields[field][0].itemsize) for field in dtype.names}
        self.empty = self.record._make(self.struct.unpack(bytes(self.size)))

    def unpack(self, data: bytes | memoryview, offset: int = 0) -> tuple:
        return self.record._make(self.struct.unpack_from(data, offset))

    def pack(self, **fields: int | bytes) -> bytes:
        return self.struct.pack(*self.empty._replace(**fields))


COMMAND = Codec("Command", records.COMMAND)
EVENT = Codec("Event", records.EVENT)
FURTHER_LINES = {
    int(records.LineType.NAME_LINE): Codec("NameLine", records.NAME),
    int(records.LineType.INSTRUMENT_TERMS_LINE): Codec("TermsLine", records.INSTRUMENT_TERMS),
    int(records.LineType.INSTRUMENT_LIMITS_LINE): Codec("LimitsLine", records.INSTRUMENT_LIMITS),
    int(records.LineType.RISK_ORDER_LIMITS_LINE): Codec("RiskOrderLimitsLine", records.RISK_ORDER_LIMITS),
    int(records.LineType.RISK_OPEN_LIMITS_LINE): Codec("RiskOpenLimitsLine", records.RISK_OPEN_LIMITS),
    int(records.LineType.ADVANCED_LINE): Codec("AdvancedLine", records.ADVANCED),
    int(records.LineType.ACCOUNT_LINE): Codec("AccountLine", records.TEXT),
    int(records.LineType.TEXT_LINE): Codec("TextLine", records.TEXT),
}
STATE_HEADER = Codec("StateHeader", records.STATE_HEADER)
PARTICIPANT_STATE = Codec("ParticipantState", records.PARTICIPANT_STATE)
SESSION_STATE = Codec("SessionState", records.SESSION_STATE)
INSTRUMENT_STATE = Codec("InstrumentState", records.INSTRUMENT_STATE)
ORDER_STATE = Codec("OrderState", records.ORDER_STATE)


def line_count(command: tuple) -> int:
    """How many 64-byte lines the record has, as its first line says."""
    return command.shape & 0xF


def record_version(command: tuple) -> int:
    return command.shape >> 4


def further_line(record: bytes, line_type: int) -> tuple | None:
    """The record's further line of a type, or None. The record must have passed the door."""
    for offset in range(records.LINE_BYTES, len(record), records.LINE_BYTES):
        if record[offset + COMMAND.offsets["type"]] == line_type:
            return FURTHER_LINES[line_type].unpack(record, offset)
    return None
