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
`gateway/curve/...`: with CURVE on both ends, beside the figure without. The venue does everything: message numbers,
sessions, log (process level), engine, reports.

Why it may mislead: on two cores client and server, each with its I/O thread, share them, so the figures move
together with the scheduler's mood (twice as many single-order messages where both threads of a side happen to share
a core); a trade's further reports cost the venue work that a bare loop has not. `tcp` is closed-loop: it says what gets
through, not how long orders wait. In `sessions` over tcp most of the cost is the kernel's and libzmq's: a thousand
connections are a thousand reads where one connection's are a few; `bare/sessions/1000` says how much, and
`bare/sessions-open/1000` what they do to single orders.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import numpy as np

from pricetime.bench import servers
from pricetime.bench.bare_side import BareSide
from pricetime.bench.flows import Flow, generated_flow
from pricetime.bench.harness import REPEATS_LONG, Comparison, Item, Latencies, Limit, Measure, Options
from pricetime.bench.inside import DEALT, InsideVenue, dealt, inside_venue
from pricetime.bench.load_client import LoadClient, processor_time
from pricetime.bench.stat_cost import pattern_time
from pricetime.bench.venue_server import logons
from pricetime.gateway.stat_page import StatPage

# Orders a message -> orders in flight, orders a repeat, limit.
SIZES = {
    1: (4_000, 300_000, Limit(at_least=0.85)),
    10: (4_000, 300_000, Limit(at_least=0.75)),
    100: (40_000, 600_000, Limit(at_least=0.75)),
}
QUICK_DIVISOR = 5
ROUND_TRIPS = 250                   # of a short repeat
ROUND_TRIPS_CURVE = 1_000
GAP_NS = 500_000                    # of silence before each
ROUND_TRIP_LIMIT = Limit(at_most=1.15)
RATES = (10_000, 25_000, 50_000, 100_000, 200_000, 400_000, 800_000)
RATES_QUICK = (10_000, 50_000)
OPEN_SECONDS = 0.5                  # of a repeat
OPEN_SECONDS_SHORT = 0.25           # of a short one: what has limits
OPEN_MOST = 100_000                 # orders of a repeat
OPEN_LIMIT = Limit(at_most=1.25)
LIMITED_RATES = (10_000, 50_000)
OPEN_BOUNDS = {10_000: {99.0: Limit(at_most=100)}}         # us
OTHERS = 10                         # whose round trips are taken beside one more
BESIDE_TRIPS, BESIDE_GAP_NS = 4_000, 200_000     # a second, and silence before each
INSIDE_RATES = (100_000, 1_000_000, 2_000_000)
INSIDE_SECONDS, INSIDE_MOST = 0.5, 500_000      # of a repeat; orders
CURVE_DIVISOR = 4                   # orders of a repeat with CURVE: fewer
INSIDE_BOUNDS = {1_000_000: {50.0: Limit(at_most=1), 99.0: Limit(at_most=5)}}      # us
SESSIONS_LIMIT = Limit(at_most=1.3)
SESSION_ORDERS = 100_000            # a repeat
SESSION_ORDERS_QUICK = 10_000
SESSIONS_RATE = 10_000               # orders a second of all sessions together: a rate that any number of them can take
KERNELS_PART = "what ZeroMQ and the kernel alone take for 1,000 connections instead of one"
FILL_PER_MESSAGE = 100
STAT_BATCHES = {256: Limit(at_most=10), 1: None}       # commands of a batch: all that a round takes; alone. ns
STAT_COMMANDS = 1 << 20             # a repeat
STAT_ALONE = "a batch of one: where nothing waits, and the message itself takes ZeroMQ microseconds"


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


def comparisons(options: Options) -> Iterator[Item]:
    """Each figure with servers of its own, which end when the next one is asked for."""
    for per_message in SIZES:
        yield from throughput(per_message, options)
    yield from round_trips(options)
    for rate in RATES if not options.quick else RATES_QUICK:
        yield from open_loop(rate, options)
    yield from beside_deaf(options)
    yield from inside(options)
    yield from statistics_cost(options)
    yield from sessions(options)
    yield from with_curve(options)


@contextmanager
def both(stretch: int, repeats: int, *, copy: bool) -> Iterator[tuple[Feed, Feed]]:
    """The venue and the bare server with the same orders: logged on, the live orders filled in; a stretch for each
    repeat and the warm-up."""
    with servers.venue() as client, servers.bare_server(copy) as bare_client:
        flow = generated_flow("move", stretch * (repeats + 1), sessions=1)
        yield begun(client, flow, stretch), Feed(bare_client, flow.lines, stretch)


def begun(client: LoadClient, flow: Flow, stretch: int) -> Feed:
    """A venue's client, logged on, the live orders filled in."""
    client.throughput(logons(), 1, 1)
    client.throughput(flow.fill, FILL_PER_MESSAGE, len(flow.fill))
    return Feed(client, flow.lines, stretch)


def throughput(per_message: int, options: Options) -> Iterator[Item]:
    """Orders acknowledged a second, in messages of `per_message`."""
    window, stretch, limit = SIZES[per_message]
    stretch = stretch // options.of(1, QUICK_DIVISOR)
    with both(stretch, options.repeats, copy=True) as (venue, bare):
        yield Comparison(
            Measure(f"gateway/tcp/{per_message}", "orders/s", lambda: venue.orders_a_second(per_message, window),
                    stretch),
            Measure(f"bare/tcp/{per_message}", "orders/s", lambda: bare.orders_a_second(per_message, window), stretch),
            limit)


def round_trips(options: Options) -> Iterator[Item]:
    """One order at a time, with idle gaps."""
    trips, repeats = options.of(ROUND_TRIPS, ROUND_TRIPS // QUICK_DIVISOR), options.short_repeats
    with both(trips, repeats, copy=False) as (venue, bare):
        yield Latencies("gateway/roundtrip", lambda: venue.round_trips(GAP_NS), "round trip over tcp, idle gaps",
                        "venue", ("bare/roundtrip", lambda: bare.round_trips(GAP_NS)),
                        limits={50: ROUND_TRIP_LIMIT, 99: ROUND_TRIP_LIMIT}, repeats=repeats)


def open_orders(rate: int, options: Options, seconds: float = OPEN_SECONDS) -> int:
    """Orders of a repeat."""
    return min(int(rate * seconds), OPEN_MOST) // options.of(1, QUICK_DIVISOR)


def open_loop(rate: int, options: Options) -> Iterator[Item]:
    """Orders at given times; many short repeats where there is a limit."""
    limited = rate in LIMITED_RATES
    orders = open_orders(rate, options, OPEN_SECONDS_SHORT if limited else OPEN_SECONDS)
    repeats = options.short_repeats if limited else REPEATS_LONG
    with both(orders, repeats, copy=False) as (venue, bare):
        yield Latencies(f"gateway/open/{rate}", lambda: venue.open_loop(rate), "open loop over tcp", f"{rate:,}/s",
                        (f"bare/open/{rate}", lambda: bare.open_loop(rate)),
                        limits={50: OPEN_LIMIT, 99: OPEN_LIMIT} if limited else {}, bounds=OPEN_BOUNDS.get(rate, {}),
                        repeats=repeats)


def beside_deaf(options: Options) -> Iterator[Item]:
    """Round trips of ten clients in turn, while one more sends without a rest and reads nothing; beside one more that
    reads."""
    trips = options.of(BESIDE_TRIPS, BESIDE_TRIPS // QUICK_DIVISOR)
    lines = dealt(OTHERS, 2 * trips * (options.repeats + 1))
    with servers.venue_beside(OTHERS, 2 * (options.repeats + 1)) as venue:
        venue.client.throughput(logons(OTHERS), 1, OTHERS)
        feed = Feed(venue.client, lines, trips)

        def beside(reads: bool) -> np.ndarray:
            with venue.one_more(reads=reads):
                return feed.round_trips(BESIDE_GAP_NS)

        yield Latencies("gateway/beside-deaf", lambda: beside(False), "round trip of ten others, one client more",
                        "it reads nothing", ("gateway/beside-reader", lambda: beside(True)), limits={99: OPEN_LIMIT})


def inside(options: Options) -> Iterator[Item]:
    """From a message in memory to its reply handed over, at given rates."""
    for rate in INSIDE_RATES if not options.quick else INSIDE_BOUNDS:
        stretch = min(int(rate * INSIDE_SECONDS), INSIDE_MOST) // options.of(1, QUICK_DIVISOR)
        flow = generated_flow("move", stretch * (REPEATS_LONG + 1), sessions=1)
        with inside_venue() as venue:
            venue.work_off(flow.fill)
            yield at_rate(venue, BareSide(flow), iter(np.split(flow.lines, REPEATS_LONG + 1)), rate, stretch)


def at_rate(venue: InsideVenue, bare: BareSide, stretches: Iterator[np.ndarray], rate: int, stretch: int) -> Latencies:
    """A stretch of the flow each time, and of the yardstick's."""
    return Latencies(f"gateway/inside/{rate}", lambda: venue.latencies(next(stretches), rate),
                     "inside the venue: message in memory to reply handed over", f"{rate:,}/s",
                     (f"bare/inside/{rate}", lambda: bare.latencies(rate, stretch, warm=0)),
                     percentiles=(50, 99, 99.9), bounds=INSIDE_BOUNDS.get(rate, {}))


def statistics_cost(options: Options) -> Iterator[Item]:
    """Nanoseconds a command that counters and histograms cost the hot thread, on a page that is a file as a venue's."""
    commands = options.of(STAT_COMMANDS, STAT_COMMANDS // QUICK_DIVISOR // 256 * 256)
    with TemporaryDirectory(prefix="pricetime-bench-") as directory:
        page = StatPage(directory)
        for batch, limit in STAT_BATCHES.items():

            def added(batch: int = batch) -> float:
                bare = pattern_time(page, commands, batch, False)
                return pattern_time(page, commands, batch, True) - bare

            yield Comparison(Measure(f"gateway/stat/{batch}", "ns/command", added, commands), limit=limit,
                             note="" if limit else STAT_ALONE)


def sessions(options: Options) -> Iterator[Item]:
    """1,000 sessions beside one: over tcp, all that goes and so many a second; a bare loop's over tcp; inside."""
    many = DEALT
    stretch = options.of(SESSION_ORDERS, SESSION_ORDERS_QUICK)
    count = (stretch + paced(options)) * (options.repeats + 1) + paced_short(options) * (options.short_repeats + 1)
    lines = {sessions: dealt(sessions, count) for sessions in (1, many)}
    window = 4_000
    with dealt_venue(many, lines[many], stretch) as venue, dealt_venue(1, lines[1], stretch) as one:
        yield Comparison(
            Measure(f"gateway/sessions/{many}", "ns/order", lambda: venue.order_time(window), stretch),
            Measure("gateway/sessions/1", "ns/order", lambda: one.order_time(window), stretch), SESSIONS_LIMIT)
        yield from sessions_paced("gateway", many, venue, one, options, SESSIONS_LIMIT)
    if not options.quick:
        yield from bare_sessions(many, lines, stretch, window, options)
    with inside_venue(many) as within, inside_venue() as alone:
        parts, own = (iter(np.split(lines[count][:stretch * (options.repeats + 1)], options.repeats + 1))
                      for count in (many, 1))
        yield Comparison(
            Measure(f"gateway/inside-sessions/{many}", "ns/order", lambda: within.work_off(next(parts)), stretch),
            Measure("gateway/inside-sessions/1", "ns/order", lambda: alone.work_off(next(own)), stretch),
            SESSIONS_LIMIT, "the venue's own part of it, without sockets")


def paced(options: Options) -> int:
    """Orders of a repeat at SESSIONS_RATE."""
    return options.of(int(SESSIONS_RATE * OPEN_SECONDS), DEALT)


def paced_short(options: Options) -> int:
    """Of a short one."""
    return options.of(int(SESSIONS_RATE * OPEN_SECONDS_SHORT), DEALT)


def sessions_paced(who: str, many: int, feed: Feed, one: Feed, options: Options, limit: Limit | None,
                   note: str = "") -> Iterator[Item]:
    """What each order takes at the venue, or at the bare loop, and what it costs its process, when so many sessions
    send SESSIONS_RATE a second, beside one that does; with what is left of the orders."""
    open_many, open_one = feed.rest(paced_short(options)), one.rest(paced_short(options))
    yield Latencies(f"{who}/sessions-open/{many}", lambda: open_many.open_loop(SESSIONS_RATE),
                    f"open loop over tcp, {SESSIONS_RATE:,} orders a second of all sessions",
                    f"{many:,} sessions, {who}", (f"{who}/sessions-open/1", lambda: open_one.open_loop(SESSIONS_RATE)),
                    limits={50: limit, 99: limit} if limit else {}, note=note, repeats=options.short_repeats)
    work_many, work_one = open_many.rest(paced(options)), open_one.rest(paced(options))
    yield Comparison(
        Measure(f"{who}/sessions-work/{many}", "ns/order", lambda: work_many.server_time(SESSIONS_RATE),
                paced(options)),
        Measure(f"{who}/sessions-work/1", "ns/order", lambda: work_one.server_time(SESSIONS_RATE), paced(options)),
        limit, note)


def bare_sessions(
    many: int, lines: dict[int, np.ndarray], stretch: int, window: int, options: Options
) -> Iterator[Item]:
    """The same orders over as many connections to the bare loop, all that goes and so many a second."""
    with servers.bare_server(True, connections=many) as client, servers.bare_server(True) as one_client:
        bare, one = Feed(client, lines[many], stretch), Feed(one_client, lines[1], stretch)
        yield Comparison(
            Measure(f"bare/sessions/{many}", "ns/order", lambda: bare.order_time(window), stretch),
            Measure("bare/sessions/1", "ns/order", lambda: one.order_time(window), stretch),
            note=KERNELS_PART)
        yield from sessions_paced("bare", many, bare, one, options, None, KERNELS_PART)


@contextmanager
def dealt_venue(sessions: int, lines: np.ndarray, stretch: int) -> Iterator[Feed]:
    """A venue with so many sessions, a connection each, all logged on."""
    with servers.venue(connections=sessions) as client:
        client.throughput(logons(sessions), 1, sessions)
        yield Feed(client, lines, stretch)


def with_curve(options: Options) -> Iterator[Item]:
    """The same figures with CURVE, beside those without it; one of them in a quick run."""
    for per_message in SIZES if not options.quick else (1,):
        yield from curve_throughput(per_message, options)
    if options.quick:
        return
    with secured(ROUND_TRIPS_CURVE, options) as (secure, plain):
        yield Latencies("gateway/curve/roundtrip", lambda: secure.round_trips(GAP_NS), "round trip over tcp, idle gaps",
                        "venue with CURVE", ("gateway/roundtrip", lambda: plain.round_trips(GAP_NS)))
    for rate in LIMITED_RATES:
        yield from curve_open_loop(rate, options)


def curve_throughput(per_message: int, options: Options) -> Iterator[Item]:
    """Orders acknowledged a second with CURVE."""
    window, stretch, _ = SIZES[per_message]
    stretch = stretch // CURVE_DIVISOR // options.of(1, QUICK_DIVISOR)
    with secured(stretch, options) as (secure, plain):
        yield Comparison(
            Measure(f"gateway/curve/tcp/{per_message}", "orders/s",
                    lambda: secure.orders_a_second(per_message, window), stretch),
            Measure(f"gateway/tcp/{per_message}", "orders/s", lambda: plain.orders_a_second(per_message, window),
                    stretch))


def curve_open_loop(rate: int, options: Options) -> Iterator[Item]:
    """Orders at given times with CURVE."""
    with secured(open_orders(rate, options), options) as (secure, plain):
        yield Latencies(f"gateway/curve/open/{rate}", lambda: secure.open_loop(rate), "open loop over tcp, with CURVE",
                        f"{rate:,}/s", (f"gateway/open/{rate}", lambda: plain.open_loop(rate)))


@contextmanager
def secured(stretch: int, options: Options) -> Iterator[tuple[Feed, Feed]]:
    """A venue with CURVE and one without, with the same orders."""
    flow = generated_flow("move", stretch * (options.repeats + 1), sessions=1)
    with servers.venue(curve=True) as secure, servers.venue() as plain:
        yield begun(secure, flow, stretch), begun(plain, flow, stretch)
