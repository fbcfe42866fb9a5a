"""A venue without sockets or files: the compiled loop between a simulated transport and a simulated log, and its
peers."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np

from pricetime.gateway import messages as m
from pricetime.gateway.codec import Codec
from pricetime.gateway.loop import Loop
from pricetime.gateway.simulated import SimulatedStorage, SimulatedTransport
from pricetime.matching.engine import Engine
from pricetime.matching.records import COMMAND, EVENT, EVENT_LINE, LINE_BYTES, EventType, Reason

SECOND = 1_000_000_000
DEFINITIONS: tuple[m.Command, ...] = (
    m.VenueStart(run=1),
    m.PartyDefinition(participant="firm"),
    m.PartyDefinition(participant="house"),
    m.SessionDefinition(session_name="alice", participant="firm"),
    m.SessionDefinition(session_name="bob", participant="house", cancel_on_disconnect=True),
    m.SessionDefinition(session_name="operator", participant="house", rights=("Operate",)),
    m.SecurityDefinition(symbol="ACME", price_scale=2, tick_size=Decimal("0.01"), lot_size=Decimal(1)),
    m.TradingSessionStatus(symbol="ACME", phase="Continuous"),
)


def first_lines(payload: bytes) -> list[np.void]:
    """The first line of each event in a message to a client (definitions among them are left out)."""
    found, start = [], 0
    while start < len(payload):
        event = np.frombuffer(payload, EVENT_LINE, count=1, offset=start)[0]
        if event["shape"] & 0xF < 3:
            found.append(event)
        start += LINE_BYTES * int(event["shape"] & 0xF)
    return found


class Simulation:
    """Engine, log, transport and loop, with the sessions alice and bob (trade), operator, and the instrument ACME.

    engine: one that has a log behind it. slow: the disk has what was published only when the loop waits for it, as at
    durability level `power`."""

    def __init__(self, definitions: Iterable[m.Command] = DEFINITIONS, slow: bool = False,
                 engine: Engine | None = None, **options: Any) -> None:
        self.engine = engine or Engine()
        self.storage = SimulatedStorage()
        self.storage.slow = slow
        self.transport = SimulatedTransport(self.storage)
        self.loop = Loop(self.engine, self.transport, self.storage, **({"clock": "set"} | options))
        self.codec = Codec()
        if engine is not None:
            self.codec.directory.load(engine)
        self.utc, self.monotonic = 1_700_000_000 * SECOND, SECOND
        self.advance(0)
        for definition in definitions:
            self.loop.journal(self.codec.encode(definition))

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.utc += int(seconds * SECOND)
        self.monotonic += int(seconds * SECOND)
        self.loop.set_time(self.utc, self.monotonic)

    def run(self) -> None:
        """Rounds until nothing waits any more, the disk's work included."""
        while self.loop.round() or (self.storage.slow and self.loop.round(True)):
            pass

    def take_sent(self, routing_id: bytes) -> list[bytes]:
        """The payloads that went to a peer, in order; they are taken away."""
        mine = [payload for to, payload, _ in self.transport.sent if to == routing_id]
        self.transport.sent = [sent for sent in self.transport.sent if sent[0] != routing_id]
        return mine

    def journaled(self) -> list[m.Command]:
        """What is in the log after the definitions, as messages."""
        codec = Codec()
        return codec.decode(self.storage.records())[len(DEFINITIONS) :]


class Peer:
    """One connection: numbers what it sends, from 1."""

    def __init__(self, simulation: Simulation, number: int, session: str = "alice", full: bool = False) -> None:
        self.simulation, self.session, self.full = simulation, session, full
        self.routing_id = b"\0" + number.to_bytes(4, "big")
        self.message_number = 0
        self.cl_ord_id = 0

    def lines(self, *messages: m.Command) -> np.ndarray:
        """The records of some messages with the numbers that are due."""
        lines = self.simulation.codec.encode_all(messages).copy()
        start = 0
        while start < len(lines):
            self.message_number += 1
            lines[start]["sequence"] = self.message_number
            start += int(lines[start]["shape"] & 0xF)
        return lines

    def post(self, payload: np.ndarray | bytes, *more: Any) -> None:
        """Hand a message to the transport."""
        self.simulation.transport.waiting.append(
            (self.routing_id, bytes(payload) if isinstance(payload, bytes) else payload.tobytes(), *more)
        )

    def send(self, *messages: m.Command) -> list[np.void]:
        """Send one message, run, and return the events that came back."""
        self.post(self.lines(*messages))
        return self.answers()

    def answers(self) -> list[np.void]:
        """Run, and return the events that came back."""
        self.simulation.run()
        payloads = self.simulation.take_sent(self.routing_id)
        return [event for payload in payloads for event in first_lines(payload)]

    def logon(self) -> list[np.void]:
        self.message_number = 0
        return self.send(m.Logon(session_name=self.session, full_reports=self.full))

    def order(self, side: m.Side = "Buy", quantity: int = 10, price: str = "100.00", **fields: Any) -> m.NewOrderSingle:
        """A new limit order with the next ClOrdID."""
        self.cl_ord_id += 1
        fields = {"session": self.session, "cl_ord_id": self.cl_ord_id, "symbol": "ACME"} | fields
        return m.NewOrderSingle(
            side=side, ord_type="Limit", price=Decimal(price), order_qty=Decimal(quantity), **fields
        )


def said(events: Iterable[np.void]) -> list[tuple[str, str]]:
    """Type and reason of events, by name."""
    return [(EventType(int(event["type"])).name, Reason(int(event["reason"])).name) for event in events]


__all__ = ["COMMAND", "DEFINITIONS", "EVENT", "SECOND", "Peer", "Simulation", "first_lines", "m", "said"]
