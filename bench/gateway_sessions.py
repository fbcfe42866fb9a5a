"""1,000 sessions beside one: as many orders as go over tcp, so many a second, and inside the venue; and what ZeroMQ and
the kernel alone make of as many connections."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pricetime.bench import gateway_sizes as sizes
from pricetime.bench import servers
from pricetime.bench.feed import Feed, dealt_venue
from pricetime.bench.harness import Comparison, Item, Latencies, Limit, Measure, Options
from pricetime.bench.inside import DEALT, dealt, inside_venue

KERNELS_PART = "what ZeroMQ and the kernel alone take for 1,000 connections instead of one"


class Side(NamedTuple):
    """One of two that are compared: the first part of its figures' names, how many sessions send, their orders."""

    who: str
    sessions: int
    feed: Feed

    def named(self, figure: str) -> str:
        return f"{self.who}/{figure}/{self.sessions}"

    def rest(self, stretch: int) -> "Side":
        return self._replace(feed=self.feed.rest(stretch))


def comparisons(options: Options) -> Iterator[Item]:
    """The venue's, the bare loop's, the venue's without sockets."""
    many = DEALT
    stretch = options.of(sizes.SESSION_ORDERS, sizes.SESSION_ORDERS_QUICK)
    lines = {sessions: dealt(sessions, orders_of(stretch, options)) for sessions in (1, many)}
    with dealt_venue(many, lines[many], stretch) as venue, dealt_venue(1, lines[1], stretch) as one:
        yield from over_tcp(Side("gateway", many, venue), Side("gateway", 1, one), options, sizes.SESSIONS_LIMIT)
    if not options.quick:
        with servers.bare_server(True, connections=many) as client, servers.bare_server(True) as one_client:
            bare, alone = Feed(client, lines[many], stretch), Feed(one_client, lines[1], stretch)
            yield from over_tcp(Side("bare", many, bare), Side("bare", 1, alone), options, note=KERNELS_PART)
    yield from inside(lines, stretch, options)


def inside(lines: dict[int, np.ndarray], stretch: int, options: Options) -> Iterator[Item]:
    """Processor time of an order where no kernel is between."""
    with inside_venue(DEALT) as within, inside_venue() as alone:
        parts, own = (iter(np.split(lines[count][:stretch * (options.repeats + 1)], options.repeats + 1))
                      for count in (DEALT, 1))
        yield Comparison(
            Measure(f"gateway/inside-sessions/{DEALT}", "ns/order", lambda: within.work_off(next(parts)), stretch),
            Measure("gateway/inside-sessions/1", "ns/order", lambda: alone.work_off(next(own)), stretch),
            sizes.SESSIONS_LIMIT, "the venue's own part of it, without sockets")


def orders_of(stretch: int, options: Options) -> int:
    """How many orders over_tcp() sends to each side."""
    return (stretch + paced(options)) * (options.repeats + 1) + paced_short(options) * (options.short_repeats + 1)


def paced(options: Options) -> int:
    """Orders of a repeat at SESSIONS_RATE."""
    return options.of(int(sizes.SESSIONS_RATE * sizes.OPEN_SECONDS), DEALT)


def paced_short(options: Options) -> int:
    """Of a short one."""
    return options.of(int(sizes.SESSIONS_RATE * sizes.OPEN_SECONDS_SHORT), DEALT)


def over_tcp(subject: Side, yardstick: Side, options: Options, limit: Limit | None = None,
             note: str = "") -> Iterator[Item]:
    """What an order takes where as many go as can; then, with the rest of the orders, what each takes, and what it
    costs the server's process, where all sessions together send SESSIONS_RATE a second."""
    yield Comparison(saturated(subject), saturated(yardstick), limit, note)
    timed, beside = subject.rest(paced_short(options)), yardstick.rest(paced_short(options))
    yield Latencies(timed.named("sessions-open"), lambda: timed.feed.open_loop(sizes.SESSIONS_RATE),
                    f"open loop over tcp, {sizes.SESSIONS_RATE:,} orders a second of all sessions",
                    f"{timed.sessions:,} sessions, {timed.who}",
                    (beside.named("sessions-open"), lambda: beside.feed.open_loop(sizes.SESSIONS_RATE)),
                    limits={50: limit, 99: limit} if limit else {}, note=note, repeats=options.short_repeats)
    yield Comparison(work(timed.rest(paced(options))), work(beside.rest(paced(options))), limit, note)


def saturated(side: Side) -> Measure:
    """Wall time of an order, one a message, a window of them in flight."""
    return Measure(side.named("sessions"), "ns/order", lambda: side.feed.order_time(sizes.SESSIONS_WINDOW),
                   side.feed.stretch)


def work(side: Side) -> Measure:
    """Processor time of the server's process an order, at SESSIONS_RATE."""
    return Measure(side.named("sessions-work"), "ns/order", lambda: side.feed.server_time(sizes.SESSIONS_RATE),
                   side.feed.stretch)
