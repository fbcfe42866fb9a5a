"""How many orders are acknowledged, and how fast? Over ZeroMQ on tcp loopback, client and server two processes.

`gateway/tcp/1`, `/10`, `/100`: orders in messages of so many, in orders/s, from the first send to the last
acknowledgement, a window of them in flight. Yardsticks `bare/tcp/...`: the same client against a loop that receives,
copies each line to memory with CRC32C and sends the message back. `gateway/roundtrip`: one order at a time, half a
millisecond of silence before each; `gateway/open/RATE`: orders at given times, whatever became of those before, each
one's latency from when it was to be sent; both beside `bare/...`, an echo of the same size. `gateway/beside-deaf`:
round trips of ten clients while one more sends some 150,000 orders a second and reads nothing, so that it loses its
session after 0.7 of the second; beside one more that reads. `gateway/inside/RATE`: the same loop, log and engine on
messages in memory, from when a message was to come to the reply handed over; `bare/inside/RATE`: memcpy, CRC32C and the
bare book at the same times, which is what clock and machine make of it. `.../1000` of `sessions`: the same orders
from 1,000 sessions, over tcp on a connection each, and inside; beside one session. `gateway/sessions-open/1000`: 10,000
orders a second at given times, of 1,000 sessions together, each order's latency; beside one session's.
`gateway/sessions-work/1000`: the processor time of the venue's process an order, at that rate, all its threads.
`gateway/stat/...`: what the statistics add to a command, in batches of so many: their writes alone, in the loop's
pattern, less the same pattern without them, pair by pair.
`gateway/curve/...`, behind the figure that it is about: with CURVE on both ends, beside the same without. The venue
does everything: message numbers, sessions, log (process level), engine, reports.

Why it may mislead: on two cores client and server, each with its I/O thread, share them, so the figures move
together with the scheduler's mood (twice as many single-order messages where both threads of a side happen to share
a core); a trade's further reports cost the venue work that a bare loop has not. `tcp` is closed-loop: it says what gets
through, not how long orders wait. In `sessions` over tcp most of the cost is the kernel's and libzmq's: a thousand
connections are a thousand reads where one connection's are a few; `bare/sessions/1000` says how much, and
`bare/sessions-open/1000` what they do to single orders.
"""

from collections.abc import Iterator
from tempfile import TemporaryDirectory

import numpy as np

from pricetime.bench import gateway_curve, gateway_sessions, servers
from pricetime.bench import gateway_sizes as sizes
from pricetime.bench.bare_side import BareSide
from pricetime.bench.feed import Feed, beside_bare
from pricetime.bench.flows import generated_flow
from pricetime.bench.harness import REPEATS_LONG, Comparison, Item, Latencies, Measure, Options
from pricetime.bench.inside import InsideVenue, dealt, inside_venue
from pricetime.bench.stat_cost import pattern_time
from pricetime.bench.venue_server import logons
from pricetime.gateway.stat_page import StatPage

STAT_ALONE = "a batch of one: where nothing waits, and the message itself takes ZeroMQ microseconds"


def comparisons(options: Options) -> Iterator[Item]:
    """Each figure with servers of its own, which end when the next one is asked for; behind it what CURVE makes of
    it (in a quick run of the first alone)."""
    for per_message in sizes.SIZES:
        yield from throughput(per_message, options)
        if not options.quick or per_message == min(sizes.SIZES):
            yield from gateway_curve.throughput(per_message, options)
    yield from round_trips(options)
    if not options.quick:
        yield from gateway_curve.round_trips(options)
    for rate in sizes.RATES if not options.quick else sizes.RATES_QUICK:
        yield from open_loop(rate, options)
        if not options.quick and rate in sizes.LIMITED_RATES:
            yield from gateway_curve.open_loop(rate, options)
    yield from beside_deaf(options)
    if not options.quick:
        yield from gateway_curve.beside_deaf(options)
    yield from inside(options)
    yield from statistics_cost(options)
    yield from gateway_sessions.comparisons(options)
    if not options.quick:
        yield from gateway_curve.sessions(options)


def throughput(per_message: int, options: Options) -> Iterator[Item]:
    """Orders acknowledged a second, in messages of `per_message`."""
    window, stretch, limit = sizes.SIZES[per_message]
    stretch = stretch // options.of(1, sizes.QUICK_DIVISOR)
    with beside_bare(stretch, options.repeats, copy=True) as (venue, bare):
        yield Comparison(
            Measure(f"gateway/tcp/{per_message}", "orders/s", lambda: venue.orders_a_second(per_message, window),
                    stretch),
            Measure(f"bare/tcp/{per_message}", "orders/s", lambda: bare.orders_a_second(per_message, window), stretch),
            limit)


def round_trips(options: Options) -> Iterator[Item]:
    """One order at a time, with idle gaps."""
    trips, repeats = options.of(sizes.ROUND_TRIPS, sizes.ROUND_TRIPS // sizes.QUICK_DIVISOR), options.short_repeats
    with beside_bare(trips, repeats, copy=False) as (venue, bare):
        yield Latencies("gateway/roundtrip", lambda: venue.round_trips(sizes.GAP_NS), "round trip over tcp, idle gaps",
                        "venue", ("bare/roundtrip", lambda: bare.round_trips(sizes.GAP_NS)),
                        limits={50: sizes.ROUND_TRIP_LIMIT, 99: sizes.ROUND_TRIP_LIMIT}, repeats=repeats)


def open_loop(rate: int, options: Options) -> Iterator[Item]:
    """Orders at given times; many short repeats where there is a limit."""
    limited = rate in sizes.LIMITED_RATES
    orders = sizes.open_orders(rate, options, sizes.OPEN_SECONDS_SHORT if limited else sizes.OPEN_SECONDS)
    repeats = options.short_repeats if limited else REPEATS_LONG
    with beside_bare(orders, repeats, copy=False) as (venue, bare):
        yield Latencies(f"gateway/open/{rate}", lambda: venue.open_loop(rate), "open loop over tcp", f"{rate:,}/s",
                        (f"bare/open/{rate}", lambda: bare.open_loop(rate)),
                        limits={50: sizes.OPEN_LIMIT, 99: sizes.OPEN_LIMIT} if limited else {},
                        bounds=sizes.OPEN_BOUNDS.get(rate, {}), repeats=repeats)


def beside_deaf(options: Options) -> Iterator[Item]:
    """Round trips of ten clients in turn, while one more sends without a rest and reads nothing; beside one more that
    reads."""
    trips = options.of(sizes.BESIDE_TRIPS, sizes.BESIDE_TRIPS // sizes.QUICK_DIVISOR)
    lines = dealt(sizes.OTHERS, 2 * trips * (options.repeats + 1))
    with servers.venue_beside(sizes.OTHERS, 2 * (options.repeats + 1)) as venue:
        venue.client.throughput(logons(sizes.OTHERS), 1, sizes.OTHERS)
        feed = Feed(venue.client, lines, trips)

        def beside(reads: bool) -> np.ndarray:
            with venue.one_more(reads=reads):
                return feed.round_trips(sizes.BESIDE_GAP_NS)

        yield Latencies("gateway/beside-deaf", lambda: beside(False), "round trip of ten others, one client more",
                        "it reads nothing", ("gateway/beside-reader", lambda: beside(True)),
                        limits={99: sizes.OPEN_LIMIT})


def inside(options: Options) -> Iterator[Item]:
    """From a message in memory to its reply handed over, at given rates."""
    for rate in sizes.INSIDE_RATES if not options.quick else sizes.INSIDE_BOUNDS:
        stretch = min(int(rate * sizes.INSIDE_SECONDS), sizes.INSIDE_MOST) // options.of(1, sizes.QUICK_DIVISOR)
        flow = generated_flow("move", stretch * (REPEATS_LONG + 1), sessions=1)
        with inside_venue() as venue:
            venue.work_off(flow.fill)
            yield at_rate(venue, BareSide(flow), iter(np.split(flow.lines, REPEATS_LONG + 1)), rate, stretch)


def at_rate(venue: InsideVenue, bare: BareSide, stretches: Iterator[np.ndarray], rate: int, stretch: int) -> Latencies:
    """A stretch of the flow each time, and of the yardstick's."""
    return Latencies(f"gateway/inside/{rate}", lambda: venue.latencies(next(stretches), rate),
                     "inside the venue: message in memory to reply handed over", f"{rate:,}/s",
                     (f"bare/inside/{rate}", lambda: bare.latencies(rate, stretch, warm=0)),
                     percentiles=(50, 99, 99.9), bounds=sizes.INSIDE_BOUNDS.get(rate, {}))


def statistics_cost(options: Options) -> Iterator[Item]:
    """Nanoseconds a command that counters and histograms cost the hot thread, on a page that is a file as a venue's."""
    commands = options.of(sizes.STAT_COMMANDS, sizes.STAT_COMMANDS // sizes.QUICK_DIVISOR // 256 * 256)
    with TemporaryDirectory(prefix="pricetime-bench-") as directory:
        page = StatPage(directory)
        for batch, limit in sizes.STAT_BATCHES.items():

            def added(batch: int = batch) -> float:
                bare = pattern_time(page, commands, batch, False)
                return pattern_time(page, commands, batch, True) - bare

            yield Comparison(Measure(f"gateway/stat/{batch}", "ns/command", added, commands), limit=limit,
                             note="" if limit else STAT_ALONE)
