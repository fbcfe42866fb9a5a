"""The codec: messages <-> records, and events -> messages, with the directory that follows the definitions passing by.

Owns when names are defined on first use (docs/json-lines.md). The parts are encoder.py, decoder.py, event_decoder.py
and directory.py; JSON text is json_lines.py's (read_lines joins the two). Judges no rule of trading: what can be
expressed is passed on.

    codec = Codec(define_on_first_use=True)
    lines = codec.encode(message)          # COMMAND array: one record, definitions on first use before it
    codec.decode(lines)                    # list of messages
    codec.events(engine.apply(lines))      # list of event messages
"""

from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np

from pricetime.gateway import json_lines
from pricetime.gateway import messages as m
from pricetime.gateway.decoder import Decoder, Fields, record_size
from pricetime.gateway.directory import Directory, Instrument, Session
from pricetime.gateway.encoder import ORDERS, Encoder
from pricetime.gateway.event_decoder import EventDecoder
from pricetime.gateway.field_checks import check, is_unicode, shown
from pricetime.gateway.further_lines import FIRST_USE_SCALE
from pricetime.gateway.layout import further_lines, offset_of, text_of
from pricetime.matching import records
from pricetime.matching.errors import UserError
from pricetime.matching.interface import EitherEngine
from pricetime.matching.records import CommandType, EventType, LineType

# What defines its Symbol on first use. Risk, the kill switch and mass cancels define none: a name that nothing has used
# is a mistake there.
DEFINES_SYMBOL = (m.NewOrderSingle, m.OrderCancelReplaceRequest, m.OrderCancelRequest, m.TradingSessionStatus)
DEFINES_ON_FIRST_USE = (*DEFINES_SYMBOL, m.SessionDefinition)
DEFINITIONS = (m.SecurityDefinition, m.PartyDefinition, m.SessionDefinition, m.VenueStart, m.Record)
_DEFINITION_TYPES = frozenset(
    {
        CommandType.SECURITY_DEFINITION,
        CommandType.PARTY_DEFINITION,
        CommandType.SESSION_DEFINITION,
        CommandType.VENUE_START,
    }
)
_TYPE_OFFSET = offset_of(records.COMMAND, "type")
_CHECKSUM_BYTES = records.COMMAND["checksum"].itemsize


class Codec:
    """Messages <-> records with one directory. Give it a directory to share one, or one loaded from an engine."""

    def __init__(self, directory: Directory | None = None, define_on_first_use: bool = False) -> None:
        self.directory = Directory() if directory is None else directory
        self.define_on_first_use = define_on_first_use
        self._encoder = Encoder(self.directory)
        self._decoder = Decoder(self.directory)
        self._events = EventDecoder(self.directory)

    # ------------------------------------------------------------------------------------------ to records

    def encode(self, message: m.Command) -> np.ndarray:
        """COMMAND lines of one message. UserError, one line naming the field, where a record cannot say it."""
        return lines_of(self.encode_bytes(message))

    def encode_all(self, messages: Iterable[m.Command]) -> np.ndarray:
        """COMMAND lines of many messages, one record after another. At an error as if none had been given."""
        if isinstance(messages, m.Message | str | bytes) or not isinstance(messages, Iterable):
            raise UserError(f"messages: found {shown(messages)}, expected a list of messages")
        time = self._encoder.time
        try:
            with self.directory.all_or_nothing():
                return lines_of(b"".join([self.encode_bytes(message) for message in messages]))
        except BaseException:
            self._encoder.time = time
            raise

    def encode_bytes(self, message: m.Command) -> bytes:
        """The same as bytes."""
        if self.define_on_first_use and not self.directory.venue_started and (missing := self._missing(message)):
            return self._defining(missing, message)
        record = self._encoder.record(message)
        if type(message) not in ORDERS and isinstance(message, DEFINITIONS):
            self.follow(record)
        return record

    def _missing(self, message: Any) -> list[m.Command]:
        """Definitions, by the venue itself, of names that this message uses first."""
        sessions, instruments = self.directory.sessions.by_name, self.directory.instruments.by_name
        try:
            if type(message) in ORDERS and message.symbol in instruments and message.session in sessions:
                return []
        except TypeError:
            pass    # no name at all: check() says so
        check(message)
        missing: list[m.Command] = []
        if message.session is not None and message.session not in sessions:
            missing += self._session_definitions(message.session)
        if isinstance(message, m.SessionDefinition):
            missing += self._participant_definitions(message, sessions)
        if isinstance(message, DEFINES_SYMBOL) and message.symbol not in instruments:
            _check_name(message.symbol, "Symbol")
            scale = FIRST_USE_SCALE
            missing.append(m.SecurityDefinition(symbol=message.symbol, price_scale=scale, qty_scale=scale))
        return missing

    def _session_definitions(self, name: str) -> list[m.Command]:
        _check_name(name, "Session")
        session = m.SessionDefinition(session_name=name, participant=name)
        if name in self.directory.participants.by_name:
            return [session]
        return [m.PartyDefinition(participant=name), session]

    def _participant_definitions(self, message: m.SessionDefinition, sessions: dict[str, Session]) -> list[m.Command]:
        """Of a session's participant: that of its own name where a new one names none."""
        name = message.participant
        if name is None and message.session_name not in sessions:
            name = message.session_name
        if not name or name in self.directory.participants.by_name or name == message.session:
            return []
        _check_name(name, "Participant")
        return [m.PartyDefinition(participant=name)]

    def _defining(self, missing: list[m.Command], message: m.Command) -> bytes:
        """The record after the definitions that it needs. At an error nothing of it is kept: what is defined is said
        with the first record that uses it."""
        time, records = self._encoder.time, []
        if message.transact_time is not None:
            self._encoder.time = message.transact_time
        try:
            with self.directory.all_or_nothing():
                for command in (*missing, message):
                    records.append(self._encoder.record(command))
                    if isinstance(command, DEFINITIONS):
                        self.follow(records[-1])
            return b"".join(records)
        except BaseException:
            self._encoder.time = time
            raise

    # ---------------------------------------------------------------------------------------- from records

    def decode(self, lines: Any, events: np.ndarray | None = None) -> list[m.Command]:
        """The message of each record in these lines (array of 64-byte items, or bytes), in order.

        `events`: those of these lines, where an engine has applied them: definitions that it refused define nothing.
        """
        data = lines if isinstance(lines, bytes) else lines.tobytes()
        refused = frozenset() if events is None else _refused(events)
        found, start = [], 0
        while start < len(data):
            size = record_size(data, start)
            if size == 0 or start + size > len(data):
                raise UserError(f"byte {start + 5}: found {size // records.LINE_BYTES} lines, expected a whole record")
            found.append(self._message(data[start : start + size], refused))
            start += size
        return found

    def _message(self, record: bytes, refused: frozenset[int]) -> m.Command:
        """The message that says this record completely; else a Record with its bytes, checksum 0."""
        record = bytes(_CHECKSUM_BYTES) + record[_CHECKSUM_BYTES:]
        try:
            # By way of the text: a value that its field's type forbids must not get into a log's print.
            message = json_lines.command(json_lines.dumps([self._decoder.message(record)]))
            exact = self._encoder.record(message) == record
        except (LookupError, UnicodeDecodeError, UserError):
            exact = False
        if not refused or Fields(record).sequence not in refused:
            self.follow(record)
        return message if exact else m.Record(lines=record)

    def events(self, events: np.ndarray) -> list[m.Event]:
        """The message of each event of an EVENT array, in order."""
        return self._events.messages(events)

    # ----------------------------------------------------------------------------------------- the directory

    def follow(self, record: bytes) -> bool:
        """Take what this record defines into the directory, as if it were accepted; whether it is a definition."""
        if record[_TYPE_OFFSET] not in _DEFINITION_TYPES:
            return False
        first = Fields(record)
        if first.type == CommandType.VENUE_START:
            self.directory.venue_started = True
            return True
        try:
            further = further_lines(record)
        except KeyError:
            return False  # a further line that this version lacks: no engine takes it
        name = text_of(further[LineType.NAME_LINE]["name"]) if LineType.NAME_LINE in further else None
        if first.type == CommandType.PARTY_DEFINITION and name is not None:
            self.directory.take_participant(first.target, name)
        elif first.type == CommandType.SESSION_DEFINITION and name is not None:
            self.directory.take_session(first.target, name, first.quantity)
        elif (
            first.type == CommandType.SECURITY_DEFINITION
            and LineType.INSTRUMENT_TERMS_LINE in further
            and name is not None
        ):
            self.directory.take_instrument(_instrument(first.instrument, name, further))
        return True

    def settle(self, engine: EitherEngine, events: np.ndarray) -> None:
        """After `engine` applied definitions: where it refused any command, take the directory anew from it."""
        if _refused(events):
            self.directory.load(engine)


def read_lines(file: BinaryIO, name: str = "the flow", define_on_first_use: bool = True) -> np.ndarray:
    """The COMMAND lines of a whole JSON Lines file. UserError naming the line at the first bad one."""
    codec = Codec(define_on_first_use=define_on_first_use)
    found = []
    for number, message in json_lines.read(file, name):
        try:
            found.append(codec.encode_bytes(message))
        except UserError as error:
            raise json_lines.at_line(name, number, error) from None
    return lines_of(b"".join(found))


def lines_of(data: bytes) -> np.ndarray:
    """Bytes of whole lines as a COMMAND array; a view that is only readable and keeps the bytes alive."""
    return np.frombuffer(data, records.COMMAND)


def _refused(events: np.ndarray) -> frozenset[int]:
    """Sequence numbers of the commands that were refused; 0 where the door did."""
    return frozenset(events["sequence"][events["type"] == EventType.BUSINESS_MESSAGE_REJECT].tolist())


def _check_name(name: str, field: str) -> None:
    """A name that is to be defined on first use must be one that the engine takes: its refusal would come too late."""
    size = len(name.encode()) if is_unicode(name) else 0
    if not 1 <= size <= records.NAME_BYTES or any(ord(c) < 32 or 127 <= ord(c) < 160 for c in name):
        found = shown(name)
        raise UserError(f"{field}: found {found}, expected 1 to {records.NAME_BYTES} bytes without control characters")


def _instrument(id: int, symbol: str, further: dict[int, Any]) -> Instrument:
    terms, currency = further[LineType.INSTRUMENT_TERMS_LINE], further[LineType.NAME_LINE]["currency"]
    return Instrument(
        id, symbol, text_of(currency), int(terms["price_scale"]), int(terms["qty_scale"]),
        int(terms["tick_size"]), int(terms["lot_size"]), int(terms["flags"]), int(terms["iceberg_parts_max"]),
        currency_bytes=currency,
    )
