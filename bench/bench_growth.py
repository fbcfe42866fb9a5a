"""How does cost grow? Each figure at sizes from small to large, and the exponent b of cost ~ size ** b, by least
squares of the logarithms: 0 is no growth, 1 is as fast as the size.

    growth/live          ns a command, by live orders (10^3 to 10^7, on 1,000 levels)
    growth/levels        ns a command, by price levels (100,000 live orders on them)
    growth/instruments   ns a command, by instruments (100,000 live orders in all)
    growth/participants  ns a command, by participants, a session each, all accounts with limits (10,000 live orders)
    growth/sweep         ns a trade, by trades of one order
    growth/sessions      ns an order over tcp, one a message, by sessions, a connection each
    growth/inside        the same inside the venue, without sockets
    growth/log           ns a command of a verification, by commands in the log

Flows as in `scale` (95% of the resting orders end by a cancel, 20% replaces); the thread's processor time for the first
five and the log, the wall's clock for sessions. The sizes are taken in turn, 5 repeats.

Why it may mislead: most of what grows is misses of caches: their sizes are this machine's, and what is larger than
them is shared with the neighbours of a virtual one. A size for which there is no memory is left out, and said so.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from pricetime.bench.bench_journal import time_verify, write_log
from pricetime.bench.bench_scale import SWEPT, sweep_time
from pricetime.bench.drive_book import time_engine
from pricetime.bench.feed import dealt_venue
from pricetime.bench.flows import MIXES, SCALES, Flow, Mix, made_flow
from pricetime.bench.harness import REPEATS_LONG, Growth, Item, Measure, Options
from pricetime.bench.inside import InsideVenue, dealt, inside_venue
from pricetime.matching.engine import Engine, touch
from pricetime.matching.errors import CheckFailed

COMMANDS = 200_000  # of a repeat
COMMANDS_QUICK = 20_000
BYTES_AN_ORDER = 600  # flow, generator and engine together, at most
LIVE = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
LIVE_QUICK = (1_000, 10_000, 100_000)
LEVELS = (100, 1_000, 10_000, 100_000)
INSTRUMENTS = (1, 4, 16, 64, 256)
PARTICIPANTS = (1, 10, 100, 1_000, 10_000)
SWEEPS = (1, 10, 100, 1_000, 10_000)
SESSIONS = (1, 10, 100, 1_000)
SESSIONS_QUICK = (1, 10)
LOGS = (10_000, 100_000, 1_000_000, 10_000_000)
LOGS_QUICK = (10_000, 100_000)
SESSION_ORDERS = 50_000
SESSION_ORDERS_QUICK = 20_000
WINDOW = 4_000
QUICK_SIZES = 3  # of the other figures


def comparisons(options: Options) -> Iterator[Item]:
    """All of them."""
    count = options.of(COMMANDS, COMMANDS_QUICK)
    sizes = options.of(10, QUICK_SIZES)
    base = SCALES["dense"]
    live = [(size, replace(base, live=size, width=500)) for size in (LIVE if not options.quick else LIVE_QUICK)]
    yield from of_mixes("growth/live", "live orders", live, count)
    yield from of_mixes(
        "growth/levels", "price levels", [(size, replace(base, width=size // 2)) for size in LEVELS[:sizes]], count
    )
    yield from of_mixes(
        "growth/instruments",
        "instruments",
        [(size, replace(base, instruments=size)) for size in INSTRUMENTS[:sizes]],
        count,
    )
    yield from of_mixes(
        "growth/participants",
        "participants",
        [(size, replace(base, live=10_000, sessions=size)) for size in PARTICIPANTS[:sizes]],
        count,
    )
    yield Growth(
        "growth/sweep",
        "trades of an order",
        [
            (size, Measure(f"growth/sweep/{size}", "ns/trade", partial(sweep_time, size), SWEPT))
            for size in SWEEPS[:sizes]
        ],
    )
    yield from sessions(options)
    yield from logs(LOGS if not options.quick else LOGS_QUICK)


class Running:
    """An engine that has the definitions and the fill of a flow, and takes its commands a stretch at a time."""

    def __init__(self, flow: Flow, stretch: int) -> None:
        live = len(flow.fill)
        self._engine = Engine(max(131_072, live + live // 8))
        touch(self._engine)
        time_engine(self._engine, np.concatenate([flow.definitions, flow.fill]))
        self._lines, self._stretch, self._at = flow.lines.copy(), stretch, 0  # the fill is not kept

    def command_time(self) -> float:
        """Nanoseconds a command of the next stretch."""
        part = self._lines[self._at : self._at + self._stretch]
        self._at += self._stretch
        elapsed, commands, refused = time_engine(self._engine, part)
        if refused or commands != self._stretch:
            raise CheckFailed(f"{refused} of {commands} commands were refused at the door; no figure is given")
        return elapsed / commands


def of_mixes(name: str, axis: str, mixes: list[tuple[int, Mix]], count: int) -> Iterator[Item]:
    """Nanoseconds a command of each mix; those that memory is too short for are left out."""
    points, stopped, taken = [], "", 0
    for size, mix in mixes:
        taken += mix.live * BYTES_AN_ORDER
        if taken > available():
            stopped = f"no memory for {size:,} (some {taken >> 30} GiB, {available() >> 30} GiB free)"
            break
        running = Running(made_flow(name, mix, count * (REPEATS_LONG + 1)), count)
        points.append((size, Measure(f"{name}/{size}", "ns/command", running.command_time, count)))
    yield Growth(name, axis, points, stopped)


def available() -> int:
    """Bytes of memory that are free for the asking; a lot where the system does not say."""
    try:
        text = Path("/proc/meminfo").read_text()
    except OSError:
        return 1 << 40
    return next(int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("MemAvailable"))


def sessions(options: Options) -> Iterator[Item]:
    """The same orders from more and more sessions, over tcp and inside."""
    stretch = options.of(SESSION_ORDERS, SESSION_ORDERS_QUICK)
    counts = SESSIONS if not options.quick else SESSIONS_QUICK
    lines = {count: dealt(count, stretch * (REPEATS_LONG + 1)) for count in counts}
    with ExitStack() as stack:
        feeds = {count: stack.enter_context(dealt_venue(count, lines[count], stretch)) for count in counts}
        yield Growth(
            "growth/sessions",
            "sessions",
            [
                (count, Measure(f"growth/sessions/{count}", "ns/order", partial(feed.order_time, WINDOW), stretch))
                for count, feed in feeds.items()
            ],
        )
    with ExitStack() as stack:
        venues = {count: stack.enter_context(inside_venue(count)) for count in counts}
        yield Growth(
            "growth/inside",
            "sessions",
            [
                (
                    count,
                    Measure(
                        f"growth/inside/{count}",
                        "ns/order",
                        partial(next_part, venue, iter(np.split(lines[count], REPEATS_LONG + 1))),
                        stretch,
                    ),
                )
                for count, venue in venues.items()
            ],
        )


def next_part(venue: InsideVenue, parts: Iterator[np.ndarray]) -> float:
    return venue.work_off(next(parts))


def logs(lengths: tuple[int, ...]) -> Iterator[Item]:
    """Verification of longer and longer logs."""
    with ExitStack() as stack:
        points = []
        for length in lengths:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="pricetime-bench-"))
            flow = made_flow("move", MIXES["move"], length)
            commands = write_log(directory, np.concatenate([flow.definitions, flow.fill, flow.lines]))
            points.append(
                (
                    length,
                    Measure(f"growth/log/{length}", "ns/command", partial(verification, directory, commands), commands),
                )
            )
        yield Growth("growth/log", "commands in the log", points)


def verification(directory: str, commands: int) -> float:
    """Nanoseconds a command."""
    return time_verify(directory) / commands
