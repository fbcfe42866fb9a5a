"""What CURVE costs: figures of a venue with it on both ends, beside the same with nothing on either.

An order inside the venue knows nothing of it: keys and boxes are libzmq's threads'.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np

from pricetime.bench import gateway_sessions, servers
from pricetime.bench import gateway_sizes as sizes
from pricetime.bench.feed import Feed, dealt_venue, secured
from pricetime.bench.gateway_sessions import Side
from pricetime.bench.harness import Comparison, Item, Latencies, Measure, Options
from pricetime.bench.inside import DEALT, dealt
from pricetime.bench.venue_server import logons


def throughput(per_message: int, options: Options) -> Iterator[Item]:
    """Orders acknowledged a second."""
    window, stretch, _ = sizes.SIZES[per_message]
    stretch = stretch // sizes.CURVE_DIVISOR // options.of(1, sizes.QUICK_DIVISOR)
    with secured(stretch, options.repeats) as (secure, plain):
        yield Comparison(
            Measure(f"gateway/curve/tcp/{per_message}", "orders/s",
                    lambda: secure.orders_a_second(per_message, window), stretch),
            Measure(f"gateway/tcp/{per_message}", "orders/s", lambda: plain.orders_a_second(per_message, window),
                    stretch))


def round_trips(options: Options) -> Iterator[Item]:
    """One order at a time, with idle gaps."""
    with secured(sizes.ROUND_TRIPS_CURVE, options.repeats) as (secure, plain):
        yield Latencies("gateway/curve/roundtrip", lambda: secure.round_trips(sizes.GAP_NS),
                        "round trip over tcp, idle gaps", "venue with CURVE",
                        ("gateway/roundtrip", lambda: plain.round_trips(sizes.GAP_NS)))


def open_loop(rate: int, options: Options) -> Iterator[Item]:
    """Orders at given times."""
    with secured(sizes.open_orders(rate, options), options.repeats) as (secure, plain):
        yield Latencies(f"gateway/curve/open/{rate}", lambda: secure.open_loop(rate), "open loop over tcp, with CURVE",
                        f"{rate:,}/s", (f"gateway/open/{rate}", lambda: plain.open_loop(rate)))


def beside_deaf(options: Options) -> Iterator[Item]:
    """Round trips of ten clients while one more, that has CURVE too, reads nothing."""
    trips = options.of(sizes.BESIDE_TRIPS, sizes.BESIDE_TRIPS // sizes.QUICK_DIVISOR)
    lines = dealt(sizes.OTHERS, trips * (options.repeats + 1))
    with ExitStack() as stack:
        venues = [stack.enter_context(servers.venue_beside(sizes.OTHERS, options.repeats + 1, curve=curve))
                  for curve in (True, False)]
        for venue in venues:
            venue.client.throughput(logons(sizes.OTHERS), 1, sizes.OTHERS)
        feeds = [Feed(venue.client, lines, trips) for venue in venues]

        def trips_beside(number: int) -> np.ndarray:
            with venues[number].one_more(reads=False):
                return feeds[number].round_trips(sizes.BESIDE_GAP_NS)

        yield Latencies("gateway/curve/beside-deaf", lambda: trips_beside(0),
                        "round trip of ten others, one client more reads nothing", "venue with CURVE",
                        ("gateway/beside-deaf", lambda: trips_beside(1)))


def sessions(options: Options) -> Iterator[Item]:
    """1,000 sessions with CURVE beside 1,000 without."""
    stretch = options.of(sizes.SESSION_ORDERS, sizes.SESSION_ORDERS_QUICK) // sizes.CURVE_DIVISOR
    lines = dealt(DEALT, gateway_sessions.orders_of(stretch, options))
    with dealt_venue(DEALT, lines, stretch, curve=True) as secure, dealt_venue(DEALT, lines, stretch) as plain:
        yield from gateway_sessions.over_tcp(Side("gateway/curve", DEALT, secure), Side("gateway", DEALT, plain),
                                             options)
