"""MessagePack both ways: a client's commands to the lines that the loop takes as its own, reports to event maps."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from pricetime.gateway import message_pack
from pricetime.gateway import messages as m
from pricetime.gateway.decoder import Decoder
from pricetime.gateway.desk.answers import FULL
from pricetime.gateway.desk.follower import Follower
from pricetime.gateway.desk.frames import Frame
from pricetime.gateway.encoder import Encoder
from pricetime.gateway.field_checks import shown
from pricetime.gateway.layout import record_starts
from pricetime.gateway.loop import MESSAGE_BYTES
from pricetime.matching.errors import UserError
from pricetime.matching.records import EVENT, EVENT_LINE, EVENT_LINES, LINE_BYTES, Reason

THROTTLED = "too many messages wait here: expected fewer at a time"
ASKED_MAX = 4096            # Logons under way that are remembered
_REASONS = {    # of a Reject, by the field that its text begins with
    "not MessagePack": Reason.BAD_LENGTH, "MsgType": Reason.UNKNOWN_MSG_TYPE, "Symbol": Reason.UNKNOWN_INSTRUMENT,
    "Session": Reason.UNKNOWN_SESSION, "ClOrdID": Reason.INVALID_CL_ORD_ID,
}


class Rejection(NamedTuple):
    """A Reject for a client that speaks MessagePack."""

    payload: bytes
    reason: Reason


class Translation:
    """By the names that a follower has seen defined."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._directory = follower.codec.directory
        self._encoder = Encoder(self._directory)
        self._decoder = Decoder(self._directory)
        self._asked: dict[int, str | None] = {}     # for whom a client wants to speak, until its Logon is answered

    def commands(self, frame: Frame, final: bool) -> tuple[list[bytes], Rejection | None] | None:
        """Blocks of whole records, none larger than a message may be, and the Reject behind them, if not all was good.

        None where a name may still come: the state is not yet the one in which it was sent. `final`: nothing comes."""
        found, fault = message_pack.commands(frame.payload)
        mine = self._directory.sessions.by_id.get(frame.session)    # none before a Logon
        own_name = mine.name if mine else self._asked.get(frame.routing)
        records, encoder = list[bytes](), self._encoder
        for message in found:
            if isinstance(message, m.Logon):
                own_name = self._note_logon(frame.routing, message.session_name)
            encoder.time = 0        # of a message without TransactTime
            try:
                if message.session != own_name or isinstance(message, m.Record):
                    check_sender(message, own_name)
                records.append(encoder.record(message))
            except UserError as error:
                if not final and frame.sequence > self._follower.sequence:
                    return None
                return list(blocks(records)), reject(str(error), message.sequence)
        return list(blocks(records)), reject(fault) if fault else None

    def _note_logon(self, routing: int, name: str | None) -> str | None:
        """What comes behind a Logon may come before its answer does; nobody else's commands for all that."""
        if len(self._asked) >= ASKED_MAX:
            self._asked.pop(next(iter(self._asked)))
        self._asked[routing] = name
        return name

    def reports(self, frame: Frame, final: bool) -> list[bytes] | None:
        """Frames of event maps. None where what they are about is not defined here yet."""
        events = np.frombuffer(frame.payload, EVENT_LINE)
        if len(events) % EVENT_LINES == 0 and (events["shape"][::EVENT_LINES] == FULL).all():
            whole = events.view(EVENT)
            if not final and not self._knows(whole):
                return None
            return list(message_pack.frames(self._follower.codec.events(whole)))
        return list(message_pack.frames(self._mixed(frame.payload, events)))

    def _knows(self, events: np.ndarray) -> bool:
        """Whether all that these are about is defined here; after all their commands it is."""
        if int(events["sequence"].max(initial=0)) <= self._follower.sequence:
            return True
        directory = self._directory
        return (set(events["session"].tolist()) <= {0, *directory.sessions.by_id}
                and set(events["instrument"].tolist()) <= {0, *directory.instruments.by_id})

    def _mixed(self, payload: bytes, lines: np.ndarray) -> list[m.Message]:
        """Events of one line or two, and definitions, which have more."""
        said = list[m.Message]()
        for start in record_starts(lines):
            count = int(lines["shape"][start] & 0xF)
            part = payload[start * LINE_BYTES : (start + count) * LINE_BYTES]
            if count > EVENT_LINES:
                said.append(self._decoder.message(part))
            else:
                whole = np.frombuffer(part.ljust(EVENT_LINES * LINE_BYTES, b"\0"), EVENT)
                said += self._follower.codec.events(whole)
        return said


def check_sender(message: Any, mine: str | None) -> None:
    """UserError where a command is not for the wire, or names another session than the connection's. A Logon may name
    any, and before one there is none."""
    if isinstance(message, m.Record):
        raise UserError("MsgType: found Record, expected a command in words")
    if mine is not None and message.session is not None and not isinstance(message, m.Logon):
        raise UserError(f"Session: found {shown(message.session)}, expected {mine!r}, whose connection this is")


def blocks(records: list[bytes]) -> Iterator[bytes]:
    """Whole records, joined to messages that the loop takes."""
    start, size = 0, 0
    for end, record in enumerate(records):
        if size + len(record) > MESSAGE_BYTES:
            yield b"".join(records[start:end])
            start, size = end, 0
        size += len(record)
    if start < len(records):
        yield b"".join(records[start:])


def reject(text: str, number: int = 0, reason: Reason | None = None) -> Rejection:
    """A frame with one Reject, as the desk says it: of no command, at no time of the log."""
    if reason is None:
        reason = next((found for field, found in _REASONS.items() if text.startswith(field)), Reason.UNSUPPORTED)
    said = m.Reject(sequence=0, place=0, reason=reason.name, ref_seq_num=number, text=text)
    return Rejection(message_pack.dumps([said]), reason)
