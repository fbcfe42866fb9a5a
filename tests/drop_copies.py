"""What the tests of drop copies share: a venue with firms, trades, a server in this process, a client of raw bytes."""

import contextlib
import threading
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import zmq

from pricetime.gateway import messages as m
from pricetime.gateway.client import Client
from pricetime.gateway.codec import Codec
from pricetime.gateway.config import convert
from pricetime.gateway.drop_copy.bounds import Bounds
from pricetime.gateway.drop_copy.client import DropCopy, StreamEnded
from pricetime.gateway.drop_copy.protocol import Header, Kind
from pricetime.gateway.drop_copy.server import Server
from pricetime.gateway.venue import Venue
from pricetime.journal import Reader
from pricetime.matching.engine import Engine
from pricetime.matching.records import Reason

DOCS = (Path(__file__).resolve().parents[1] / "docs" / "drop-copy.md").read_text()
PATIENCE = 20.0
TABLES = {
    "venue": {"endpoints": ["tcp://127.0.0.1:0"], "digest_every": 50},
    "log": {"segment_mib": 1},
    "participant": [{"name": "firm"}, {"name": "house"}],
    "session": [
        {"name": "operator", "participant": "house", "rights": ["Operate"]},
        {"name": "alice", "participant": "firm"},
        {"name": "carol", "participant": "firm"},
        {"name": "bob", "participant": "house"},
        {"name": "auditor", "participant": "firm", "rights": ["DropCopy"]},
        {"name": "regulator", "participant": "house", "rights": ["DropCopy", "Operate"]},
        {"name": "former", "participant": "firm", "rights": ["DropCopy"], "disabled": True},
    ],
    "instrument": [{"symbol": "ACME", "tick_size": "0.01", "lot_size": 1}],
}


def opened(directory: Path, **tables) -> Venue:
    """A running venue whose ACME is in Continuous."""
    venue = Venue(directory, convert(TABLES | tables))
    venue.loop.journal(venue.codec.encode(m.TradingSessionStatus(symbol="ACME", phase="Continuous")))
    return venue.start()


@contextlib.contextmanager
def served(venue: Venue, bounds: Bounds | None = None, address: str = "tcp://127.0.0.1:0"):
    """A drop copy in a thread of this process: its endpoint."""
    with serving(Server(venue.directory, [address], bounds)) as server:
        yield server.endpoints[0]


@contextlib.contextmanager
def serving(server: Server):
    """It runs in a thread of this process."""
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
        server.close()


def reason_of_the_end(copy: DropCopy) -> Reason:
    """Why the venue ends this stream, after whatever still comes."""
    with pytest.raises(StreamEnded) as ended:
        for _ in copy.frames(10_000):
            pass
    return ended.value.reason


def trade(venue: Venue, orders: int = 20) -> None:
    """Orders of three sessions of two participants, trades among them."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(contextlib.closing(Client(venue.endpoints[0], name)))
                   for name in ("alice", "bob", "carol")]
        for number in range(orders):
            clients[0].buy("ACME", 10, f"{99 + number % 3}.00")
            clients[1].sell("ACME", 3 + number % 5, f"{98 + number % 4}.00")
            clients[2].buy("ACME", 1, "97.00")
        for client in clients:
            client.cancel("ACME", 1)
            client.load_instruments()       # an answer: all that was sent is journaled


def many(venue: Venue, orders: int) -> None:
    """Orders that rest, by the thousand."""
    with contextlib.closing(Client(venue.endpoints[0], "alice")) as client:
        order = client.codec.encode(m.NewOrderSingle(
            session="alice", cl_ord_id=1, symbol="ACME", side="Buy", ord_type="Limit", price=Decimal(1),
            order_qty=Decimal(1)))
        for first in range(client.mark + 1, client.mark + 1 + orders, 1000):
            lines = np.repeat(order, 1000)
            lines["cl_ord_id"] = np.arange(first, first + 1000)
            client.send(lines)
        wanted = client.mark
        assert any(report["cl_ord_id"] == wanted for report in client.reports())


def all_events(venue: Venue) -> np.ndarray:
    """What the log comes to, by an engine of our own."""
    engine = Engine()
    return np.concatenate([engine.apply(lines) for lines in Reader(venue.directory)])


def of_firm(events: np.ndarray) -> np.ndarray:
    """Those of the sessions of firm, by their ids: alice, carol, auditor, former."""
    return events[np.isin(events["session"], (2, 3, 5, 7))]


def taken(copy: DropCopy, until: int, timeout_ms: int = 10_000) -> np.ndarray:
    """All events up to a command that has some."""
    found = []
    for frame in copy.frames(timeout_ms):
        found.append(frame.events)
        if frame.header.end.sequence >= until:
            return np.concatenate(found)
    raise AssertionError(f"nothing came any more before command {until}")


class Raw:
    """A client that says what it likes."""

    def __init__(self, endpoint: str, buffer: int = 0, routing_id: bytes = b"") -> None:
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        if routing_id:
            self.socket.routing_id = routing_id
        if buffer:
            self.socket.rcvhwm = 1
            self.socket.rcvbuf = buffer
        self.socket.connect(endpoint)

    def say(self, *payloads: bytes) -> None:
        self.socket.send_multipart(payloads)

    def hear(self, timeout_ms: int = 10_000) -> tuple[Header, bytes]:
        assert self.socket.poll(timeout_ms), "nothing was answered"
        payload = self.socket.recv()
        return Header.decode(payload), payload

    def until(self, kind: Kind) -> Header:
        while (found := self.hear()[0]).kind != kind:
            pass
        return found

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self.context.term()


def logon(name: str) -> bytes:
    return Codec().encode(m.Logon(session_name=name)).tobytes()


def opened_again(venue: Venue) -> Venue:
    return Venue(venue.directory, convert(TABLES)).start()
