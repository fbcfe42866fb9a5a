"""Definitions as records, from an engine's tables: the names behind the ids of events, for who reads them elsewhere."""

from typing import Any

import numpy as np

from pricetime.gateway.drop_copy.protocol import FRAME_BYTES
from pricetime.matching.records import (
    COMMAND,
    INSTRUMENT_TERMS,
    LINE_BYTES,
    NAME,
    RECORD_VERSION,
    CommandType,
    LineType,
)

EVERYBODY = 0               # the id of no participant: all of them
Body = tuple[bytes, int]    # records behind one another, as one frame holds them, and how many


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


class Definitions:
    """Records by whose they are (EVERYBODY: for all), as the bodies of frames. Each is packed once, when somebody who
    may see it first asks, so that a Logon costs no look at thousands of them. bodies() is for one thread."""

    def __init__(self, records: list[tuple[int, bytes]]) -> None:
        self._common = [record for participant, record in records if participant == EVERYBODY]
        self._own: dict[int, list[bytes]] = {EVERYBODY: []}
        for participant, record in records:
            if participant != EVERYBODY:
                self._own.setdefault(participant, []).append(record)
                self._own[EVERYBODY].append(record)
        self._packed: dict[int, list[Body]] = {}
        self._packed_common: list[Body] = []

    def bodies(self, participant: int) -> list[Body]:
        """What whoever may see a participant's names (EVERYBODY: all) gets: at least one, and if it is empty.

        What all get is kept once, whatever the number of participants."""
        self._packed_common = self._packed_common or packed(self._common)
        own = self._packed.get(participant)
        if own is None:
            own = self._packed[participant] = packed(self._own.get(participant, []))
        (last, count), (first, more) = own[-1], self._packed_common[0]
        if len(last) + len(first) > FRAME_BYTES - LINE_BYTES:
            return own + self._packed_common
        return [*own[:-1], (last + first, count + more), *self._packed_common[1:]]


def packed(records: list[bytes]) -> list[Body]:
    """In as many bodies as they need; one at least."""
    bodies: list[Body] = []
    body, count = bytearray(), 0
    for record in records:
        if len(body) + len(record) > FRAME_BYTES - LINE_BYTES:
            bodies.append((bytes(body), count))
            body, count = bytearray(), 0
        body += record
        count += 1
    return [*bodies, (bytes(body), count)]
