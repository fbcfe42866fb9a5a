"""Names <-> ids of instruments, participants and sessions, and scales: what one side has seen defined.

Owns no rule: it takes definitions as they pass (Directory.take_*) or as an engine holds them (Directory.load). One that
an engine refused is undone by loading again from that engine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pricetime.gateway.field_checks import shown
from pricetime.gateway.layout import text_of
from pricetime.matching.errors import UserError
from pricetime.matching.interface import EitherEngine


@dataclass(slots=True)
class Instrument:
    """What the codec must know of an instrument. Terms are as in the records: scaled integers."""

    id: int
    symbol: str
    currency: str = ""
    price_scale: int = 0
    qty_scale: int = 0
    tick_size: int = 1
    lot_size: int = 1
    flags: int = 0
    iceberg_parts_max: int = 0
    currency_bytes: bytes = b""   # what `currency` shows: a redefinition says it again to the byte


@dataclass(slots=True)
class Session:
    """A session and its participant's id."""

    id: int
    name: str
    participant: int


@dataclass(slots=True)
class Participant:
    """A participant."""

    id: int
    name: str


Entry = TypeVar("Entry", bound=Instrument | Session | Participant)


@dataclass(slots=True)
class Table(Generic[Entry]):
    """Entries of one kind by id and by name."""

    kind: str
    by_id: dict[int, Entry] = field(default_factory=dict)
    by_name: dict[str, Entry] = field(default_factory=dict)

    def add(self, entry: Entry, name: str) -> None:
        """Add or replace the entry of this id."""
        self.by_id[entry.id] = entry
        self.by_name[name] = entry

    def next_id(self) -> int:
        """The id that the next definition of this kind gets."""
        return len(self.by_id) + 1

    def named(self, name: str, field_name: str) -> Entry:
        """The entry of this name; UserError naming the field where there is none."""
        entry = self.by_name.get(name)
        if entry is None:
            raise UserError(f"{field_name}: found {shown(name)}, expected a {self.kind} that is defined")
        return entry


Change = tuple[Any, int, Any, str, Any]     # a table, an id and what it had, a name and what it had


class Directory:
    """The three tables, and whether a VenueStart has passed."""

    def __init__(self) -> None:
        self._changes: list[Change] | None = None   # None: nobody would take them back
        self.clear()

    def clear(self) -> None:
        """Know nothing."""
        self.instruments = Table[Instrument]("symbol")
        self.sessions = Table[Session]("session")
        self.participants = Table[Participant]("participant")
        self.venue_started = False

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """What is taken within a `with` is forgotten again where that ends with an error. It may stand in another."""
        outer, changes, started = self._changes, list[Change](), self.venue_started
        self._changes = changes
        try:
            yield
        except BaseException:
            for table, id, by_id, name, by_name in reversed(changes):
                _put_back(table.by_id, id, by_id)
                _put_back(table.by_name, name, by_name)
            self.venue_started = started
            raise
        else:
            if outer is not None:
                outer += changes
        finally:
            self._changes = outer

    def _add(self, table: Any, entry: Any, name: str) -> None:
        if self._changes is not None:
            self._changes.append((table, entry.id, table.by_id.get(entry.id), name, table.by_name.get(name)))
        table.add(entry, name)

    def load(self, engine: EitherEngine) -> None:
        """Take everything anew from an engine (either), whether the venue started included."""
        self.clear()
        for row in engine.participants:
            self.take_participant(int(row["id"]), row["name"].decode())
        for row in engine.sessions:
            self.take_session(int(row["id"]), row["name"].decode(), int(row["participant"]))
        for row in engine.instruments:
            self.instruments.add(instrument_of_state(row), row["name"].decode())
        self.venue_started = bool(engine.run)

    def take_participant(self, id: int, name: str) -> None:
        """A participant was defined."""
        self._add(self.participants, Participant(id, name), name)

    def take_session(self, id: int, name: str, participant: int) -> None:
        """A session was defined."""
        self._add(self.sessions, Session(id, name, participant), name)

    def take_instrument(self, instrument: Instrument) -> None:
        """An instrument was defined."""
        self._add(self.instruments, instrument, instrument.symbol)


def _put_back(entries: dict[Any, Any], key: int | str, before: Any) -> None:
    if before is None:
        entries.pop(key, None)
    else:
        entries[key] = before


def instrument_of_state(row: Any) -> Instrument:
    """An Instrument from one INSTRUMENT_STATE."""
    return Instrument(
        id=int(row["id"]), symbol=row["name"].decode(), currency=text_of(row["currency"]),
        price_scale=int(row["price_scale"]), qty_scale=int(row["qty_scale"]), tick_size=int(row["tick_size"]),
        lot_size=int(row["lot_size"]), flags=int(row["terms_flags"]), iceberg_parts_max=int(row["iceberg_parts_max"]),
        currency_bytes=bytes(row["currency"]),
    )
