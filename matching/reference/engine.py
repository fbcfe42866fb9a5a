"""The plain engine: the rules of docs/rules.md made readable, with the interface of pricetime.matching.engine.Engine.

Owns one Venue and the loop that applies commands to it. One thread; no clock, no files, no randomness.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Self

import numpy as np

from pricetime.matching import records
from pricetime.matching.errors import not_lines
from pricetime.matching.records import (
    ACCOUNT_STATE,
    EVENT,
    INSTRUMENT_STATE,
    NOTIONAL_LIMITS_STATE,
    ORDER_STATE,
    PARTICIPANT_STATE,
    SESSION_STATE,
    CommandType,
)
from pricetime.matching.reference import definitions, limits, orders, phases, sessions
from pricetime.matching.reference import dump as canonical
from pricetime.matching.reference.auction import uncross_of
from pricetime.matching.reference.book import BookSide
from pricetime.matching.reference.check import check
from pricetime.matching.reference.deadlines import do_what_is_due, next_deadline
from pricetime.matching.reference.door import CONNECTION, record_screen, session_screen
from pricetime.matching.reference.layout import COMMAND, line_count
from pricetime.matching.reference.load import load
from pricetime.matching.reference.release import release
from pricetime.matching.reference.reports import Reports, door_event
from pricetime.matching.reference.state import (
    ORDER_CAPACITY_DEFAULT,
    ORDER_CAPACITY_MAX,
    SHARD_SHIFT,
    Instrument,
    Named,
    Venue,
    by_order_id,
)
from pricetime.matching.reference.tuples import Command

Handler = Callable[[Venue, Reports, Command, bytes], None]
PARTS = (orders, phases, sessions, definitions, limits)
HANDLERS: dict[int, Handler] = {int(type): handler for part in PARTS for type, handler in part.HANDLERS.items()}
DEPTH = np.dtype([("price", "<i8"), ("quantity", "<i8"), ("orders", "<i8")])


class Engine:
    """A venue's state and the commands that change it. Everything handed out is a copy."""

    def __init__(self, order_capacity: int = ORDER_CAPACITY_DEFAULT, shard: int = 0) -> None:
        if not 1 <= order_capacity <= ORDER_CAPACITY_MAX:
            raise ValueError(f"order_capacity is {order_capacity}, expected 1 to {ORDER_CAPACITY_MAX}")
        if not 0 <= shard < 1 << (64 - SHARD_SHIFT):
            raise ValueError(f"shard is {shard}, expected 0 to {(1 << (64 - SHARD_SHIFT)) - 1}")
        self._venue = Venue(order_capacity=order_capacity, shard=shard)
        self._reports = Reports(self._venue)

    @classmethod
    def load(cls, data: bytes) -> Self:
        """The engine whose dump() this is. ValueError where it is none."""
        engine = cls()
        engine._venue = load(bytes(data))
        engine._reports = Reports(engine._venue)
        return engine

    # ------------------------------------------------------------------------------------------ the loop

    def apply(self, lines: np.ndarray | bytes) -> np.ndarray:
        """Work off whole records, one after another; returns their events in order.

        `lines` is a one-dimensional array of 64-byte items, or their bytes. ValueError names the byte of a record that
        cannot be decoded, a sequence number that is not the next one, or an EventDigest that differs. What stood
        before that record is applied then, it and what follows is not.
        """
        data, offset, events = bytes_of(lines), 0, []
        try:
            while offset < len(data):
                size, event = self._apply_record(data, offset)
                if event:
                    events += [self._reports.take(), event]
                offset += size
        finally:
            events.append(self._reports.take())
        return np.frombuffer(bytearray(b"".join(events)), dtype=EVENT)

    def _apply_record(self, data: bytes, offset: int) -> tuple[int, bytes]:
        """One record: its size in bytes, and the event of the door where it was turned away there (rules 2 and 3)."""
        venue = self._venue
        reason, wrong = record_screen(data, offset)
        if reason:
            raise ValueError(f"{reason.name} at byte {wrong} of the record in line {offset // records.LINE_BYTES}")
        command = COMMAND.unpack(data, offset)
        if command.sequence not in (0, venue.sequence + 1):
            raise ValueError(
                f"the record in line {offset // records.LINE_BYTES} has sequence number {command.sequence}, "
                f"expected {venue.sequence + 1}, or 0 to have it numbered"
            )
        size = line_count(command) * records.LINE_BYTES
        if reason := session_screen(venue, command):
            return size, door_event(venue, command, reason)
        if command.type == CommandType.EVENT_DIGEST:
            self._compare_digest(command)
        venue.sequence += 1
        venue.time = max(venue.time, command.time)
        if command.session and command.cl_ord_id and command.type not in CONNECTION:
            venue.sessions[command.session].mark = command.cl_ord_id
        self._reports.begin()
        venue.middles.clear()
        do_what_is_due(venue, self._reports)
        if command.type != CommandType.EVENT_DIGEST:
            HANDLERS[command.type](venue, self._reports, command, data[offset:offset + size])
        if command.instrument in venue.instruments:
            release(venue, self._reports, venue.instruments[command.instrument])
        return size, b""

    def _compare_digest(self, command: Command) -> None:
        """Rule 7, EventDigest: the digest of all events before it, low half in price, high half in quantity."""
        self._reports.fold()
        recorded = command.price % (1 << 64), command.quantity % (1 << 64)
        if recorded != self._venue.event_digest:
            raise ValueError(
                f"event digest after sequence number {self._venue.sequence} differs: recorded {hex_digest(recorded)}, "
                f"computed {hex_digest(self._venue.event_digest)}; this engine and the log's writer do not agree")

    # ------------------------------------------------------------------------------------------ the state

    @property
    def sequence(self) -> int:
        """Sequence number of the last command applied."""
        return self._venue.sequence

    @property
    def time(self) -> int:
        """Its time, UTC nanoseconds since 1970."""
        return self._venue.time

    @property
    def run(self) -> int:
        """Number of the run that the last VenueStart began; 0: none yet."""
        return self._venue.run

    @property
    def order_capacity(self) -> int:
        """How many orders may be live at once."""
        return self._venue.order_capacity

    @property
    def next_deadline(self) -> int | None:
        """Rule 2: when something is due next, UTC nanoseconds since 1970; None: nothing waits for a time."""
        return next_deadline(self._venue)

    @property
    def event_digest(self) -> tuple[int, int]:
        """128-bit digest of all events so far: low and high half."""
        return self._venue.event_digest

    def dump(self) -> bytes:
        """The canonical state: equal states, equal bytes."""
        return canonical.dump(self._venue)

    def digest(self) -> bytes:
        """SHA-256 of dump()."""
        return hashlib.sha256(self.dump()).digest()

    def check(self) -> None:
        """Every invariant; AssertionError says which does not hold."""
        check(self._venue)

    # ------------------------------------------------------------------------------------------ the views

    def depth(self, symbol: str | int, levels: int = 10) -> tuple[np.ndarray, np.ndarray]:
        """(bids, asks), best first: price, displayed quantity and number of displayed orders."""
        book = self._instrument(symbol).book

        def rows(side: BookSide) -> Iterator[tuple[int, int, int]]:
            for key, level in side.levels.items():
                if level.displayed:
                    displayed = sum(order.displayed for order in level.displayed.values())
                    yield side.price(key), displayed, len(level.displayed)

        sides = [list(islice(rows(side), max(levels, 0))) for side in (book.buy, book.sell)]
        return np.array(sides[0], dtype=DEPTH), np.array(sides[1], dtype=DEPTH)

    def orders(self, symbol: str | int) -> np.ndarray:
        """Every live order as ORDER_STATE, in the order of the dump: the book, stops that wait, set aside ones."""
        return table(map(canonical.order_state, self._instrument(symbol).orders()), ORDER_STATE)

    def session(self, id: int) -> np.ndarray:
        """SESSION_STATE of one session; KeyError where there is none."""
        return table(iter((canonical.session_state(self._venue.sessions[id]),)), SESSION_STATE)

    def order(self, order_id: int) -> np.ndarray:
        """ORDER_STATE of the live order with this OrderID: one row or none."""
        order = self._venue.orders.get(order_id)
        return table(map(canonical.order_state, [] if order is None else [order]), ORDER_STATE)

    def order_named(self, session: int, cl_ord_id: int) -> np.ndarray:
        """ORDER_STATE of a session's live order with this ClOrdID: one row or none."""
        owner = self._venue.sessions.get(session)
        order = owner.orders.get(cl_ord_id) if owner else None
        return table(map(canonical.order_state, [] if order is None else [order]), ORDER_STATE)

    def orders_of(self, participant: int, instrument: int = 0) -> np.ndarray:
        """ORDER_STATE of a participant's live orders, in one instrument or (0) all, in OrderID order."""
        found = [order for order in self._venue.orders.values()
                 if order.participant.id == participant and instrument in (0, order.instrument.id)]
        return table(map(canonical.order_state, by_order_id(found)), ORDER_STATE)

    def indicative(self, symbol: str | int) -> tuple[int, int] | None:
        """(price, quantity) of an uncross now, or None where nothing would trade."""
        return uncross_of(self._instrument(symbol))

    @property
    def participants(self) -> np.ndarray:
        """PARTICIPANT_STATE by id, from 1."""
        return table(map(canonical.participant_state, self._venue.participants.values()), PARTICIPANT_STATE)

    @property
    def notional_limits(self) -> np.ndarray:
        """NOTIONAL_LIMITS_STATE of participants by id, then by currency as first set."""
        return table(canonical.notional_limits_states(self._venue), NOTIONAL_LIMITS_STATE)

    @property
    def accounts(self) -> np.ndarray:
        """ACCOUNT_STATE by participant and instrument."""
        return table(canonical.account_states(self._venue), ACCOUNT_STATE)

    @property
    def sessions(self) -> np.ndarray:
        """SESSION_STATE by id, from 1."""
        return table(map(canonical.session_state, self._venue.sessions.values()), SESSION_STATE)

    @property
    def instruments(self) -> np.ndarray:
        """INSTRUMENT_STATE by id, from 1."""
        return table(map(canonical.instrument_state, self._venue.instruments.values()), INSTRUMENT_STATE)

    def participant_id(self, name: str) -> int:
        """KeyError where there is none."""
        return id_of(self._venue.participants, name)

    def session_id(self, name: str) -> int:
        """KeyError where there is none."""
        return id_of(self._venue.sessions, name)

    def instrument_id(self, name: str) -> int:
        """KeyError where there is none."""
        return id_of(self._venue.instruments, name)

    def _instrument(self, symbol: str | int) -> Instrument:
        id = self.instrument_id(symbol) if isinstance(symbol, str) else int(symbol)
        return self._venue.instruments[id]


def bytes_of(lines: np.ndarray | bytes) -> bytes:
    """Lines to apply as bytes."""
    array = np.frombuffer(lines, np.uint8) if isinstance(lines, bytes) else np.ascontiguousarray(lines)
    if array.dtype.hasobject:
        raise not_lines(lines)
    if array.ndim != 1:
        raise ValueError(f"lines have {array.ndim} dimensions, expected 1")
    if array.nbytes % records.LINE_BYTES:
        raise ValueError(f"lines have {array.nbytes} bytes, expected a multiple of {records.LINE_BYTES}")
    return array.tobytes()


def id_of(entries: Mapping[int, Named], name: str) -> int:
    for id, entry in entries.items():
        if entry.name == name.encode():
            return id
    raise KeyError(name)


def table(rows: Iterator[bytes], dtype: np.dtype) -> np.ndarray:
    return np.frombuffer(bytearray(b"".join(rows)), dtype=dtype)


def hex_digest(digest: tuple[int, int]) -> str:
    return f"{digest[1]:016x}{digest[0]:016x}"
