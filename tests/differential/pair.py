"""Both engines side by side: every command goes to both, and everything that they say must be the same bytes.

What they say is held against model.py too. A difference raises AssertionError with the command, the first event that
differs, and how to see it again.
"""

import commands as c
import numpy as np
from differential.canonical import State
from differential.model import Broken, Model

from pricetime.matching.engine import Engine as FastEngine
from pricetime.matching.records import COMMAND, EVENT, CommandType
from pricetime.matching.reference.engine import Engine as ReferenceEngine


class Pair:
    """The reference engine and the fast one, which must never differ."""

    def __init__(self, order_capacity: int = 131072, shard: int = 0, origin: str = "",
                 engines: tuple[type, type] = (ReferenceEngine, FastEngine)) -> None:
        self.engines = engines
        self.reference, self.fast = (engine(order_capacity, shard) for engine in engines)
        self.model = Model()
        self.origin = origin        # what a failure names, a seed say
        self.index = -1             # of the last command
        self.events: list[c.Event] = []     # its

    def apply(self, record: bytes) -> list[c.Event]:
        """Give one record to both; the events that both gave."""
        self.index += 1
        lines = np.frombuffer(record, dtype=COMMAND)
        expected, given = self.reference.apply(lines), self.fast.apply(lines)
        if expected.tobytes() != given.tobytes():
            self.fail(lines, difference(expected, given))
        if self.reference.event_digest != self.fast.event_digest:
            self.fail(lines, f"event digests: {self.reference.event_digest} and {self.fast.event_digest}")
        if self.reference.next_deadline != self.fast.next_deadline:
            self.fail(lines, f"next deadlines: {self.reference.next_deadline} and {self.fast.next_deadline}")
        self.events = events = [c.Event._make(event) for event in expected.tolist()]
        try:
            self.model.observe(record, events)
        except Broken as broken:
            self.fail(lines, str(broken))
        return events

    def apply_all(self, records: bytes) -> list[c.Event]:
        """Give many records to both at once; model.py does not see them."""
        lines = np.frombuffer(records, dtype=COMMAND)
        expected, given = self.reference.apply(lines), self.fast.apply(lines)
        if expected.tobytes() != given.tobytes():
            self.fail(None, difference(expected, given))
        return [c.Event._make(event) for event in expected.tolist()]

    def refusal(self, record: bytes) -> tuple[str, str]:
        """What each engine says of a record that may be none: the reason's name, DIGEST, or "" where it was taken."""
        self.index += 1
        return tuple(refusal(engine, record) for engine in (self.reference, self.fast))

    def compare(self, thorough: bool = True) -> None:
        """The states of both and the fast one's invariants; thorough: the plain one's too, and what the model knows."""
        state = self.compare_states()
        self.fast.check()
        if not thorough:
            return
        self.reference.check()
        try:
            self.model.look_at(State(state))
        except AssertionError as broken:
            self.fail(None, str(broken))

    def compare_states(self) -> bytes:
        expected, given = self.reference.dump(), self.fast.dump()
        if expected != given:
            at = next((at for at, pair in enumerate(zip(expected, given, strict=False)) if pair[0] != pair[1]), None)
            self.fail(None, f"states differ at byte {at} (lengths {len(expected)} and {len(given)})")
        return expected

    def compare_views(self, instruments: int) -> None:
        """What is asked of an engine between commands."""
        for id in range(1, instruments + 1):
            pairs = zip(self.reference.depth(id, 5), self.fast.depth(id, 5), strict=True)
            assert all(one.tobytes() == other.tobytes() for one, other in pairs), f"{self.origin}: depth of {id}"
            assert self.reference.orders(id).tobytes() == self.fast.orders(id).tobytes(), (
                f"{self.origin}: orders of {id}"
            )
            assert self.reference.indicative(id) == self.fast.indicative(id), f"{self.origin}: indicative of {id}"

    def reload(self) -> None:
        """Each engine goes on from the other one's dump."""
        state = self.reference.dump()
        self.reference, self.fast = self.engines[0].load(self.fast.dump()), self.engines[1].load(state)
        self.compare()

    def fail(self, lines: np.ndarray | None, what: str) -> None:
        command = "" if lines is None else f"\ncommand: {CommandType(int(lines[0]['type'])).name} {lines}"
        raise AssertionError(f"{self.origin}, command {self.index}: {what}{command}")


def difference(expected: np.ndarray, given: np.ndarray) -> str:
    """The first event that differs, in both versions."""
    for place in range(max(len(expected), len(given))):
        one = c.Event._make(expected[place].tolist()) if place < len(expected) else None
        other = c.Event._make(given[place].tolist()) if place < len(given) else None
        if one != other:
            return f"event {place} of {len(expected)} and {len(given)}\nreference: {one}\nfast:      {other}"
    return f"same events, other bytes: itemsize {EVENT.itemsize}"


def refusal(engine: object, record: bytes) -> str:
    try:
        engine.apply(np.frombuffer(record, dtype=COMMAND))
    except ValueError as error:
        if "digest" in str(error):
            return "DIGEST"
        return next(word for word in str(error).replace(":", " ").split() if word.isupper())
    return ""
