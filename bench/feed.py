"""Orders for the servers that are measured over ZeroMQ: a stretch further each time, and servers that are ready for
them.

Of a venue the sessions are logged on and the live orders filled in, before anything is timed. Pairs of servers get the
same orders.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from pricetime.bench import servers
from pricetime.bench.flows import Flow, generated_flow
from pricetime.bench.gateway_sizes import FILL_PER_MESSAGE
from pricetime.bench.load_client import LoadClient, processor_time
from pricetime.bench.venue_server import logons


class Feed:
    """Orders for one client, a stretch further each time: a venue takes no ClOrdID twice."""

    def __init__(self, client: LoadClient, lines: np.ndarray, stretch: int) -> None:
        self.client, self.lines, self.stretch, self.at = client, lines, stretch, 0

    def next(self) -> np.ndarray:
        """The next stretch of lines."""
        part = self.lines[self.at:self.at + self.stretch]
        if len(part) < self.stretch:
            raise RuntimeError(f"the flow of {len(self.lines)} orders is used up")
        self.at += self.stretch
        return part

    def orders_a_second(self, per_message: int, window: int) -> float:
        return self.stretch * 1e9 / self.client.throughput(self.next(), per_message, window)

    def order_time(self, window: int) -> float:
        """Nanoseconds an order, one a message."""
        return self.client.throughput(self.next(), 1, window) / self.stretch

    def round_trips(self, gap: int = 0) -> np.ndarray:
        return self.client.round_trips(self.next(), gap)

    def round_trip(self) -> float:
        """Median in nanoseconds."""
        return float(np.median(self.round_trips()))

    def open_loop(self, rate: int) -> np.ndarray:
        return self.client.open_loop(self.next(), 1_000_000_000 // rate)

    def server_time(self, rate: int) -> float:
        """Nanoseconds of the server's processor time an order, so many a second."""
        before = processor_time(self.client.server)
        self.open_loop(rate)
        return (processor_time(self.client.server) - before) / self.stretch

    def rest(self, stretch: int) -> "Feed":
        """The orders that are left, in other stretches."""
        return Feed(self.client, self.lines[self.at:], stretch)


def begun(client: LoadClient, flow: Flow, stretch: int) -> Feed:
    """A venue's client, logged on, the live orders filled in."""
    client.throughput(logons(), 1, 1)
    client.throughput(flow.fill, FILL_PER_MESSAGE, len(flow.fill))
    return Feed(client, flow.lines, stretch)


@contextmanager
def beside_bare(stretch: int, repeats: int, *, copy: bool) -> Iterator[tuple[Feed, Feed]]:
    """The venue and the bare server; a stretch for each repeat and the warm-up."""
    with servers.venue() as client, servers.bare_server(copy) as bare_client:
        flow = generated_flow("move", stretch * (repeats + 1), sessions=1)
        yield begun(client, flow, stretch), Feed(bare_client, flow.lines, stretch)


@contextmanager
def secured(stretch: int, repeats: int) -> Iterator[tuple[Feed, Feed]]:
    """A venue with CURVE and one without, in the same way."""
    flow = generated_flow("move", stretch * (repeats + 1), sessions=1)
    with servers.venue(curve=True) as secure, servers.venue() as plain:
        yield begun(secure, flow, stretch), begun(plain, flow, stretch)


@contextmanager
def dealt_venue(sessions: int, lines: np.ndarray, stretch: int, *, curve: bool = False) -> Iterator[Feed]:
    """A venue with so many sessions, a connection each, all logged on."""
    with servers.venue(connections=sessions, curve=curve) as client:
        client.throughput(logons(sessions), 1, sessions)
        yield Feed(client, lines, stretch)
