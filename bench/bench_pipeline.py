"""How long does a command take at a given rate, log and engine together, without a socket? And what does each layer
cost?

`pipeline/RATE`: one thread appends to the log, applies, publishes and reads every event, each command from the time
at which it was to come (open loop), on exchange-core's own latency test: one book, 3,000,000 commands (5 repeats of
600,000), some 1,000 live orders, 1,000 accounts, 9% GTC, 3% IOC, 6% cancel, 82% move. A tenth of a repeat goes before
each, not counted. Beside it `bare/pipeline/RATE`: memcpy with CRC32C and the bare book in the same loop, which shows,
too, how long the machine itself takes the thread off its processor. The figures that exchange-core publishes stand in
a table.

`layer/...`, flow `move`, as fast as it goes: `plain` is the engine where no account has limits, `risk` where each has
all, beside the bare book and beside each other; `log` the engine with the log at level `process`, beside the bare
book with memcpy and CRC32C; `power` with each command on the disk at the end, beside memcpy, CRC32C and fdatasync.

Why it may mislead: the commands lie in memory; what asks for them and what takes the events is the same thread, so that
neither a queue nor another core's cache is in it; exchange-core hands over between cores. Its figures were taken
elsewhere, on other hardware, without a log. The layers count the thread's processor time, `power` the wall's clock; its
yardstick syncs in groups of 16,384 commands.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import numpy as np

from pricetime.bench.bare_book import time_bare_book
from pricetime.bench.bare_journal import time_bare_append
from pricetime.bench.bare_side import BareSide
from pricetime.bench.bench_journal import numbered, renumbered
from pricetime.bench.bench_power import BareDisk
from pricetime.bench.curves import WORST, percentile_name
from pricetime.bench.drive_book import time_engine
from pricetime.bench.drive_pipeline import run_pipeline
from pricetime.bench.flows import Flow, definitions, generated_flow
from pricetime.bench.harness import REPEATS_LONG, Comparison, Item, Latencies, Measure, Options, Report, Table
from pricetime.bench.table import figure
from pricetime.journal.writer import Writer
from pricetime.matching.engine import Engine, touch

FLOW = "core"
LAYER_FLOW = "move"
RATES = (125_000, 250_000, 500_000, 1_000_000, 2_000_000, 3_000_000, 4_000_000, 5_000_000, 6_000_000, 7_000_000)
RATES_QUICK = (1_000_000, 5_000_000)
COMMANDS = 600_000                  # a repeat: 3,000,000 in five
COMMANDS_QUICK = 100_000
WARM = 10                           # a part of so many goes before each repeat
PERCENTILES = (50, 90, 95, 99, 99.9, 99.99, WORST)
LAYER_COMMANDS = 500_000
LAYER_COMMANDS_QUICK = 100_000
DISK_GROUP = 16_384                 # commands that the bare disk syncs together
HEADING = ("commands/s", "", "50%", "90%", "95%", "99%", "99.9%", "99.99%", "worst")

# README of exchange-core (github.com/exchange-core/exchange-core), "Latencies": dual Xeon X5690 at 3.47 GHz, six
# cores, one socket isolated and tickless, Java 8; risk processing and matching, no journal, no network. Microseconds.
PUBLISHED = {
    125_000: ("0.6", "0.9", "1.0", "1.4", "4", "24", "41"),
    250_000: ("0.6", "0.9", "1.0", "1.4", "9", "27", "41"),
    500_000: ("0.6", "0.9", "1.0", "1.6", "14", "29", "42"),
    1_000_000: ("0.5", "0.9", "1.2", "4", "22", "31", "45"),
    2_000_000: ("0.5", "1.2", "3.9", "10", "30", "39", "60"),
    3_000_000: ("0.7", "3.6", "6.2", "15", "36", "45", "60"),
    4_000_000: ("1.0", "6.0", "9", "25", "45", "55", "70"),
    5_000_000: ("1.5", "9.5", "16", "42", "150", "170", "190"),
    6_000_000: ("5", "30", "45", "300", "500", "520", "540"),
    7_000_000: ("60", "1,300", "1,500", "1,800", "1,900", "1,900", "1,900"),
}


def comparisons(options: Options) -> Iterator[Item]:
    """The layers, then the rates."""
    yield from layers(options)
    for rate in RATES if not options.quick else RATES_QUICK:
        yield from at_rate(rate, options.of(COMMANDS, COMMANDS_QUICK))


# ------------------------------------------------------------------------------------------------ at given rates

class Pipeline:
    """A log and an engine that have gone through definitions and fill of a flow, and take its commands stretch by
    stretch."""

    def __init__(self, flow: Flow, writer: Writer) -> None:
        before = renumbered(np.concatenate([flow.definitions, flow.fill]))
        self.engine, self.writer, self.lines, self.at = Engine(), writer, flow.lines, 0
        touch(self.engine)
        self.writer.append(before)
        self.engine.apply(before)

    def next(self, count: int) -> np.ndarray:
        """The next commands, numbered on from the log's last."""
        part = self.lines[self.at:self.at + count]
        if len(part) < count:
            raise RuntimeError(f"the flow of {len(self.lines)} commands is used up")
        self.at += count
        return numbered(self.writer, part)

    def latencies(self, rate: int, count: int) -> np.ndarray:
        """Nanoseconds of each command, after a tenth as many that are not counted."""
        warm, interval = count // WARM, 1_000_000_000 // rate
        return run_pipeline(self.engine, self.writer, self.next(count + warm), interval)[2][warm:]

    def command_time(self, count: int, *, wall: bool = False) -> float:
        """Nanoseconds a command, as fast as it goes, of processor time or on the wall's clock."""
        elapsed, worked, _ = run_pipeline(self.engine, self.writer, self.next(count), timed=False)
        return (elapsed if wall else worked) / count


@contextmanager
def pipeline(flow: Flow, durability: str = "process") -> Iterator[Pipeline]:
    """One with a log in a directory of its own."""
    with tempfile.TemporaryDirectory(prefix="pricetime-bench-") as directory, \
            Writer(directory, durability=durability) as writer:
        yield Pipeline(flow, writer)


def at_rate(rate: int, count: int) -> Iterator[Item]:
    """exchange-core's test at one rate."""
    flow = generated_flow(FLOW, (count + count // WARM) * (REPEATS_LONG + 1))
    with pipeline(flow) as made:
        bare = BareSide(flow)
        yield Latencies(f"pipeline/{rate}", lambda: made.latencies(rate, count),
                        "log and engine in one thread, by commands a second", f"{rate:,}/s",
                        (f"bare/pipeline/{rate}", lambda: bare.latencies(rate, count, count // WARM)),
                        percentiles=PERCENTILES)


def tables(report: Report) -> Iterator[Table]:
    """What was measured beside what exchange-core publishes."""
    measured = {result.name: result for result in report.results}
    rows: list[tuple[str, ...]] = [HEADING]
    published = set()
    for rate, figures in PUBLISHED.items():
        own = [measured.get(f"pipeline/{rate}/{percentile_name(percentile)}") for percentile in PERCENTILES]
        if None in own:
            continue
        rows.append((f"{rate:,}", "pricetime, log on", *(figure(result.value) for result in own if result)))
        published.add(len(rows))
        rows.append(("", "exchange-core, published", *figures))
    if len(rows) > 1:
        yield Table("exchange-core's latency test, microseconds", tuple(rows), frozenset(published),
                    "pricetime: medians of the repeats, measured here, append to the log and reading of all events "
                    "included. exchange-core: published elsewhere, on other hardware (dual Xeon X5690, 3.47 GHz, an "
                    "isolated socket, Java 8), without journaling, with hand-over between cores.", report.suite)


# -------------------------------------------------------------------------------------------------------- layers

def layers(options: Options) -> Iterator[Item]:
    """Each a little more than the one before it, and beside the least that it could take."""
    count = options.of(LAYER_COMMANDS, LAYER_COMMANDS_QUICK)
    flow = generated_flow(LAYER_FLOW, count * (options.repeats + 1))
    single = generated_flow(LAYER_FLOW, count)
    assert single.bare_fill is not None and single.bare is not None, "of one instrument"
    fill, bare = single.bare_fill, single.bare
    data = single.lines.view(np.uint8)
    area = np.ones(len(data), np.uint8)

    def bare_book() -> float:
        return time_bare_book(fill, bare) / count

    def bare_log() -> float:
        start = time.thread_time_ns()
        time_bare_append(area, data)
        return bare_book() + (time.thread_time_ns() - start) / count

    with ExitStack() as stack:
        log, power = (stack.enter_context(pipeline(flow, level)) for level in ("process", "power"))
        disk = BareDisk(stack.enter_context(tempfile.TemporaryDirectory(prefix="pricetime-bench-")))
        stack.callback(disk.close)
        risk, plain = engine_times(flow, count, limits=True), engine_times(flow, count, limits=False)
        bare_measure = Measure("bare/layer", "ns/command", bare_book, count)
        yield Comparison(Measure("layer/plain", "ns/command", plain, count), bare_measure)
        yield Comparison(Measure("layer/risk", "ns/command", risk, count),
                         Measure("layer/plain", "ns/command", engine_times(flow, count, limits=False), count))
        yield Comparison(Measure("layer/log", "ns/command", lambda: log.command_time(count), count),
                         Measure("bare/layer-log", "ns/command", bare_log, count))
        yield Comparison(Measure("layer/power", "ns/command", lambda: power.command_time(count, wall=True), count),
                         Measure("bare/layer-power", "ns/command",
                                 lambda: bare_book() + disk.append_time(single.lines, DISK_GROUP), count))


def engine_times(flow: Flow, count: int, *, limits: bool) -> Callable[[], float]:
    """Nanoseconds a command of the next stretch of a flow in one engine."""
    engine = Engine()
    touch(engine)
    defined = flow.definitions if limits else definitions(int(flow.lines["session"].max()))
    engine.apply(np.concatenate([defined, flow.fill]))
    stretches = (flow.lines[at:at + count] for at in range(0, len(flow.lines), count))
    return lambda: time_engine(engine, next(stretches))[0] / count
