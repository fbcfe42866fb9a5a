"""Definitions as records, from an engine's tables: the names behind the ids of events, for who reads them elsewhere."""

from typing import Any

import numpy as np

from pricetime.matching.records import COMMAND, INSTRUMENT_TERMS, NAME, RECORD_VERSION, CommandType, LineType


def _record(type: CommandType, lines: int, **fields: int) -> np.ndarray:
    record = np.zeros(lines, COMMAND)
    record[0]["type"], record[0]["shape"] = type, RECORD_VERSION << 4 | lines
    for field, value in fields.items():
        record[0][field] = value
    name = record[1:2].view(NAME)[0]
    name["type"] = LineType.NAME_LINE
    return record


def _named(record: np.ndarray, row: Any) -> bytes:
    record[1:2].view(NAME)[0]["name"] = row["name"]
    return record.tobytes()


def participant_record(row: Any) -> bytes:
    """A PARTY_DEFINITION of one PARTICIPANT_STATE."""
    return _named(_record(CommandType.PARTY_DEFINITION, 2, target=int(row["id"])), row)


def session_record(row: Any) -> bytes:
    """A SESSION_DEFINITION of one SESSION_STATE: quantity is the participant."""
    return _named(_record(CommandType.SESSION_DEFINITION, 2, target=int(row["id"]), quantity=int(row["participant"]),
                          attributes=int(row["flags"])), row)


def instrument_record(row: Any) -> bytes:
    """A SECURITY_DEFINITION of one INSTRUMENT_STATE, with what never changes."""
    record = _record(CommandType.SECURITY_DEFINITION, 3, instrument=int(row["id"]), attributes=int(row["flags"]))
    record[1:2].view(NAME)[0]["currency"] = row["currency"]
    terms = record[2:3].view(INSTRUMENT_TERMS)[0]
    terms["type"], terms["flags"] = LineType.INSTRUMENT_TERMS_LINE, row["terms_flags"]
    for field in ("price_scale", "qty_scale", "tick_size", "lot_size", "iceberg_parts_max"):
        terms[field] = row[field]
    return _named(record, row)
