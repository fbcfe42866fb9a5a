"""How many orders are acknowledged, and how fast? Over ZeroMQ on tcp loopback, one client, client and server two
processes.

`gateway/tcp/1`, `/10`, `/100`: orders in messages of so many, in orders/s, from the first send to the last
acknowledgement, a window of them in flight. Yardsticks `bare/tcp/...`: the same client against a loop that
receives, copies each line to memory with CRC32C and sends the message back. `gateway/roundtrip`: one order at a
time, p50 in ns, beside `bare/roundtrip`, a bare echo. The venue does everything: message numbers, sessions, log
(process level), engine, reports. Flow: `move`, one session.

Why it may mislead: on two cores client and server, each with its I/O thread, share them, so the figures move
together with the scheduler's mood (twice as many single-order messages where both threads of a side happen to share
a core); one client; a trade's further reports cost the venue work that a bare loop has not. The window is
closed-loop: this says what gets through, not how long orders wait at a given rate.
"""

from collections.abc import Iterator

import numpy as np

from pricetime.bench import servers
from pricetime.bench.flows import generated_flow
from pricetime.bench.harness import Comparison, Limit, Measure, Options
from pricetime.bench.load_client import LoadClient
from pricetime.bench.venue_server import logon

# Orders a message -> orders in flight, orders a repeat, limit.
SIZES = {
    1: (4_000, 300_000, Limit(at_least=0.6)),
    10: (4_000, 300_000, None),
    100: (40_000, 300_000, Limit(at_least=0.4)),
}
ROUND_TRIPS = 10_000
QUICK_DIVISOR = 3
ROUND_TRIP_LIMIT = Limit(at_most=1.3)
FILL_PER_MESSAGE = 100


class Feed:
    """Orders for one client, a stretch further each time: a venue takes no ClOrdID twice."""

    def __init__(self, client: LoadClient, lines: np.ndarray, stretch: int) -> None:
        self.client, self.lines, self.stretch, self.at = client, lines, stretch, 0

    def next(self) -> np.ndarray:
        """The next stretch of lines."""
        part = self.lines[self.at:self.at + self.stretch]
        self.at += self.stretch
        return part

    def orders_a_second(self, per_message: int, window: int) -> float:
        return self.stretch * 1e9 / self.client.throughput(self.next(), per_message, window)

    def round_trip(self) -> float:
        """Median in nanoseconds."""
        return float(np.median(self.client.round_trips(self.next())))


def comparisons(options: Options) -> Iterator[Comparison]:
    """Each figure with servers of its own, which end when the next one is asked for."""
    for per_message in SIZES:
        yield from throughput(per_message, options)
    yield from round_trip(options)


def throughput(per_message: int, options: Options) -> Iterator[Comparison]:
    """Orders acknowledged a second, in messages of `per_message`."""
    window, stretch, limit = SIZES[per_message]
    with servers.venue() as client, servers.bare_server(copy=True) as bare_client:
        venue, bare = feeds(client, bare_client, stretch, options)
        yield Comparison(
            Measure(f"gateway/tcp/{per_message}", "orders/s", lambda: venue.orders_a_second(per_message, window)),
            Measure(f"bare/tcp/{per_message}", "orders/s", lambda: bare.orders_a_second(per_message, window)),
            limit)


def round_trip(options: Options) -> Iterator[Comparison]:
    """One order at a time: the median of its round trips."""
    with servers.venue() as client, servers.bare_server(copy=False) as bare_client:
        venue, bare = feeds(client, bare_client, ROUND_TRIPS, options)
        yield Comparison(Measure("gateway/roundtrip", "ns", venue.round_trip),
                         Measure("bare/roundtrip", "ns", bare.round_trip),
                         ROUND_TRIP_LIMIT)


def feeds(client: LoadClient, bare_client: LoadClient, stretch: int, options: Options) -> tuple[Feed, Feed]:
    """Both sides with the same orders, logged on, the live orders filled in; a stretch for each repeat and the
    warm-up."""
    if options.quick:
        stretch //= QUICK_DIVISOR
    flow = generated_flow("move", stretch * (options.repeats + 1), sessions=1)
    client.throughput(logon(), 1, 1)
    client.throughput(flow.fill, FILL_PER_MESSAGE, len(flow.fill))
    return Feed(client, flow.lines, stretch), Feed(bare_client, flow.lines, stretch)
